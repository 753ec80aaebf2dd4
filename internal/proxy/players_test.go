package proxy_test

import (
	"bytes"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/proxy"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// TestPlayersOfFiles has ffmpeg decode films through the proxy as it does from the origin, from the start and from the middle.
func TestPlayersOfFiles(t *testing.T) {
	origin := stagetest.Films(t)
	s := start(t, proxy.Config{Media: superp2p.Config{Unpaced: true}}, allowLoopback)
	frames := func(url string, args ...string) string {
		t.Helper()
		args = append(append([]string{"-v", "error", "-xerror"}, args...), "-i", url, "-map", "0:v", "-map", "0:a", "-f", "framemd5", "-")
		cmd := exec.CommandContext(t.Context(), stagetest.Tool(t, "ffmpeg"), args...)
		out, err := cmd.Output()
		require.NoError(t, err)
		return string(out)
	}
	for _, name := range []string{"first.mp4", "last.mp4", "fragments.mp4", "film.flv"} {
		t.Run(name, func(t *testing.T) {
			direct, through := origin.URL+"/"+name, s.url+"/"+strings.TrimPrefix(origin.URL, "http://")+"/"+name
			require.Equal(t, frames(direct, "-ss", "15"), frames(through, "-ss", "15"))
			want := frames(direct)
			require.Greater(t, strings.Count(want, "\n"), 500)
			require.Equal(t, want, frames(through))
		})
	}
}

// TestAnFLVFileIsSoughtByStart has ffmpeg decode a film from the middle as players of FLV ask for it.
func TestAnFLVFileIsSoughtByStart(t *testing.T) {
	origin := stagetest.Films(t)
	s := start(t, proxy.Config{Media: superp2p.Config{Unpaced: true}}, allowLoopback)
	through := s.url + "/" + strings.TrimPrefix(origin.URL, "http://") + "/film.flv"
	from := func(query string) []byte {
		t.Helper()
		answer := s.get(strings.TrimPrefix(through, s.url) + query)
		require.Equal(t, 200, answer.StatusCode)
		all, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.EqualValues(t, answer.ContentLength, len(all))
		return all
	}
	all := from("")
	part := from("?start=15.5")
	require.Less(t, len(part), len(all)/3)
	stagetest.Decodes(t, bytes.NewReader(part))
	tags := flv.NewReader(bytes.NewReader(part), flv.Limits{})
	for {
		tag, err := tags.ReadTag()
		require.NoError(t, err)
		if tag.IsKeyframe() {
			require.InDelta(t, 15_000, tag.Timestamp, 60, "a keyframe each second")
			break
		}
	}
	stagetest.Decodes(t, bytes.NewReader(from("?start="+strconv.Itoa(len(all)/2))))
}

// TestAFilmAsFLV has ffmpeg decode what Flash players get of an MP4 file, from the start and from the middle.
func TestAFilmAsFLV(t *testing.T) {
	origin := stagetest.Films(t)
	s := start(t, proxy.Config{Media: superp2p.Config{Unpaced: true}}, allowLoopback)
	for _, name := range []string{"first.mp4", "fragments.mp4"} {
		sizes := map[string]int{}
		for _, query := range []string{"?as=flv", "?as=flv&start=15.5"} {
			answer := s.get("/" + strings.TrimPrefix(origin.URL, "http://") + "/" + name + query)
			require.Equal(t, 200, answer.StatusCode)
			require.Equal(t, "video/x-flv", answer.Header.Get("Content-Type"))
			all, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			stagetest.Decodes(t, bytes.NewReader(all))
			sizes[query] = len(all)
		}
		require.Less(t, sizes["?as=flv&start=15.5"], sizes["?as=flv"]/3)
	}
}

// TestChromiumPlaysSeeksAndEnds has a <video> play a film through the proxy.
func TestChromiumPlaysSeeksAndEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Chromium")
	}
	origin := stagetest.Films(t)
	s := start(t, proxy.Config{}, allowLoopback)
	b := openBrowser(t)
	b.show(`<video id=v muted autoplay src="` + s.url + "/" + strings.TrimPrefix(origin.URL, "http://") + `/first.mp4"></video>`)
	until := b.until
	until("v.error || v.currentTime > 1")
	until("v.error == null && Math.abs(v.duration - 20) < 0.5")
	b.do("v.currentTime = 17")
	until("v.error || !v.seeking && v.currentTime > 17.3")
	until("v.error || v.ended")
	until("v.error == null && v.videoWidth == 320")
}

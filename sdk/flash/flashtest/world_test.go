package flashtest

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// filmLength is that of what can be sought in, in seconds.
const filmLength = 60

// kind is something that can be played.
type kind struct {
	name string
	// open puts it on the air. It returns what is played, and what ends it if it is live.
	open func(t *testing.T) (target string, end func())
	// film: it can be sought in.
	film bool
}

var kinds = []kind{
	{"flv-live", openFLV, false},
	{"rtmp", openRTMP, false},
	{"flv-file", openFilm("film.flv"), true},
	{"mp4", openFilm("film.mp4", "-movflags", "+faststart"), true},
	{"hls-ts-live", openLiveList, false},
	{"hls-fmp4-vod", openFilm("film.m3u8", "-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"), true},
}

// picture is what ffmpeg shows for so many seconds. It costs decoders little.
func picture(seconds int) []string {
	n := strconv.Itoa(seconds)
	return []string{"-f", "lavfi", "-i", "testsrc=size=192x144:rate=20:duration=" + n, "-f", "lavfi", "-i", "sine=duration=" + n,
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "40", "-pix_fmt", "yuv420p", "-b:v", "400k", "-c:a", "aac"}
}

// serve starts a server that may pull from this machine and gives up soon what does not come back.
func serve(t *testing.T, adjust ...func(*config.Config)) *stage.Stage {
	t.Helper()
	s, err := stage.Start(t.Context(), stage.Config{Adjust: func(c *config.Config) {
		c.Origins = []string{"127.0.0.1"}
		c.RTMP = "127.0.0.1:0"
		c.GiveUp = 2 * time.Second
		for _, a := range adjust {
			a(c)
		}
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// openRTMP has a server of its own as the origin.
func openRTMP(t *testing.T) (string, func()) {
	origin := serve(t)
	target := "rtmp://" + origin.Server.RTMPAddr() + "/live/kinds"
	end := stagetest.Cast(t, append(picture(600), "-f", "flv", target)...)
	stagetest.OnAir(t, origin.ServerURL(), "live/kinds")
	return target, end
}

func openFLV(t *testing.T) (string, func()) { return stagetest.CastFLV(t, picture(600)...) }

func openFilm(name string, args ...string) func(*testing.T) (string, func()) {
	return func(t *testing.T) (string, func()) {
		dir := t.TempDir()
		stagetest.Make(t, append(append(picture(filmLength), args...), filepath.Join(dir, name))...)
		return folder(t, dir) + "/" + name, nil
	}
}

func openLiveList(t *testing.T) (string, func()) {
	dir := t.TempDir()
	end := stagetest.Cast(t, append(picture(600), "-f", "hls", "-hls_time", "2", "-hls_list_size", "6", "-hls_flags", "temp_file",
		filepath.Join(dir, "live.m3u8"))...)
	require.Eventually(t, func() bool { // three segments are what players begin with
		_, err := os.Stat(filepath.Join(dir, "live2.ts"))
		return err == nil
	}, patience, 100*time.Millisecond)
	return folder(t, dir) + "/live.m3u8", end
}

// folder serves what is in a folder to pages of any site, as CDNs do.
func folder(t *testing.T, dir string) string {
	files := http.FileServer(http.Dir(dir))
	return stagetest.Handler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", "Content-Range, Content-Length, ETag")
		if r.Method == http.MethodOptions { // Range of more than one part, say
			w.Header().Set("Access-Control-Allow-Headers", "*")
			return
		}
		files.ServeHTTP(w, r)
	})).URL
}

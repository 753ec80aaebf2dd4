package remux_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/remux"
)

// ffmpeg runs it in dir.
func ffmpeg(t testing.TB, dir string, args ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("ffmpeg makes and judges the media: make test runs this")
	}
	cmd := exec.Command("ffmpeg", append([]string{"-hide_banner", "-loglevel", "error", "-nostdin", "-y"}, args...)...)
	cmd.Dir = dir
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	require.NoError(t, cmd.Run(), "call make tools if ffmpeg is missing; it said: %s", said.String())
	require.Empty(t, said.String(), "ffmpeg %s", strings.Join(args, " "))
	return out.String()
}

// made is a directory of media that ffmpeg made, once for all tests.
var made = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "remux") })

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := made(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// kinds are the containers of the same media: 6 s of H.264 with B-frames and AAC.
var kinds = map[string][]string{
	"clip.ts":       {"-f", "mpegts"},
	"faststart.mp4": {"-movflags", "+faststart"},
	"last.mp4":      {"-f", "mp4"},
	"fragments.mp4": {"-movflags", "+frag_keyframe+empty_moov+default_base_moof"},
	"legacy.mp4":    {"-movflags", "+frag_keyframe+empty_moov"},
	"cmaf.mp4":      {"-movflags", "+cmaf+frag_keyframe+separate_moof+delay_moov"},
	"hls.m3u8":      {"-f", "hls", "-hls_time", "2", "-hls_list_size", "0", "-hls_segment_filename", "ts%d.ts"},
	"hlsfmp4.m3u8": {"-f", "hls", "-hls_time", "2", "-hls_list_size", "0", "-hls_segment_type", "fmp4",
		"-hls_fmp4_init_filename", "init.mp4", "-hls_segment_filename", "m%d.m4s"},
}

// media returns the path of a file that ffmpeg makes when it is first asked for.
func media(t testing.TB, name string) string {
	t.Helper()
	dir, err := made()
	require.NoError(t, err)
	if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
		return filepath.Join(dir, name)
	}
	codec, args := []string{"-c:v", "libx264", "-preset", "veryfast"}, kinds[name]
	source := "source.mkv"
	switch {
	case strings.HasPrefix(name, "hevc-"):
		source, args = "hevc.mkv", kinds[strings.TrimPrefix(name, "hevc-")]
		codec = []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=50:min-keyint=50"}
	case args == nil:
		require.Contains(t, name, ".", "nothing makes %s", name)
	}
	if _, err := os.Stat(filepath.Join(dir, source)); err != nil {
		ffmpeg(t, dir, slices.Concat([]string{"-f", "lavfi", "-i", "testsrc2=size=192x144:rate=25", "-f", "lavfi", "-i",
			"sine=frequency=440:sample_rate=44100", "-t", "6", "-map", "0:v", "-map", "1:a"}, codec,
			[]string{"-bf", "2", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k", source})...)
	}
	ffmpeg(t, dir, slices.Concat([]string{"-i", source, "-map", "0", "-c", "copy"}, args, []string{name})...)
	return filepath.Join(dir, name)
}

func load(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// drain reads all tags.
func drain(t testing.TB, r interface{ ReadTag() (flv.Tag, error) }) []flv.Tag {
	t.Helper()
	var all []flv.Tag
	for {
		tag, err := r.ReadTag()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, tag)
	}
}

// written writes tags to a file of their own and returns its path.
func written(t testing.TB, tags []flv.Tag) string {
	t.Helper()
	b := flv.AppendHeader(nil, true, true)
	for i := range tags {
		b = flv.AppendTag(b, &tags[i])
	}
	path := filepath.Join(t.TempDir(), "out.flv")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	return path
}

// pictures returns the hashes of the decoded frames of video.
func pictures(t testing.TB, path string) []string {
	t.Helper()
	return hashes(ffmpeg(t, ".", "-i", path, "-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "-"))
}

// sounds returns the hashes of the AAC frames.
func sounds(t testing.TB, path string) []string {
	t.Helper()
	args := []string{"-i", path, "-map", "0:a", "-c", "copy"}
	if ext := filepath.Ext(path); ext == ".ts" || filepath.Base(path) == "hls.m3u8" {
		args = append(args, "-bsf:a", "aac_adtstoasc")
	}
	return hashes(ffmpeg(t, ".", append(args, "-f", "framemd5", "-")...))
}

func hashes(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line[0] != '#' {
			fields := strings.Split(line, ",")
			all = append(all, strings.TrimSpace(fields[min(5, len(fields)-1)])) // what comes after is side data
		}
	}
	return all
}

// times returns when packets are shown in seconds, per kind, counted from the first video packet that is shown.
func times(t testing.TB, path string) (video, audio []float64) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "packet=codec_type,pts_time", "-of", "json", path).Output()
	require.NoError(t, err)
	var found struct {
		Packets []struct {
			Kind string `json:"codec_type"`
			PTS  string `json:"pts_time"`
		}
	}
	require.NoError(t, json.Unmarshal(out, &found))
	for _, p := range found.Packets {
		at, err := strconv.ParseFloat(p.PTS, 64)
		require.NoError(t, err)
		if p.Kind == "video" {
			video = append(video, at)
		} else {
			audio = append(audio, at)
		}
	}
	slices.Sort(video)
	slices.Sort(audio)
	for _, list := range [][]float64{audio, video} {
		first := video[0]
		for i := range list {
			list[i] -= first
		}
	}
	return video, audio
}

// requireSame requires that two files show the same at the same time.
func requireSame(t *testing.T, want, got string) {
	t.Helper()
	require.Equal(t, pictures(t, want), pictures(t, got), "pictures")
	require.Equal(t, sounds(t, want), sounds(t, got), "sounds")
	requireTimes(t, want, got)
}

func requireTimes(t *testing.T, want, got string) {
	t.Helper()
	wantVideo, wantAudio := times(t, want)
	gotVideo, gotAudio := times(t, got)
	require.InDeltaSlice(t, wantVideo, gotVideo, 0.0025, "times of pictures")
	require.InDeltaSlice(t, wantAudio, gotAudio, 0.0025, "times of sounds")
}

// requireOrder requires what every reader promises of its tags.
func requireOrder(t *testing.T, tags []flv.Tag) {
	t.Helper()
	require.NotEmpty(t, tags)
	require.Less(t, tags[0].Timestamp, uint32(2), "it begins at 0")
	configured := map[flv.Type]bool{}
	keys := 0
	for i, tag := range tags {
		if i > 0 {
			require.GreaterOrEqual(t, tag.Timestamp, tags[i-1].Timestamp, "tag %d goes back", i)
		}
		if tag.IsSequenceHeader() {
			configured[tag.Type] = true
		}
		require.True(t, configured[tag.Type], "tag %d comes before its decoder configuration", i)
		if tag.IsKeyframe() {
			keys++
		}
	}
	require.Equal(t, 3, keys)
}

// requireFault requires an error with a code and a message that says something.
func requireFault(t *testing.T, err error) {
	t.Helper()
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.NotEqual(t, fault.Internal, f.Code)
	require.Greater(t, len(f.Message), 20)
}

// reader opens a file of media by its name.
func reader(t testing.TB, name string, b []byte) (remux.TagReader, error) {
	t.Helper()
	switch {
	case strings.HasSuffix(name, ".ts"):
		return remux.NewTSReader(bytes.NewReader(b), remux.Options{}), nil
	case strings.HasPrefix(name, "stream:"):
		return remux.NewFragmentReader(nil, bytes.NewReader(b), remux.Options{})
	case strings.HasPrefix(name, "movie:"):
		m, err := remux.NewMovieReader(bytes.NewReader(b), int64(len(b)), remux.Options{})
		if err != nil {
			return nil, err
		}
		return m, nil
	}
	return nil, fmt.Errorf("no reader for %s", name)
}

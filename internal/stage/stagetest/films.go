package stagetest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Films makes a film of 20 s with picture and sound in each form that players know how to seek in, and returns an origin
// that has them as first.mp4 (its index first), last.mp4, fragments.mp4 and film.flv.
func Films(t testing.TB) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		out, err := exec.Command(Tool(t, "ffmpeg"), append([]string{"-v", "error", "-y"}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	last := filepath.Join(dir, "last.mp4")
	run("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=20", "-f", "lavfi", "-i", "sine=frequency=440:duration=20",
		"-c:v", "libx264", "-preset", "ultrafast", "-b:v", "800k", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac", last)
	for name, how := range map[string][]string{
		"first.mp4": {"-movflags", "+faststart"}, "fragments.mp4": {"-movflags", "+frag_keyframe+empty_moov+default_base_moof"},
		"film.flv": {"-flvflags", "+add_keyframe_index"},
	} {
		run(append(append([]string{"-i", last, "-c", "copy"}, how...), filepath.Join(dir, name))...)
	}
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(s.Close)
	return s
}

// Garbage returns an origin whose film.mp4 is none.
func Garbage(t testing.TB) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Unix(1, 0), bytes.NewReader(bytes.Repeat([]byte("no film"), 100_000)))
	}))
	t.Cleanup(s.Close)
	return s
}

package stagetest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync"
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

// Halting returns an origin whose film.flv is that of Films, and which from halt on answers nothing, until it goes on.
func Halting(t testing.TB) (origin *httptest.Server, halt, goOn func()) {
	t.Helper()
	films := Films(t)
	answer, err := http.Get(films.URL + "/film.flv")
	require.NoError(t, err)
	defer answer.Body.Close() //nolint:errcheck // it is read to its end
	film, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	halted, gone := make(chan struct{}), make(chan struct{})
	origin = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "film.flv", time.Unix(1, 0), &halting{bytes.NewReader(film), r.Context(), halted, gone})
	}))
	goOn = sync.OnceFunc(func() { close(gone) })
	t.Cleanup(func() {
		goOn()
		origin.Close()
	})
	return origin, sync.OnceFunc(func() { close(halted) }), goOn
}

// halting reads a film until it is halted, and then when it goes on.
type halting struct {
	film         io.ReadSeeker
	ctx          context.Context
	halted, gone chan struct{}
}

// Seek implements io.Seeker.
func (h *halting) Seek(offset int64, whence int) (int64, error) { return h.film.Seek(offset, whence) }

// Read implements io.Reader.
func (h *halting) Read(b []byte) (int, error) {
	select {
	case <-h.halted:
	default:
		return h.film.Read(b)
	}
	select {
	case <-h.gone:
		return h.film.Read(b)
	case <-h.ctx.Done():
		return 0, h.ctx.Err()
	}
}

// NoTrack returns an origin whose film.mp4 has only a picture that FLV cannot carry.
func NoTrack(t testing.TB) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command(Tool(t, "ffmpeg"), "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2",
		"-c:v", "mpeg4", "-movflags", "+faststart", filepath.Join(dir, "film.mp4")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return Folder(t, dir)
}

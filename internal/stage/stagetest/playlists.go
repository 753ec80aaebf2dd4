package stagetest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Playlists makes a film of 20 s, 25 pictures a second, as complete HLS playlists of 2 s segments, and returns the folder
// that has them as ts/index.m3u8, mp4/index.m3u8 (fragmented MP4), ranges/index.m3u8 (byte ranges of one file),
// aes/index.m3u8 (AES-128) and apart/master.m3u8 (audio in segments of its own, and a variant of a lower bandwidth).
func Playlists(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	film := filepath.Join(dir, "film.mp4")
	run := func(args ...string) {
		t.Helper()
		c := exec.Command(Tool(t, "ffmpeg"), append([]string{"-v", "error", "-y"}, args...)...)
		c.Dir = dir
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	run("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=20", "-f", "lavfi", "-i", "sine=frequency=440:duration=20",
		"-c:v", "libx264", "-preset", "ultrafast", "-b:v", "800k", "-pix_fmt", "yuv420p", "-g", "50", "-keyint_min", "50",
		"-sc_threshold", "0", "-c:a", "aac", film)
	key := filepath.Join(dir, "aes", "key")
	info := filepath.Join(dir, "info")
	for _, name := range []string{"ts", "mp4", "ranges", "aes", "apart"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	require.NoError(t, os.WriteFile(key, []byte("0123456789abcdef"), 0o600))
	require.NoError(t, os.WriteFile(info, []byte("key\n"+key+"\n"), 0o600))
	for name, how := range map[string][]string{
		"ts": nil, "mp4": {"-hls_segment_type", "fmp4"}, "ranges": {"-hls_flags", "single_file"}, "aes": {"-hls_key_info_file", info},
	} {
		all := append([]string{"-i", film, "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"}, how...)
		run(append(all, filepath.Join(dir, name, "index.m3u8"))...)
	}
	run("-i", film, "-map", "0:v", "-map", "0:v", "-map", "0:a", "-c", "copy", "-b:v:0", "800k", "-b:v:1", "200k", "-b:a", "64k", "-f", "hls",
		"-hls_time", "2", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4", "-var_stream_map", "v:0,agroup:a v:1,agroup:a a:0,agroup:a",
		"-master_pl_name", "master.m3u8", filepath.Join(dir, "apart", "v%v.m3u8"))
	return dir
}

// Folder serves a folder over HTTP until the test ends.
func Folder(t testing.TB, dir string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(s.Close)
	return s
}

// Handler serves h over HTTP until the test ends.
func Handler(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

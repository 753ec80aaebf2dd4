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

// HLS makes a film of 20 s with picture and sound as HLS in each form that is usual, in segments of 2 s, and returns an
// origin that has them as ts.m3u8, fmp4.m3u8, aes.m3u8 (encrypted), range.m3u8 (one file, with byte ranges) and
// master.m3u8 (two pictures, and the sound apart).
func HLS(t testing.TB) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		ffmpeg := exec.Command(Tool(t, "ffmpeg"), append([]string{"-v", "error", "-y"}, args...)...)
		ffmpeg.Dir = dir // playlists name their segments by the path that ffmpeg is given
		out, err := ffmpeg.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	for name, size := range map[string][]string{"film.mp4": {"320x180", "600k"}, "low.mp4": {"160x90", "150k"}} {
		run("-f", "lavfi", "-i", "testsrc2=size="+size[0]+":rate=25:duration=20", "-f", "lavfi", "-i", "sine=frequency=440:duration=20",
			"-c:v", "libx264", "-preset", "ultrafast", "-b:v", size[1], "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac", name)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key.bin"), []byte("sixteen bytes ok"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key.txt"), []byte("key.bin\nkey.bin\n"), 0o600))
	for name, how := range map[string][]string{
		"ts":    {},
		"fmp4":  {"-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "fmp4.init.mp4"},
		"aes":   {"-hls_key_info_file", "key.txt"},
		"range": {"-hls_segment_type", "fmp4", "-hls_flags", "single_file"},
	} {
		run(append(append([]string{"-i", "film.mp4", "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"}, how...),
			name+".m3u8")...)
	}
	run("-i", "film.mp4", "-i", "low.mp4", "-map", "0:a", "-map", "1:v", "-map", "0:v", "-c", "copy", "-f", "hls", "-hls_time", "2",
		"-hls_playlist_type", "vod", "-var_stream_map", "a:0,agroup:sound v:0,agroup:sound v:1,agroup:sound", "variant%v.m3u8")
	// ffmpeg's own lists the sound as a variant too, at which players are unhappy.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "master.m3u8"), []byte("#EXTM3U\n#EXT-X-VERSION:3\n"+
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"tone\",DEFAULT=YES,URI=\"variant0.m3u8\"\n"+
		"#EXT-X-STREAM-INF:BANDWIDTH=250000,RESOLUTION=160x90,AUDIO=\"sound\"\nvariant1.m3u8\n"+
		"#EXT-X-STREAM-INF:BANDWIDTH=760000,RESOLUTION=320x180,AUDIO=\"sound\"\nvariant2.m3u8\n"), 0o600))
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(s.Close)
	return s
}

package matrix

import (
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// shelf is a directory with a key for encryption and a file server, which is all the CDN that HLS needs.
func shelf(t *testing.T) (dir, url string) {
	dir = t.TempDir()
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(s.Close)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), []byte("0123456789abcdef"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key.info"),
		[]byte("key\n"+filepath.Join(dir, "key")+"\n"), 0o600)) // URI in the playlist, and where ffmpeg finds it
	return dir, s.URL
}

// packageFilm runs ffmpeg in dir until it ends.
func packageFilm(t *testing.T, dir string, args ...string) {
	film := filepath.Join(dir, "film.mp4")
	require.NoError(t, os.WriteFile(film, get(t, stagetest.Films(t).URL+"/last.mp4"), 0o600))
	ffmpeg := exec.Command(stagetest.Tool(t, "ffmpeg"), append([]string{"-v", "error", "-i", film}, args...)...)
	ffmpeg.Dir = dir
	out, err := ffmpeg.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func hlsVOD(args ...string) func(*testing.T, *system) source {
	return func(t *testing.T, _ *system) source {
		dir, url := shelf(t)
		packageFilm(t, dir, append(append([]string{"-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"}, args...), "film.m3u8")...)
		return source{target: url + "/film.m3u8", watch: watchVOD}
	}
}

// hlsMaster plays the second variant of a master playlist, which itself cannot be played.
func hlsMaster(t *testing.T, s *system) source {
	dir, url := shelf(t)
	packageFilm(t, dir, "-map", "0:v", "-map", "0:a", "-map", "0:v", "-map", "0:a", "-c:a", "copy",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-b:v:0", "300k", "-s:v:0", "160x90", "-b:v:1", "800k",
		"-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod", "-var_stream_map", "v:0,a:0 v:1,a:1",
		"-master_pl_name", "master.m3u8", "%v.m3u8")
	_, err := peer.Open(t.Context(), peer.Config{Server: s.ServerURL(), Loopback: true}, url+"/master.m3u8")
	require.Equal(t, fault.SourceMaster, fault.CodeOf(err), "%v", err)
	return source{target: url + "/1.m3u8", watch: watchVOD}
}

// watchVOD reads all segments of a playlist.
func watchVOD(t *testing.T, v *peer.Viewer) {
	l, err := v.LoadPlaylist(t.Context(), "")
	require.NoError(t, err)
	require.True(t, l.Playlist.Media.EndList)
	require.Len(t, l.Playlist.Media.Segments, 10)
	for i := range l.Playlist.Media.Segments {
		require.True(t, isOrigins(t, v, &l.Playlist.Media.Segments[i]))
	}
}

// isOrigins tells whether a viewer gets a segment as the origin has it.
func isOrigins(t *testing.T, v *peer.Viewer, s *hls.Segment) bool {
	got, err := v.Segment(t.Context(), s)
	if err != nil {
		t.Errorf("segment %d: %v", s.Sequence, err)
		return false
	}
	if sha256.Sum256(get(t, s.URI)) != sha256.Sum256(got) {
		t.Errorf("segment %d is not the origin's", s.Sequence)
		return false
	}
	return true
}

func hlsLive(args ...string) func(*testing.T, *system) source {
	return func(t *testing.T, s *system) source {
		dir, url := shelf(t)
		stagetest.FFmpeg(t, append(append([]string{"-re", "-stream_loop", "-1", "-i", stagetest.Clip(t), "-c", "copy", "-f", "hls",
			"-hls_time", "2", "-hls_list_size", "6", "-hls_flags", "temp_file",
			"-hls_segment_filename", filepath.Join(dir, "%d.seg"), "-hls_fmp4_init_filename", "init.mp4"}, args...),
			filepath.Join(dir, "live.m3u8"))...)
		require.Eventually(t, func() bool { // three segments are what players begin with
			_, err := os.Stat(filepath.Join(dir, "2.seg"))
			return err == nil
		}, 30*time.Second, 50*time.Millisecond)
		stagetest.OnAir(t, s.ServerURL(), url+"/live.m3u8")
		return source{target: url + "/live.m3u8", watch: watchLive}
	}
}

// watchLive reads segments as they appear.
func watchLive(t *testing.T, v *peer.Viewer) {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	seen := int64(-1)
	for count := 0; count < 12; <-ticker.C {
		l, err := v.LoadPlaylist(t.Context(), "")
		if err != nil {
			t.Errorf("the playlist: %v", err)
			return
		}
		list := l.Playlist.Media.Segments
		if seen < 0 {
			seen = list[max(0, len(list)-3)].Sequence - 1
		}
		for i := range list {
			if list[i].Sequence <= seen {
				continue
			}
			seen = list[i].Sequence
			if count++; !isOrigins(t, v, &list[i]) {
				return
			}
		}
	}
}

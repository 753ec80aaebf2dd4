package flashtest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
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

// running runs ffmpeg until end is called.
func running(t *testing.T, args ...string) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, stagetest.Tool(t, "ffmpeg"), append([]string{"-v", "error", "-re"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it says goodbye
	done := make(chan struct{})
	require.NoError(t, cmd.Start())
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	end = func() {
		cancel()
		<-done
	}
	t.Cleanup(end)
	return end
}

// openRTMP has a server of its own as the origin.
func openRTMP(t *testing.T) (string, func()) {
	origin := serve(t)
	target := "rtmp://" + origin.Server.RTMPAddr() + "/live/kinds"
	end := running(t, append(picture(600), "-f", "flv", target)...)
	stagetest.OnAir(t, origin.ServerURL(), "live/kinds")
	return target, end
}

// openFLV passes on what ffmpeg writes, as a live FLV without end.
func openFLV(t *testing.T) (string, func()) {
	t.Helper()
	from, to := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, stagetest.Tool(t, "ffmpeg"), append(append([]string{"-v", "error", "-re"}, picture(600)...), "-f", "flv", "-")...)
	cmd.Stdout = to
	require.NoError(t, cmd.Start())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait()
		_ = to.Close()
	}()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 16<<10)
		n, err := from.Read(b)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "video/x-flv")
		for ; err == nil; n, err = from.Read(b) {
			if _, err := w.Write(b[:n]); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
	}))
	end := sync.OnceFunc(func() {
		cancel()
		_ = from.Close()
		<-done
	})
	t.Cleanup(func() {
		end()
		site.Close()
	})
	return site.URL + "/live.flv", end
}

func openFilm(name string, args ...string) func(*testing.T) (string, func()) {
	return func(t *testing.T) (string, func()) {
		dir := t.TempDir()
		made(t, append(append(picture(filmLength), args...), filepath.Join(dir, name)))
		return stagetest.Folder(t, dir).URL + "/" + name, nil
	}
}

// made has ffmpeg write a file.
func made(t *testing.T, args []string) {
	t.Helper()
	out, err := exec.Command(stagetest.Tool(t, "ffmpeg"), append([]string{"-v", "error"}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func openLiveList(t *testing.T) (string, func()) {
	dir := t.TempDir()
	end := running(t, append(picture(600), "-f", "hls", "-hls_time", "2", "-hls_list_size", "6", "-hls_flags", "temp_file",
		filepath.Join(dir, "live.m3u8"))...)
	require.Eventually(t, func() bool { // three segments are what players begin with
		_, err := os.Stat(filepath.Join(dir, "live2.ts"))
		return err == nil
	}, patience, 100*time.Millisecond)
	return stagetest.Folder(t, dir).URL + "/live.m3u8", end
}

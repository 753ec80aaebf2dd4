package proxy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/proxy"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// TestFFmpegReadsHLSAsFromItsOrigin has ffmpeg decode HLS in each form through the proxy as it does from the origin, from
// the start and from the middle.
func TestFFmpegReadsHLSAsFromItsOrigin(t *testing.T) {
	origin := stagetest.HLS(t)
	s := start(t, proxy.Config{}, allowLoopback)
	frames := func(url string, args ...string) string {
		t.Helper()
		args = append(append([]string{"-v", "error", "-xerror"}, args...), "-i", url, "-map", "0:v", "-map", "0:a", "-f", "framemd5", "-")
		cmd := exec.CommandContext(t.Context(), stagetest.Tool(t, "ffmpeg"), args...)
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		require.NoError(t, err, said.String())
		return string(out)
	}
	for _, name := range []string{"ts", "fmp4", "aes", "range", "master"} {
		t.Run(name, func(t *testing.T) {
			direct, through := origin.URL+"/"+name+".m3u8", s.url+at(origin)+"/"+name+".m3u8"
			want := frames(direct)
			require.Greater(t, strings.Count(want, "\n"), 500)
			require.Equal(t, want, frames(through))
			require.Equal(t, frames(direct, "-ss", "15"), frames(through, "-ss", "15"))
		})
	}
}

// player returns the path of a player, or skips the test.
func player(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// TestPlayersOfHLSSeekAndEnd has players begin near the end of a film, play in their own time, and end by themselves.
func TestPlayersOfHLSSeekAndEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("starts players")
	}
	origin := stagetest.HLS(t)
	s := start(t, proxy.Config{}, allowLoopback)
	master, aes := s.url+at(origin)+"/master.m3u8", s.url+at(origin)+"/aes.m3u8"
	run := func(t *testing.T, cmd *exec.Cmd, env ...string) string {
		t.Helper()
		cmd.Env = append(append(os.Environ(), "HOME="+t.TempDir()), env...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	t.Run("ffplay", func(t *testing.T) {
		for _, url := range []string{master, aes} {
			out := run(t, exec.CommandContext(t.Context(), player(t, "ffplay"), "-v", "error", "-autoexit", "-ss", "16", url),
				"SDL_VIDEODRIVER=dummy", "SDL_AUDIODRIVER=dummy")
			require.Empty(t, strings.TrimSpace(out))
		}
	})
	t.Run("mpv", func(t *testing.T) {
		for path, from := range map[string]float64{"/master.m3u8": 16, "/aes.m3u8": 16, "/range.m3u8": 0, "/fmp4.m3u8": 0} {
			// It cannot begin in the midst of fragments, not from the origin either.
			args := []string{"--no-config", "--vo=null", "--ao=null", "--length=4", "--hls-bitrate=max",
				"--term-playing-msg=at ${=time-pos} of ${=duration}, ${width} wide"}
			if from > 0 {
				args = append(args, fmt.Sprintf("--start=%f", from))
			}
			out := run(t, exec.CommandContext(t.Context(), player(t, "mpv"), append(args, s.url+at(origin)+path)...))
			require.Contains(t, out, "of 20.", out)
			require.Contains(t, out, ", 320 wide", out)
			require.Contains(t, out, "End of file", out)
			_, after, _ := strings.Cut(out, "at ")
			place, _, _ := strings.Cut(after, " of")
			seconds, err := strconv.ParseFloat(place, 64)
			require.NoError(t, err, out)
			require.InDelta(t, from, seconds, 1)
		}
	})
	t.Run("VLC", func(t *testing.T) {
		vlc := player(t, "cvlc")
		dir := t.TempDir()
		copied := filepath.Join(dir, "copied.ts")
		command := []string{vlc, "--no-color", "--start-time=14", "--play-and-exit",
			"--sout=#std{access=file,mux=ts,dst=" + copied + "}", "--sout-all", aes}
		if os.Getuid() == 0 { // as which it refuses to run
			for up := dir; strings.HasPrefix(up, os.TempDir()+"/"); up = filepath.Dir(up) {
				require.NoError(t, os.Chmod(up, 0o777)) //nolint:gosec // for another user
			}
			command = append([]string{player(t, "setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups"}, command...)
		}
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR="+dir)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		probe := exec.CommandContext(t.Context(), stagetest.Tool(t, "ffprobe"), "-v", "error", "-show_entries", "format=duration",
			"-of", "csv=p=0", copied)
		length, err := probe.Output()
		require.NoError(t, err, "%s", out)
		seconds, err := strconv.ParseFloat(strings.TrimSpace(string(length)), 64)
		require.NoError(t, err)
		require.InDelta(t, 6, seconds, 2, "%s", out)
	})
}

// page plays by hls.js.
func page(url string) string {
	return `<body style="background:#123;color:#fff;font:16px sans-serif"><h1>` + url + `</h1><video id=v muted autoplay controls width=640></video>
<p id=said></p><script src=/hls.js></script><script>
var fatal = "", levels = [], starved = 0
var hls = new Hls({startLevel: 0, liveSyncDurationCount: 3})
hls.on(Hls.Events.ERROR, (_, e) => { if (e.fatal) fatal = e.type + " " + e.details; else starved++ })
hls.on(Hls.Events.LEVEL_SWITCHED, (_, e) => levels.push(e.level))
hls.on(Hls.Events.FRAG_LOADED, (_, e) => { said.textContent = e.frag.url })
hls.loadSource("` + url + `")
hls.attachMedia(v)
</script>`
}

// unharmed requires that hls.js met nothing that ends a play.
func (b *browser) unharmed() {
	b.t.Helper()
	fatal, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("fatal"))
	require.NoError(b.t, err)
	require.Empty(b.t, fatal)
}

func TestHLSJSPlaysAFilmInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Chromium")
	}
	origin := stagetest.HLS(t)
	s := start(t, proxy.Config{}, allowLoopback)
	b := openBrowser(t)
	b.show(page(s.url + at(origin) + "/master.m3u8"))
	b.until("!!fatal || v.currentTime > 1")
	b.until("!!fatal || levels.includes(1) && v.videoWidth == 320")
	b.unharmed()
	b.until("Math.abs(v.duration - 20) < 0.5")
	b.picture("hlsjs-vod")
	b.do("v.currentTime = 17")
	b.until("!!fatal || !v.seeking && v.currentTime > 17.3")
	b.until("!!fatal || v.ended")
	b.do("v.currentTime = 3, v.play(), 0")
	b.until("!!fatal || !v.seeking && v.currentTime > 3.2 && v.currentTime < 10")
	b.unharmed()
	b.show(page(s.url + at(origin) + "/fmp4.m3u8"))
	b.until("!!fatal || v.currentTime > 1")
	b.unharmed()
}

func TestHLSJSPlaysLiveInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Chromium")
	}
	origin := liveHLS(t)
	s := start(t, proxy.Config{}, allowLoopback)
	b := openBrowser(t)
	b.show(page(s.url + at(origin) + "/live/x.m3u8"))
	b.until("!!fatal || v.currentTime > 0 && !v.paused && v.readyState > 2")
	began := b.do("v.currentTime")
	b.until("!!fatal || v.currentTime > " + strconv.FormatFloat(began+8, 'f', 3, 64))
	b.picture("hlsjs-live")
	b.unharmed()
	behind := b.do("hls.latency")
	t.Logf("%.1f s behind live", behind)
	require.Less(t, behind, 10.0)
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/rtmp"
	"github.com/superp2p/superp2p/internal/source"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// putOn puts a stage on the air whose server takes pushes, and pulls from this machine.
func putOn(t *testing.T, adjust func(*config.Config)) *stage.Stage {
	t.Helper()
	st, err := stage.Start(t.Context(), stage.Config{Past: 8 * time.Second, Adjust: func(c *config.Config) {
		c.RTMP, c.Origins = "127.0.0.1:0", []string{"127.0.0.1"}
		if adjust != nil {
			adjust(c)
		}
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

// play runs the command against st.
func play(t *testing.T, st *stage.Stage, args ...string) (status int, out, err string) {
	t.Helper()
	return call(t, append([]string{"play", "--server", st.ServerURL(), "--loopback", "--delay", "2"}, args...)...)
}

func TestPlayWritesWhatFFmpegFindsNoFaultWith(t *testing.T) {
	for _, kind := range []string{"pushed RTMP", "pulled HTTP-FLV", "pulled RTSP"} {
		t.Run(kind, func(t *testing.T) {
			st, target := putOn(t, nil), "live/test"
			switch kind {
			case "pulled HTTP-FLV":
				target = stagetest.Serve(t)
			case "pulled RTSP":
				target = stagetest.Camera(t)
			default:
				stagetest.Push(t, "rtmp://"+st.Server.RTMPAddr()+"/live/test")
			}
			stagetest.OnAir(t, st.ServerURL(), target)
			file := filepath.Join(t.TempDir(), "out.flv")
			status, out, said := play(t, st, target, "-o", file, "--duration", "6s")
			require.Equal(t, exitOK, status, said)
			require.Empty(t, out)
			require.Contains(t, said, "offload")
			written, err := os.Open(file)
			require.NoError(t, err)
			defer written.Close() //nolint:errcheck // it was read only
			stagetest.Decodes(t, written)
		})
	}
}

func TestPlayWritesTheContainerThatTheFileIsNamedAfter(t *testing.T) {
	if testing.Short() {
		t.Skip("ffmpeg judges the files: make test runs this")
	}
	st := putOn(t, nil)
	for ext, format := range map[string]string{".mp4": "mov,mp4,m4a,3gp,3g2,mj2", ".ts": "mpegts"} {
		t.Run(ext, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "out"+ext)
			status, out, said := play(t, st, st.Channel(), "-o", file, "--json", "--duration", "5s")
			require.Equal(t, exitOK, status, said)
			probe, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "format=format_name,duration:stream=codec_type",
				"-of", "json", file).Output()
			require.NoError(t, err, "call make tools, which installs ffprobe")
			var found struct {
				Streams []struct {
					Kind string `json:"codec_type"`
				}
				Format struct {
					Name     string `json:"format_name"`
					Duration string
				}
			}
			require.NoError(t, json.Unmarshal(probe, &found))
			require.Equal(t, format, found.Format.Name)
			require.Len(t, found.Streams, 2)
			var report struct {
				Written int64   `json:"written_bytes"`
				Played  float64 `json:"played_s"`
			}
			require.NoError(t, json.Unmarshal([]byte(out), &report))
			lasts, err := strconv.ParseFloat(found.Format.Duration, 64)
			require.NoError(t, err)
			require.InDelta(t, report.Played, lasts, 0.6)
			info, err := os.Stat(file)
			require.NoError(t, err)
			require.Equal(t, info.Size(), report.Written)
			decoded, err := exec.Command("ffmpeg", "-v", "error", "-i", file, "-f", "null", "-").CombinedOutput()
			require.NoError(t, err)
			require.Empty(t, string(decoded))
		})
	}
}

// media returns what a decoder shows of an FLV stream, as kinds and bodies; the last tag may be cut off.
func media(t *testing.T, r io.Reader, until func(n int) bool) (tags []string) {
	t.Helper()
	reader := flv.NewReader(r, flv.Limits{})
	for !until(len(tags)) {
		tag, err := reader.ReadTag()
		if err != nil {
			break
		}
		if tag.IsMedia() {
			tags = append(tags, string(rune(tag.Type))+string(tag.Body))
		}
	}
	return tags
}

// requireRun requires that part is a run of whole.
func requireRun(t *testing.T, whole, part []string) {
	t.Helper()
	require.NotEmpty(t, part)
	for i := range whole {
		if whole[i] == part[0] {
			require.GreaterOrEqual(t, len(whole)-i, len(part))
			for k := range part {
				require.True(t, whole[i+k] == part[k], "tag %d of %d differs", k, len(part))
			}
			return
		}
	}
	require.Fail(t, "the first tag that came out was never sent")
}

func TestWhatPlayWritesIsBitForBitWhatTheOriginSent(t *testing.T) {
	st := putOn(t, nil)
	direct, err := source.Open(t.Context(), st.SourceURL(), source.Options{})
	require.NoError(t, err)
	sent := make(chan []string)
	go func() {
		var tags []string
		for {
			tag, err := direct.ReadTag()
			if err != nil {
				sent <- tags
				return
			}
			if tag.IsMedia() {
				tags = append(tags, string(rune(tag.Type))+string(tag.Body))
			}
		}
	}()
	status, out, said := play(t, st, st.Channel(), "-o", "-", "--json", "--duration", "5s")
	require.NoError(t, direct.Close())
	all := <-sent
	require.Equal(t, exitOK, status, said)
	got := media(t, strings.NewReader(out), func(int) bool { return false })
	require.Greater(t, len(got), 100)
	requireRun(t, all, got)

	lines := strings.Split(strings.TrimSpace(said), "\n")
	var report map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &report), said)
	require.Equal(t, "stopped", report["outcome"])
	for _, key := range []string{"offload", "peer_bytes", "server_bytes", "start_ms", "delay_ms", "stalls", "bitrate",
		"peers"} {
		require.Contains(t, report, key)
	}
	require.EqualValues(t, len(out), report["written_bytes"])
}

func TestThreeViewersShareAnRTSPStream(t *testing.T) {
	st, target := putOn(t, nil), stagetest.Camera(t)
	direct, err := source.Open(t.Context(), target, source.Options{})
	require.NoError(t, err)
	sent := make(chan []string)
	go func() {
		var tags []string
		for tag, err := direct.ReadTag(); err == nil; tag, err = direct.ReadTag() {
			if tag.IsMedia() {
				tags = append(tags, string(rune(tag.Type))+string(tag.Body))
			}
		}
		sent <- tags
	}()
	type seen struct {
		status    int
		out, said string
	}
	viewers := make(chan seen)
	for range 3 {
		go func() {
			var v seen
			v.status, v.out, v.said = call(t, "play", target, "--server", st.ServerURL(), "--loopback", "--delay", "4",
				"-o", "-", "--json", "--duration", "12s")
			viewers <- v
		}()
	}
	var played []seen
	for range 3 {
		played = append(played, <-viewers)
	}
	require.NoError(t, direct.Close())
	all := <-sent
	var fromPeers, fromServer float64
	for _, v := range played {
		require.Equal(t, exitOK, v.status, v.said)
		got := media(t, strings.NewReader(v.out), func(int) bool { return false })
		require.Greater(t, len(got), 300)
		requireRun(t, all, got)
		lines := strings.Split(strings.TrimSpace(v.said), "\n")
		var report struct {
			Peer   float64 `json:"peer_bytes"`
			Server float64 `json:"server_bytes"`
		}
		require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &report), v.said)
		fromPeers, fromServer = fromPeers+report.Peer, fromServer+report.Server
	}
	require.Greater(t, fromPeers, fromServer, "peers gave less than half")
}

// Enhanced RTMP: HEVC and Opus reach the file as the publisher sent them, with their sequence headers first.
func TestHEVCAndOpusPassThrough(t *testing.T) {
	st := putOn(t, func(c *config.Config) { c.GiveUp = 100 * time.Millisecond })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := rtmp.Publish(ctx, "rtmp://"+st.Server.RTMPAddr()+"/live/enhanced", rtmp.DialOptions{})
	require.NoError(t, err)
	headers := []flv.Tag{
		{Type: flv.Video, Body: append([]byte{0x90, 'h', 'v', 'c', '1'}, bytes.Repeat([]byte{1, 2, 3}, 9)...)},
		{Type: flv.Audio, Body: append([]byte{0x90, 'O', 'p', 'u', 's'}, "OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00"...)},
	}
	for _, h := range headers {
		require.NoError(t, p.WriteTag(h))
	}
	var all []string
	published := make(chan struct{})
	go func() {
		defer close(published)
		ticker := time.NewTicker(40 * time.Millisecond)
		defer ticker.Stop()
		for i := range 175 { // seven seconds
			<-ticker.C
			at := uint32(40 * i)
			video := flv.Tag{Type: flv.Video, Timestamp: at, Body: append([]byte{0xa3, 'h', 'v', 'c', '1'}, payload(i, 900)...)}
			if i%25 == 0 {
				video.Body[0] = 0x93
			}
			audio := flv.Tag{Type: flv.Audio, Timestamp: at, Body: append([]byte{0x91, 'O', 'p', 'u', 's'}, payload(i, 90)...)}
			for _, tag := range []flv.Tag{video, audio} {
				all = append(all, string(rune(tag.Type))+string(tag.Body))
				if p.WriteTag(tag) != nil {
					return
				}
			}
		}
		_ = p.Close()
	}()
	stagetest.OnAir(t, st.ServerURL(), "live/enhanced")
	status, out, said := play(t, st, "live/enhanced", "-o", "-")
	<-published
	require.Equal(t, exitOK, status, said)
	got := media(t, strings.NewReader(out), func(int) bool { return false })
	requireRun(t, all, got)
	require.Equal(t, all[len(all)-1], got[len(got)-1], "it is played to its very end")

	reader := flv.NewReader(strings.NewReader(out), flv.Limits{})
	first, err := reader.ReadTag()
	require.NoError(t, err)
	require.True(t, first.IsMetadata())
	for range headers {
		tag, err := reader.ReadTag()
		require.NoError(t, err)
		require.True(t, tag.IsSequenceHeader())
		require.LessOrEqual(t, tag.Timestamp, uint32(100), "it begins near 0")
	}
}

func payload(i, n int) []byte {
	b := make([]byte, n)
	for k := range b {
		b[k] = byte(i*31 + k*7)
	}
	return b
}

func TestPlayTellsFailuresApart(t *testing.T) {
	st := putOn(t, nil)
	status, out, said := play(t, st, "nobody", "--json")
	require.Equal(t, exitNotStarted, status, said)
	var report map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, "not_started", report["outcome"])
	require.Equal(t, "channel_unknown", report["error"].(map[string]any)["code"])

	status, _, said = call(t, "play", "x", "--server", "http://127.0.0.1:1", "--start-timeout", "200ms")
	require.Equal(t, exitNotStarted, status)
	require.Contains(t, said, "server_unreachable")

	status, _, said = call(t, "play", "x", "--server", "no address")
	require.Equal(t, exitNotStarted, status)
	require.Contains(t, said, "no address")

	broken := make(chan int, 1)
	var progress bytes.Buffer
	pipe, in := io.Pipe()
	go func() {
		broken <- run(t.Context(), []string{"play", st.Channel(), "--server", st.ServerURL(), "--loopback", "-o", "-",
			"--stall-timeout", "500ms"}, stdio{strings.NewReader(""), in, &progress})
		_ = in.Close()
	}()
	media(t, pipe, func(n int) bool { return n > 20 })
	go io.Copy(io.Discard, pipe) //nolint:errcheck // it ends with the pipe
	require.NoError(t, st.Server.Close())
	require.Equal(t, exitBroken, <-broken, progress.String())
}

func TestAnOutputThatCannotBeWrittenIsSaid(t *testing.T) {
	st := putOn(t, nil)
	status, _, said := play(t, st, st.Channel(), "-o", filepath.Join(t.TempDir(), "no", "such", "directory"))
	require.Equal(t, exitNotStarted, status)
	require.Contains(t, said, "the output cannot be created")

	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	defer writer.Close() //nolint:errcheck // nobody reads it
	var progress bytes.Buffer
	status = run(t.Context(), []string{"play", st.Channel(), "--server", st.ServerURL(), "--loopback", "-o", "-"},
		stdio{strings.NewReader(""), writer, &progress})
	require.Equal(t, exitBroken, status)
	require.Contains(t, progress.String(), "standard output cannot be written")
}

func TestPlayEndsCleanlyWhenInterrupted(t *testing.T) {
	st := putOn(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var progress bytes.Buffer
	pipe, in := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"play", st.Channel(), "--server", st.ServerURL(), "--loopback", "-o", "-"},
			stdio{strings.NewReader(""), in, &progress})
		_ = in.Close()
	}()
	media(t, pipe, func(n int) bool { return n > 20 })
	go io.Copy(io.Discard, pipe) //nolint:errcheck // it ends with the pipe
	cancel()
	require.Equal(t, exitOK, <-done)
	require.Contains(t, progress.String(), "played")
}

func TestDelays(t *testing.T) {
	for _, wrong := range []string{"six", "", "NaN", "Inf", "0x", "6 s"} {
		status, _, said := call(t, "play", "x", "--delay="+wrong)
		require.Equal(t, exitUsage, status, wrong)
		require.Contains(t, said, "no number of seconds")
	}
	for text, want := range map[string]time.Duration{
		"6": 6 * time.Second, "2.5": 2500 * time.Millisecond, "4s": 4 * time.Second, "-1": -time.Second, "1e9": time.Hour,
	} {
		var s seconds
		require.NoError(t, s.UnmarshalText([]byte(text)))
		require.Equal(t, want, time.Duration(s), text)
	}
	st := putOn(t, nil)
	for _, out := range []string{"0", "60", "-5"} {
		status, _, said := call(t, "play", st.Channel(), "--server", st.ServerURL(), "--delay="+out, "--duration", "300ms")
		require.Equal(t, exitOK, status)
		require.Contains(t, said, "delay is out of its range", out)
	}
}

func TestOutputAndPlayerExclude(t *testing.T) {
	status, _, said := call(t, "play", "x", "-o", "a", "--player", "mpv")
	require.Equal(t, exitUsage, status)
	require.Contains(t, said, "cannot be used together")
	status, _, _ = call(t, "play", "x", "--player", "realplayer")
	require.Equal(t, exitUsage, status)
}

func TestAPlayerThatIsNotInstalledIsSaid(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	status, _, said := call(t, "play", "x", "--player", "mpv")
	require.Equal(t, exitNotStarted, status)
	require.Contains(t, said, "mpv is not installed")
}

func TestProxyUntilInterrupted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	status, _, said := call(t, "proxy", "--listen", l.Addr().String())
	require.Equal(t, exitFailure, status)
	require.Contains(t, said, "choose another with --listen")
	require.NoError(t, l.Close())

	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"proxy", "--listen", "127.0.0.1:0"}, stdio{strings.NewReader(""), io.Discard, w})
	}()
	line := make([]byte, 200)
	n, err := r.Read(line)
	require.NoError(t, err)
	require.Contains(t, string(line[:n]), "proxy on http://127.0.0.1:")
	cancel()
	require.Equal(t, exitOK, <-done)
}

func TestSizesAndClocksForPeople(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_960: "1.0 MB", 1_500_000_000: "1.5 GB",
	} {
		require.Equal(t, want, size(n))
	}
	require.Equal(t, "01:05", clock(65*time.Second))
	require.Equal(t, "1:01:05", clock(3665*time.Second))
}

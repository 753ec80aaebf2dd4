package stagetest

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/rtsp/rtsptest"
)

// Tool returns the path of a program that make tools installs.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "%s is missing: run `make tools`", name)
	return path
}

// clip is the path of the origin's clip, for programs that read files.
func Clip(t testing.TB) string {
	t.Helper()
	_, here, _, ok := runtime.Caller(0)
	require.True(t, ok)
	path := filepath.Join(filepath.Dir(here), "..", "..", "origin", "clip.flv")
	_, err := os.Stat(path)
	require.NoError(t, err)
	return path
}

// Push publishes the clip in a loop by ffmpeg to an RTMP URL until the test ends.
func Push(t testing.TB, url string) {
	t.Helper()
	FFmpeg(t, "-re", "-stream_loop", "-1", "-i", Clip(t), "-c", "copy", "-f", "flv", url)
}

// Serve serves the clip in a loop by ffmpeg as HTTP-FLV to one client and returns its URL.
func Serve(t testing.TB) string {
	t.Helper()
	url := "http://" + freeAddress(t) + "/live.flv"
	FFmpeg(t, "-re", "-stream_loop", "-1", "-i", Clip(t), "-c", "copy", "-f", "flv", "-listen", "1", url)
	return url
}

// ServeRTMP has ffmpeg wait for one RTMP player, which is sent the clip again and again, and returns its URL.
func ServeRTMP(t testing.TB) string {
	t.Helper()
	url := "rtmp://" + freeAddress(t) + "/live/clip"
	FFmpeg(t, "-re", "-stream_loop", "-1", "-i", Clip(t), "-c", "copy", "-f", "flv", "-listen", "1", url)
	return url
}

// freeAddress returns an address of this machine where nothing listens.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// Camera serves the clip in a loop by RTSP and returns its URL.
func Camera(t testing.TB) string {
	t.Helper()
	s := rtsptest.Start(t, rtsptest.Config{})
	s.Publish(t, "-re", "-stream_loop", "-1", "-i", Clip(t), "-c", "copy")
	return "rtsp://" + s.Address + "/live"
}

// FFmpeg runs ffmpeg in the background until the test ends.
func FFmpeg(t testing.TB, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ffmpeg := exec.CommandContext(ctx, Tool(t, "ffmpeg"), append([]string{"-v", "fatal"}, args...)...)
	require.NoError(t, ffmpeg.Start())
	t.Cleanup(func() { cancel(); _ = ffmpeg.Wait() })
}

// OnAir waits until the server says where target is, a URL or channel id.
func OnAir(t testing.TB, server, target string) {
	t.Helper()
	client, err := edgeclient.New(edgeclient.Config{Server: server})
	require.NoError(t, err)
	defer client.Close()
	require.Eventually(t, func() bool {
		_, err = client.Resolve(t.Context(), target)
		return err == nil
	}, 30*time.Second, 50*time.Millisecond, "%s did not go on the air", target)
}

// Decodes lets ffmpeg decode all of an FLV stream, which must hold video and audio, and requires it to find no fault.
func Decodes(t testing.TB, stream io.Reader) {
	t.Helper()
	var said, frames bytes.Buffer
	ffmpeg := exec.Command(Tool(t, "ffmpeg"), "-v", "error", "-xerror", "-f", "flv", "-i", "-",
		"-map", "0:v", "-map", "0:a", "-f", "framecrc", "-")
	ffmpeg.Stdin, ffmpeg.Stdout, ffmpeg.Stderr = stream, &frames, &said
	require.NoError(t, ffmpeg.Run(), said.String())
	require.Empty(t, said.String())
	require.Greater(t, bytes.Count(frames.Bytes(), []byte("\n")), 50, "too few frames came out")
}

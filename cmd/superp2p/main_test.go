package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call runs the program with args and returns its status and what it wrote.
func call(t *testing.T, args ...string) (status int, out, err string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), args, stdio{strings.NewReader(""), &o, &e})
	return status, o.String(), e.String()
}

func TestVersion(t *testing.T) {
	status, out, _ := call(t, "version")
	require.Equal(t, exitOK, status)
	require.Regexp(t, `^superp2p .+\ncommit .+\ngo1\.\d+.* \w+/\w+\n$`, out)
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		status, out, _ := call(t, "completion", shell)
		require.Equal(t, exitOK, status)
		require.Contains(t, out, "superp2p")
	}
	status, _, err := call(t, "completion", "tcsh")
	require.Equal(t, exitUsage, status)
	require.Contains(t, err, "bash")
}

func TestShellsGetCompletions(t *testing.T) {
	t.Setenv("COMP_LINE", "superp2p serve --limits-")
	status, out, _ := call(t)
	require.Equal(t, exitOK, status)
	require.Contains(t, out, "--limits-streams")
}

func TestHelpIsThereForEachCommandWithAnExample(t *testing.T) {
	status, out, _ := call(t)
	require.Equal(t, exitOK, status)
	parser, err := kong.New(&commands{}, kong.Vars(config.Vars()))
	require.NoError(t, err)
	for _, node := range parser.Model.Children {
		require.Contains(t, out, node.Name)
		status, help, _ := call(t, node.Name, "--help")
		require.Equal(t, exitOK, status)
		require.Regexp(t, `(?s)Example.*superp2p `+node.Name, help)
	}
}

func TestWrongUsage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(path, []byte("http: :1\n\nhtpp: :2\n"), 0o600))
	for want, args := range map[string][]string{
		"unknown flag --nope":          {"serve", "--nope"},
		"unexpected argument nope":     {"nope"},
		"bad.yaml:3: htpp is no key":   {"serve", "--config", path},
		"log-level":                    {"serve", "--log-level", "loud"},
		"limits-streams":               {"serve", "--limits-streams", "many"},
		"window must be at least":      {"serve", "--window", "1s"},
		"cannot be opened":             {"serve", "--config", path + ".none"},
		"origins:":                     {"serve", "--origins", "*.*", "--http", "127.0.0.1:0"},
		"channels: the source of live": {"serve", "--channels", "live=ftp://x", "--http", "127.0.0.1:0"},
	} {
		status, _, err := call(t, args...)
		require.Equal(t, exitUsage, status, args)
		require.Contains(t, err, want)
	}
	t.Setenv("SUPERP2P_LIMITS_STREAMS", "many")
	status, _, err := call(t, "serve")
	require.Equal(t, exitUsage, status)
	require.Contains(t, err, "SUPERP2P_LIMITS_STREAMS")
}

func TestPrintConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	t.Setenv("SUPERP2P_LIMITS_STREAMS", "7")
	status, out, _ := call(t, "serve", "--print-config", "--rtmp", ":2", "--rtmp=", "--channel", "a=http://x/a.flv?b=c", "--channels",
		"b=rtmp://y/z", "--origin", "*.x.example,y.example", "--source-give-up", "5s", "--limits-stream-bytes", "1MiB")
	require.Equal(t, exitOK, status)
	require.NoError(t, os.WriteFile(path, []byte(out), 0o600))
	c, err := config.Load(config.Sources{File: path})
	require.NoError(t, err)
	require.Equal(t, map[string]config.Channel{"a": {Source: "http://x/a.flv?b=c"}, "b": {Source: "rtmp://y/z"}}, c.Channels)
	require.Equal(t, []string{"*.x.example", "y.example"}, c.Origins)
	require.Equal(t, 7, c.Limits.Streams)
	require.Equal(t, config.Size(1<<20), c.Limits.StreamBytes)
	require.Empty(t, c.RTMP)
	require.Equal(t, ":8080", c.HTTP)
}

func TestServeUntilInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	read, write := io.Pipe()
	done := make(chan int)
	go func() {
		status := run(ctx, []string{"serve", "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--stun", "127.0.0.1:0"},
			stdio{strings.NewReader(""), io.Discard, write})
		_ = write.Close()
		done <- status
	}()
	line := make([]byte, 200)
	n, err := read.Read(line)
	require.NoError(t, err)
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(string(line[:n]))
	require.NotEmpty(t, url, string(line[:n]))
	go func() { _, _ = io.Copy(io.Discard, read) }()
	r, err := http.Get(url + "/v1/status")
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Equal(t, http.StatusOK, r.StatusCode)
	http.DefaultClient.CloseIdleConnections()
	interrupt()
	require.Equal(t, exitOK, <-done)
}

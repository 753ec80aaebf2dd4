package interop

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/tracker"
	"github.com/superp2p/superp2p/internal/tracker/client"
)

const timeout = 45 * time.Second

// long leaves out what needs other programs when only short tests are asked for.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Node.js, Chromium or ffmpeg, which -short does without")
	}
}

// npm returns a path in the folder of npm packages, if they are installed.
func npm(t *testing.T, elem ...string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "..", "test", "npm"))
	require.NoError(t, err)
	path := filepath.Join(append([]string{dir}, elem...)...)
	_, err = os.Stat(filepath.Join(dir, "node_modules"))
	require.NoError(t, err, "the npm packages of test/npm are missing: call make tools")
	_, err = os.Stat(path)
	require.NoError(t, err, "%s is missing: call make tools", path)
	return path
}

// node starts a script of test/npm and returns its lines. It ends with the test.
func node(t *testing.T, script string, args ...string) <-chan string {
	t.Helper()
	program, err := exec.LookPath("node")
	require.NoError(t, err, "Node.js is missing: call make tools")
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, append([]string{npm(t, script)}, args...)...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := make(chan string, 1000)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			default: // nobody listens any more
			}
		}
	}()
	t.Cleanup(func() {
		_ = stdin.Close() // tells it to leave
		gone := time.AfterFunc(5*time.Second, cancel)
		<-read
		_ = cmd.Wait()
		gone.Stop()
		cancel()
	})
	return lines
}

// line is what tracker-client.mjs prints.
type line struct {
	Heard, Peer, Error, Warning, PeerError, Scrape string
	Complete, Incomplete, Interval                 int
}

// wait reads lines until one pleases, and fails on warnings and errors.
func wait(t *testing.T, lines <-chan string, what string, pleases func(line) bool) {
	t.Helper()
	late := time.After(timeout)
	for {
		select {
		case text, ok := <-lines:
			require.True(t, ok, "the peer ended before: %s", what)
			var l line
			require.NoError(t, json.Unmarshal([]byte(text), &l), text)
			require.Empty(t, l.Error+l.Warning+l.PeerError, text)
			if pleases(l) {
				return
			}
		case <-late:
			require.FailNow(t, "did not happen in time: "+what)
		}
	}
}

func startTracker(t *testing.T) (*tracker.Server, string) {
	t.Helper()
	s := tracker.New(tracker.Config{})
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		h.Close()
	})
	return s, "ws" + strings.TrimPrefix(h.URL, "http") + "/announce"
}

// startNpmTracker starts the tracker of the npm package.
func startNpmTracker(t *testing.T) string {
	t.Helper()
	select {
	case port := <-node(t, "tracker-server.mjs"):
		_, err := strconv.Atoi(port)
		require.NoError(t, err)
		return "ws://127.0.0.1:" + port + "/announce"
	case <-time.After(timeout):
		require.FailNow(t, "the npm tracker does not start")
		return ""
	}
}

var infoHash = [20]byte([]byte("\x00\x01\n\"\\\x7f\x80\xc3\xff interop !!"))

func peerID(name string) (id [20]byte) {
	copy(id[:], "-WW0200-\xff\x00"+name)
	return id
}

func npmPeer(t *testing.T, url, name string) <-chan string {
	t.Helper()
	id := peerID(name)
	return node(t, "tracker-client.mjs", url, hex.EncodeToString(infoHash[:]), hex.EncodeToString(id[:]))
}

func hello(name string) func(line) bool {
	id := peerID(name)
	return func(l line) bool {
		return l.Heard == "hello from "+hex.EncodeToString(id[:]) && l.Peer == hex.EncodeToString(id[:])
	}
}

func TestNpmPeersMeetThroughOurTracker(t *testing.T) {
	long(t)
	s, url := startTracker(t)
	a := npmPeer(t, url, "a")
	wait(t, a, "a joins", func(l line) bool { return l.Incomplete == 1 && l.Interval == 120 })
	b := npmPeer(t, url, "b")
	wait(t, a, "a hears b over a data channel", hello("b"))
	wait(t, b, "b hears a over a data channel", hello("a"))
	wait(t, b, "b scrapes", func(l line) bool { return l.Scrape == hex.EncodeToString(infoHash[:]) && l.Incomplete == 2 })
	status := s.Status()
	require.NotZero(t, status.Offers)
	require.NotZero(t, status.Answers)
	require.Zero(t, status.Refused)
	_, incomplete := s.Swarm(infoHash)
	require.Equal(t, 2, incomplete)
}

func TestOurClientMeetsNpmPeer(t *testing.T) {
	long(t)
	for name, start := range map[string]func(*testing.T) string{
		"through our tracker":     func(t *testing.T) string { _, url := startTracker(t); return url },
		"through the npm tracker": startNpmTracker,
	} {
		t.Run(name, func(t *testing.T) {
			url := start(t)
			t.Run("who offers", func(t *testing.T) {
				theirs := npmPeer(t, url, "theirs")
				wait(t, theirs, "their peer joins", func(l line) bool { return l.Incomplete == 1 })
				heard := goPeer(t, url)
				wait(t, theirs, "their peer hears ours", hello("ours"))
				require.Equal(t, "hello from "+hex.EncodeToString(idBytes("theirs")), receive(t, heard))
			})
			t.Run("who answers", func(t *testing.T) {
				heard := goPeer(t, url)
				theirs := npmPeer(t, url, "theirs")
				wait(t, theirs, "their peer hears ours", hello("ours"))
				require.Equal(t, "hello from "+hex.EncodeToString(idBytes("theirs")), receive(t, heard))
			})
		})
	}
}

func idBytes(name string) []byte {
	id := peerID(name)
	return id[:]
}

func receive(t *testing.T, heard <-chan string) string {
	t.Helper()
	select {
	case text := <-heard:
		return text
	case <-time.After(timeout):
		require.FailNow(t, "nothing came over the data channel")
		return ""
	}
}

// goPeer runs our client with data channels of pion and returns what comes over them.
func goPeer(t *testing.T, url string) <-chan string {
	t.Helper()
	h := newPionHandler(t)
	ctx, cancel := context.WithCancel(context.Background())
	c, err := client.New(client.Config{URL: url, InfoHash: infoHash, PeerID: peerID("ours"), Handler: h})
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		c.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		h.close()
	})
	select {
	case <-h.joined:
	case <-time.After(timeout):
		require.FailNow(t, "our client does not join")
	}
	return h.heard
}

package interop

import (
	"context"
	_ "embed"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/chromium"
	"github.com/superp2p/superp2p/internal/tracker"
)

//go:embed testdata/viewer.html
var viewerPage string

// makeHLS makes 40 segments of a second and returns their folder.
func makeHLS(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "ffmpeg is missing: call make tools")
	dir := t.TempDir()
	out, err := exec.Command(program, "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=15:duration=40",
		"-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-g", "15",
		"-sc_threshold", "0", "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod",
		filepath.Join(dir, "index.m3u8")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

// browser starts Chromium and returns a context whose tabs stay awake in the background.
func browser(t *testing.T) context.Context {
	t.Helper()
	b, err := chromium.Start(context.Background())
	require.NoError(t, err)
	t.Cleanup(b.End)
	return b.Context
}

// seen is what viewer.html counts.
type seen struct {
	P2P      int      `json:"p2p"`
	HTTP     int      `json:"http"`
	Uploaded int      `json:"uploaded"`
	Segments int      `json:"segments"`
	Peers    int      `json:"peers"`
	Errors   []string `json:"errors"`
	Time     float64  `json:"time"`
}

// watch opens a viewer in a tab of its own and returns how to wait until its counts fulfil a condition in JavaScript.
func watch(t *testing.T, ctx context.Context, url string) func(until string) seen { //nolint:revive // t comes first in tests
	t.Helper()
	tab, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(url)))
	return func(until string) seen {
		t.Helper()
		s, err := chromedp.Run(tab, chromedp.Poll[seen](
			"window.seen && (window.seen.errors.length || "+until+") ? window.seen : null",
			chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(timeout)))
		require.NoError(t, err, "waiting for %s", until)
		require.Empty(t, s.Errors)
		return s
	}
}

func TestP2PMediaLoaderPagesExchangeSegmentsThroughOurTracker(t *testing.T) {
	long(t)
	tr := tracker.New(tracker.Config{})
	mux := http.NewServeMux()
	mux.Handle("/announce", tr)
	mux.Handle("/npm/", http.StripPrefix("/npm/", http.FileServer(http.Dir(npm(t, "node_modules")))))
	mux.Handle("/hls/", http.StripPrefix("/hls/", http.FileServer(http.Dir(makeHLS(t)))))
	mux.HandleFunc("/viewer", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(viewerPage)) })
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		require.NoError(t, tr.Close())
		server.Close()
	})

	ctx := browser(t)
	a := watch(t, ctx, server.URL+"/viewer")
	a("seen.time > 2 && seen.segments >= 10")
	b := watch(t, ctx, server.URL+"/viewer")
	second := b("seen.time > 2 && seen.p2p > 0")
	first := a("seen.uploaded > 0")
	require.Positive(t, first.Peers)
	require.Positive(t, second.Peers)

	status := tr.Status()
	require.NotZero(t, status.Offers)
	require.NotZero(t, status.Answers)
	require.Zero(t, status.Refused)
	t.Logf("the second viewer got %d bytes from the first and %d from the server; the tracker: %+v", second.P2P, second.HTTP, status)
}

package proxy_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/chromium"
)

// browser is a Chromium that shows one page.
type browser struct {
	t   *testing.T
	ctx context.Context
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	b, err := chromium.Start(context.Background())
	require.NoError(t, err)
	t.Cleanup(b.End)
	return &browser{t, b.Context}
}

// show opens a page that holds body, of a site of its own that also has hls.js.
func (b *browser) show(body string) {
	b.t.Helper()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hls.js" {
			http.ServeFile(w, r, "../../test/npm/node_modules/hls.js/dist/hls.min.js")
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html>" + body))
	}))
	b.t.Cleanup(page.Close)
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.Navigate(page.URL)))
}

// until waits until a JavaScript condition holds.
func (b *browser) until(condition string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingInterval(50*time.Millisecond),
		chromedp.WithPollingTimeout(30*time.Second)))
	require.NoError(b.t, err, "waiting for %s", condition)
}

// do runs JavaScript whose value is a number.
func (b *browser) do(script string) float64 {
	b.t.Helper()
	n, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](script))
	require.NoError(b.t, err)
	return n
}

// picture keeps what the page looks like, where SUPERP2P_PICTURES names a directory.
func (b *browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("SUPERP2P_PICTURES")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(dir+"/"+name+".png", png, 0o600))
}

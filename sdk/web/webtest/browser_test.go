package webtest

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/chromium"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a condition may take to come true.
const patience = 45 * time.Second

// browser is a Chromium, each page of which is a tab.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// long leaves a test out where only short ones are wanted.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it drives a browser: make test runs it")
	}
}

// openBrowser starts Chromium; its pages reach peers on loopback, and those in the background are not throttled.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	return openBrowserWith(t)
}

// asShipped has pages in the background throttled, as browsers do that no test drives.
func asShipped() []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{
		chromedp.Flag("disable-background-timer-throttling", false), chromedp.Flag("disable-renderer-backgrounding", false),
		chromedp.Flag("disable-backgrounding-occluded-windows", false),
	}
}

// openBrowserWith starts Chromium with more options.
func openBrowserWith(t *testing.T, more ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	long(t)
	_, err := os.Stat("../../dist/core.wasm")
	require.NoError(t, err, "the SDK is not built: call make sdk")
	b, err := chromium.Start(context.Background(), more...)
	require.NoError(t, err)
	t.Cleanup(b.End)
	return &browser{t, b.Context}
}

// page is a tab that shows a page of a site of its own.
type page struct {
	t   *testing.T
	ctx context.Context
}

// play shows a page that loads the SDK from a server and then runs script, in an async function; what that throws is in
// failed.
func (b *browser) play(server, script string) *page {
	b.t.Helper()
	return b.show(b.site(server, script))
}

// site serves such a page, and returns its URL.
func (b *browser) site(server, script string) string {
	b.t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hls.js" {
			http.ServeFile(w, r, "../../../test/npm/node_modules/hls.js/dist/hls.min.js")
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><script src="` + server + `/sdk/superp2p.js"></script><script>
			var failed = "", chunks = [], size = 0, codes = [], happened = [], source;
			const take = (b) => { chunks.push(b); size += b.length; };
			async function open(server, target, config) {
				source = await superp2p.open(server, target, config);
				source.onevent = (e) => { codes.push(e.code); happened.push(Math.round(performance.now()) + e.code.slice(9)); };
				return source;
			}
			async function readLive() {
				for (;;) { const b = await source.read(); if (!b) break; take(b); }
			}
			function taken() {
				let s = "";
				for (const c of chunks) for (let i = 0; i < c.length; i += 4096) s += String.fromCharCode(...c.subarray(i, i + 4096));
				return btoa(s);
			}
			(async () => {` + script + `})().catch((e) => { if (e.code !== "closed") failed = String(e.code || "") + ": " + e.message + e.stack; });
			</script>`))
	}))
	b.t.Cleanup(site.Close)
	return site.URL
}

// show opens a page in a tab of its own.
func (b *browser) show(url string) *page {
	b.t.Helper()
	tab, end := chromedp.NewContext(b.ctx)
	b.t.Cleanup(end)
	p := &page{b.t, tab}
	require.NoError(b.t, chromedp.Do(tab, chromedp.Navigate(url)))
	return p
}

// until waits until a condition in JavaScript holds.
func (p *page) until(condition string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool]("(window.failed ?? '') !== '' || ("+condition+")",
		chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	require.NoError(p.t, err, "waiting for %s, with %s", condition, p.text("JSON.stringify([window.failed, window.codes, window.source && source.stats()])"))
	require.Empty(p.t, p.text("failed"))
}

// text evaluates JavaScript whose value is a string.
func (p *page) text(script string) string {
	p.t.Helper()
	s, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](script))
	require.NoError(p.t, err)
	return s
}

// number evaluates JavaScript whose value is a number.
func (p *page) number(script string) float64 {
	p.t.Helper()
	n, err := chromedp.Run(p.ctx, chromedp.Evaluate[float64](script))
	require.NoError(p.t, err)
	return n
}

// do runs JavaScript.
func (p *page) do(script string) { p.number(script + "; 0") }

// taken returns the bytes that the page read.
func (p *page) taken() []byte {
	p.t.Helper()
	b, err := base64.StdEncoding.DecodeString(p.text("taken()"))
	require.NoError(p.t, err)
	return b
}

package flashtest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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

const ruffle = "../../../test/flash/node_modules/@ruffle-rs/ruffle"

// browser is a Chromium, each page of which is a tab.
type browser struct {
	t    *testing.T
	ctx  context.Context
	host string // the program in Haxe
}

// openBrowser starts Chromium and compiles the host program.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("it drives a browser: make test runs it")
	}
	_, err := exec.LookPath("haxe")
	require.NoError(t, err, "Haxe is missing: call make tools")
	_, err = os.Stat(ruffle)
	require.NoError(t, err, "Ruffle is missing: call make tools")
	host := filepath.Join(t.TempDir(), "host.swf")
	out, err := exec.Command("haxe", "-cp", "testdata", "-main", "LiveDemo", "-swf", host, "-swf-version", "10.1",
		"-swf-header", "640:480:30:202020").CombinedOutput()
	require.NoError(t, err, "%s", out)
	b, err := chromium.Start(context.Background(), chromedp.DisableGPU, chromedp.WindowSize(640, 480))
	require.NoError(t, err)
	t.Cleanup(b.End)
	return &browser{t, b.Context, host}
}

// page is a tab in which Ruffle runs the host program.
type page struct {
	t   *testing.T
	ctx context.Context
}

// vars are the host's FlashVars: sdk, url, config, cdn; and of the page: pagesdk, the server whose page SDK it has, options of that, guard, a script that it has, too, and deaf, if it
// lets no SWF call it.
type vars map[string]string

// watch shows a page of a site of its own that plays.
func (b *browser) watch(t *testing.T, v vars) *page {
	t.Helper()
	files := http.FileServer(http.Dir(ruffle))
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/host.swf":
			http.ServeFile(w, r, b.host)
		case r.URL.Path == "/superp2p-sw.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(`importScripts("` + v["pagesdk"] + `/sdk/superp2p-sw.js");`))
		case strings.HasPrefix(r.URL.Path, "/ruffle/"):
			http.StripPrefix("/ruffle/", files).ServeHTTP(w, r)
		default:
			http.ServeFile(w, r, "testdata/page.html")
		}
	}))
	t.Cleanup(site.Close)
	q := url.Values{}
	for key, value := range v {
		q.Set(key, value)
	}
	tab, end := chromedp.NewContext(b.ctx)
	t.Cleanup(sync.OnceFunc(end))
	p := &page{t, tab}
	require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(640, 480), chromedp.Navigate(site.URL+"/?"+q.Encode())))
	return p
}

// see waits until a condition in JavaScript holds, in which s is what the host says of the stream.
func (p *page) see(condition string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool]("((s) => "+condition+")(look())",
		chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	require.NoError(p.t, err, "waiting for %s, with %s", condition, p.text("JSON.stringify([look(), lines.filter((l) => !l.startsWith('log %c')), loudest, shown.size])"))
}

// text evaluates JavaScript whose value is a string.
func (p *page) text(script string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience) // a page may hang
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
	require.NoError(p.t, err)
	return s
}

// number evaluates JavaScript whose value is a number.
func (p *page) number(script string) float64 {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience)
	defer cancel()
	n, err := chromedp.Run(ctx, chromedp.Evaluate[float64](script))
	require.NoError(p.t, err)
	return n
}

// act has the host call a member of the stream.
func (p *page) act(what, value string) { p.number("player.act('" + what + "', " + value + "); 0") }

// told returns what the host was told.
func (p *page) told() []string {
	p.t.Helper()
	var list []string
	require.NoError(p.t, json.Unmarshal([]byte(p.text("JSON.stringify(look().told || [])")), &list))
	return list
}

// shoot keeps a picture of the page under $ARTEFACTS.
func (p *page) shoot(name string) {
	p.t.Helper()
	dir := os.Getenv("ARTEFACTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	require.NoError(p.t, err)
	require.NoError(p.t, os.MkdirAll(dir, 0o755))
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, "flash-"+name+".png"), picture, 0o644))
}

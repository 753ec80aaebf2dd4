package webtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/stage"
)

// behindFront passes on what a server is asked, and its tracker's connections until kill is called.
func behindFront(t *testing.T, server string) (front string, kill func()) {
	t.Helper()
	u, err := url.Parse(server)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	alive, kill := context.WithCancel(context.Background())
	t.Cleanup(kill)
	f := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != edgeapi.TrackerPath {
			proxy.ServeHTTP(w, r)
			return
		}
		if alive.Err() != nil {
			http.Error(w, "the tracker is dead", http.StatusBadGateway)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(alive, cancel)()
		proxy.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(f.Close)
	return f.URL, kill
}

// killing is what a page plays, beside another page and a native peer, and is killed of it.
type killing struct {
	server      *stage.Stage
	source      *httptest.Server
	native      *peer.Viewer
	page, other *page
	tracker     func()
}

// TestWhatIsKilledInAPage kills one thing at a time and requires what docs/web.md promises: the stream plays on, or fails once.
func TestWhatIsKilledInAPage(t *testing.T) {
	b := openBrowser(t)
	for _, k := range []struct {
		name string
		kill func(*testing.T, *killing)
		code string // of the failure; "": it plays on
	}{
		{"tracker", func(_ *testing.T, k *killing) { k.tracker() }, ""},
		{"peers", func(t *testing.T, k *killing) {
			ctx, cancel := context.WithTimeout(k.other.ctx, time.Second)
			defer cancel()
			_, _ = chromedp.Call(ctx, cdppage.Crash, cdp.Empty{}) // what crashes does not answer
			require.NoError(t, k.native.Close())
		}, ""},
		{"engine", func(_ *testing.T, k *killing) {
			k.page.do("superp2p.load().then((e) => new Uint8Array(e.exports.mem.buffer).fill(255))")
		}, ""},
		{"server", func(t *testing.T, k *killing) { require.NoError(t, k.server.Server.Close()) }, "server_unreachable"},
		{"source", func(_ *testing.T, k *killing) {
			k.source.CloseClientConnections()
			k.source.Close()
		}, "source_lost"},
	} {
		t.Run(k.name, func(t *testing.T) {
			b := &browser{t, b.ctx}
			stream := origin.New(origin.Config{Bitrate: 1_000_000, Burst: 4, Past: 8 * time.Second})
			it := &killing{server: serverForAll(t), source: httptest.NewServer(stream)}
			t.Cleanup(func() {
				require.NoError(t, stream.Close())
				it.source.Close()
			})
			target := it.source.URL + "/live.flv"
			var server string
			server, it.tracker = behindFront(t, it.server.ServerURL())
			it.native = watchLive(t, server, target)
			it.other, it.page = b.watch(server, `stream.play("`+target+`");`), b.watch(server, `stream.play("`+target+`");`)
			it.page.see("codes.includes('Buffer.Full') && stream.peerStreams.length === 2 && stream.stats.peerBytes > 100000")
			k.kill(t, it)
			it.page.do("window.killedAt = performance.now()")
			if k.code == "" {
				it.page.moves("12")
				require.NotContains(t, it.page.told(), "Buffer.Empty")
			} else {
				requireFailure(t, it.page, "Play.Failed", k.code)
				require.Contains(t, it.page.told(), "Buffer.Empty", "what was held is played first")
				t.Logf("%.1f s later", it.page.number("(said.find((s) => s.level === 'error').at - killedAt) / 1000"))
			}
			it.page.picture(k.name)
			t.Log(it.page.text("JSON.stringify([stream.stats, said.map((s) => [s.at, s.code])])"))
		})
	}
}

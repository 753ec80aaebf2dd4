package webtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// eachCheck is how often a condition is looked at.
const eachCheck = 50 * time.Millisecond

// TestPagesShareALiveStreamAmongThemselves has only pages, in tabs of one browser, which share its few connections to the
// server.
func TestPagesShareALiveStreamAmongThemselves(t *testing.T) {
	s := onAir(t)
	b := openBrowser(t)
	const viewers = 6
	var pages []*page
	for range viewers {
		pages = append(pages, b.play(s.ServerURL(), `await open("", "live"); await readLive();`))
	}
	for _, p := range pages {
		p.until("source && source.stats().peers >= 3 && source.stats().position > 0")
		p.do("window.before = source.stats()")
	}
	for _, p := range pages {
		p.until("source.stats().position > before.position + 12000")
	}
	peers, server := 0.0, 0.0
	for _, p := range pages {
		peers += p.number("source.stats().peerBytes - before.peerBytes")
		server += p.number("source.stats().serverBytes - before.serverBytes")
		t.Log(p.text("JSON.stringify([happened, source.stats()])")) // six players start on this machine: one may be late
		require.Zero(t, p.number("source.stats().barred"))
		require.NotZero(t, parse(t, p.taken()))
	}
	t.Logf("%.1f %% of %.0f bytes came from peers", 100*peers/(peers+server), peers+server)
	require.Greater(t, peers/(peers+server), 0.6) // 5 of 6 is all that can be
}

// TestAPageThatIsHiddenLeavesAndReturns does what the back/forward cache does to a page.
func TestAPageThatIsHiddenLeavesAndReturns(t *testing.T) {
	s := onAir(t)
	n := openNative(t, s.ServerURL())
	page := openBrowser(t).play(s.ServerURL(), `await open("", "live"); await readLive();`)
	page.until("source && source.stats().peerBytes > 100000")
	page.do(`dispatchEvent(new PageTransitionEvent("pagehide", {persisted: true}))`)
	page.until("source.stats().peers === 0")
	require.Eventually(t, func() bool { return n.Stats().Peers == 0 }, patience, eachCheck)
	page.do(`window.mark = source.stats().peerBytes; dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}))`)
	page.until("source.stats().peers === 1 && source.stats().peerBytes > mark + 100000")
	require.NotContains(t, page.text("codes.join()"), "NetStream.Play.Failed")
}

// TestAStrictPolicyIsEnough plays in a page whose policy allows what docs/web.md names, by the module.
func TestAStrictPolicyIsEnough(t *testing.T) {
	s := onAir(t)
	host := strings.TrimPrefix(s.ServerURL(), "http://")
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' http://"+host+" 'wasm-unsafe-eval'; "+
			"connect-src http://"+host+" ws://"+host)
		if r.URL.Path == "/main.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(`
				const superp2p = await import("` + s.ServerURL() + `/sdk/superp2p.mjs");
				window.failed = ""; window.codes = []; window.size = 0;
				document.addEventListener("securitypolicyviolation", (e) => { failed = e.violatedDirective + " " + e.blockedURI; });
				window.source = await superp2p.open("", "live");
				for (;;) { const b = await source.read(); if (!b) break; size += b.length; }`))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><script type="module" src="/main.js"></script>`))
	}))
	t.Cleanup(site.Close)
	openNative(t, s.ServerURL())
	page := openBrowser(t).show(site.URL)
	page.until("window.source && source.stats().peerBytes > 100000 && size > 300000")
}

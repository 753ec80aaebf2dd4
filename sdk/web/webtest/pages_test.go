package webtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/sdk"
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

// TestAStrictPolicyIsEnough plays on a site of another origin whose policy allows what docs/web.md names, by a script tag that takes
// no other script than the server's index names, in a browser that gives others' cookies to nobody.
func TestAStrictPolicyIsEnough(t *testing.T) {
	s := onAir(t)
	host := strings.TrimPrefix(s.ServerURL(), "http://")
	answer, err := http.Get(s.ServerURL() + "/sdk/")
	require.NoError(t, err)
	var index sdk.Index
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&index))
	require.NoError(t, answer.Body.Close())
	integrity := ""
	for _, f := range index.Files {
		if f.Name == "superp2p.js" {
			integrity = f.Integrity
		}
	}
	require.NotEmpty(t, integrity)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' http://"+host+" 'wasm-unsafe-eval'; "+
			"connect-src http://"+host+" ws://"+host+"; media-src blob:; require-trusted-types-for 'script'")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		switch r.URL.Path {
		case "/main.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(`
				var failed = "", codes = [], said = [], source = null;
				document.addEventListener("securitypolicyviolation", (e) => { failed = e.violatedDirective + " " + e.blockedURI; });
				const stream = new superp2p.P2PNetStream();
				stream.addEventListener("netStatus", (e) => { said.push(e.info); codes.push(e.info.code.replace("NetStream.", "")); });
				stream.attach(v);
				stream.play("live");`))
		case "/module.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(`
				document.addEventListener("securitypolicyviolation", (e) => { failed = e.violatedDirective + " " + e.blockedURI; });
				window.failed = ""; window.codes = []; window.said = []; window.source = null;
				const { P2PNetStream } = await import("` + s.ServerURL() + `/sdk/superp2p.mjs");
				window.stream = new P2PNetStream();
				stream.attach(v);
				stream.play("live");`))
		case "/module":
			_, _ = w.Write([]byte(`<!doctype html><video id="v" autoplay muted></video><script type="module" src="/module.js"></script>`))
		default:
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<!doctype html><video id="v" autoplay muted></video>
				<script src="` + s.ServerURL() + `/sdk/superp2p.js" crossorigin integrity="` + integrity + `"></script><script src="/main.js"></script>`))
		}
	}))
	t.Cleanup(site.Close)
	openNative(t, s.ServerURL())
	b := openBrowserWith(t, chromedp.Flag("test-third-party-cookie-phaseout", true))
	p := b.show(strings.Replace(site.URL, "127.0.0.1", "localhost", 1))
	p.see("stream.time > 3 && stream.stats.peerBytes > 100000")
	require.Empty(t, p.text("document.cookie"))
	p = b.show(site.URL + "/module")
	p.see("window.stream && stream.time > 3 && stream.stats.peerBytes > 100000")
}

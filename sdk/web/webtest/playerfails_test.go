package webtest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// requireFailure requires that exactly one event of the level error was told, and nothing after it.
func requireFailure(t *testing.T, p *page, event, code string) {
	t.Helper()
	p.see("said.some((s) => s.level === 'error')")
	p.do("window.later = false; setTimeout(() => { later = true; }, 1500)")
	p.see("later")
	require.Equal(t, 1.0, p.number("said.filter((s) => s.level === 'error').length"), p.text("JSON.stringify(said)"))
	require.Equal(t, "NetStream."+event, p.text("said[said.length - 1].code"), p.text("JSON.stringify(said)"))
	require.Equal(t, code, p.text("said[said.length - 1].error"), p.text("JSON.stringify(said)"))
	require.NotEmpty(t, p.text("said[said.length - 1].description"))
}

func TestEachWayToFailIsToldOnceInAPage(t *testing.T) {
	garbage := stagetest.Garbage(t)
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusNotFound
		if r.URL.Path == "/403.mp4" {
			status = http.StatusForbidden
		}
		http.Error(w, "no", status)
	}))
	t.Cleanup(refuses.Close)
	s := serverFor(t, garbage.URL, refuses.URL)
	b := openBrowser(t)
	for name, c := range map[string]struct{ script, event, code string }{
		"unknown":   {`stream.play("none")`, "Play.Failed", "channel_unknown"},
		"origin":    {`stream.play("http://127.0.0.1:1/x.flv")`, "Play.Failed", "origin_not_allowed"},
		"config":    {`stream.play("live", {dealy: 3})`, "Play.Failed", "config_invalid"},
		"url":       {`stream.play("")`, "Play.Failed", "url_invalid"},
		"not found": {`stream.play("` + refuses.URL + `/404.mp4")`, "Play.StreamNotFound", "source_refused"},
		"refused":   {`stream.play("` + refuses.URL + `/403.mp4")`, "Play.Failed", "source_refused"},
		"bytes": {`stream.play(null); stream.appendBytes(new TextEncoder().encode("this is no FLV, whatever it may be"))`,
			"Play.FileStructureInvalid", "source_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			requireFailure(t, (&browser{t, b.ctx}).watch(s.ServerURL(), c.script), c.event, c.code)
		})
	}
	t.Run("server", func(t *testing.T) {
		dead := httptest.NewServer(http.NotFoundHandler())
		dead.Close()
		p := (&browser{t, b.ctx}).watch(s.ServerURL(), `
			const other = new superp2p.P2PNetStream({server: "`+dead.URL+`"});
			other.addEventListener("netStatus", (e) => { said.push(e.info); });
			other.play("live", {startTimeout: 2});`)
		requireFailure(t, p, "Play.Failed", "server_unreachable")
	})
	t.Run("key", func(t *testing.T) {
		p := (&browser{t, b.ctx}).watch(s.ServerURL(), `stream.play("live", {dealy: 3})`)
		p.see("said.length === 1")
		require.Contains(t, p.text("said[0].description"), "«delay»")
	})
}

// TestTheSnippetFallsBackToTheCDN is the interface's example as it is written, with the CDN's URL where it fails.
func TestTheSnippetFallsBackToTheCDN(t *testing.T) {
	films := stagetest.Films(t)
	cdn := readable(t, films.URL)
	s := onAir(t) // whose server may not pull from that CDN
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><video id="v" autoplay muted></video>
<script src="` + s.ServerURL() + `/sdk/superp2p.js"></script>
<script>
  var failed = "", codes = [], said = [], source = null;
  const cdnUrl = "` + cdn.URL + `/first.mp4";
  const stream = new superp2p.P2PNetStream();
  stream.addEventListener("netStatus", e => { if (e.info.code === "NetStream.Play.Failed") v.src = cdnUrl; });
  stream.attach(v);
  stream.play(cdnUrl, { delay: 8 });
</script>`))
	}))
	t.Cleanup(site.Close)
	b := openBrowser(t)
	tab, end := chromedp.NewContext(b.ctx)
	t.Cleanup(end)
	p := &page{t, tab}
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(site.URL)))
	p.see("v.currentTime > 2 && v.src === cdnUrl")
}

func TestALiveStreamWhoseServerGoesAwayFailsInAPage(t *testing.T) {
	s := onAir(t)
	p := openBrowser(t).watch(s.ServerURL(), `stream.play("live", { delay: 4 });`)
	p.see("stream.time > 3")
	require.NoError(t, s.Server.Close())
	requireFailure(t, p, "Play.Failed", "server_unreachable")
	require.Contains(t, p.told(), "Buffer.Empty", "what was held is played first")
	p.picture("ended")
}

package webtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// adapted shows a page that has a player of its own, from the npm packages, and runs script.
func (b *browser) adapted(server, library, script string) *page {
	b.t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/npm/", http.StripPrefix("/npm/", http.FileServer(http.Dir("../node_modules"))))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><video id="v" autoplay muted></video>
			<script src="/npm/` + library + `"></script><script src="` + server + `/sdk/superp2p.js"></script><script>
			var failed = "", codes = [], source = null;
			addEventListener("error", (e) => { failed = e.message; });
			const opened = (s) => { source = s; };
			const peerBytes = () => source ? source.stats().peerBytes : 0;
			` + script + `</script>`))
	})
	site := httptest.NewServer(mux)
	b.t.Cleanup(site.Close)
	tab, end := chromedp.NewContext(b.ctx)
	b.t.Cleanup(end)
	p := &page{b.t, tab}
	require.NoError(b.t, chromedp.Do(tab, chromedp.Navigate(site.URL)))
	return p
}

const (
	mpegtsFile = "mpegts.js/dist/mpegts.js"
	hlsFile    = "hls.js/dist/hls.min.js"
)

func TestMpegtsPlaysByTheAdapter(t *testing.T) {
	films := readable(t, stagetest.Films(t).URL)
	live := onAir(t)
	openNative(t, live.ServerURL())
	b := openBrowser(t)
	start := `
		const player = mpegts.createPlayer({ type: "flv", isLive: LIVE, url: "URL" },
			{ enableWorker: false, customLoader: superp2p.mpegtsLoader({ opened }) });
		player.attachMediaElement(v);
		player.load();`
	p := b.adapted(live.ServerURL(), mpegtsFile, replace(start, "LIVE", "true", "URL", "live"))
	p.until("v.currentTime > 3 && peerBytes() > 100000")

	s := serverFor(t, films.URL)
	target := films.URL + "/film.flv"
	watchFile(t, s.ServerURL(), target)
	p = b.adapted(s.ServerURL(), mpegtsFile, replace(start, "LIVE", "false", "URL", target))
	p.until("v.currentTime > 1")
	p.do("v.currentTime = 15")
	p.until("v.currentTime > 16 && peerBytes() > 100000")
	p = b.adapted(s.ServerURL(), mpegtsFile, `
		mpegts.createPlayer({ type: "flv", isLive: false, url: "`+target+`" }, { enableWorker: false, customLoader: superp2p.mpegtsLoader });
		const player = mpegts.createPlayer({ type: "flv", isLive: false, url: "`+target+`" }, { enableWorker: false, customLoader: superp2p.mpegtsLoader });
		player.attachMediaElement(v);
		player.load();`)
	p.until("v.currentTime > 1")
}

func TestHlsPlaysByTheAdapter(t *testing.T) {
	cdn := openOrigin(t, origin.NewHLS(origin.HLSConfig{Bitrate: 800_000}), true)
	films := readable(t, stagetest.HLS(t).URL)
	s := serverFor(t, cdn.URL, films.URL)
	target := cdn.URL + "/index.m3u8"
	openHLS(t, s.ServerURL(), target)
	b := openBrowser(t)
	start := `
		const hls = new Hls({ loader: superp2p.hlsLoader({ opened }) });
		hls.loadSource("URL");
		hls.attachMedia(v);`
	p := b.adapted(s.ServerURL(), hlsFile, replace(start, "URL", target))
	p.until("v.currentTime > 3 && peerBytes() > 100000")
	p = b.adapted(s.ServerURL(), hlsFile, replace(start, "URL", films.URL+"/master.m3u8"))
	p.until("v.currentTime > 3 && source !== null")
	p = b.adapted(s.ServerURL(), hlsFile, replace(start, "URL", films.URL+"/aes.m3u8"))
	p.until("v.currentTime > 3 && source !== null")

	// What the server refuses is played as hls.js does without it.
	refuses := serverFor(t)
	p = b.adapted(refuses.ServerURL(), hlsFile, replace(start, "URL", films.URL+"/ts.m3u8"))
	p.until("v.currentTime > 3 && source === null")
}

func replace(script string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(script)
}

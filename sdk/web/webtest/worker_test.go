package webtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	devpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/rtmp"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// workedSite is a site that hosts the line of the Service Worker. Its pages are /, which calls the SDK, and /plain, which knows
// nothing of it; both have a video v. script runs in the first when site is there.
func workedSite(t *testing.T, server, library, config, script string) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/npm/", http.StripPrefix("/npm/", http.FileServer(http.Dir("../node_modules"))))
	mux.HandleFunc("/superp2p-sw.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte(`importScripts("` + server + `/sdk/superp2p-sw.js");`))
	})
	const head = `<!doctype html><video id="v" autoplay muted></video><script>
		var failed = "", codes = [], sources = [], source = null, broken = 0, site;
		addEventListener("unhandledrejection", (e) => { failed = "rejected: " + (e.reason && e.reason.stack || e.reason); });
		v.addEventListener("error", () => { broken++; });
		const opened = (s) => { source = s; sources.push(s); };
		const peerBytes = () => sources.reduce((n, s) => n + s.stats().peerBytes, 0);
		const base64 = (b) => { let s = ""; for (let i = 0; i < b.length; i += 4096) s += String.fromCharCode(...b.subarray(i, i + 4096)); return btoa(s); };
		async function get(url, headers = {}, method = "GET") {
			const r = await fetch(url, {headers, method});
			const b = new Uint8Array(await r.arrayBuffer());
			return JSON.stringify({status: r.status, url: r.url, headers: Object.fromEntries(r.headers), body: base64(b)});
		}
		var got = "";
		const ask = (...a) => { got = ""; get(...a).then((s) => { got = s; }, (e) => { got = JSON.stringify({status: -1, url: String(e)}); }); };
		</script>`
	page := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(head + body))
		}
	}
	mux.HandleFunc("/{$}", page(`<script src="/npm/`+library+`"></script><script src="`+server+`/sdk/superp2p.js"></script><script>
		(async () => {
			site = await superp2p.serviceWorker("/superp2p-sw.js", {opened, `+config+`});
			`+script+`
		})().catch((e) => { failed = e.code + ": " + e.message; });
	</script>`))
	mux.HandleFunc("/plain", page(""))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// answer is what a page's fetch got.
type answer struct {
	Status  int
	URL     string
	Headers map[string]string
	Body    []byte
}

// ask has a page fetch a URL; arguments are JavaScript.
func (p *page) ask(arguments string) answer {
	p.t.Helper()
	p.do("ask(" + arguments + ")")
	p.until("got !== ''")
	var raw struct {
		Status    int
		URL, Body string
		Headers   map[string]string
	}
	require.NoError(p.t, json.Unmarshal([]byte(p.text("got")), &raw))
	body, err := base64.StdEncoding.DecodeString(raw.Body)
	require.NoError(p.t, err)
	return answer{raw.Status, raw.URL, raw.Headers, body}
}

func TestAVideoPlaysAndSeeksByTheWorker(t *testing.T) {
	films := readable(t, stagetest.Films(t).URL)
	s := serverFor(t, films.URL)
	b := openBrowser(t)
	for _, name := range []string{"first.mp4", "last.mp4"} {
		target := films.URL + "/" + name
		watchFile(t, s.ServerURL(), target)
		p := b.show(workedSite(t, s.ServerURL(), mpegtsFile, "", `v.src = site.url("`+target+`");`).URL)
		p.until("v.currentTime > 1")
		p.do("v.currentTime = 15")
		p.until("v.currentTime > 16 && !v.seeking && peerBytes() > 100000")
		require.Equal(t, 1.0, p.number("sources.length"), "one Source serves all requests of a page")
		require.Zero(t, p.number("broken"))
	}
}

func TestMpegtsPlaysLiveByTheWorker(t *testing.T) {
	live := onAir(t)
	openNative(t, live.ServerURL())
	p := openBrowser(t).show(workedSite(t, live.ServerURL(), mpegtsFile, "", `
		window.player = mpegts.createPlayer({ type: "flv", isLive: true, url: site.url("live") }, { enableWorker: false });
		player.on(mpegts.Events.ERROR, (...a) => { failed = a.slice(0, 2).join(); });
		player.attachMediaElement(v);
		player.load();`).URL)
	p.until("v.currentTime > 3 && peerBytes() > 100000")
	// Who stops listening leaves nobody reading.
	require.NotZero(t, p.number("source.neighbours().length"))
	p.do("player.destroy()")
	p.until("source.neighbours().length === 0")
}

func TestHlsPlaysByTheWorker(t *testing.T) {
	cdn := openOrigin(t, origin.NewHLS(origin.HLSConfig{Bitrate: 800_000}), true)
	films := readable(t, stagetest.HLS(t).URL)
	s := serverFor(t, cdn.URL, films.URL)
	openHLS(t, s.ServerURL(), cdn.URL+"/index.m3u8")
	b := openBrowser(t)
	for _, c := range []struct{ target, until string }{
		{cdn.URL + "/index.m3u8", "v.currentTime > 3 && peerBytes() > 100000"},
		{films.URL + "/master.m3u8", "v.currentTime > 3 && sources.length > 0"},
		{films.URL + "/aes.m3u8", "v.currentTime > 3 && sources.length > 0"},
		{films.URL + "/ts.m3u8", "v.currentTime > 3 && sources.length > 0"},
	} {
		p := b.show(workedSite(t, s.ServerURL(), hlsFile, "", `
			const hls = new Hls();
			hls.on(Hls.Events.ERROR, (_, e) => { if (e.fatal) failed = e.details; });
			hls.loadSource(site.url("`+c.target+`"));
			hls.attachMedia(v);`).URL)
		p.until(c.until)
		p.until(`performance.getEntriesByType("resource").some((e) => e.name.includes("/p2p/") && !e.name.includes(".m3u8"))`)
	}
}

func TestRangesOfAFileByTheWorker(t *testing.T) {
	handler, want := randomFile(3 << 20)
	cdn := openOrigin(t, handler, false)
	s := serverFor(t, cdn.URL)
	target := cdn.URL + "/film.mp4"
	watchFile(t, s.ServerURL(), target)
	b := openBrowser(t)
	site := workedSite(t, s.ServerURL(), mpegtsFile, "unpaced: true", `window.at = site.url("`+target+`?sign=1");`)
	p := b.show(site.URL)
	p.until("window.at !== undefined")
	size := len(want)
	for _, c := range []struct {
		header   string
		from, to int
	}{
		{"bytes=0-0", 0, 1}, {"bytes=1000-70000", 1000, 70001}, {"bytes=3000000-", 3000000, size}, {"bytes=-5", size - 5, size},
		{"bytes=70000-99999999", 70000, size},
	} {
		got := p.ask(`at, {Range: "` + c.header + `"}`)
		require.Equal(t, 206, got.Status, c.header)
		require.True(t, bytes.Equal(want[c.from:c.to], got.Body), c.header)
		require.Equal(t, replace("bytes A-B/C", "A", strconv.Itoa(c.from), "B", strconv.Itoa(c.to-1), "C", strconv.Itoa(size)), got.Headers["content-range"])
		require.Equal(t, strconv.Itoa(c.to-c.from), got.Headers["content-length"])
		require.Equal(t, "video/mp4", got.Headers["content-type"])
		require.Equal(t, site.URL, got.URL[:len(site.URL)])
	}
	got := p.ask(`at`)
	require.Equal(t, 200, got.Status)
	require.True(t, bytes.Equal(want, got.Body))
	require.Equal(t, "bytes", got.Headers["accept-ranges"])
	got = p.ask(`at, {Range: "bytes=9999999-"}`)
	require.Equal(t, 416, got.Status)
	require.Equal(t, "bytes */"+strconv.Itoa(size), got.Headers["content-range"])
	got = p.ask(`at, {}, "HEAD"`)
	require.Equal(t, 200, got.Status)
	require.Equal(t, strconv.Itoa(size), got.Headers["content-length"])
	require.Empty(t, got.Body)
	require.Equal(t, 405, p.ask(`at, {}, "POST"`).Status)
	require.Equal(t, 1.0, p.number("sources.length"))
	p.until("peerBytes() > 1000000")

	// What is no player gets nothing: it would be a foreign script or document of this site.
	p.do(`var s = document.createElement("script"); s.src = at; s.onerror = () => { window.kept = true; }; document.body.append(s)`)
	p.until("window.kept === true")

	// A page without the SDK is served by the one that has it, and by the URL itself once nobody is left.
	other := b.show(site.URL + "/plain")
	url := `"/p2p/http/` + target[len("http://"):] + `?sign=2"`
	got = other.ask(url + `, {Range: "bytes=5-9"}`)
	require.Equal(t, 206, got.Status)
	require.True(t, bytes.Equal(want[5:10], got.Body))
	require.Equal(t, site.URL, got.URL[:len(site.URL)])
	p.do("site.close()")
	got = other.ask(url + `, {Range: "bytes=5-9"}`)
	require.Equal(t, 206, got.Status)
	require.True(t, bytes.Equal(want[5:10], got.Body))
	require.Equal(t, cdn.URL, got.URL[:len(cdn.URL)])
}

func TestWhatFailsByTheWorkerIsAnAnswer(t *testing.T) {
	films := readable(t, stagetest.Films(t).URL)
	s := serverFor(t) // which may not pull them
	b := openBrowser(t)
	p := b.show(workedSite(t, s.ServerURL(), mpegtsFile, "startTimeout: 2", "").URL)
	p.until("site !== undefined")
	got := p.ask(`site.url("nothing")`)
	require.Equal(t, 404, got.Status)
	require.Contains(t, string(got.Body), "channel_unknown: ")
	got = p.ask(`site.url("rtmp://127.0.0.1:1/app/stream")`)
	require.Equal(t, 403, got.Status)
	p.do(`v.src = site.url("nothing")`)
	p.until("broken === 1")
	p.do(`v.src = site.url("` + films.URL + `/none.mp4")`)
	p.until("broken === 2")
	// What the server refuses is played from its own URL.
	p.do(`v.src = site.url("` + films.URL + `/first.mp4")`)
	p.until("v.currentTime > 1 && sources.length === 0")
	// What is no URL of ours is the site's.
	require.Equal(t, 404, p.ask(`"/p2p/"`).Status)
}

func TestAWorkerThatCannotBeSaysWhy(t *testing.T) {
	long(t)
	s := serverFor(t)
	b := openBrowser(t)
	p := b.show(workedSite(t, s.ServerURL(), mpegtsFile, "", "").URL)
	p.until("site !== undefined")
	for arguments, why := range map[string]string{
		`"/none.js"`: "config_invalid", `"/superp2p-sw.js", {scope: "/elsewhere/"}`: "config_invalid",
		`"` + s.ServerURL() + `/sdk/superp2p-sw.js"`: "config_invalid",
	} {
		p.do(`window.why = ""; superp2p.serviceWorker(` + arguments + `).catch((e) => { window.why = e.code + " " + e.message; })`)
		p.until("why !== ''")
		require.Contains(t, p.text("why"), why+" the Service Worker", arguments)
	}
	require.Equal(t, "url_invalid", p.text(`(() => { try { return site.url("file:///etc/passwd"); } catch (e) { return e.code; } })()`))
}

func TestTheAdaptersPagePlaysByTheWorker(t *testing.T) {
	films := readable(t, stagetest.Films(t).URL)
	s := serverFor(t, films.URL)
	target := films.URL + "/first.mp4"
	watchFile(t, s.ServerURL(), target)
	b := openBrowser(t)
	p, heard := b.visit(s.ServerURL() + "/demo/adapters.html?plain=" + target)
	p.shows(plays("plain"))
	p.shows(`document.querySelector("#plain video").currentSrc.includes("/demo/p2p/http/")`)
	heard.none(t)
	p.picture("playing")
	p, _ = b.visit(s.ServerURL() + "/demo/adapters.html?plain=nothing")
	p.shows(`document.querySelector("#plain .count.failed")?.textContent.includes("channel_unknown")`)
}

// TestAWorkerThatIsStoppedStartsAnew does what browsers do to workers that seem idle, and to pages that are loaded past the cache.
func TestAWorkerThatIsStoppedStartsAnew(t *testing.T) {
	live := onAir(t)
	p := openBrowser(t).show(workedSite(t, live.ServerURL(), mpegtsFile, "peers: false", `
		const flv = await fetch(site.url("live"));
		const reader = flv.body.getReader();
		window.read = 0;
		for (;;) {
			const {value, done} = await reader.read().catch(() => ({done: true}));
			if (done) break;
			read += value.length;
		}
		window.over = true;`).URL)
	p.until("window.read > 100000")
	require.NoError(t, chromedp.Do(p.ctx, tell(serviceworker.Enable, cdp.Empty{}), tell(serviceworker.StopAllWorkers, cdp.Empty{})))
	p.until("window.over === true")
	// Nobody reads any more: the page notices that the worker has forgotten it.
	p.do(`setInterval(() => source.read().catch((e) => { if (e.message.includes("meanwhile")) window.left = true; }), 200)`)
	p.until("window.left === true")
	require.Equal(t, 200, p.ask(`site.url("live"), {}, "HEAD"`).Status)

	past := true
	_, err := chromedp.RunResponse(p.ctx, tell(devpage.Reload, devpage.ReloadParams{IgnoreCache: &past}))
	require.NoError(t, err)
	p.until("window.read > 100000")
}

// tell sends the browser a command.
func tell[P any](command cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

func TestRTMPByTheWorker(t *testing.T) {
	long(t)
	s, err := stage.Start(t.Context(), stage.Config{Bitrate: 1_000_000, Adjust: func(c *config.Config) {
		c.RTMP, c.PublishKey = "127.0.0.1:0", "secret"
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	at := "rtmp://" + s.Server.RTMPAddr() + "/live/test"
	ctx, stop := context.WithCancel(t.Context())
	pushed := make(chan error, 1)
	go func() { pushed <- s.Origin.Push(ctx, at+"?key=secret", rtmp.DialOptions{}) }()
	t.Cleanup(func() { stop(); <-pushed })
	viewers := serverFor(t, "http://"+s.Server.RTMPAddr())
	p := openBrowser(t).show(workedSite(t, viewers.ServerURL(), mpegtsFile, "", `
		const player = mpegts.createPlayer({ type: "flv", isLive: true, url: site.url("`+at+`") }, { enableWorker: true });
		player.on(mpegts.Events.ERROR, (...a) => { failed = JSON.stringify(a); });
		player.attachMediaElement(v);
		player.load();`).URL)
	p.until("v.currentTime > 3")
	require.Equal(t, 1.0, p.number("sources.length"))
}

func TestURLsOfTheWorker(t *testing.T) {
	long(t)
	node, err := exec.LookPath("node")
	require.NoError(t, err, "Node.js is missing: call make tools")
	compiler, err := filepath.Abs("../../../test/npm/node_modules/typescript/lib/typescript.js")
	require.NoError(t, err)
	out, err := exec.Command(node, "testdata/urls.mjs", compiler, "../src/urls").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestRequestsByTheWorkerAreLimitedAndGivenBack(t *testing.T) {
	handler, _ := randomFile(1 << 20)
	cdn := openOrigin(t, handler, false)
	s := serverFor(t, cdn.URL)
	p := openBrowser(t).show(workedSite(t, s.ServerURL(), mpegtsFile, "unpaced: true", `
		window.at = site.url("`+cdn.URL+`/film.mp4");
		window.held = [];
		window.control = new AbortController();
		window.here = (r) => r.url.startsWith(location.origin);
		for (let i = 0; i < 66; i++) fetch(at, {signal: control.signal, headers: {Range: "bytes=" + i + "-"}}).then((r) => held.push(r));`).URL)
	p.until("window.held?.length === 66")
	require.Equal(t, 64.0, p.number("held.filter(here).length"), "the others are sent to the URL itself")
	p.do(`control.abort(); setInterval(() => fetch(at, {headers: {Range: "bytes=0-9"}}).then((r) => { window.again = here(r); }), 200)`)
	p.until("window.again === true")
}

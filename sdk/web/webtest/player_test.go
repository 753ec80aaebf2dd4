package webtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// watch shows a page with a video, loads the SDK by its script tag alone, and runs script. What netStatus says is in said, the
// codes of it without "NetStream." in codes.
func (b *browser) watch(server, script string) *page {
	b.t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><meta charset="utf-8"><title>superp2p</title>
			<body style="font: 14px sans-serif"><h1 style="font-size: 18px">superp2p</h1>
			<video id="v" autoplay muted width="640" height="360" style="background: #000"></video><pre id="log"></pre>
			<script src="` + server + `/sdk/superp2p.js"></script><script>
			var failed = "", said = [], codes = [], statuses = [], metas = [], source = null;
			addEventListener("error", (e) => { failed = e.message; });
			addEventListener("unhandledrejection", (e) => { failed = "rejected: " + (e.reason && e.reason.stack || e.reason); });
			const stream = new superp2p.P2PNetStream();
			stream.addEventListener("netStatus", (e) => {
				said.push({at: Math.round(performance.now()), time: stream.time, ...e.info});
				if (!e.info.code.includes(".Connect.")) codes.push(e.info.code.replace("NetStream.", ""));
				document.getElementById("log").textContent = said.map((s) => s.at + " " + s.code + " " + s.details + " " + s.description).join("\n");
			});
			stream.client = { onPlayStatus(o) { statuses.push(o); codes.push(o.code.replace("NetStream.", "")); }, onMetaData(o) { metas.push(o); } };
			stream.attach(v);
			` + script + `
			</script>`))
	}))
	b.t.Cleanup(site.Close)
	tab, end := chromedp.NewContext(b.ctx)
	b.t.Cleanup(end)
	p := &page{b.t, tab}
	require.NoError(b.t, chromedp.Do(tab, chromedp.Navigate(site.URL)))
	return p
}

// see waits as until does, and says what the stream said where that fails.
func (p *page) see(condition string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool]("failed !== '' || ("+condition+")"))
	if err != nil || p.text("failed") != "" {
		p.picture("failed")
		require.Fail(p.t, "it does not come to "+condition, "%v %s %s", err, p.text("failed"), p.text(`JSON.stringify([said, stream.info,
			v.readyState, v.paused, v.error && v.error.message, Array.from({length: v.buffered.length}, (_, i) => [v.buffered.start(i), v.buffered.end(i)])], null, 1)`))
	}
}

// picture keeps a screenshot among the artefacts, if there are any.
func (p *page) picture(name string) {
	dir := os.Getenv("ARTEFACTS")
	if dir == "" {
		return
	}
	b, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, filepath.Base(p.t.Name())+"-"+name+".png"), b, 0o600))
}

// told returns the codes that were told.
func (p *page) told() []string {
	p.t.Helper()
	var codes []string
	require.NoError(p.t, json.Unmarshal([]byte(p.text("JSON.stringify(codes)")), &codes))
	return codes
}

// play presses nothing: moves requires that the picture moves for so many seconds without a stall.
func (p *page) moves(seconds string) {
	p.t.Helper()
	p.do("window.from = stream.time; window.frames = stream.decodedFrames; window.empty = codes.filter((c) => c === 'Buffer.Empty').length")
	p.see("stream.time > from + " + seconds + " && stream.decodedFrames > frames + 20 * " + seconds)
	require.Zero(p.t, p.number("codes.filter((c) => c === 'Buffer.Empty').length - empty"), p.text("JSON.stringify(said)"))
}

func TestALiveStreamIsPlayedInAPage(t *testing.T) {
	s := onAir(t)
	openNative(t, s.ServerURL())
	p := openBrowser(t).watch(s.ServerURL(), `stream.play("live", { delay: 6 });`)
	p.see("codes.includes('Buffer.Full')")
	p.moves("10")
	p.picture("playing")
	require.Equal(t, []string{"Play.Start", "Video.DimensionChange", "Buffer.Full"}, p.told())
	require.NotZero(t, p.number("metas.length"))
	p.see("stream.multicastInfo.bytesPushedFromPeers + stream.multicastInfo.bytesRequestedFromPeers > 100000")
	t.Log(p.text("JSON.stringify([stream.time, stream.liveDelay, stream.bufferLength, v.playbackRate, stream.currentFPS, stream.info, stream.multicastInfo, stream.peerStreams])"))
	p.do("stream.close()")
	require.Zero(t, p.number("stream.bufferLength + stream.peerStreams.length"))
}

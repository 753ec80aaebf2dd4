package webtest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// playFor has a page play on for so many bytes more, and requires that all that it read is a part of the stream.
func playFor(t *testing.T, p *page, n *native, bytes string) {
	t.Helper()
	p.do("window.mark = size")
	p.until("size > mark + " + bytes)
	got := media(parse(t, p.taken()))
	n.awaitTags(t.Context(), t, 300)
	requirePart(t, n.media(), got)
	require.Zero(t, p.number("source.stats().stalls"))
	require.NotContains(t, p.text("codes.join()"), "NetStream.Buffer.Empty")
}

func TestWithoutItsEngineAPagePlaysFromTheServer(t *testing.T) {
	s := onAir(t)
	n := openNative(t, s.ServerURL())
	none := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(none.Close)
	page := openBrowser(t).play(s.ServerURL(), `await open("", "live", {engine: "`+none.URL+`/core.wasm"}); await readLive();`)
	page.until("codes.includes('NetStream.Play.Start')")
	playFor(t, page, n, "600000")
	require.Zero(t, page.number("source.stats().peers"))
}

func TestAPageSurvivesATrapOfItsEngine(t *testing.T) {
	s := onAir(t)
	n := openNative(t, s.ServerURL())
	page := openBrowser(t).play(s.ServerURL(), `await open("", "live"); await readLive();`)
	page.until("source && source.stats().peerBytes > 100000")
	// The engine's memory is overwritten, so that it traps whatever it does next.
	page.do("window.first = source.engine; superp2p.load().then((e) => new Uint8Array(e.exports.mem.buffer).fill(255))")
	page.until("!!source.engine && source.engine !== first && !!source.session")
	page.do("window.was = source.stats()")
	page.until("source.stats().peers === 1 && source.stats().peerBytes > was.peerBytes + 200000")
	playFor(t, page, n, "400000")
	// Where the next one traps as well, the page does without.
	page.do("superp2p.load().then((e) => new Uint8Array(e.exports.mem.buffer).fill(255))")
	page.until("source.stats().peers === 0 && source.stats().memory === 0")
	playFor(t, page, n, "400000")
	require.Zero(t, page.number("source.stats().peers"))
}

func TestAPageWithoutWebRTC(t *testing.T) {
	s := onAir(t)
	n := openNative(t, s.ServerURL())
	page := openBrowser(t).play(s.ServerURL(), `delete window.RTCPeerConnection; await open("", "live"); await readLive();`)
	page.until("source && source.stats().memory > 0")
	playFor(t, page, n, "600000")
	require.Zero(t, page.number("source.stats().links"))
}

func TestAPageWhosePeersLeave(t *testing.T) {
	s := onAir(t)
	n, other := openNative(t, s.ServerURL()), openNative(t, s.ServerURL())
	page := openBrowser(t).play(s.ServerURL(), `await open("", "live"); await readLive();`)
	page.until("source && source.stats().peers === 2 && source.stats().peerBytes > 100000")
	require.NoError(t, other.Close())
	page.until("source.stats().peers === 1")
	playFor(t, page, n, "400000")
}

func TestAPageWhoseServerGoesAwayFailsOnce(t *testing.T) {
	s := onAir(t)
	page := openBrowser(t).play(s.ServerURL(), `await open("", "live", {stallTimeout: 2}); source.onevent = (e) => { codes.push(e.code); if (e.fault) window.fault = e.fault.code; };
		try { await readLive(); } catch (e) { window.ended = e.code; }`)
	page.until("source && source.stats().position > 0 && size > 300000")
	require.NoError(t, s.Server.Close())
	page.until("codes.includes('NetStream.Play.Failed') && !!window.ended")
	require.Equal(t, "server_unreachable", page.text("fault"))
	require.Equal(t, "server_unreachable", page.text("ended"))
	require.EqualValues(t, 1, page.number("codes.filter((c) => c === 'NetStream.Play.Failed').length"))
}

func TestWhatCannotBePlayedIsSaid(t *testing.T) {
	s := onAir(t)
	page := openBrowser(t).play(s.ServerURL(), `
		window.said = [];
		for (const target of ["none", "http://127.0.0.1:1/x.flv", ""]) await superp2p.open("", target, {startTimeout: 2}).catch((e) => said.push(e.code));
		await superp2p.open("http://127.0.0.1:1/", "live", {startTimeout: 1}).catch((e) => said.push(e.code));`)
	page.until("said.length === 4")
	require.Equal(t, "channel_unknown,origin_not_allowed,url_invalid,server_unreachable", page.text("said.join()"))
}

func TestAPageWhoseHandlerThrowsPlaysOn(t *testing.T) {
	s := onAir(t)
	n := openNative(t, s.ServerURL())
	page := openBrowser(t).play(s.ServerURL(), `
		await open("", "live"); source.onevent = (e) => { codes.push(e.code); throw new Error("the page's own"); };
		source.onTag = () => { throw new Error("the page's own"); };
		await readLive();`)
	page.until("source && source.stats().peerBytes > 100000 && codes.length >= 2")
	playFor(t, page, n, "200000")
}

package webtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// watched counts what a page makes that tracker and peers could see.
const watched = `
	window.seen = 0;
	for (const name of ["WebSocket", "RTCPeerConnection"]) {
		window[name] = new Proxy(window[name], {construct(made, given) { seen++; return new made(...given); }});
	}
	window.answers = [];
	const consent = () => new Promise((answer) => answers.push(answer));`

func TestPlaybackDoesNotWaitForConsent(t *testing.T) {
	s := onAir(t)
	n := openNative(t, s.ServerURL())
	p := openBrowser(t).play(s.ServerURL(), watched+`await open("", "live", {consent}); await readLive();`)
	p.until("source && source.stats().position > 0 && size > 600000")
	require.Zero(t, p.number("seen + source.stats().swarmSize"))
	p.do("answers[0](true)")
	p.until("source.stats().peers === 1 && source.stats().peerBytes > 200000")
	require.Equal(t, 1.0, p.number("answers.length"))
	playFor(t, p, n, "100000")
}

func TestWithoutConsentThereAreNoPeers(t *testing.T) {
	s := onAir(t)
	openNative(t, s.ServerURL())
	b := openBrowser(t)
	for _, consent := range []string{"() => false", "() => { throw new Error('no') }", "async () => { throw new Error('no') }", "() => undefined"} {
		p := b.play(s.ServerURL(), watched+`await open("", "live", {consent: `+consent+`}); await readLive();`)
		p.until("source && source.stats().position > 0 && size > 600000")
		require.Zero(t, p.number("seen + source.stats().swarmSize"), consent)
		p.do("source.close()")
	}
}

func TestAPlayAsksForConsentOnce(t *testing.T) {
	s := onAir(t)
	openNative(t, s.ServerURL())
	b := openBrowser(t)
	p := b.watch(s.ServerURL(), watched+`
		const asking = new superp2p.P2PNetStream({consent});
		asking.attach(v);
		asking.addEventListener("netStatus", (e) => codes.push(e.info.code));
		asking.play("live");`)
	p.see("v.currentTime > 2")
	require.Zero(t, p.number("seen"))
	p.do("answers[0](true)")
	p.see("asking.peerStreams.length === 1 && asking.multicastInfo.bytesPushedFromPeers + asking.multicastInfo.bytesRequestedFromPeers > 100000")
	require.Equal(t, 1.0, p.number("answers.length"))
	p.do("asking.play('live', {httpOnly: true})")
	p.see("codes.filter((c) => c.endsWith('Play.Start')).length === 2")
	require.Equal(t, 1.0, p.number("answers.length"), "who takes everything from the server need not be asked")
	p.do("asking.play('live')")
	p.see("answers.length === 2")
	require.NotContains(t, p.text("codes.join()"), "Buffer.Empty")
}

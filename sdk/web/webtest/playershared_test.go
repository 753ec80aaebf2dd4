package webtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTwoPagesAndAPeerShareALiveStream plays for 20 s in two pages beside a native peer.
func TestTwoPagesAndAPeerShareALiveStream(t *testing.T) {
	s := onAir(t)
	openNative(t, s.ServerURL())
	b := openBrowser(t)
	pages := []*page{b.watch(s.ServerURL(), `stream.play("live");`), b.watch(s.ServerURL(), `stream.play("live");`)}
	for _, p := range pages {
		p.see("codes.includes('Buffer.Full') && stream.peerStreams.length === 2")
	}
	for _, p := range pages {
		p.do("window.before = stream.multicastInfo")
		p.moves("20")
		p.do(`window.gain = (names) => names.reduce((sum, n) => sum + stream.multicastInfo[n] - before[n], 0)`)
		peers, server := p.number("gain(['bytesPushedFromPeers', 'bytesRequestedFromPeers'])"), p.number("gain(['bytesReceivedFromServer'])")
		t.Logf("from peers %.0f, from the server %.0f, delay %.2f s, rate %.3f", peers, server, p.number("stream.liveDelay"), p.number("v.playbackRate"))
		require.Greater(t, peers, server)
		require.LessOrEqual(t, p.number("Math.abs(v.playbackRate - 1)"), 0.0501)
		p.do("stream.pause()")
		p.see("codes.includes('Pause.Notify')")
		p.do("window.at = stream.time; stream.resume()")
		p.see("codes.includes('Unpause.Notify') && stream.time > at + 1")
	}
}

// TestAStreamThatMayNotSoundPlaysWithoutSound plays where the browser lets nothing sound that nobody touched: without sound then.
func TestAStreamThatMayNotSoundPlaysWithoutSound(t *testing.T) {
	s := onAir(t)
	p := openBrowser(t).watch(s.ServerURL(), `v.muted = false; v.autoplay = false; stream.play("live");`)
	p.see("codes.includes('Buffer.Full')")
	p.moves("2")
}

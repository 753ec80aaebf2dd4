package webtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// TestEightPagesShareALiveStream has nobody but pages, 6 s behind live. Of eight, seven eighths is the most that peers can give.
func TestEightPagesShareALiveStream(t *testing.T) {
	s := serverForAll(t)
	target, _ := stagetest.CastFLV(t, picture(600)...)
	stagetest.OnAir(t, s.ServerURL(), target)
	b := openBrowser(t)
	pages := make([]*page, 8)
	for i := range pages {
		pages[i] = b.watch(s.ServerURL(), `stream.play("`+target+`", { delay: 6 });`)
		if i == 0 {
			pages[0].see("stream.time > 8") // the stream is old enough for the others
		}
	}
	for _, p := range pages {
		p.see("stream.time > 15 && stream.stats.peers >= 3")
		p.do("window.before = stream.stats; window.from = stream.time; window.told = codes.length")
	}
	peers, server := 0.0, 0.0
	for i, p := range pages {
		p.see("stream.time > from + 20")
		peers += p.number("stream.stats.peerBytes - before.peerBytes")
		server += p.number("stream.stats.serverBytes - before.serverBytes")
		t.Logf("page %d: %s", i, p.text("JSON.stringify([codes, stream.liveDelay, stream.stats])"))
		require.NotContains(t, p.told(), "Buffer.Empty")
	}
	pages[0].picture("playing")
	t.Logf("%.1f %% of %.0f KB came from peers", 100*peers/(peers+server), (peers+server)/1024)
	require.GreaterOrEqual(t, peers/(peers+server), 0.8)
}

// TestAPausedLiveStreamGoesOn pauses, and holds the delay by rates that nobody hears.
func TestAPausedLiveStreamGoesOn(t *testing.T) {
	s := onAir(t)
	p := openBrowser(t).watch(s.ServerURL(), `stream.play("live");`)
	p.see("codes.includes('Buffer.Full') && stream.time > 3")
	require.LessOrEqual(t, p.number("Math.abs(v.playbackRate - 1)"), 0.0501)
	p.do("stream.pause()")
	p.see("codes.includes('Pause.Notify')")
	p.do("window.at = stream.time; stream.resume()")
	p.see("codes.includes('Unpause.Notify') && stream.time > at + 1")
}

// TestAStreamThatMayNotSoundPlaysWithoutSound plays where the browser lets nothing sound that nobody touched: without sound then.
func TestAStreamThatMayNotSoundPlaysWithoutSound(t *testing.T) {
	s := onAir(t)
	p := openBrowser(t).watch(s.ServerURL(), `v.muted = false; v.autoplay = false; stream.play("live");`)
	p.see("codes.includes('Buffer.Full')")
	p.moves("2")
}

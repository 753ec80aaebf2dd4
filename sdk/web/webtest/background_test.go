package webtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAHiddenPageSharesOn has a tab before the page that plays, in a browser that throttles what is hidden.
func TestAHiddenPageSharesOn(t *testing.T) {
	s := onAir(t)
	n := openNative(t, s.ServerURL())
	b := openBrowserWith(t, asShipped()...)
	p := b.watch(s.ServerURL(), `stream.play("live");`)
	p.see("codes.includes('Buffer.Full') && stream.stats.peers === 1")
	p.do("window.before = window.open('data:text/html,before')")
	p.until("document.visibilityState === 'hidden'")
	p.do("window.was = stream.stats; window.from = stream.time")
	had := n.Stats().PeerBytes
	p.until("stream.time > from + 20")
	p.until("stream.stats.uploadBytes > was.uploadBytes + 300000 && stream.stats.peerBytes > was.peerBytes + 300000")
	require.Greater(t, n.Stats().PeerBytes, had)
	require.NotContains(t, p.text("codes.join()"), "Buffer.Empty")
	require.NotContains(t, p.text("codes.join()"), "Pause.Notify", "nobody has paused it")
	p.do("before.close()")
	p.until("!document.hidden && !v.paused")
	p.moves("3")
}

package webtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// connected gives a page a navigator.connection that tests set.
const connected = `
	window.net = Object.assign(new EventTarget(), {saveData: false, type: "wifi"});
	Object.defineProperty(navigator, "connection", {value: net});
	window.becomes = (how) => { Object.assign(net, how); net.dispatchEvent(new Event("change")); };`

// gives requires that a page uploads, or that it uploads nothing while it goes on taking.
func (p *page) gives(on bool) {
	p.t.Helper()
	p.do("window.was = source.stats()")
	if on {
		p.until("source.stats().uploadBytes > was.uploadBytes + 100000")
		return
	}
	p.until("source.stats().peerBytes > was.peerBytes + 300000")
	require.Zero(p.t, p.number("source.stats().uploadBytes - was.uploadBytes"))
}

func TestAPageUploadsNothingWhereDataIsDear(t *testing.T) {
	s := onAir(t)
	openNative(t, s.ServerURL())
	b := openBrowser(t)
	p := b.play(s.ServerURL(), connected+`becomes({saveData: true}); await open("", "live"); await readLive();`)
	p.until("source && source.stats().peers === 1 && source.stats().position > 0")
	p.gives(false)
	p.do("becomes({saveData: false})")
	p.gives(true)
	p.do("becomes({type: 'cellular'})")
	p.gives(false)
	p.do("becomes({type: 'wifi'})")
	p.gives(true)
	p.do("source.setUpload(false); becomes({type: 'ethernet'})")
	p.gives(false)
	p.do("source.close()")

	p = b.play(s.ServerURL(), connected+`becomes({type: "cellular"}); await open("", "live", {upload: true}); await readLive();`)
	p.until("source && source.stats().peers > 0")
	p.gives(true)
	p.do("becomes({saveData: true})")
	p.gives(false)
}

func TestAnUploadOfAPlayMayHaveALimit(t *testing.T) {
	s := onAir(t)
	openNative(t, s.ServerURL())
	b := openBrowser(t)
	p := b.watch(s.ServerURL(), connected+`stream.play("live", { upload: { maxBytesPerSecond: 20000 } }); window.since = performance.now();`)
	p.see("stream.stats.uploadBytes > 60000")
	// A limit lets a burst of a slice or two go first.
	require.Less(t, p.number("(stream.stats.uploadBytes - 150000) / (performance.now() - since)"), 20.0)
	p.do("codes.length = 0; stream.play('live', {upload: {maxBytesPerSecond: -1}})")
	p.see("codes.includes('Play.Failed')")
	require.Contains(t, p.text("said[said.length - 1].description"), "«upload» in the config must be true, false or {maxBytesPerSecond}")
	p.do("stream.play('live', {upload: {maxBytesPerSecond: 0}})")
	p.see("stream.stats.peerBytes > 500000")
	require.Zero(t, p.number("stream.stats.uploadBytes"))
}

func TestFewerThanMinViewersTakeNothingFromPeers(t *testing.T) {
	s := onAir(t)
	openNative(t, s.ServerURL())
	p := openBrowser(t).watch(s.ServerURL(), `stream.play("live", { minViewers: 3 });`)
	p.see("stream.stats.swarmSize === 2 && stream.stats.uploadBytes > 100000 && stream.stats.serverBytes > 600000")
	require.Zero(t, p.number("stream.stats.peerBytes"))
	openNative(t, s.ServerURL())
	p.see("stream.stats.swarmSize === 3 && stream.stats.peerBytes > 200000")
	require.NotContains(t, p.text("codes.join()"), "Buffer.Empty")
}

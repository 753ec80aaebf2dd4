package webtest

import (
	"testing"
)

// TestTabsOfOneBrowserAreLinked has a tab whose links are all taken make room for another tab of its site.
func TestTabsOfOneBrowserAreLinked(t *testing.T) {
	s := onAir(t)
	for range 6 {
		openNative(t, s.ServerURL())
	}
	b := openBrowser(t)
	site := b.site(s.ServerURL(), `
		window.named = () => Array.from(source.self, (x) => x.toString(16).padStart(2, "0")).join("");
		window.linkTo = (id) => source.neighbours().find((n) => n.id === id);
		await open("", "live", {maxPeers: 4}); await readLive();`)
	first := b.show(site)
	first.until("source && source.stats().peers >= 4 && source.session && !source.session.accepts && source.session.wanted <= 0")
	second := b.show(site)
	second.until("source && !!source.session")
	one, two := first.text("named()"), second.text("named()")
	for p, other := range map[*page]string{first: two, second: one} {
		p.until("!!linkTo('" + other + "')")
	}
	first.until("source.stats().peers <= 5")
	second.do("source.close()")
	first.until("!linkTo('" + two + "')")
}

// TestTabsOfOneBrowserShareWithoutATracker plays where no tracker is to be had, so that there are no other links.
func TestTabsOfOneBrowserShareWithoutATracker(t *testing.T) {
	s := onAir(t)
	n := openNative(t, s.ServerURL())
	b := openBrowser(t)
	site := b.site(s.ServerURL(), `delete window.WebSocket; await open("", "live"); await readLive();`)
	tabs := []*page{b.show(site), b.show(site)}
	for _, p := range tabs {
		p.until("source && source.stats().peers === 1 && source.stats().peerBytes > 300000 && source.stats().uploadBytes > 300000")
	}
	playFor(t, tabs[1], n, "100000")
	tabs[0].do("source.close()")
	tabs[1].until("source.stats().peers === 0")
}

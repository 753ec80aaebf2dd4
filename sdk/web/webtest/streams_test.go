package webtest

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/stage"
)

func TestTwoStreamsInOnePage(t *testing.T) {
	long(t)
	other, err := stage.Start(t.Context(), stage.Config{Bitrate: 500_000})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	s, err := stage.Start(t.Context(), stage.Config{Bitrate: 1_000_000, Past: 8 * time.Second, Adjust: func(c *config.Config) {
		c.Channels["other"] = config.Channel{Source: other.SourceURL()}
		c.Origins = append(c.Origins, other.SourceURL()[len("http://"):len(other.SourceURL())-len("/live.flv")])
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	openNative(t, s.ServerURL())
	openNativeOf(t, s.ServerURL(), "other")
	p := openBrowser(t).watch(s.ServerURL(), `
		const second = new superp2p.P2PNetStream(), screen = document.body.appendChild(document.createElement("video"));
		screen.muted = true;
		second.attach(screen);
		stream.play("live");
		second.play("other");`)
	p.see("stream.stats.peerBytes > 200000 && second.stats.peerBytes > 100000 && stream.stats.uploadBytes > 0 && second.stats.uploadBytes > 0")
	require.Equal(t, 1.0, p.number("Number(stream.current.source.engine === second.current.source.engine && stream.farID !== second.farID)"))
	p.do("stream.close(); window.before = second.stats; window.from = second.time")
	p.see("second.time > from + 3 && second.stats.peerBytes > before.peerBytes + 50000")
	require.Equal(t, 1.0, p.number("second.stats.peers"))
}

// TestAPageThatIsLeftComesBack leaves a page and goes back to it, as the browser kept it.
func TestAPageThatIsLeftComesBack(t *testing.T) {
	s := onAir(t)
	n := openNative(t, s.ServerURL())
	p := openBrowser(t).watch(s.ServerURL(), `
		window.shown = [];
		addEventListener("pageshow", (e) => shown.push(e.persisted));
		stream.play("live");`)
	p.see("codes.includes('Buffer.Full') && stream.stats.peers === 1 && stream.stats.uploadBytes > 50000")
	require.NoError(t, chromedp.Do(p.ctx, chromedp.Navigate(s.ServerURL()+"/status")))
	require.Eventually(t, func() bool { return n.Stats().Peers == 0 }, patience, 20*time.Millisecond)
	p.do("setTimeout(() => history.back(), 100)") // a page that was kept is not loaded, which chromedp.NavigateBack waits for
	require.Eventually(t, func() bool {
		kept, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!window.shown && shown.length === 2 && shown[1]"))
		return err == nil && kept
	}, patience, 50*time.Millisecond, "the browser has not kept the page")
	p.do("window.was = stream.stats; window.from = stream.time")
	for _, condition := range []string{
		"stream.stats.peers === 1 && stream.stats.peerBytes > was.peerBytes + 100000 && stream.stats.uploadBytes > was.uploadBytes + 50000",
		"stream.time > from + 5 && !v.paused",
	} {
		require.Eventually(t, func() bool { return p.number("Number("+condition+")") == 1 }, patience, 100*time.Millisecond, condition)
	}
	require.NotContains(t, p.text("codes.join()"), "Play.Failed")
}

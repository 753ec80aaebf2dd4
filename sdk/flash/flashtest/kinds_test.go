package flashtest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/demo"
)

// plays sees that the picture moves and that sound is there.
func (p *page) plays() {
	p.t.Helper()
	p.see("shown.size > 20 && loudest > 0.01 && s.time > 5")
}

// ends sees that the end is told once, and no failure.
func (p *page) ends() {
	p.t.Helper()
	p.see("s.told.includes('Play.Complete')")
	require.Equal(p.t, 1.0, p.number("look().told.filter((c) => c === 'Play.Stop').length"))
	require.NotContains(p.t, p.told(), "Play.Failed")
}

// TestTheExamplePlaysEachKind runs the interface document's example, without a proxy: from the server.
func TestTheExamplePlaysEachKind(t *testing.T) {
	b := openBrowser(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			s := serve(t)
			target, end := k.open(t)
			p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf", "url": target, "config": `{"proxy":"off"}`})
			p.plays()
			p.shoot(k.name)
			want := []string{"Play.Start", "Buffer.Full"}
			if k.film { // all of it is here, a minute
				want = append(want, "Buffer.Flush")
			}
			require.Equal(t, want, p.told(), p.text("JSON.stringify(lines)"))
			require.Equal(t, "server", p.text("look().stat.route"))
			t.Log(p.text("JSON.stringify(look())"))
			if end != nil {
				end()
				p.ends()
			}
		})
	}
}

// TestTheDemoPlaysByTheSWF shows the demo's page, which has the same stream twice.
func TestTheDemoPlaysByTheSWF(t *testing.T) {
	b := openBrowser(t)
	t.Chdir("../../..") // where Ruffle is installed below
	d, err := demo.Start(t.Context(), demo.Config{Viewers: 2, Bitrate: 400_000})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	tab, end := chromedp.NewContext(b.ctx)
	t.Cleanup(end)
	p := &page{t, tab}
	require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(1000, 700), chromedp.Navigate(d.URL()+demo.FlashPath)))
	_, err = chromedp.Run(p.ctx, chromedp.Poll[bool](`document.getElementById("said").textContent.startsWith("by the page, ") &&
		document.getElementById("page").contentDocument.querySelector("video")?.currentTime > 3`, chromedp.WithPollingTimeout(patience)))
	require.NoError(t, err, p.text(`document.body.innerText`))
	p.shoot("demo")
	t.Log(p.text(`document.getElementById("said").textContent`))
}

// TestAProgramWithoutHaxe plays by player.swf, in which nothing of Haxe's own is set up for superp2p.swf, as in programs of ActionScript.
func TestAProgramWithoutHaxe(t *testing.T) {
	b := openBrowser(t)
	b.host = "../player.swf"
	s := serve(t)
	target, _ := openFLV(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": target})
	p.see("shown.size > 20 && loudest > 0.01 && player.p2pStat().route === 'server'")
	p.shoot("player")
}

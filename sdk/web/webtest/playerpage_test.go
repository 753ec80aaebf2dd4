package webtest

import (
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// complaints are what a page's console has of errors, exceptions and violations of its policy.
type complaints struct {
	mu   sync.Mutex
	said []string
}

func (c *complaints) hear(event any) {
	said := ""
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			said = e.Entry.Text + " " + e.Entry.URL
		}
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			said += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			said = "console.error"
			for _, a := range e.Args {
				said += " " + string(a.Value) + a.Description
			}
		}
	}
	if said != "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.said = append(c.said, said)
	}
}

func (c *complaints) none(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Empty(t, c.said)
}

// visit shows a page of a server and listens to its console.
func (b *browser) visit(url string) (*page, *complaints) {
	b.t.Helper()
	heard := &complaints{}
	tab, end := chromedp.NewContext(b.ctx, chromedp.WithListener(heard.hear))
	b.t.Cleanup(end)
	p := &page{b.t, tab}
	require.NoError(b.t, chromedp.Do(tab, chromedp.Navigate(url)))
	return p, heard
}

// shows waits until a condition holds on a page that is not the tests' own.
func (p *page) shows(condition string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](condition))
	if err != nil {
		p.picture("failed")
	}
	require.NoError(p.t, err, "waiting for %s: %s", condition, p.text("document.body.innerText"))
}

func TestThePlayerPageShowsStreamAndSwarm(t *testing.T) {
	s := onAir(t)
	openNative(t, s.ServerURL())
	p, heard := openBrowser(t).visit(s.ServerURL() + "/")
	p.shows(`document.querySelector("#channels a")?.textContent.includes("live") && !document.getElementById("first").hidden`)
	p.do(`document.querySelector("#channels a").click()`)
	require.Contains(t, p.text("location.search"), "channel=live")
	p.shows("video.currentTime > 3 && video.getVideoPlaybackQuality().totalVideoFrames > 40")
	p.shows(`document.querySelector("#channels a").getAttribute("aria-current") === "true"`)
	p.shows(`document.querySelectorAll("#swarm circle.node").length === 1 && parseFloat(document.getElementById("offload").textContent) > 0`)
	p.shows(`document.querySelector("#chart path.by-peer").getAttribute("d").length > 50`)
	require.Equal(t, "0", p.text(`document.getElementById("stalls").textContent`))
	require.Empty(t, p.text(`document.getElementById("message").innerText`))
	p.picture("playing")
	heard.none(t)

	p.do("history.back()")
	p.shows(`!document.getElementById("cover").hidden && video.readyState === 0`)
	heard.none(t)
}

func TestThePlayerPageSaysWhatFailsAndPlaysTheURLItself(t *testing.T) {
	films := readable(t, stagetest.Films(t).URL)
	s := serverFor(t) // which may not pull them
	b := openBrowser(t)
	p, _ := b.visit(s.ServerURL() + "/?channel=nothing")
	p.shows(`document.getElementById("message").innerText.includes("channel_unknown")`)
	for _, film := range []string{"film.flv", "first.mp4"} {
		p, _ = b.visit(s.ServerURL() + "/?url=" + films.URL + "/" + film)
		p.shows(`video.currentTime > 1 && document.getElementById("message").innerText.includes("without other viewers")`)
		require.Contains(t, p.text(`document.getElementById("message").innerText`), "origin_not_allowed")
	}
}

func TestThePagesOfStatusAndAdaptersWork(t *testing.T) {
	cdn := openOrigin(t, origin.NewHLS(origin.HLSConfig{Bitrate: 800_000}), true)
	live, s := onAir(t), serverFor(t, cdn.URL)
	openNative(t, live.ServerURL())
	openHLS(t, s.ServerURL(), cdn.URL+"/index.m3u8")
	b := openBrowser(t)
	p, _ := b.visit(live.ServerURL() + "/status")
	p.shows(`document.querySelector("#streams tbody").textContent.includes("live")`)
	p, heard := b.visit(live.ServerURL() + "/demo/adapters.html?mpegts=live")
	p.shows(plays("mpegts"))
	heard.none(t)
	p, heard = b.visit(s.ServerURL() + "/demo/adapters.html?hls=" + cdn.URL + "/index.m3u8")
	p.shows(plays("hls"))
	heard.none(t)
	p, heard = b.visit(s.ServerURL() + "/?url=" + cdn.URL + "/index.m3u8")
	p.shows(`video.currentTime > 2 && document.querySelector("#swarm rect.by-cdn") !== null`)
	heard.none(t)
}

// plays is when a card of the page of adapters shows a picture and says where it came from.
func plays(card string) string {
	return replace(`document.querySelector("#CARD video").currentTime > 2 && document.querySelector("#CARD .count").textContent.includes("saved")`,
		"CARD", card)
}

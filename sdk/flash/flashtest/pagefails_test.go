package flashtest

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// stopWorkers does what browsers do to Service Workers that seem idle.
func (p *page) stopWorkers() {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, serviceworker.Enable, cdp.Empty{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, serviceworker.StopAllWorkers, cdp.Empty{})
		return err
	})))
}

// TestAWorkerThatIsStopped stops the Service Worker in the middle: what it brings begins anew.
func TestAWorkerThatIsStopped(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	target, _ := openFLV(t)
	p := b.watch(t, inPage(s.ServerURL(), target, `{"requireP2P":true}`))
	p.see("s.time > 3")
	p.stopWorkers()
	at := p.text("String(look().time)")
	p.see("s.time > " + at + " + 8")
	require.Equal(t, []string{"Play.Start", "Buffer.Full"}, withoutStalls(p.told()), p.text("JSON.stringify(lines)"))
	require.Equal(t, 1.0, p.number("sources.length"), "it stayed in the swarm")
}

// TestWhatDiesInThePage breaks what FLV comes from in a page: the example's fallback plays the CDN. The engine alone comes back.
func TestWhatDiesInThePage(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	cdn := openCDN(t)
	const trap = "for (const m of machines) if (m.exports.superp2p_choose) new Uint8Array(m.exports.mem.buffer).fill(255); 0"
	for _, c := range []struct{ name, script string }{
		{"the page's SDK is closed", "site.close(); 0"},
		{"the page's SDK is gone", "delete superp2p.flash; 0"},
		{"what makes FLV traps", trap},
	} {
		t.Run(c.name, func(t *testing.T) {
			target, _ := openFLV(t)
			v := inPage(s.ServerURL(), target, "{}")
			v["cdn"] = cdn
			p := b.watch(t, v)
			p.see("s.time > 2 && s.stat.route === 'page'")
			require.Empty(t, errorsOf(p.told()))
			p.number("window.played_at = performance.now(); " + c.script)
			p.see("s.told.includes('Play.Failed')")
			p.number("shown.clear(); loudest = 0")
			p.see("shown.size > 5 && loudest > 0.01")
			p.shoot("page-" + strings.NewReplacer(" ", "-", "'", "").Replace(c.name))
			require.Equal(t, []string{"Play.Failed"}, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
			t.Logf("%.0f ms: %s", p.number("told_at - played_at"), p.text("lines.filter((l) => l.includes('NetStream.Play')).join()"))
		})
	}
	t.Run("the engine traps", func(t *testing.T) {
		target, _ := openFLV(t)
		p := b.watch(t, inPage(s.ServerURL(), target, "{}"))
		p.see("s.time > 2 && machines.length > 1")
		p.number("for (const m of machines) if (m.exports.superp2p_run) new Uint8Array(m.exports.mem.buffer).fill(255); window.from = look().time; 0")
		p.see("s.time > from + 8")
		require.Empty(t, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
		require.Equal(t, "page", p.text("look().stat.route"))
	})
}

// TestPagesThatCannotPlay have the next way tried, or the failure told where there is none.
func TestPagesThatCannotPlay(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	film, _ := openFilm("film.mp4", "-movflags", "+faststart")(t)
	unreadable := stagetest.NoTrack(t).URL + "/film.mp4"
	for _, c := range []struct {
		name, url, config, options string
		code, route                string
	}{
		{"no peers wanted", film, `{"httpOnly":true}`, "", "", "server"},
		{"left out", film, `{"page":"off"}`, "", "", "server"},
		{"no peers in the page", film, `{"requireP2P":true}`, `{"peers":false}`, "Play.Failed", ""},
		{"no such channel", "nothing", `{"requireP2P":true}`, "", "Play.Failed", ""},
		{"origin not allowed", "http://not.allowed.example/a.flv", `{"requireP2P":true}`, "", "Play.Failed", ""},
		{"dead source", "http://" + closedPort(t) + "/a.flv", `{"requireP2P":true}`, "", "Play.Failed", ""},
		{"no codec", unreadable, `{"requireP2P":true}`, "", "Play.NoSupportedTrackFound", ""},
		{"another server that is dead", film, `{"requireP2P":true,"server":"http://` + closedPort(t) + `","startTimeout":3}`, "", "Play.Failed", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := inPage(s.ServerURL(), c.url, c.config)
			v["options"] = c.options
			if c.options == "" {
				delete(v, "options")
			}
			p := b.watch(t, v)
			if c.code == "" {
				p.see("s.time > 1")
				require.Equal(t, c.route, p.text("look().stat.route"))
				return
			}
			p.see("(s.told || []).length > 0")
			require.Equal(t, []string{c.code}, p.told(), p.text("JSON.stringify(lines)"))
			t.Logf("%.0f ms: %s", p.number("told_at - played_at"), p.text("lines.filter((l) => l.includes('NetStream.Play')).join()"))
		})
	}
	t.Run("no SDK", func(t *testing.T) {
		p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": film})
		p.see("s.time > 1")
		require.Equal(t, "server", p.text("look().stat.route"))
	})
	t.Run("no script access", func(t *testing.T) {
		v := inPage(s.ServerURL(), film, "{}")
		v["deaf"] = "1"
		p := b.watch(t, v)
		p.see("shown.size > 5 && loudest > 0.01")
		require.Zero(t, p.number("sources.length"))
	})
	t.Run("an init segment that pages may not read", func(t *testing.T) {
		dir := t.TempDir()
		stagetest.Make(t, append(picture(20), "-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
			filepath.Join(dir, "film.m3u8"))...)
		p := b.watch(t, inPage(s.ServerURL(), stagetest.Folder(t, dir).URL+"/film.m3u8", "{}"))
		p.see("s.time > 1")
		require.Equal(t, "server", p.text("look().stat.route"))
		require.Empty(t, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
	})
}

package flashtest

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// inPage are the vars of a page that has the page SDK of a server.
func inPage(server, target, config string) vars {
	return vars{"sdk": server + "/sdk/superp2p.swf?proxy=off", "url": target, "config": config, "pagesdk": server}
}

// TestThePagePlaysEachKind runs the example in a page that has the page SDK, whose engine FLV comes from.
func TestThePagePlaysEachKind(t *testing.T) {
	b := openBrowser(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			s := serve(t)
			target, end := k.open(t)
			p := b.watch(t, inPage(s.ServerURL(), target, `{"requireP2P":true}`))
			p.plays()
			p.shoot("page-" + k.name)
			require.Equal(t, []string{"Play.Start", "Buffer.Full"}, withoutStalls(p.told()), p.text("JSON.stringify(lines)"))
			require.Equal(t, "page", p.text("look().stat.route"))
			require.Equal(t, 1.0, p.number("sources.length"))
			t.Log(p.text("JSON.stringify(look())"))
			if end != nil {
				end()
				p.ends()
			}
		})
	}
}

// withoutStalls leaves out where a live stream ran dry and went on, as it may on a busy machine: two seconds behind live is all that
// one has that has just begun.
func withoutStalls(codes []string) (list []string) {
	for _, c := range codes {
		if n := len(list); c == "Buffer.Full" && n > 0 && list[n-1] == "Buffer.Empty" {
			list = list[:n-1]
			continue
		}
		list = append(list, c)
	}
	return list
}

// TestTwoPagesAndANativePeerExchangeBytes has three viewers, of whom two thirds is the most that peers can give, and one server. One of
// the pages stops giving in the middle, and gives again.
func TestTwoPagesAndANativePeerExchangeBytes(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	target, _ := openFLV(t)
	watchNatively(t, s.ServerURL(), target)
	first := b.watch(t, inPage(s.ServerURL(), target, `{"requireP2P":true}`))
	first.see("s.time > 8") // the stream is old enough for others
	pages := []*page{first, b.watch(t, inPage(s.ServerURL(), target, `{"requireP2P":true}`))}
	for _, p := range pages {
		p.see("s.time > 5 && s.stat.peers >= 2")
		p.number("window.before = look().stat; window.from = look().time; 0")
	}
	peers, server := 0.0, 0.0
	for i, p := range pages {
		p.see("s.time > from + 20")
		peers += p.number("look().stat.p2pBytes - before.p2pBytes")
		server += p.number("look().stat.cdnBytes - before.cdnBytes")
		require.Greater(t, p.number("look().stat.uploadBytes - before.uploadBytes"), 0.0)
		require.Equal(t, "page", p.text("look().stat.route"))
		require.Empty(t, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
		p.shoot("swarm-" + strconv.Itoa(i))
		t.Log(p.text("JSON.stringify(look())"))
	}
	t.Logf("%.1f %% of %.0f KB came from peers", 100*peers/(peers+server), (peers+server)/1024)
	require.Greater(t, peers, server)

	first.act("pauseP2P", "0")
	first.number("window.from = look().time; 0")
	first.see("s.time > from + 2") // what was promised has gone
	first.number("window.before = look().stat; window.from = look().time; 0")
	first.see("s.time > from + 5")
	require.Equal(t, 0.0, first.number("look().stat.uploadBytes - before.uploadBytes"), "it gives nothing")
	first.act("resumeP2P", "0")
	first.see("s.stat.uploadBytes > before.uploadBytes")
	require.Empty(t, errorsOf(first.told()))
}

// TestThePageSeeksInEachFilm seeks by new sessions that go on with what is open, plays to the end, and seeks back from there.
func TestThePageSeeksInEachFilm(t *testing.T) {
	b := openBrowser(t)
	for _, k := range kinds {
		if !k.film {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			s := serve(t)
			target, _ := k.open(t)
			p := b.watch(t, inPage(s.ServerURL(), target, `{"requireP2P":true}`))
			p.see("s.time > 1")
			p.act("forget", "0")
			p.act("seek", "41.5")
			p.see("s.told.includes('Buffer.Full')")
			require.InDelta(t, 40.5, p.number("look().time"), 3, "a keyframe or segment before")
			p.see("s.time > 44")
			require.Equal(t, []string{"SeekStart.Notify", "Buffer.Empty", "Seek.Notify", "Buffer.Full"}, p.told()[:4], p.text("JSON.stringify(lines)"))
			p.act("seek", "56")
			p.see("s.told.includes('Play.Complete')")
			require.InDelta(t, filmLength, p.number("look().time"), 0.5)
			p.act("forget", "0")
			p.act("seek", "2")
			p.see("s.told.includes('Buffer.Full') && s.time > 3 && s.time < 10")
			p.shoot("page-sought-" + k.name)
			require.Empty(t, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
			require.Equal(t, 1.0, p.number("sources.length"), "it was opened once")
		})
	}
}

// TestCloseLeavesTheSwarm closes a live stream by the page, plays it again, and replaces that by a channel.
func TestCloseLeavesTheSwarm(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	target, _ := openFLV(t)
	watchNatively(t, s.ServerURL(), target)
	p := b.watch(t, inPage(s.ServerURL(), target, "{}"))
	p.see("s.time > 2 && s.stat.peers >= 1 && s.liveDelay > 0 && s.bufferLength > 0")
	p.act("close", "0")
	p.see("sources[0].neighbours().length === 0")
	require.Zero(t, p.number("look().time + look().bufferLength"))
	p.act("forget", "0")
	p.act("play", "'"+target+"'")
	p.see("s.time > 2")
	p.act("play", "'nothing'")
	p.see("s.told.includes('Play.Failed')")
	require.Equal(t, []string{"Play.Start", "Buffer.Full", "Play.Reset", "Play.Failed"}, withoutStalls(p.told()), p.text("JSON.stringify(lines)"))
	p.see("sources[1].neighbours().length === 0")
}

// TestThePagePlaysMasterAndEncryptedPlaylists plays variants with sound in them and apart, and what is encrypted.
func TestThePagePlaysMasterAndEncryptedPlaylists(t *testing.T) {
	b := openBrowser(t)
	at, err := url.Parse(stagetest.HLS(t).URL)
	require.NoError(t, err)
	files := httputil.NewSingleHostReverseProxy(at)
	origin := stagetest.Handler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", "Content-Range, Content-Length, ETag")
		files.ServeHTTP(w, r)
	})).URL
	for _, name := range []string{"master.m3u8", "aes.m3u8", "ts.m3u8"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			p := b.watch(t, inPage(s.ServerURL(), origin+"/"+name, `{"requireP2P":true}`))
			p.see("shown.size > 5 && loudest > 0.01 && s.time > 3")
			require.Equal(t, "page", p.text("look().stat.route"))
			require.Empty(t, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
			t.Log(p.text("JSON.stringify([look(), sources.length])"))
		})
	}
}

package flashtest

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/stage"
)

// TestAFilmIsSoughtInAndPlayedToItsEnd seeks by new requests, pauses, plays to the end, and seeks back from there.
func TestAFilmIsSoughtInAndPlayedToItsEnd(t *testing.T) {
	b := openBrowser(t)
	for _, k := range kinds {
		if !k.film {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			s := serve(t)
			target, _ := k.open(t)
			p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf", "url": target, "config": `{"proxy":"off"}`})
			p.see("s.time > 1")
			p.act("pause", "0")
			at := p.number("look().time")
			p.act("forget", "0")
			p.act("seek", "41.5")
			p.see("s.told.includes('Buffer.Full')")
			require.InDelta(t, 40.5, p.number("look().time"), 2.1, "a keyframe or segment before; paused still")
			require.NotEqual(t, at, p.number("look().time"))
			p.act("resume", "0")
			p.see("s.time > 44")
			require.Equal(t, []string{"SeekStart.Notify", "Buffer.Empty", "Seek.Notify", "Buffer.Full", "Buffer.Flush", "Unpause.Notify"},
				sorted(p.told()), p.text("JSON.stringify(lines)"))
			p.act("forget", "0")
			p.act("seek", "99")
			require.Equal(t, []string{"Seek.InvalidTime"}, p.told())
			p.act("forget", "0")
			p.act("seek", "56")
			p.see("s.told.includes('Play.Complete')")
			require.Equal(t, []string{"SeekStart.Notify", "Buffer.Empty", "Seek.Notify", "Buffer.Full", "Buffer.Flush", "Play.Stop", "Play.Complete"}, p.told())
			require.InDelta(t, filmLength, p.number("look().time"), 0.5)
			p.act("forget", "0")
			p.act("seek", "2")
			p.see("s.told.includes('Buffer.Full') && s.time > 3 && s.time < 10")
			p.shoot("sought-" + k.name)
			require.Empty(t, errorsOf(p.told()))
		})
	}
}

// sorted puts an Unpause.Notify last, which comes when the test says so.
func sorted(codes []string) (list []string) {
	last := 0
	for _, c := range codes {
		if c == "Unpause.Notify" {
			last++
		} else {
			list = append(list, c)
		}
	}
	for ; last > 0; last-- {
		list = append(list, "Unpause.Notify")
	}
	return list
}

// sent is how many bytes the server has sent, of all streams.
func sent(t *testing.T, s *stage.Stage) (bytes int64) {
	t.Helper()
	answer, err := http.Get(s.ServerURL() + "/v1/status")
	require.NoError(t, err)
	defer answer.Body.Close() //nolint:errcheck // a test
	var status struct {
		BytesOut int64 `json:"bytes_out"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&status))
	return status.BytesOut
}

// TestCloseEndsTheTrafficAndPlayBeginsAnew closes a live stream, sees that the server sends nothing more, plays again, and
// replaces that by another.
func TestCloseEndsTheTrafficAndPlayBeginsAnew(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	live, _ := openFLV(t)
	film, _ := openFilm("film.mp4", "-movflags", "+faststart")(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": live})
	p.see("s.time > 2 && s.liveDelay > 0 && s.bufferLength > 0")
	p.act("close", "0")
	require.Eventually(t, func() bool {
		before := sent(t, s)
		time.Sleep(time.Second) // what a second sends is what is looked at
		return before > 0 && sent(t, s) == before
	}, patience, 10*time.Millisecond, "the server has ended the answer")
	require.Zero(t, p.number("look().time + look().bufferLength"))
	p.number("shown.clear(); loudest = 0")
	p.act("forget", "0")
	p.act("play", "'"+live+"'")
	p.see("s.time > 2 && shown.size > 5")
	require.Equal(t, []string{"Play.Start", "Buffer.Full"}, p.told())
	p.act("forget", "0")
	p.act("play", "'"+film+"'")
	p.see("s.time > 3 && s.stat.duration > 50")
	require.Equal(t, []string{"Play.Reset", "Play.Start", "Buffer.Full", "Buffer.Flush"}, p.told())
	require.Greater(t, p.number("look().total"), 100_000.0)
	p.number("shown.clear(); 0")
	p.see("shown.size > 10")
	p.shoot("replaced")
}

// TestTheProxyBringsPeers plays by a local proxy beside native peers: most bytes come from them.
func TestTheProxyBringsPeers(t *testing.T) {
	b := openBrowser(t)
	for _, k := range []kind{kinds[0], kinds[3], kinds[4]} {
		t.Run(k.name, func(t *testing.T) {
			s := serve(t)
			target, _ := k.open(t)
			for range 3 { // of four viewers three quarters is the most that peers can give
				watchNatively(t, s.ServerURL(), target)
			}
			local := openProxy(t, s.ServerURL())
			p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=" + local.URL, "url": target, "config": `{"requireP2P":true}`})
			p.plays()
			p.see("s.stat.peers >= 1 && s.stat.p2pBytes > s.stat.cdnBytes")
			p.shoot("proxy-" + k.name)
			p.see("s.multicastInfo.taken > 100000 && s.multicastInfo.fragments > 0 && s.multicastInfo.server > 0")
			require.Equal(t, "proxy", p.text("look().stat.route"))
			require.Empty(t, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
			t.Log(p.text("JSON.stringify(look())"))
		})
	}
}

// watchNatively has a native peer watch.
func watchNatively(t *testing.T, server, target string) {
	t.Helper()
	media, err := superp2p.Open(t.Context(), superp2p.Config{Server: server, Loopback: true, Unpaced: true}, target, nil)
	require.NoError(t, err)
	r := media.FLV(nil, 0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 64<<10)
		for _, err := r.Read(b); err == nil; {
			_, err = r.Read(b)
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, r.Close())
		require.NoError(t, media.Close())
		<-done
	})
}

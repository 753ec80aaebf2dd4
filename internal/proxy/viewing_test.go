package proxy_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/proxy"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

const id = "0123456789abcdefghij"

func TestAFlashPlayerAsksHowItGoesAndEndsIt(t *testing.T) {
	s := start(t, proxy.Config{}, nil)
	require.Equal(t, "unknown", s.object(200, "/session?id="+id)["state"])
	answer := s.get("/channel/" + s.Channel() + ".flv?as=flv&superp2p_session=" + id)
	require.Equal(t, 200, answer.StatusCode)
	r := flv.NewReader(answer.Body, flv.Limits{})
	first, err := r.ReadTag()
	require.NoError(t, err)
	require.True(t, first.IsMetadata())
	require.Zero(t, first.Timestamp)
	read(t, r, 100)
	state := s.object(200, "/session?id="+id)
	t.Log(state)
	require.Equal(t, "playing", state["state"])
	require.Equal(t, true, state["live"])
	require.Greater(t, state["bytes"], 10_000.0)
	ended := s.object(200, "/session?id="+id+"&end=1")
	require.Equal(t, "ended", ended["state"])
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(t, err, "the answer ends as a whole one does")
	require.Equal(t, http.StatusBadRequest, s.get("/channel/"+s.Channel()+".flv?as=flv&superp2p_session="+id).StatusCode, "an id is for once")
}

func TestAFlashPlayerIsToldWhyItFails(t *testing.T) {
	films := stagetest.NoTrack(t)
	s := start(t, proxy.Config{}, allowLoopback)
	answer := s.get("/" + strings.TrimPrefix(films.URL, "http://") + "/film.mp4?as=flv&superp2p_session=" + id)
	require.Equal(t, http.StatusBadGateway, answer.StatusCode)
	state := s.object(200, "/session?id="+id)
	require.Equal(t, "failed", state["state"])
	require.Equal(t, "Play.NoSupportedTrackFound", state["event"])
	other := id + "1"
	require.Equal(t, "ended", s.object(200, "/session?id="+other+"&end=1")["state"], "before it has begun")
	require.Equal(t, http.StatusServiceUnavailable, s.get("/channel/"+s.Channel()+".flv?as=flv&superp2p_session="+other).StatusCode)
}

// TestAFlashPlayerGetsAVariantThatItKnows has a better one in H.265, which is not even there.
func TestAFlashPlayerGetsAVariantThatItKnows(t *testing.T) {
	media := stagetest.HLS(t)
	origin := stagetest.Handler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/choice.m3u8" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9000000,CODECS=\"hvc1.1.6.L93.B0,mp4a.40.2\"\nhevc.m3u8\n"+
			"#EXT-X-STREAM-INF:BANDWIDTH=700000,CODECS=\"avc1.42c00c,mp4a.40.2\"\n"+media.URL+"/ts.m3u8\n")
	}))
	s := start(t, proxy.Config{}, allowLoopback)
	all, _ := s.whole200(at(origin) + "/choice.m3u8?as=flv&start=15.5&superp2p_session=" + id)
	stagetest.Decodes(t, strings.NewReader(all))
	state := s.object(200, "/session?id="+id)
	require.Equal(t, 7.0, state["videoCodec"])
	require.Equal(t, 10.0, state["audioCodec"])
}

// TestAFlashPlayerGetsOneTrack leaves out the other.
func TestAFlashPlayerGetsOneTrack(t *testing.T) {
	s := start(t, proxy.Config{}, nil)
	for tracks, other := range map[string]flv.Type{"audio": flv.Video, "video": flv.Audio} {
		answer := s.get("/channel/" + s.Channel() + ".flv?as=flv&superp2p_tracks=" + tracks + "&superp2p_session=" + id + tracks)
		require.Equal(t, 200, answer.StatusCode)
		r := flv.NewReader(answer.Body, flv.Limits{})
		for range 60 {
			tag, err := r.ReadTag()
			require.NoError(t, err)
			require.NotEqual(t, other, tag.Type, tracks)
		}
	}
}

// TestAFlashPlayerSwitchesSharing by its id, from a page of another site, which may not switch it for all.
func TestAFlashPlayerSwitchesSharing(t *testing.T) {
	s := start(t, proxy.Config{}, nil)
	join := func(id, more string) *http.Response {
		answer := s.get("/channel/"+s.Channel()+".flv?as=flv&superp2p_session="+id+more, "Origin", "https://site.example")
		read(t, flv.NewReader(answer.Body, flv.Limits{}), 20)
		go func() { _, _ = io.Copy(io.Discard, answer.Body) }()
		return answer
	}
	join(id, "&superp2p_share=off")
	other, err := peer.Open(t.Context(), peer.Config{Server: s.ServerURL(), Delay: 2 * time.Second, Loopback: true}, "live")
	require.NoError(t, err)
	t.Cleanup(func() { _ = other.Close() })
	given := func() float64 { return s.object(200, "/stat")["flow"].(map[string]any)["uploadBytes"].(float64) }
	playsOn := func() {
		played := other.Stats().Played
		s.eventually("it plays on", func() bool { return other.Stats().Played > played+2*time.Second })
	}
	s.eventually("they are connected", func() bool { return other.Stats().Peers == 1 })
	playsOn()
	require.Zero(t, given())
	require.Equal(t, 403, s.get("/feature?upload=1", "Origin", "https://site.example").StatusCode)

	switchTo := func(id, to string) {
		require.Equal(t, "playing", s.object(200, "/session?id="+id+"&share="+to, "Origin", "https://site.example")["state"])
	}
	switchTo(id, "on")
	s.eventually("it gives", func() bool { return given() > 0 })
	second := id + "2"
	join(second, "")
	switchTo(second, "off")
	switchTo(second, "off")
	playsOn()
	at := given()
	playsOn()
	require.Equal(t, at, given(), "one player that does not want to is enough")
	s.object(200, "/session?id="+second+"&end=1")
	s.eventually("it gives again, since that player has left", func() bool { return given() > at })
}

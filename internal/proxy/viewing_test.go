package proxy_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
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

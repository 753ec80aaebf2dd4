package film_test

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestALivePlaylistIsShared(t *testing.T) {
	w := newWorld(t, origin.HLSConfig{Bitrate: 1_500_000})
	var wg sync.WaitGroup
	viewers := make([]*peer.Viewer, 3)
	for i := range viewers {
		viewers[i] = w.open("viewer"+strconv.Itoa(i), func(c *peer.Config) { c.Delay = 6 * time.Second }) // of a slow machine, too
		if i > 0 {
			waitForPeers(t, viewers[i])
		}
	}
	watch := func(n int) (peers, media uint64) {
		for _, v := range viewers {
			wg.Go(func() {
				first, list, err := follow(t.Context(), v, n)
				if err != nil {
					t.Error(err)
					return
				}
				for i, b := range list {
					if !bytes.Equal(b, w.origin.Segment(int(first)+i)) {
						t.Errorf("segment %d differs from the origin's: %d bytes", first+int64(i), len(b))
					}
				}
			})
		}
		wg.Wait()
		for i, v := range viewers {
			s := v.Stats()
			t.Logf("viewer %d: peers %d server %d unused %d start %v stalls %d delay %v",
				i, s.PeerBytes, s.ServerBytes, s.DuplicateBytes, s.Start, s.Stalls, s.Delay)
			require.Zero(t, s.BadBytes)
			peers += s.PeerBytes
			media += s.Media()
		}
		return peers, media
	}
	peersBefore, before := watch(5) // at the start all want the same at once
	peers, media := watch(9)
	least := (media - before) / 2
	for _, v := range viewers {
		if v.Stats().Stalls > 0 { // this machine stood still: what is late comes from the origin
			least = 0
		}
	}
	require.Greater(t, peers-peersBefore, least)
}

func TestALivePlaylistWhoseOriginRefusesViewers(t *testing.T) {
	w := newWorld(t, origin.HLSConfig{Allow: func(r *http.Request) bool {
		return r.URL.Query().Get("token") != "viewer" && r.Header.Get("Range") == ""
	}})
	w.open("first", nil) // which brings the server a URL that it is answered by
	v := w.open("viewer", nil)
	first, list, err := follow(t.Context(), v, 4)
	require.NoError(t, err)
	for i, b := range list {
		require.True(t, bytes.Equal(b, w.origin.Segment(int(first)+i)), "segment %d", i)
	}
	s := v.Stats()
	require.NotZero(t, s.Media(), "by the swarm")
}

func TestALivePlaylistOfAChannel(t *testing.T) {
	h := origin.NewHLS(origin.HLSConfig{})
	s := stagetest.Handler(t, h)
	st, err := stage.Start(t.Context(), stage.Config{Logger: logger("server"), Adjust: func(c *config.Config) {
		c.Channels["hls"] = config.Channel{Source: s.URL + "/index.m3u8"}
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	v := open(t, st, "viewer", "hls")
	first, list, err := follow(t.Context(), v, 3)
	require.NoError(t, err)
	for i, b := range list {
		require.True(t, bytes.Equal(b, h.Segment(int(first)+i)), "segment %d", i)
	}
}

func TestWithoutTheServerTheOriginIsPlayed(t *testing.T) {
	h := origin.NewHLS(origin.HLSConfig{})
	s := stagetest.Handler(t, h)
	st, err := stage.Start(t.Context(), stage.Config{Logger: logger("server"), Adjust: func(c *config.Config) { c.Origins = []string{"127.0.0.1"} }})
	require.NoError(t, err)
	v, err := peer.Open(t.Context(), peer.Config{
		Server: st.ServerURL(), Loopback: true, Logger: logger("viewer"), StallTimeout: 5 * time.Second,
	}, s.URL+"/index.m3u8")
	require.NoError(t, err)
	_, _, err = follow(t.Context(), v, 2)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	first, list, err := follow(t.Context(), v, 7)
	require.NoError(t, err)
	for i, b := range list {
		require.True(t, bytes.Equal(b, h.Segment(int(first)+i)), "segment %d", i)
	}
	require.NoError(t, v.Close())
	_, err = v.Segment(t.Context(), &hls.Segment{URI: s.URL + "/0.ts"})
	require.Equal(t, fault.Closed, fault.CodeOf(err))
}

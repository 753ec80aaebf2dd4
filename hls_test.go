package superp2p_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestAMasterPlaylistWithAudioApartIsPlayed(t *testing.T) {
	origin := stagetest.Folder(t, stagetest.Playlists(t))
	st := onAir(t, func(c *config.Config) { c.Origins = []string{"127.0.0.1"} })
	s := newStream(t, superp2p.Config{Server: st.ServerURL(), Loopback: true, Unpaced: true})
	events := make(chan superp2p.NetStatusEvent, 100)
	s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
	defer s.Close() //nolint:errcheck // the test is over
	require.NoError(t, s.Play(origin.URL+"/apart/master.m3u8", nil))
	all, err := io.ReadAll(s)
	require.NoError(t, err)
	stagetest.Decodes(t, bytes.NewReader(all))
	var last [2]uint32
	pictures := 0
	r := flv.NewReader(bytes.NewReader(all), flv.Limits{})
	for {
		tag, err := r.ReadTag()
		if err != nil {
			break
		}
		if _, config := tag.Config(); config || !tag.IsMedia() {
			continue
		}
		i := 0
		if tag.Type == flv.Video {
			i = 1
			pictures++
		}
		last[i] = tag.Timestamp
		require.InDelta(t, last[0], last[1], 500, "interleaved by time")
	}
	require.Equal(t, 500, pictures)
	require.InDelta(t, 20_000, last[0], 200)
	require.InDelta(t, 20_000, last[1], 200)
	for _, code := range []string{superp2p.NetStreamPlayStart, superp2p.NetStreamBufferFull, superp2p.NetStreamBufferFlush, superp2p.NetStreamPlayStop} {
		require.Equal(t, code, nextBut(t, events, superp2p.NetStreamVideoDimensionChange).Info.Code)
	}
	require.Greater(t, s.Stats().ServerBytes, uint64(1_500_000), "of both")
}

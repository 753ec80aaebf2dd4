package film_test

import (
	"bytes"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/peer"
)

func TestALivePlaylistIsShared(t *testing.T) {
	w := newWorld(t, origin.HLSConfig{Bitrate: 1_500_000})
	var wg sync.WaitGroup
	viewers := make([]*peer.Viewer, 3)
	for i := range viewers {
		viewers[i] = w.open("viewer"+strconv.Itoa(i), nil)
	}
	for _, v := range viewers {
		wg.Go(func() {
			first, list, err := follow(t.Context(), v, 8)
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
	var peers, media uint64
	for i, v := range viewers {
		s := v.Stats()
		t.Logf("viewer %d: peers %d server %d dup %d start %v stalls %d delay %v", i, s.PeerBytes, s.ServerBytes, s.DuplicateBytes, s.Start, s.Stalls, s.Delay)
		peers += s.PeerBytes
		media += s.Media()
		require.Empty(t, s.BadBytes)
	}
	for n := range 16 {
		t.Logf("origin gave %d: %d", n, w.origin.Given(strconv.Itoa(n)+".ts"))
	}
	require.Greater(t, peers, media/2)
}

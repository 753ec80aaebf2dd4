package peer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOneViewerPlaysFromTheServer(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		v := w.open(nil)
		r := v.NewReader()
		await(t, v, PlayStart)
		await(t, v, BufferFull)
		watch(t, r, 10*fps)
		s := v.Stats()
		require.Zero(t, s.PeerBytes)
		require.Zero(t, s.Stalls)
		require.Less(t, s.Start, time.Second)
		require.InDelta(t, 6, s.Delay.Seconds(), 0.5)
		require.InDelta(t, (keyFrame+(fps-1)*frame+fps*sound)*8, s.Bitrate, 200_000)
	})
}

func TestTwoViewersShare(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		a, b := w.open(nil), w.open(nil)
		ra, rb := a.NewReader(), b.NewReader()
		watch(t, ra, 20*fps)
		watch(t, rb, 20*fps)
		for _, v := range []*Viewer{a, b} {
			s := v.Stats()
			require.Equal(t, 1, s.Peers)
			require.Zero(t, s.Stalls)
			require.Greater(t, s.Offload(), 0.25)
		}
	})
}

// TestAFullMesh is a small version of what the command bench measures with 20 viewers.
func TestAFullMesh(t *testing.T) {
	const n = 8
	simulated(t, func(t *testing.T, w *world) {
		var vs []*Viewer
		for range n {
			vs = append(vs, w.open(nil))
			time.Sleep(200 * time.Millisecond)
		}
		time.Sleep(12 * time.Second)
		before := make([]Stats, n)
		for i, v := range vs {
			before[i] = v.Stats()
		}
		time.Sleep(15 * time.Second)
		var peers, media uint64
		for i, v := range vs {
			s := v.Stats()
			peers += s.PeerBytes - before[i].PeerBytes
			media += s.Media() - before[i].Media()
			require.Equal(t, n-1, s.Peers)
			require.Equal(t, uint64(n-1), s.Links, "no pair was linked twice")
			require.Zero(t, s.Stalls)
			require.Less(t, s.DuplicateShare(), 0.005)
		}
		offload := float64(peers) / float64(media)
		t.Logf("offload %.4f", offload)
		require.Greater(t, offload, 1-1.2/n, "the server sends about one copy")
	})
}

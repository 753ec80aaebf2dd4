package peer

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOneViewerPlaysFromTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		time.Sleep(12 * time.Second)
		v := w.open(nil)
		r := v.NewReader()
		await(t, v, PlayStart)
		await(t, v, BufferFull)
		watch(t, r, 10*fps)
		s := v.Stats()
		t.Logf("%+v", s)
		require.Zero(t, s.PeerBytes)
		require.Zero(t, s.Stalls)
		require.Less(t, s.Start, time.Second)
		require.InDelta(t, 6, s.Delay.Seconds(), 0.5)
		require.InDelta(t, (keyFrame+(fps-1)*frame+fps*sound)*8, s.Bitrate, 200_000)
	})
}

func TestTwoViewersShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		time.Sleep(12 * time.Second)
		a, b := w.open(nil), w.open(nil)
		ra, rb := a.NewReader(), b.NewReader()
		watch(t, ra, 20*fps)
		watch(t, rb, 20*fps)
		for _, v := range []*Viewer{a, b} {
			s := v.Stats()
			t.Logf("%+v offload %.2f control %.4f", s, s.Offload(), s.ControlShare())
			require.Equal(t, 1, s.Peers)
			require.Zero(t, s.Stalls)
			require.Greater(t, s.Offload(), 0.25)
		}
	})
}

func TestTwentyViewers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		time.Sleep(12 * time.Second)
		var vs []*Viewer
		for range 20 {
			vs = append(vs, w.open(nil))
			time.Sleep(200 * time.Millisecond)
		}
		time.Sleep(12 * time.Second)
		var before []Stats
		for _, v := range vs {
			before = append(before, v.Stats())
		}
		time.Sleep(15 * time.Second)
		var peers, media uint64
		for i, v := range vs {
			s := v.Stats()
			peers += s.PeerBytes - before[i].PeerBytes
			media += s.Media() - before[i].Media()
			if i%5 == 0 {
				t.Logf("%+v offload %.3f control %.4f dup %.4f proof %.4f", s, s.Offload(), s.ControlShare(), s.DuplicateShare(), s.ProofShare())
			}
			require.Equal(t, 19, s.Peers)
			require.Zero(t, s.Stalls)
		}
		t.Logf("offload %.4f", float64(peers)/float64(media))
		require.Greater(t, float64(peers)/float64(media), 0.9)
	})
}

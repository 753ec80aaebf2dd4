package swarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTwentyViewersTakeAboutOneCopy(t *testing.T) {
	for _, delay := range []time.Duration{6 * time.Second, 2 * time.Second} {
		t.Run(delay.String(), func(t *testing.T) {
			w := newWorld(t)
			for range 20 {
				w.join(func(c *Config) { c.Delay = delay })
				w.run(200 * time.Millisecond)
			}
			w.run(10 * time.Second)
			before := w.totals()
			served, cut := w.served, len(w.slices)
			w.run(60 * time.Second)
			after := w.totals()
			media := after.PeerBytes + after.ServerBytes - before.PeerBytes - before.ServerBytes
			t.Logf("offload %.4f, copies %.3f, control %.5f, duplicates %.5f, proofs %.5f, timeouts %d, refused %d, first %v",
				share(after.PeerBytes-before.PeerBytes, media), float64(w.served-served)/float64(len(w.slices)-cut),
				share(after.ControlIn-before.ControlIn, media), share(after.DuplicateBytes-before.DuplicateBytes, media),
				share(after.ProofBytes-before.ProofBytes, media), after.Timeouts, after.Refused, w.nodes[10].firstAt.Sub(w.nodes[10].joined))
			require.Zero(t, after.Stalls)
			require.NotZero(t, after.PushedBytes)
			require.Greater(t, after.PeerBytes, after.PushedBytes, "some were asked for")
			require.Greater(t, after.PeerSlices, after.PushedSlices)
			require.GreaterOrEqual(t, after.UploadPushedBytes, after.PushedBytes, "what was taken in was sent")
			require.GreaterOrEqual(t, after.UploadPushedSlices, after.PushedSlices)
			require.LessOrEqual(t, after.UploadPushedSlices, after.Taken)
			require.GreaterOrEqual(t, after.UploadSlices, after.PeerSlices)
			require.GreaterOrEqual(t, after.UploadBytes, after.PeerBytes)
			require.Greater(t, share(after.PeerBytes-before.PeerBytes, media), 0.94)
			require.Less(t, share(after.DuplicateBytes, after.PeerBytes+after.ServerBytes), 0.005)
			for _, n := range w.nodes {
				n.inOrder()
				require.Empty(t, n.barred)
			}
		})
	}
}

func TestAHundredViewersWhoKnowOnlySomeOthers(t *testing.T) {
	w := newWorld(t)
	w.payload = 20 << 10
	w.neighbours = 10
	for range 100 {
		n := w.join(nil)
		n.uplink = float64(w.payload) * 4 * (1.1 + w.rand.Float64())
		w.run(100 * time.Millisecond)
	}
	for _, n := range w.nodes {
		n.engine.SwarmSize(w.now, 100)
	}
	w.run(10 * time.Second)
	before := w.totals()
	served, cut := w.served, len(w.slices)
	w.run(30 * time.Second)
	after := w.totals()
	peers, server := after.PeerBytes-before.PeerBytes, after.ServerBytes-before.ServerBytes
	t.Logf("offload %.4f, copies %.3f, stalls %d, control %.5f, duplicates %.5f, timeouts %d", share(peers, peers+server),
		float64(w.served-served)/float64(len(w.slices)-cut), after.Stalls, share(after.ControlIn-before.ControlIn, peers+server),
		share(after.DuplicateBytes-before.DuplicateBytes, peers+server), after.Timeouts-before.Timeouts)
	for i, n := range w.nodes {
		if s := n.engine.Stats(w.now); s.Stalls > 0 && i < 10 {
			t.Logf("viewer %d stalled %d times, %v; first after %v, %d peers", i, s.Stalls, s.Stall, n.firstAt.Sub(n.joined), s.Peers)
		}
	}
	require.Zero(t, after.Stalls)
	require.Greater(t, share(peers, peers+server), 0.95)
	for _, n := range w.nodes {
		n.inOrder()
	}
}

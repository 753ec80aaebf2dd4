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
			require.Greater(t, share(after.PeerBytes-before.PeerBytes, media), 0.94)
			require.Less(t, share(after.DuplicateBytes, after.PeerBytes+after.ServerBytes), 0.005)
			for _, n := range w.nodes {
				n.inOrder()
				require.Empty(t, n.barred)
			}
		})
	}
}

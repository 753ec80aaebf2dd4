package swarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// crowd lets n viewers join 200 ms apart and settle.
func (w *world) crowd(n int, change func(*Config)) {
	for range n {
		w.join(change)
		w.run(200 * time.Millisecond)
	}
	w.run(8 * time.Second)
}

func TestAloneEverythingComesFromTheServerInTime(t *testing.T) {
	w := newWorld(t)
	n := w.join(nil)
	w.run(30 * time.Second)
	n.inOrder()
	s := n.engine.Stats(w.now)
	require.Zero(t, s.Stalls)
	require.Zero(t, s.PeerBytes)
	require.Less(t, n.firstAt.Sub(n.joined), 100*time.Millisecond)
	require.InDelta(t, 6.0, s.Delay.Seconds(), 0.3)
}

func TestAYoungStreamStartsWithWhatThereIs(t *testing.T) {
	w := newWorld(t)
	young := w.live()
	young.Groups = young.Groups[len(young.Groups)-1:]
	n := w.join(func(c *Config) { c.Live = young })
	w.run(20 * time.Second)
	n.inOrder()
	require.Equal(t, young.Groups[0].Number, n.delivered[0])
	require.Zero(t, n.engine.Stats(w.now).Stalls)
	require.GreaterOrEqual(t, n.engine.Stats(w.now).Delay, minDelay-sliceEvery)
}

func TestAStreamWhoseSourceBeganWithABurst(t *testing.T) {
	for _, burst := range []time.Duration{4 * time.Second, 12 * time.Second} {
		w := newWorld(t)
		// The server answered when it had only seen the first group of the burst.
		early := w.live()
		first := len(w.slices) - int(burst/sliceEvery)
		first -= first % w.groupLen
		edge := w.slices[first+w.groupLen]
		early.Groups = []Group{{edge.Proof.Group - slice.Number(w.groupLen), w.slices[first].Proof.Time}, {edge.Number, edge.Proof.Time}}
		early.Edge, early.EdgeTime = edge.Number, edge.Proof.Time
		early.Line = w.now.Add(-edge.Proof.Time - sliceEvery)
		n := w.join(func(c *Config) { c.Live = early })
		w.run(20 * time.Second)
		n.inOrder()
		s := n.engine.Stats(w.now)
		require.Zero(t, s.Stalls)
		require.InDelta(t, min(burst, 6*time.Second).Seconds(), s.Delay.Seconds(), 2.1)
		require.Less(t, n.firstAt.Sub(n.joined), time.Second)
	}
}

func TestHomeUplinksOfOneToTwoBitRatesDo(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		n := w.join(nil)
		n.uplink = float64(w.payload) * 4 * (1.1 + float64(i%10)/10)
		w.run(200 * time.Millisecond)
	}
	w.run(8 * time.Second)
	before := w.totals()
	w.run(60 * time.Second)
	after := w.totals()
	peers, server := after.PeerBytes-before.PeerBytes, after.ServerBytes-before.ServerBytes
	for i, n := range w.nodes {
		s := n.engine.Stats(w.now)
		if s.Stalls > 0 {
			t.Logf("viewer %d stalled %d times, %v; buffered %v, first after %v", i, s.Stalls, s.Stall, s.Buffered, n.firstAt.Sub(n.joined))
		}
	}
	t.Logf("timeouts %d refused %d offload %.4f, duplicates %.5f, control %.5f", after.Timeouts, after.Refused, share(peers, peers+server),
		share(after.DuplicateBytes, after.PeerBytes+after.ServerBytes), share(after.ControlIn, after.PeerBytes+after.ServerBytes))
	require.Zero(t, after.Stalls)
	require.Greater(t, share(peers, peers+server), 0.90)
}

func TestAThirdLeavingAtOnceStallsNobody(t *testing.T) {
	w := newWorld(t)
	w.crowd(20, nil)
	for i := range 6 {
		w.nodes[3*i].leave()
	}
	w.run(30 * time.Second)
	for _, n := range w.nodes {
		n.inOrder()
		if !n.gone {
			require.Zero(t, n.engine.Stats(w.now).Stalls)
		}
	}
}

func TestTheServerAwayForSomeSecondsIsMadeUpFor(t *testing.T) {
	w := newWorld(t)
	w.crowd(6, nil)
	w.down = true
	w.run(3 * time.Second)
	w.down = false
	w.run(20 * time.Second)
	for _, n := range w.nodes {
		n.inOrder()
		require.Zero(t, n.engine.Stats(w.now).Stalls, "6 s of buffer last longer than 3 s without a server")
	}
}

func TestAServerThatHangsForOneViewerIsMadeUpForByPeers(t *testing.T) {
	w := newWorld(t)
	w.crowd(6, nil)
	n := w.nodes[2]
	n.hangs = true
	w.run(30 * time.Second)
	n.inOrder()
	for _, n := range w.nodes {
		require.Zero(t, n.engine.Stats(w.now).Stalls)
	}
}

func TestWithoutAnyServerPlaybackStallsAndGoesOnAfterwards(t *testing.T) {
	w := newWorld(t)
	w.crowd(3, nil)
	w.down = true
	w.run(12 * time.Second)
	n := w.nodes[0]
	require.EqualValues(t, 1, n.engine.Stats(w.now).Stalls)
	require.NotZero(t, n.engine.Stats(w.now).Stall)
	w.down = false
	w.run(20 * time.Second)
	n.inOrder()
	require.Equal(t, 1, n.kinds[Resumed])
	require.InDelta(t, 6.0, n.engine.Stats(w.now).Delay.Seconds(), 0.5)
}

func TestPollutersAreBarredAndNothingOfTheirsIsPlayed(t *testing.T) {
	for name, tamper := range map[string]func([]byte) []byte{
		"a flipped byte": func(b []byte) []byte {
			if wire.Kind(b[0]) == wire.Data {
				b = append([]byte(nil), b...)
				b[len(b)-1] ^= 1
			}
			return b
		},
		"a wrong signature": func(b []byte) []byte {
			if wire.Kind(b[0]) == wire.Proof {
				b = append([]byte(nil), b...)
				b[5] ^= 1
			}
			return b
		},
		"another statement": func(b []byte) []byte {
			if wire.Kind(b[0]) == wire.Proof {
				other := signing.NewSigner([32]byte{9}).Sign(slice.Statement{First: 1, Group: 1, Entries: []slice.Entry{{Size: 3}}})
				return wire.Append(nil, &wire.Message{Kind: wire.Proof, Sig: other.Signature, Bytes: other.Encoded})
			}
			return b
		},
		"no proof": func(b []byte) []byte {
			if wire.Kind(b[0]) == wire.Proof {
				return nil
			}
			return b
		},
		"garbage": func(b []byte) []byte {
			if wire.Kind(b[0]) == wire.Data {
				return []byte{byte(wire.Have), 0xff, 0xff}
			}
			return b
		},
		"too large": func(b []byte) []byte {
			if wire.Kind(b[0]) == wire.Data {
				return make([]byte, wire.MaxMessage+1)
			}
			return b
		},
		"far ahead": func(b []byte) []byte {
			if wire.Kind(b[0]) == wire.Have {
				return wire.Append(nil, &wire.Message{Kind: wire.Have, Numbers: []slice.Number{1 << 40}})
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.crowd(8, nil)
			bad := w.nodes[2]
			bad.tamper = tamper
			w.run(20 * time.Second)
			require.Zero(t, w.totals().Stalls)
			barred := 0
			for _, n := range w.nodes {
				n.inOrder() // checks each against what the edge cut
				barred += len(n.barred)
				if n != bad {
					require.False(t, n.engine.HasPeer(bad.id) && name != "another statement" && name != "no proof",
						"the polluter is still linked")
				}
			}
			require.NotZero(t, barred)
		})
	}
}

func TestPeersThatSaySomethingAndDoNothing(t *testing.T) {
	for name, tamper := range map[string]func([]byte) []byte{
		"say nothing at all": func([]byte) []byte { return nil },
		"announce and never send": func(b []byte) []byte {
			if wire.Kind(b[0]) == wire.Data || wire.Kind(b[0]) == wire.Refuse {
				return nil
			}
			return b
		},
		"stop in the middle of a slice": func(b []byte) []byte {
			if m, _ := wire.Parse(b); m.Kind == wire.Data && m.Offset > 0 {
				return nil
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for i := range 8 {
				n := w.join(nil)
				if i == 3 {
					n.tamper = tamper
				}
				w.run(200 * time.Millisecond)
			}
			w.run(40 * time.Second)
			for i, n := range w.nodes {
				n.inOrder()
				if i != 3 {
					require.Zero(t, n.engine.Stats(w.now).Stalls)
				}
			}
		})
	}
}

func TestWhoDoesNotUploadIsServedAndServesNobody(t *testing.T) {
	w := newWorld(t)
	for i := range 8 {
		w.join(func(c *Config) { c.NoUpload = i%2 == 1 })
		w.run(200 * time.Millisecond)
	}
	w.run(30 * time.Second)
	for i, n := range w.nodes {
		n.inOrder()
		s := n.engine.Stats(w.now)
		require.Zero(t, s.Stalls)
		if i%2 == 1 {
			require.Zero(t, s.UploadBytes)
			require.Greater(t, share(s.PeerBytes, s.Received()), 0.8)
		}
	}
	n := w.nodes[0]
	n.engine.SetUpload(w.now, false)
	n.act()
	sent := n.engine.Stats(w.now).UploadBytes
	w.run(10 * time.Second)
	require.Equal(t, sent, n.engine.Stats(w.now).UploadBytes, "switched off while it plays")
	require.Zero(t, w.totals().Stalls)
}

func TestWhoTakesNothingFromPeersStillGives(t *testing.T) {
	w := newWorld(t)
	w.join(func(c *Config) { c.NoDownload = true })
	w.crowd(4, nil)
	w.run(20 * time.Second)
	n := w.nodes[0]
	before := n.engine.Stats(w.now)
	require.Zero(t, before.PeerBytes)
	require.NotZero(t, before.UploadBytes)
	n.engine.SetDownload(w.now, true)
	n.act()
	w.run(20 * time.Second)
	on := n.engine.Stats(w.now)
	require.NotZero(t, on.PeerBytes)
	n.engine.SetDownload(w.now, false)
	n.act()
	w.run(10 * time.Second)
	require.Equal(t, on.PeerBytes, n.engine.Stats(w.now).PeerBytes, "switched off while it plays")
	require.Zero(t, w.totals().Stalls)
}

func TestAnUploadLimitHolds(t *testing.T) {
	w := newWorld(t)
	limit := float64(w.payload) * 4
	w.crowd(5, func(c *Config) { c.UploadRate = limit })
	before := w.nodes[0].engine.Stats(w.now).UploadBytes
	w.run(20 * time.Second)
	require.Zero(t, w.totals().Stalls)
	require.LessOrEqual(t, float64(w.nodes[0].engine.Stats(w.now).UploadBytes-before), limit*20.5)
}

func TestWithoutPeersNothingIsTraded(t *testing.T) {
	w := newWorld(t)
	w.join(func(c *Config) { c.NoPeers = true })
	require.Zero(t, w.nodes[0].engine.WantPeers())
	w.crowd(2, nil)
	w.run(10 * time.Second)
	s := w.nodes[0].engine.Stats(w.now)
	require.Zero(t, s.PeerBytes+s.UploadBytes)
	require.Zero(t, s.Stalls)
}

func TestTheEndIsPlayedToTheEnd(t *testing.T) {
	w := newWorld(t)
	w.crowd(4, nil)
	w.final = true
	w.run(15 * time.Second)
	for _, n := range w.nodes {
		n.inOrder()
		require.Equal(t, 1, n.kinds[Ended])
		require.Equal(t, slice.Number(len(w.slices)-1), n.delivered[len(n.delivered)-1])
		require.Zero(t, n.engine.Stats(w.now).Stalls)
	}
}

func TestASourceThatComesBackIsNotAskedForByAll(t *testing.T) {
	w := newWorld(t)
	w.crowd(20, nil)
	w.pause = true
	w.run(15 * time.Second)
	before := w.served
	w.pause = false
	w.cut()
	w.run(time.Second)
	require.Less(t, w.served-before, 60, "20 viewers lack the same slices")
	w.run(20 * time.Second)
	mid := w.totals()
	w.run(30 * time.Second)
	after := w.totals()
	require.EqualValues(t, len(w.nodes), after.Stalls, "one each")
	peers, server := after.PeerBytes-mid.PeerBytes, after.ServerBytes-mid.ServerBytes
	require.Greater(t, share(peers, peers+server), 0.93, "the delay was built up again")
	for _, n := range w.nodes {
		n.inOrder()
	}
}

func TestGoneAndRepositioned(t *testing.T) {
	w := newWorld(t)
	n := w.join(nil)
	w.run(3 * time.Second)
	w.down = true
	w.run(10 * time.Second)
	n.engine.want(n.engine.playout.position).fetching = true
	n.engine.server.open++
	n.engine.FetchFailed(w.now, n.engine.playout.position, Gone)
	n.engine.FetchFailed(w.now, n.engine.playout.position, TrackUnknown)
	n.act()
	require.Equal(t, 1, n.kinds[Lost])
	w.down = false
	played := len(n.delivered)
	n.engine.Reposition(w.now, w.live(), 0)
	n.act()
	w.run(5 * time.Second)
	require.Greater(t, len(n.delivered), played)
	require.InDelta(t, 6.0, n.engine.Stats(w.now).Delay.Seconds(), 0.5)
}

package swarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/wire"
)

// offeredTo counts the neighbours to whom an engine with eight of them offers anything of what is cut in d.
func offeredTo(w *world, n *node, d time.Duration) map[Link]int {
	offered := map[Link]int{}
	for end := w.now.Add(d); w.now.Before(end); {
		w.run(sliceEvery)
		n.engine.accept(w.now, w.slices[len(w.slices)-1])
		for _, a := range n.engine.Actions() {
			if a.Kind != Send {
				continue
			}
			if m, err := wire.Parse(a.Data); err == nil && m.Kind == wire.Offer {
				offered[a.Link]++
			}
		}
	}
	return offered
}

// surrounded returns an engine with eight neighbours, of whom the first upload nothing.
func surrounded(t *testing.T, change func(*Config)) (*world, *node) {
	w := newWorld(t)
	w.payload = 1 << 10
	n := w.join(change)
	n.gone = true // the test plays the neighbours and carries out what it is asked for
	for i := range 8 {
		l := Link(i + 1)
		n.engine.LinkOpened(w.now, l, PeerID{byte(i + 1)})
		m := wire.Message{Kind: wire.Hello, Version: wire.Version, Track: w.track}
		if i < 2 {
			m.Flags = wire.NoUpload
		}
		n.engine.Received(w.now, l, wire.Append(nil, &m))
	}
	return w, n
}

func TestSlicesAreOfferedToAsManyNeighboursAsIsSaid(t *testing.T) {
	w, n := surrounded(t, func(c *Config) { c.PushPeers = 3 })
	offered := offeredTo(w, n, 3*time.Second)
	require.Len(t, offered, 3)
	require.NotZero(t, offered[3]*offered[4]*offered[5], "those who pass on what they get come before others")

	n.engine.LinkClosed(w.now, 4)
	n.engine.Actions()
	offered = offeredTo(w, n, 3*time.Second)
	require.Len(t, offered, 3, "another takes the place of who has left")
	require.NotZero(t, offered[6])

	n.engine.SetPushPeers(w.now, -1)
	n.engine.Actions()
	require.Empty(t, offeredTo(w, n, 3*time.Second))
	n.engine.SetPushPeers(w.now, 0)
	require.Len(t, offeredTo(w, n, 3*time.Second), 7)
}

func TestWhoOffersNothingIsAskedAndAnswers(t *testing.T) {
	w := newWorld(t)
	w.payload = 20 << 10
	for range 4 {
		w.join(func(c *Config) { c.PushPeers = -1 })
	}
	w.run(30 * time.Second)
	s := w.totals()
	require.Zero(t, s.UploadPushedBytes)
	require.Zero(t, s.Offers)
	require.NotZero(t, s.UploadBytes)
	require.NotZero(t, s.PeerBytes)
	require.Zero(t, s.Stalls)
}

// oldestAge is how long ago what an engine still holds was played at the most.
func oldestAge(w *world, n *node) time.Duration {
	low, ok := n.engine.store.oldest()
	require.True(w.t, ok)
	return w.now.Sub(w.start) - 6*time.Second - w.slices[low].Proof.Time
}

func TestWhatWasPlayedIsKeptAsLongAsIsSaid(t *testing.T) {
	w := newWorld(t)
	short := w.join(func(c *Config) { c.KeepBehind = 2 * time.Second })
	none := w.join(func(c *Config) { c.KeepBehind = -1 })
	usual, long := w.join(nil), w.join(func(c *Config) { c.KeepBehind = 20 * time.Second })
	w.run(40 * time.Second)
	const exact = float64(time.Second)
	require.InDelta(t, 2*time.Second, oldestAge(w, short), exact)
	require.InDelta(t, 0, oldestAge(w, none), exact)
	require.InDelta(t, 10*time.Second, oldestAge(w, usual), exact)
	require.InDelta(t, 20*time.Second, oldestAge(w, long), exact)

	long.engine.SetKeepBehind(w.now, 3*time.Second)
	require.InDelta(t, 3*time.Second, oldestAge(w, long), exact, "at once")
	none.engine.SetKeepBehind(w.now, 5*time.Second)
	w.run(20 * time.Second)
	require.InDelta(t, 5*time.Second, oldestAge(w, none), exact)
	for _, n := range w.nodes {
		n.inOrder()
	}
}

func TestWhatIsKeptForOthersIsLimitedByMemory(t *testing.T) {
	w := newWorld(t)
	n := w.join(func(c *Config) { c.KeepBehind, c.MaxBytes = time.Hour, 40*w.payload })
	w.run(time.Minute)
	require.LessOrEqual(t, n.engine.store.bytes, 40*w.payload)
	n.inOrder()
}

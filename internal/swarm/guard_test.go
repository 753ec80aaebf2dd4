package swarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhoIsAloneDoesNotCountOnNeighbours(t *testing.T) {
	w := newWorld(t)
	w.join(nil)
	e := New(Config{Self: PeerID{7}, Track: w.track, Live: w.nodes[0].engine.cfg.Live}, w.now)
	whole := e.policy.Guard(e.playout.delay)
	require.Less(t, e.guard(false), whole, "neighbours may come")
	e.now = w.now.Add(aloneAfter + time.Millisecond)
	require.Equal(t, whole, e.guard(false))
	require.Equal(t, whole, e.guard(true))
}

func TestEarlyFetchesLeaveRoomForWhatIsNeededFirst(t *testing.T) {
	k := newTalk(t, nil)
	k.e.Actions()
	early := k.e.want(k.e.playout.newest + 3)
	require.Greater(t, k.e.playout.deadline(early.number).Sub(k.w.now), k.e.policy.Guard(k.e.playout.delay))
	first := k.e.want(k.e.playout.position)
	k.e.server.open = maxEarly
	require.False(t, k.e.fetch(k.w.now, early, &k.e.stats.FetchedFirst, 0))
	k.e.unfetch(first)
	k.e.server.open = maxEarly
	require.True(t, k.e.fetch(k.w.now, first, &k.e.stats.FetchedFirst, 0))
	k.e.server.open = maxEarly - 1
	require.True(t, k.e.fetch(k.w.now, early, &k.e.stats.FetchedFirst, 0))
}

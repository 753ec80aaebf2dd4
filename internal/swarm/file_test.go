package swarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// newFile returns an engine that plays the slices that a world has cut as a file.
func newFile(t *testing.T, start time.Duration) (*world, *Engine) {
	w := newWorld(t)
	f := &File{Slices: slice.Number(len(w.slices)), Duration: time.Duration(len(w.slices)) * sliceEvery, Start: start}
	for n := 0; n < len(w.slices); n += w.groupLen {
		f.Groups = append(f.Groups, Group{slice.Number(n), w.slices[n].Proof.Time})
	}
	verifier, _ := signing.NewVerifier(w.signer.PublicKey())
	return w, New(Config{Self: PeerID{1}, Track: w.track, Verifier: verifier, File: f}, w.now)
}

// watch gives the engine what it fetches, at once, for a while, and returns what it delivers.
func watch(w *world, e *Engine, lasts time.Duration) (delivered []slice.Number, kinds map[ActionKind]int) {
	kinds = map[ActionKind]int{}
	for end := w.now.Add(lasts); w.now.Before(end); w.now = w.now.Add(10 * time.Millisecond) {
		e.Tick(w.now)
		for actions := e.Actions(); len(actions) > 0; actions = e.Actions() {
			for _, a := range actions {
				kinds[a.Kind]++
				switch a.Kind {
				case Fetch:
					e.Fetched(w.now, w.slices[a.Number])
				case Deliver:
					delivered = append(delivered, a.Slice.Number)
				}
			}
		}
	}
	return delivered, kinds
}

func TestAFileIsPlayedFromAnywhereToItsEnd(t *testing.T) {
	w, e := newFile(t, 21*time.Second)
	delivered, kinds := watch(w, e, 15*time.Second)
	require.Equal(t, slice.Number(80), delivered[0], "the group that holds 21 s")
	require.Equal(t, slice.Number(len(w.slices)-1), delivered[len(delivered)-1])
	require.Len(t, delivered, len(w.slices)-80)
	require.Equal(t, 1, kinds[Started])
	require.Equal(t, 1, kinds[Ended])
	require.Zero(t, kinds[Stalled])
}

func TestSeek(t *testing.T) {
	w, e := newFile(t, 0)
	first, _ := watch(w, e, 2*time.Second)
	require.Equal(t, slice.Number(0), first[0])
	require.Less(t, len(first), 12, "it is played at its pace")
	e.Seek(w.now, 16*time.Second)
	then, kinds := watch(w, e, 2*time.Second)
	require.Equal(t, slice.Number(64), then[0])
	require.Equal(t, 1, kinds[Started])
	require.Zero(t, kinds[Stalled])
	e.Seek(w.now, 0)
	again, kinds := watch(w, e, time.Second)
	require.Equal(t, slice.Number(0), again[0])
	require.Zero(t, kinds[Fetch], "what is held stays held")
}

func TestTimesOfAFile(t *testing.T) {
	f := &File{Slices: 10, Duration: 5 * time.Second, Groups: []Group{{0, 0}, {4, time.Second}, {8, 3 * time.Second}}}
	require.Equal(t, 500*time.Millisecond, f.TimeOf(2))
	require.Equal(t, time.Second, f.TimeOf(4))
	require.Equal(t, 4*time.Second, f.TimeOf(9))
	require.Equal(t, Group{4, time.Second}, f.group(2900*time.Millisecond))
	require.Equal(t, Group{8, 3 * time.Second}, f.group(time.Hour))
}

func TestAFileMayBeLong(t *testing.T) {
	k := newFilm(t, 0)
	long := *k.e.cfg.File
	long.Slices = 20_000
	k.e.cfg.File = &long
	s := *k.w.slices[3]
	s.Number = 19_000
	k.e.store.put(&s)
	k.e.store.put(k.w.slices[3])
	require.True(t, k.e.store.has(3), "who has seen the end may see the beginning")
	require.True(t, k.e.store.has(19_000))
	first, held := k.e.store.bitmap(wire.MaxBitmap)
	require.EqualValues(t, 3, first)
	p := &neighbour{}
	p.holds.bits = make([]uint64, maxHoldings)
	k.e.onHello(k.w.now, p, &wire.Message{Version: wire.Version, Track: k.w.track, First: first, Bitmap: held})
	require.True(t, p.holds.has(3))
	require.True(t, p.holds.has(19_000))
	require.False(t, p.holds.has(4))
}

func TestWhatANeighbourLetGoOfIsNotAskedOfItAgain(t *testing.T) {
	k := newFilm(t, 0)
	asked, _ := k.requests(100 * time.Millisecond)
	require.NotEmpty(t, asked)
	k.say(&wire.Message{Kind: wire.Refuse, Number: asked[0].Number, Reason: wire.NotHeld})
	again, _ := k.requests(2 * time.Second)
	require.NotEmpty(t, again)
	for _, m := range again {
		require.NotEqual(t, asked[0].Number, m.Number)
	}
}

func TestWhatIsDueSoonIsNotAskedOfAPeer(t *testing.T) {
	k := newFilm(t, 0)
	asked, fetches := k.requests(20 * time.Millisecond)
	require.Greater(t, len(fetches), 1)
	for _, m := range asked {
		require.Greater(t, k.e.playout.trackTime(m.Number), 250*time.Millisecond)
	}
}

func TestSeveralNeighboursAreServedInTurn(t *testing.T) {
	now := time.Unix(1, 0)
	near, far := &neighbour{rttMin: 20 * time.Millisecond}, &neighbour{rttMin: 80 * time.Millisecond}
	at := func(n slice.Number) *slice.Slice { return &slice.Slice{Number: n, Payload: make([]byte, 100)} }
	first := &pending{to: far, slice: at(3), inTurn: true}
	require.False(t, (&pending{to: near, slice: at(9000), inTurn: true}).before(first), "no slice is newer than another")
	require.True(t, (&pending{to: near, slice: at(2), inTurn: true, urgent: true, deadline: now}).before(first))
}

func TestLessMemoryIsTakenAtOnce(t *testing.T) {
	w, e := newFile(t, 0)
	watch(w, e, 5*time.Second)
	held, size := e.store.bytes, len(w.slices[0].Payload)
	require.Greater(t, held, 5*size)
	e.SetMaxBytes(w.now, held/2)
	require.LessOrEqual(t, e.store.bytes, held/2)
	watch(w, e, time.Second)
	require.Less(t, e.store.bytes, held*3/4, "what came since the last tick is more")
	e.SetMaxBytes(w.now, 2*held)
	_, kinds := watch(w, e, time.Second)
	require.Zero(t, kinds[Stalled])
}

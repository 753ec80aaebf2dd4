package swarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
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
	require.Equal(t, 500*time.Millisecond, f.timeOf(2))
	require.Equal(t, time.Second, f.timeOf(4))
	require.Equal(t, 4*time.Second, f.timeOf(9))
	require.Equal(t, Group{4, time.Second}, f.group(2900*time.Millisecond))
	require.Equal(t, Group{8, 3 * time.Second}, f.group(time.Hour))
}

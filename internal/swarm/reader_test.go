package swarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/slice"
)

// readThrough reads a file from slice n on for a while, one slice each time it is there, and returns how many it got.
func readThrough(w *world, e *Engine, n slice.Number, lasts time.Duration, eager bool) (got slice.Number, kept int) {
	for end := w.now.Add(lasts); w.now.Before(end); w.now = w.now.Add(10 * time.Millisecond) {
		for n+got <= e.playout.last && e.Read(w.now, n+got, eager) != nil {
			got++
		}
		e.Tick(w.now)
		for actions := e.Actions(); len(actions) > 0; actions = e.Actions() {
			for _, a := range actions {
				switch a.Kind {
				case Fetch:
					e.Fetched(w.now, w.slices[a.Number])
				case Kept:
					kept++
				}
			}
		}
	}
	return got, kept
}

func TestWhatIsReadOfAFileComesAtThePaceOfAPlayer(t *testing.T) {
	w, e := newFile(t, 0)
	got, kept := readThrough(w, e, 0, 5*time.Second, false)
	played := slice.Number(5 * time.Second / sliceEvery)
	require.GreaterOrEqual(t, got, played)
	require.Less(t, got, played+slice.Number(4*time.Second/sliceEvery), "the server is spared")
	require.EqualValues(t, got, kept)
}

func TestAnEagerReaderDoesNotWaitForAClock(t *testing.T) {
	w, e := newFile(t, 0)
	got, _ := readThrough(w, e, 0, 5*time.Second, true)
	require.EqualValues(t, len(w.slices), got)
}

func TestReadingElsewhereMovesPlayback(t *testing.T) {
	w, e := newFile(t, 0)
	_, _ = readThrough(w, e, 0, time.Second, false)
	got, _ := readThrough(w, e, 83, time.Second, false) // not where a group starts
	require.Positive(t, got)
	require.False(t, e.store.has(82))
	back, _ := readThrough(w, e, 0, 100*time.Millisecond, false)
	require.Positive(t, back, "what is held is given at once")
	require.Nil(t, e.Read(w.now, e.playout.last+1, false))
}

func TestAPausedPlayerLoadsNoMoreThanWhatIsAhead(t *testing.T) {
	w, e := newFile(t, 0)
	e.playout.file.Ahead = 2 * time.Second
	_, _ = readThrough(w, e, 0, time.Second, false)
	e.Hold(w.now, true)
	position := e.playout.position
	_, kinds := watch(w, e, 20*time.Second)
	require.Equal(t, position, e.playout.position)
	require.Zero(t, kinds[Deliver])
	require.LessOrEqual(t, kinds[Fetch], int(3*time.Second/sliceEvery))
	e.Hold(w.now, false)
	delivered, kinds := watch(w, e, 2*time.Second)
	require.Equal(t, position, delivered[0])
	require.Zero(t, kinds[Stalled])
}

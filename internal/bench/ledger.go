package bench

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

// ledger is the list of all media tags that the origin sent, in order, with the time at which each was sent. It is
// written by the origin and read by who follows the stream. One run is minutes long, so nothing is dropped.
type ledger struct {
	seed maphash.Seed

	mu      sync.Mutex
	entries []entry
	starts  map[uint64][]int // entries of keyframes by fingerprint: where a follower can come in
}

type entry struct {
	print uint64
	at    time.Time
}

func newLedger() *ledger { return &ledger{seed: maphash.MakeSeed(), starts: map[uint64][]int{}} }

// fingerprint stands for the kind and the bytes of a tag; timestamps are not in it, for they change on the way.
func (l *ledger) fingerprint(t *flv.Tag) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	var head [5]byte
	head[0] = byte(t.Type)
	binary.BigEndian.PutUint32(head[1:], uint32(len(t.Body)))
	_, _ = h.Write(head[:])
	_, _ = h.Write(t.Body)
	return h.Sum64()
}

// counts tells whether the ledger follows tags of this kind: what a decoder shows. Metadata and sequence headers are
// repeated and completed on the way.
func counts(t *flv.Tag) bool {
	return (t.Type == flv.Audio || t.Type == flv.Video) && !t.IsSequenceHeader()
}

// sent notes a tag that the origin sends at this moment.
func (l *ledger) sent(t *flv.Tag, at time.Time) {
	if !counts(t) {
		return
	}
	print := l.fingerprint(t)
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.IsKeyframe() {
		l.starts[print] = append(l.starts[print], len(l.entries))
	}
	l.entries = append(l.entries, entry{print, at})
}

// follower checks one viewer's output against the ledger, tag by tag, and measures how late each tag is.
type follower struct {
	ledger *ledger
	expect time.Duration // the delay at which the viewer should be: the clip loops, so a tag alone tells only where in the loop
	next   int           // the entry that should come next, -1 before the first keyframe
	delays []float64     // milliseconds, of each tag that was found
	bad    int64         // tags that the origin did not send, or not then
	skips  int64         // tags that were left out
}

func newFollower(l *ledger, expect time.Duration) *follower {
	return &follower{ledger: l, expect: expect, next: -1}
}

// reach is how many tags a viewer may leave out and still be followed: over half a minute of audio and video.
const reach = 4096

// got takes the viewer's next tag, which came out at this moment.
func (f *follower) got(t *flv.Tag, at time.Time) {
	if !counts(t) {
		return
	}
	print := f.ledger.fingerprint(t)
	f.ledger.mu.Lock()
	defer f.ledger.mu.Unlock()
	if f.next < 0 {
		best, distance := -1, time.Duration(0)
		for _, i := range f.ledger.starts[print] {
			d := (at.Sub(f.ledger.entries[i].at) - f.expect).Abs()
			if best < 0 || d < distance {
				best, distance = i, d
			}
		}
		if best < 0 {
			f.bad++
			return
		}
		f.next = best
	}
	entries := f.ledger.entries
	for i := f.next; i < len(entries) && i < f.next+reach; i++ {
		if entries[i].print != print {
			continue
		}
		f.skips += int64(i - f.next)
		f.next = i + 1
		f.delays = append(f.delays, milliseconds(at.Sub(entries[i].at)))
		return
	}
	f.bad++
}

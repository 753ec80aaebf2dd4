package bench

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
)

// ledger is the list of all media tags that the origin sent, in order: what came out of a plain HTTP-FLV connection. A
// run is minutes long, so nothing is dropped.
type ledger struct {
	seed maphash.Seed

	mu     sync.Mutex
	prints []uint64
	starts map[uint64]int // where keyframes stand; the origin's marks make each frame unique
}

func newLedger() *ledger { return &ledger{seed: maphash.MakeSeed(), starts: map[uint64]int{}} }

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

// add notes the next tag.
func (l *ledger) add(t *flv.Tag) {
	if !counts(t) {
		return
	}
	print := l.fingerprint(t)
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.IsKeyframe() {
		l.starts[print] = len(l.prints)
	}
	l.prints = append(l.prints, print)
}

// follower checks one viewer's output against the ledger, tag by tag, and measures how late each video frame is.
type follower struct {
	ledger *ledger
	next   int       // the entry that should come next, -1 before the first keyframe
	delays []float64 // milliseconds behind the origin, of each video frame
	bad    int64     // tags that the origin did not send, or not then
	skips  int64     // tags that were left out
}

func newFollower(l *ledger) *follower { return &follower{ledger: l, next: -1} }

// reach is how many tags a viewer may leave out and still be followed: over half a minute of audio and video.
const reach = 4096

// got takes the viewer's next tag, which came out at this moment.
func (f *follower) got(t *flv.Tag, at time.Time) {
	if !counts(t) {
		return
	}
	if mark, ok := origin.ParseMark(t); ok {
		f.delays = append(f.delays, milliseconds(at.Sub(mark.Sent)))
	}
	print := f.ledger.fingerprint(t)
	f.ledger.mu.Lock()
	defer f.ledger.mu.Unlock()
	if f.next < 0 {
		start, ok := f.ledger.starts[print]
		if !ok {
			f.bad++
			return
		}
		f.next = start
	}
	prints := f.ledger.prints
	for i := f.next; i < len(prints) && i < f.next+reach; i++ {
		if prints[i] == print {
			f.skips += int64(i - f.next)
			f.next = i + 1
			return
		}
	}
	f.bad++
}

// shortBuffer is what the player of lateness holds before it begins.
const shortBuffer = 500 * time.Millisecond

// lateness plays a viewer's output as a player with a short buffer would, and counts how often that runs dry.
type lateness struct {
	begun bool
	base  time.Time // when timestamp 0 is shown
	dry   int
}

func (l *lateness) got(t *flv.Tag, at time.Time) {
	if !counts(t) {
		return
	}
	stands := time.Duration(t.Timestamp) * time.Millisecond
	switch {
	case !l.begun:
		l.begun = true
	case !at.After(l.base.Add(stands)):
		return
	default:
		l.dry++
	}
	l.base = at.Add(shortBuffer - stands)
}

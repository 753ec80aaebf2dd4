package swarm

import (
	"sort"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// File describes a track that is a file: all of it can be had at any time, and each viewer plays at a place of its own.
type File struct {
	// Slices is how many slices the track has; they are numbered from 0. At least one, at most 262,144.
	Slices slice.Number
	// Duration is how long all of them last.
	Duration time.Duration
	// Groups are where a decoder can start, in order; the first is slice 0 at time 0.
	Groups []Group
	// Start is the track time to begin at.
	Start time.Duration
	// Ahead is how far beyond the play position slices are loaded. If zero, 30 s.
	Ahead time.Duration
}

// group returns the last group that begins at or before t.
func (f *File) group(t time.Duration) Group {
	i := sort.Search(len(f.Groups), func(i int) bool { return f.Groups[i].Time > t })
	if i == 0 {
		return Group{}
	}
	return f.Groups[i-1]
}

// around returns the group that slice n belongs to and the next, which is the end of the file after the last.
func (f *File) around(n slice.Number) (from, to Group) {
	i := sort.Search(len(f.Groups), func(i int) bool { return f.Groups[i].Number > n })
	to = Group{f.Slices, f.Duration}
	if i < len(f.Groups) {
		to = f.Groups[i]
	}
	if i > 0 {
		from = f.Groups[i-1]
	}
	return from, to
}

// TimeOf returns where slice n begins, even steps between groups taken for granted.
func (f *File) TimeOf(n slice.Number) time.Duration {
	from, to := f.around(n)
	if to.Number <= from.Number {
		return from.Time
	}
	return from.Time + (to.Time-from.Time)*time.Duration(n-from.Number)/time.Duration(to.Number-from.Number)
}

// Seek goes on playing a file from track time at. What is held stays held.
func (e *Engine) Seek(now time.Time, at time.Duration) {
	if e.cfg.File == nil || e.left {
		return
	}
	e.now = now
	e.dropAll()
	e.playout.open(&e.cfg, at, now)
	e.sought = now
	e.nextPass = now
	e.Tick(now)
}

// Read returns slice n of a file for who reads it, nil if it is not here; then a Kept action tells when it is. Playback
// moves to what is read: anew if it is far from there; if the reader is ahead of the clock of a player, as one that fills
// its buffer, the clock moves along as far as half of what is loaded ahead stays between them, so that peers keep time to
// send. An eager reader, which is no player, has no use for a clock: what no neighbour
// holds is taken from the server at once.
func (e *Engine) Read(now time.Time, n slice.Number, eager bool) *slice.Slice {
	p := &e.playout
	if p.file == nil || e.left || n > p.last {
		return nil
	}
	if s := e.store.get(n); s != nil {
		p.hungry = false
		return s
	}
	e.now = now
	ahead := min(slice.Number(e.ahead()/p.mean)+1, maxAhead)
	moved := true
	switch {
	case n < p.position || p.ended || n >= p.position+2*ahead || !e.holdsAll(p.position, n):
		e.dropAll()
		p.open(&e.cfg, p.trackTime(n), now)
		p.playAt(n, now)
		e.sought = now
	case eager && n > p.position:
		p.playAt(n, now.Add(eagerSlack))
	case n >= p.position+ahead-ahead/4:
		p.playAt(n-ahead/2, now)
	default:
		moved = false
	}
	p.eager, p.hungry = eager, true
	if moved {
		e.nextPass = now
		e.Tick(now)
	}
	return nil
}

// eagerSlack is when what an eager reader waits for is due: late enough for peers to be asked for it.
const eagerSlack = time.Second

// holdsAll tells whether all slices from n on and before end are here: who has read them and waits for end has not jumped.
func (e *Engine) holdsAll(n, end slice.Number) bool {
	for ; n < end; n++ {
		if !e.store.has(n) {
			return false
		}
	}
	return true
}

// Held returns slice n if it is here, and does nothing else.
func (e *Engine) Held(n slice.Number) *slice.Slice { return e.store.get(n) }

// Position returns the number of the slice that is played next.
func (e *Engine) Position() slice.Number { return e.playout.position }

// Hold stops the clock of a file's player that takes nothing, and lets it run on. What is ahead goes on being loaded until
// as much is here as always.
func (e *Engine) Hold(now time.Time, on bool) {
	if p := &e.playout; p.file != nil && p.held != on {
		e.now = now
		p.held = on
		p.playAt(p.position, now)
	}
}

// ahead returns how far beyond the play position a file is loaded.
func (e *Engine) ahead() time.Duration {
	if a := e.playout.file.Ahead; a > 0 {
		return a
	}
	return fileAhead
}

package swarm

import (
	"sort"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// File describes a track that is a file: all of it can be had at any time, and each viewer plays at a place of its own.
type File struct {
	// Slices is how many slices the track has; they are numbered from 0. At least one, at most 65,536.
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

// timeOf returns where slice n begins, even steps between groups taken for granted.
func (f *File) timeOf(n slice.Number) time.Duration {
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

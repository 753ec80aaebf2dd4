package hls

import (
	"net/url"
	"slices"
)

const (
	// staleLimit is how many older playlists in a row are taken for a slow cache's before they are believed.
	staleLimit = 3
	// stuckAfter is how many updates without news make a playlist stuck: three target durations at ReloadAfter's pace.
	stuckAfter = 6
)

// Window follows a media playlist through its loads. The zero value is ready. It keeps no time: what is long is
// counted in updates.
type Window struct {
	// Same says whether two segments of the same sequence number are the same one. If nil, they are if path and byte range
	// are: hosts differ between caches, and queries hold signatures that change from load to load.
	Same func(a, b *Segment) bool

	begun     bool
	segments  []Segment // of the last playlist, those included that a delta update skipped
	open      *Segment
	sequence  int64 // of the first
	progress  progress
	epoch     int
	stale     int
	unchanged int
	ended     bool
}

// progress is what shows that a low-latency playlist has grown although it has no new segment.
type progress struct {
	parts int
	hint  string
}

// Change says how a playlist differs from the one before.
type Change struct {
	// Changed is for ReloadAfter: the playlist has a new segment or part, ended, or began anew.
	Changed bool
	// Lost is how many segments went by between the two loads.
	Lost int64
	// Restarted says that the origin began anew: sequence numbers went back, or name other segments than before. All
	// segments count as new, and none of before continues.
	Restarted bool
	// Epoch counts restarts. A segment is told by epoch and sequence number.
	Epoch int
	// Stale says that this playlist is older than the last, as a cache may give it; it was put aside. After three of those
	// in a row the origin is taken to have restarted.
	Stale bool
	// Unchanged counts the updates in a row that brought nothing new, and Stuck says that they are many: at ReloadAfter's
	// pace, three target durations.
	Unchanged int
	Stuck     bool
	// Ended says that no segments will follow.
	Ended bool
}

// Segments returns those of the last playlist, skipped ones of a delta update included. Do not change them.
func (w *Window) Segments() []Segment { return w.segments }

// Open returns the last playlist's Media.Open with what a delta update left out put in. Do not change it.
func (w *Window) Open() *Segment { return w.open }

// Update takes the next load of the playlist and returns the segments that were not there before, in order; of the
// first load, all.
//
// Errors: fault.SourceInvalid, with ErrNeither if p is no media playlist, with ErrSkipped if p is a delta update of
// another playlist than the last: load it whole. The window is then as before.
func (w *Window) Update(p *Playlist) (fresh []Segment, c Change, err error) {
	if p == nil || p.Media == nil {
		return nil, w.change(), invalid(ErrNeither, 0, "is no media playlist; choose one of its variants")
	}
	m := p.Media
	segments, open, ok := w.merge(m)
	if !ok {
		return nil, w.change(), invalid(ErrSkipped, 0, "leaves out segments that are not known; load it without _HLS_skip")
	}
	next := w.sequence + int64(len(w.segments))
	switch {
	case !w.begun:
		fresh = segments
	case w.restarted(m.Sequence, segments):
		return w.restart(m, segments, open)
	case m.Next() < next:
		if w.stale++; w.stale > staleLimit && m.Skipped == 0 {
			return w.restart(m, segments, open)
		}
		c.Stale = true
		w.unchanged++
	default:
		c.Lost = max(0, m.Sequence-next)
		fresh = segments[min(max(0, next-m.Sequence), int64(len(segments))):]
	}
	if !c.Stale {
		c.Changed = !w.begun || len(fresh) > 0 || c.Lost > 0 || progressOf(m) != w.progress || m.EndList != w.ended
		w.accept(m, segments, open, c.Changed)
	}
	now := w.change()
	now.Changed, now.Lost, now.Stale = c.Changed, c.Lost, c.Stale
	return slices.Clone(fresh), now, nil
}

// change returns what the window's state says of itself.
func (w *Window) change() Change {
	return Change{Epoch: w.epoch, Unchanged: w.unchanged, Stuck: w.unchanged >= stuckAfter && !w.ended, Ended: w.ended}
}

func (w *Window) restart(m *Media, segments []Segment, open *Segment) ([]Segment, Change, error) {
	w.epoch++
	w.accept(m, segments, open, true)
	c := w.change()
	c.Changed, c.Restarted = true, true
	return slices.Clone(segments), c, nil
}

func (w *Window) accept(m *Media, segments []Segment, open *Segment, changed bool) {
	w.begun, w.stale = true, 0
	w.segments, w.open, w.sequence, w.ended, w.progress = segments, open, m.Sequence, m.EndList, progressOf(m)
	w.unchanged++
	if changed {
		w.unchanged = 0
	}
}

func progressOf(m *Media) progress {
	var p progress
	if m.Open != nil {
		p.parts = len(m.Open.Parts)
	}
	if len(m.PreloadHints) > 0 {
		p.hint = m.PreloadHints[0].URI
	}
	return p
}

// restarted says whether a playlist cannot be a later, or earlier, load of the one before.
func (w *Window) restarted(sequence int64, segments []Segment) bool {
	same := w.Same
	if same == nil {
		same = sameResource
	}
	begin := max(sequence, w.sequence)
	end := min(sequence+int64(len(segments)), w.sequence+int64(len(w.segments)))
	for n := begin; n < end; n++ {
		if !same(&segments[n-sequence], &w.segments[n-w.sequence]) {
			return true
		}
	}
	return sequence < w.sequence && begin >= end // back, and nothing in common
}

// sameResource compares paths and byte ranges.
func sameResource(a, b *Segment) bool {
	if a.Range != b.Range {
		return false
	}
	if a.URI == b.URI {
		return true
	}
	u, err1 := url.Parse(a.URI)
	v, err2 := url.Parse(b.URI)
	return err1 == nil && err2 == nil && u.EscapedPath() == v.EscapedPath() && u.Opaque == v.Opaque
}

// merge puts the segments that a delta update skipped before those that it lists (draft-pantos-hls-rfc8216bis,
// 6.2.5.1), and hands on to these what the skipped lines said. False if they are not known.
func (w *Window) merge(m *Media) ([]Segment, *Segment, bool) {
	if m.Skipped == 0 {
		return m.Segments, m.Open, true
	}
	from := m.Sequence - w.sequence
	if !w.begun || from < 0 || from+m.Skipped > int64(len(w.segments)) {
		return nil, nil, false
	}
	listed := m.Segments
	if m.Open != nil {
		listed = append(slices.Clip(listed), *m.Open)
	}
	all := make([]Segment, 0, int(m.Skipped)+len(listed))
	all = append(all, w.segments[from:from+m.Skipped]...)
	for i := range all {
		all[i].Start -= w.segments[from].Start
	}
	last := all[len(all)-1]
	// The listed ones are counted from what the playlist says of its first segment, the skipped first one.
	discontinuities := last.DiscSequence
	for i := range listed {
		s := listed[i]
		s.Start += last.Start + last.Duration
		if s.Discontinuity {
			discontinuities++
		}
		s.DiscSequence = discontinuities
		if i < m.inheritKeys {
			s.Keys = last.Keys
		}
		if i < m.inheritMap {
			s.Map = last.Map
		}
		if s.ProgramTime.IsZero() && !last.ProgramTime.IsZero() {
			s.ProgramTime = last.ProgramTime.Add(s.Start - last.Start)
		}
		all = append(all, s)
	}
	whole, open := splitOpen(all, int(m.Skipped)+len(m.Segments))
	return whole, open, true
}

package edge

import (
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

// recent is how much of the newest part of a stream its rates and its live line are measured over.
const recent = 10 * time.Second

// window holds the newest slices of a track, each encoded once, and wakes who waits for the next ones.
type window struct {
	keep     time.Duration
	maxBytes int64

	mu      sync.Mutex
	kept    []kept       // in order, without gaps
	group   slice.Number // start of the newest group, which viewers need to start at all
	bytes   int64
	next    slice.Number
	ended   error // what requests beyond the end get; nil while the track goes on
	waiting map[slice.Number]chan struct{}
}

// kept is a slice with its encoded form, which its payload is a part of.
type kept struct {
	slice  *slice.Slice
	frame  []byte
	copies int // how many were given out as answers
}

func newWindow(keep time.Duration, maxBytes int64) *window {
	return &window{keep: keep, maxBytes: maxBytes, waiting: map[slice.Number]chan struct{}{}}
}

// append adds the next slice and drops what has become too old or too much.
func (w *window) append(s *slice.Slice, frame []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, kept{slice: s, frame: frame})
	w.bytes += int64(len(frame))
	w.next = s.Number + 1
	w.group = s.Proof.Group
	drop := 0
	for ; drop < len(w.kept)-1; drop++ {
		old := &w.kept[drop]
		stale := s.Proof.Time-old.slice.Proof.Time > w.keep && old.slice.Number < w.group
		if w.bytes <= w.maxBytes && !stale {
			break
		}
		w.bytes -= int64(len(old.frame))
	}
	if drop > 0 {
		clear(w.kept[:drop]) // the array lives on until append moves it
		w.kept = w.kept[drop:]
	}
	if c, ok := w.waiting[s.Number]; ok {
		close(c)
		delete(w.waiting, s.Number)
	}
}

// end makes all present and future requests beyond the last slice fail with err.
func (w *window) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = err
	for n, c := range w.waiting {
		close(c)
		delete(w.waiting, n)
	}
}

// get returns slice n encoded; or a channel that is closed when asking again makes sense; or why neither. It refuses a
// slice of which most copies or more are out, unless most is 0. What it returns counts as one more copy if take says so
// of a frame of that size: under the lock, so that no number of requests at once gets more than most.
func (w *window) get(
	n slice.Number, most int, take func(size int) bool,
) (frame []byte, wait <-chan struct{}, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := w.next - slice.Number(len(w.kept))
	switch {
	case n < first:
		return nil, nil, fault.New(fault.SliceGone, "the slice has left the window; go on at the resolution's first or newer")
	case n < w.next:
		k := &w.kept[n-first]
		if most > 0 && k.copies >= most {
			return nil, nil, fault.New(fault.SliceEnough,
				"enough copies of the slice are on their way: get it from peers, or ask without copies=N")
		}
		if take(len(k.frame)) {
			k.copies++
		}
		return k.frame, nil, nil
	case w.ended != nil:
		return nil, nil, w.ended
	case n-w.next >= edgeapi.MaxAhead:
		return nil, nil, notYet()
	}
	c, ok := w.waiting[n]
	if !ok {
		c = make(chan struct{})
		w.waiting[n] = c
	}
	return nil, c, nil
}

func notYet() error {
	return fault.New(fault.SliceNotYet, "the slice is not cut yet; ask again, with Prefer: wait=10 to be answered when it is")
}

// behind returns what is kept from the start of the newest group on that begins so long before the end of what is kept; if there
// is none, from the oldest that is whole. The slices are shared.
func (w *window) behind(d time.Duration) []*slice.Slice {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.kept) == 0 {
		return nil
	}
	first, last := w.next-slice.Number(len(w.kept)), w.kept[len(w.kept)-1].slice.Proof
	from := max(w.group, first) - first
	for i := int(from); i >= 0; i-- {
		p := w.kept[i].slice.Proof
		if !p.StartsGroup(w.kept[i].slice.Number) {
			continue
		}
		if from = slice.Number(i); last.Time+last.Duration-p.Time >= d {
			break
		}
	}
	list := make([]*slice.Slice, 0, slice.Number(len(w.kept))-from)
	for i := from; i < slice.Number(len(w.kept)); i++ {
		list = append(list, w.kept[i].slice)
	}
	return list
}

// live describes the window; state and now are filled in by the caller. False while nothing was cut.
func (w *window) live() (edgeapi.Live, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := edgeapi.Live{Groups: []edgeapi.Point{}}
	if len(w.kept) == 0 {
		return l, false
	}
	last := w.kept[len(w.kept)-1].slice
	l.Edge = edgeapi.EdgePoint{Number: last.Number, Time: last.Proof.Time.Milliseconds(), Cut: last.Proof.Cut.UnixMilli()}
	l.First = w.kept[0].slice.Number
	var payload, count int64
	span := time.Duration(0)
	for i := len(w.kept) - 1; i >= 0; i-- {
		s := w.kept[i].slice
		p := s.Proof
		if p.StartsGroup(s.Number) {
			l.Groups = append(l.Groups, edgeapi.Point{Number: s.Number, Time: p.Time.Milliseconds()})
		}
		end := p.Time + p.Duration
		if count > 0 && last.Proof.Cut.Sub(p.Cut) > recent {
			continue
		}
		if line := p.Cut.UnixMilli() - end.Milliseconds(); count == 0 || line < l.Line {
			l.Line = line
		}
		count, payload = count+1, payload+int64(len(s.Payload))
		span = last.Proof.Time + last.Proof.Duration - p.Time
	}
	// A rate over less than one slice would say nothing.
	seconds := max(span, slice.MaxDuration).Seconds()
	l.Rate, l.Bitrate = float64(count)/seconds, int64(float64(8*payload)/seconds)
	for i, j := 0, len(l.Groups)-1; i < j; i, j = i+1, j-1 {
		l.Groups[i], l.Groups[j] = l.Groups[j], l.Groups[i]
	}
	return l, true
}

// size returns how much is kept and how many slices were cut.
func (w *window) size() (count int, bytes int64, next slice.Number) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.kept), w.bytes, w.next
}

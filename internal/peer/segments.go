package peer

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/slice"
)

// segments holds what has come of a live playlist, by segments, on the loop. Segments that are whole stay for a while, so
// that a player gets them at once.
type segments struct {
	groups  map[slice.Number]*group // of the track that is played
	listed  map[int64]*group        // the same by media sequence number, and whole ones of tracks before
	waiting map[int64][]segmentWaiter
	whole   []*group // those that are whole, oldest first
	bytes   int      // of them
	start   slice.Number
	gone    int64 // media sequence number before which nothing will come any more
}

// group is a segment that comes in slices.
type group struct {
	number slice.Number
	head   *edgeapi.Segment // nil until it is here
	slices map[int][]byte   // by place in the segment
	data   []byte           // once it is whole
	since  time.Time        // when it was
	begun  time.Time        // when the first of them came
}

// segmentWaiter is who waits for a segment. It is answered with nil where the segment is to be had elsewhere.
type segmentWaiter struct {
	segment *hls.Segment
	seen    time.Time // when it was listed first
	// patience is for how long it may come from the swarm since, or since its first slice was here.
	patience time.Duration
	until    time.Time
	answer   chan<- []byte
	ctx      context.Context
}

// segmentsFor is how long segments are kept at the least, while there is room.
const segmentsFor = time.Minute

func newSegments() *segments {
	return &segments{
		groups: map[slice.Number]*group{}, listed: map[int64]*group{}, waiting: map[int64][]segmentWaiter{},
	}
}

// restart begins with another track: what was not whole will never be, and who waits for it is told.
func (s *segments) restart(start slice.Number) {
	s.groups, s.start, s.gone = map[slice.Number]*group{}, start, 0
	for n, g := range s.listed {
		if g.data == nil {
			delete(s.listed, n)
		}
	}
	for n := range s.waiting {
		s.giveUp(n)
	}
}

// add takes a proved slice in. It returns the head if the slice is one.
func (s *segments) add(sl *slice.Slice, now time.Time) *edgeapi.Segment {
	n := sl.Proof.Group
	g := s.groups[n]
	if g == nil {
		g = &group{number: n, slices: map[int][]byte{}, begun: now}
		s.groups[n] = g
	}
	if g.data != nil {
		return nil
	}
	if sl.Number > n {
		g.slices[int(sl.Number-n)-1] = sl.Payload
	} else if g.head == nil {
		if g.head = parseHead(sl.Payload); g.head == nil {
			return nil
		}
		s.listed[g.head.Sequence] = g
		if n == s.start {
			s.gone = max(s.gone, g.head.Sequence)
		}
	}
	s.complete(g, now)
	if sl.Number == n {
		return g.head
	}
	return nil
}

// parseHead reads the first slice of a group, nil if it is none that can be.
func parseHead(payload []byte) *edgeapi.Segment {
	h := new(edgeapi.Segment)
	if json.Unmarshal(payload, h) != nil || h.Size < 0 || h.Size > maxSegment || h.Slice < 0 || h.Slice > slice.MaxPayload ||
		h.Size > 0 && h.Slice == 0 || h.Offset < 0 || h.Length < 0 || h.Sequence < 0 {
		return nil
	}
	return h
}

// complete puts a segment together if all of it is here, and answers who waits for it.
func (s *segments) complete(g *group, now time.Time) {
	if g.head == nil {
		return
	}
	if g.head.Gap || g.head.Size == 0 {
		s.giveUp(g.head.Sequence)
		return
	}
	k := g.head.Slices() - 1
	if len(g.slices) < k {
		return
	}
	data := make([]byte, 0, g.head.Size)
	for i := range k {
		data = append(data, g.slices[i]...)
	}
	g.slices = nil
	if int64(len(data)) != g.head.Size { // the server does not keep to its own word
		g.slices = map[int][]byte{}
		s.giveUp(g.head.Sequence)
		return
	}
	g.data, g.since = data, now
	s.whole = append(s.whole, g)
	s.bytes += len(data)
	waiting := s.waiting[g.head.Sequence]
	delete(s.waiting, g.head.Sequence)
	for _, w := range waiting {
		w.answer <- g.of(w.segment)
	}
}

// of returns the bytes of a segment if it is the one of g.
func (g *group) of(want *hls.Segment) []byte {
	if !g.is(want) {
		return nil
	}
	return g.data
}

// is tells whether what a playlist lists is the segment of g, whose head is known.
func (g *group) is(want *hls.Segment) bool { return isSegment(g.head, want) }

// isSegment tells whether what a playlist lists is the segment that the server speaks of: hosts and queries may differ.
func isSegment(h *edgeapi.Segment, want *hls.Segment) bool {
	u, err := url.Parse(want.URI)
	return err == nil && h.Sequence == want.Sequence && u.EscapedPath() == h.Path &&
		want.Range == hls.ByteRange{Offset: h.Offset, Length: h.Length}
}

// giveUp tells who waits for a segment to get it elsewhere.
func (s *segments) giveUp(n int64) {
	for _, w := range s.waiting[n] {
		w.answer <- nil
	}
	delete(s.waiting, n)
}

// ask answers w at once, or has it wait.
func (s *segments) ask(w segmentWaiter) {
	n := w.segment.Sequence
	g := s.listed[n]
	switch {
	case g != nil && g.data != nil:
		w.answer <- g.of(w.segment)
	case g != nil && (g.head.Gap || !g.is(w.segment)), s.before(n):
		w.answer <- nil
	default:
		// A player that has waited for the segment before asks late for this one, which may be in need all the more.
		if w.until = w.seen.Add(w.patience); g != nil && g.begun.Before(w.seen) {
			w.until = g.begun.Add(w.patience)
		}
		s.waiting[n] = append(s.waiting[n], w)
	}
}

// before tells whether a segment is older than what is played, so that nobody fetches it.
func (s *segments) before(n int64) bool {
	return n < s.gone
}

// sweep lets go of what is too old or too much, and of who has waited for long enough.
func (s *segments) sweep(now time.Time, window time.Duration, most int) {
	for len(s.whole) > 0 && (s.bytes > most || now.Sub(s.whole[0].since) > window) {
		g := s.whole[0]
		s.whole[0] = nil
		s.whole = s.whole[1:]
		s.bytes -= len(g.data)
		s.drop(g)
		g.data = nil
	}
	for n, list := range s.waiting {
		k := 0
		for _, w := range list {
			switch {
			case w.ctx.Err() != nil:
			case !now.Before(w.until) || s.before(n):
				w.answer <- nil
			default:
				list[k] = w
				k++
			}
		}
		if s.waiting[n] = list[:k]; k == 0 {
			delete(s.waiting, n)
		}
	}
}

// forget lets go of segments that are not whole and lie before the play position.
func (s *segments) forget(before slice.Number) {
	for n, g := range s.groups {
		end := n + slice.MaxEntries
		if g.head != nil {
			end = n + slice.Number(g.head.Slices())
		}
		if g.data == nil && end <= before {
			s.drop(g)
		}
	}
}

func (s *segments) drop(g *group) {
	if s.groups[g.number] == g {
		delete(s.groups, g.number)
		if g.head != nil {
			s.gone = max(s.gone, g.head.Sequence+1)
		}
	}
	if g.head != nil && s.listed[g.head.Sequence] == g {
		delete(s.listed, g.head.Sequence)
	}
}

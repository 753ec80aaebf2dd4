package sim

import "slices"

// kind says what an event is.
type kind uint8

const (
	call     kind = iota // run do
	wake                 // a viewer's engine wants the time
	transmit             // a link may send again
	reach                // a message has come to the downlink
	arrive               // a message is there
	drained              // the transport has got rid of a message
)

// event is something that happens at a time.
type event struct {
	at   int64 // ns since the start
	seq  uint64
	kind kind
	v    *viewer
	l    *end
	msg  message
	do   func()
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

const (
	bucketBits = 20      // 1 ms
	buckets    = 1 << 14 // 17 s
)

// queue holds events to come: the ones of the millisecond at hand as a heap, those of the next seconds by their
// millisecond, the rest in a heap of its own.
type queue struct {
	now  int64
	seq  uint64
	tick int64 // now >> bucketBits
	cur  heap
	ring [][]*event
	far  heap
	free []*event
}

func newQueue() *queue { return &queue{ring: make([][]*event, buckets)} }

// add returns a new event at time at, for the caller to fill in.
func (q *queue) add(at int64, k kind) *event {
	var e *event
	if n := len(q.free); n > 0 {
		e = q.free[n-1]
		q.free = q.free[:n-1]
	} else {
		e = new(event)
	}
	q.seq++
	e.at, e.seq, e.kind = max(at, q.now), q.seq, k
	switch t := e.at >> bucketBits; {
	case t <= q.tick:
		q.cur.push(e)
	case t < q.tick+buckets:
		q.ring[t%buckets] = append(q.ring[t%buckets], e)
	default:
		q.far.push(e)
	}
	return e
}

// next takes the next event up to end; nil if there is none.
func (q *queue) next(end int64) *event {
	for len(q.cur) == 0 {
		if q.tick >= end>>bucketBits {
			q.now = end
			return nil
		}
		q.tick++
		slot := &q.ring[q.tick%buckets]
		q.cur, *slot = heap(*slot), q.cur[:0]
		slices.SortFunc(q.cur, func(a, b *event) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		for len(q.far) > 0 && q.far[0].at>>bucketBits < q.tick+buckets {
			e := q.far.pop()
			t := max(e.at>>bucketBits, q.tick)
			if t == q.tick {
				q.cur.push(e)
			} else {
				q.ring[t%buckets] = append(q.ring[t%buckets], e)
			}
		}
	}
	if q.cur[0].at > end {
		q.now = end
		return nil
	}
	e := q.cur.pop()
	q.now = e.at
	return e
}

// done gives an event back.
func (q *queue) done(e *event) {
	*e = event{}
	q.free = append(q.free, e)
}

// heap is a binary heap of events.
type heap []*event

func (h *heap) push(e *event) {
	s := append(*h, e)
	i := len(s) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !e.before(s[up]) {
			break
		}
		s[i] = s[up]
		i = up
	}
	s[i] = e
	*h = s
}

func (h *heap) pop() *event {
	s := *h
	top, last := s[0], s[len(s)-1]
	s[len(s)-1] = nil
	s = s[:len(s)-1]
	if len(s) > 0 {
		i := 0
		for {
			c := 2*i + 1
			if c >= len(s) {
				break
			}
			if c+1 < len(s) && s[c+1].before(s[c]) {
				c++
			}
			if !s[c].before(last) {
				break
			}
			s[i] = s[c]
			i = c
		}
		s[i] = last
	}
	*h = s
	return top
}

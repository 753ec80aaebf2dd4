package sim

// kind says what an event is.
type kind uint8

const (
	call     kind = iota // run do
	wake                 // a viewer's engine wants the time
	transmit             // a link may send again
	reach                // a message has come to the downlink
	arrive               // a message is there
	acked                // the transport has got rid of a message
)

// event is something that happens at a time.
type event struct {
	at   int64 // ns since the start
	next *event
	v    *viewer
	l    *end
	msg  message
	do   func()
	kind kind
}

const (
	tickBits = 17      // 131 µs
	slots    = 1 << 17 // 17 s
)

// queue holds events to come in a wheel of short ticks; within a tick they happen in the order in which they were
// added, so that the same simulation gives the same figures. What is farther ahead than the wheel goes round waits in
// a list that is looked through once a turn.
type queue struct {
	now  int64
	tick int64 // the one at hand
	ring [slots]list
	far  []*event
	free *event
}

// list is a queue of events.
type list struct{ first, last *event }

func (l *list) add(e *event) {
	if l.last == nil {
		l.first = e
	} else {
		l.last.next = e
	}
	l.last = e
}

// add returns a new event at time at, for the caller to fill in.
func (q *queue) add(at int64, k kind) *event {
	e := q.free
	if e != nil {
		q.free, e.next = e.next, nil
	} else {
		e = new(event)
	}
	e.at, e.kind = max(at, q.now), k
	q.place(e)
	return e
}

func (q *queue) place(e *event) {
	t := max(e.at>>tickBits, q.tick)
	if t >= q.tick+slots {
		q.far = append(q.far, e)
		return
	}
	q.ring[t%slots].add(e)
}

// next takes the next event before end; nil if there is none.
func (q *queue) next(end int64) *event {
	for {
		l := &q.ring[q.tick%slots]
		if e := l.first; e != nil {
			if e.at >= end {
				return nil
			}
			if l.first = e.next; l.first == nil {
				l.last = nil
			}
			e.next = nil
			q.now = max(q.now, e.at)
			return e
		}
		if (q.tick+1)<<tickBits >= end {
			q.now = end
			return nil
		}
		q.tick++
		q.now = max(q.now, q.tick<<tickBits)
		if q.tick%slots == 0 {
			far := q.far
			q.far = nil
			for _, e := range far {
				q.place(e)
			}
		}
	}
}

// done gives an event back.
func (q *queue) done(e *event) {
	*e = event{next: q.free}
	q.free = e
}

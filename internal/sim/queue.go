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
	v    *viewer
	l    *end
	msg  message
	do   func()
	kind kind
}

const (
	tickBits  = 17      // 131 µs
	slots     = 1 << 17 // 17 s
	blockSize = 16      // events
	nearby    = 8       // how many events are looked at together; blockSize is a multiple
)

// queue holds events to come in a wheel of short ticks; within a tick they happen in the order in which they were
// added, so that the same simulation gives the same figures. What is farther ahead than the wheel goes round waits in
// a list that is looked through once a turn.
type queue struct {
	now     int64
	tick    int64 // the one at hand
	read    int   // events of its first block that have happened
	ring    [slots]list
	far     []event
	free    *block
	touched int // what touch returned, so that it is not optimised away
}

// list is the events of a tick.
type list struct{ first, last *block }

// block is some of them. They stand together, and not each by itself, since most of the time of a simulation goes by
// with waiting for memory.
type block struct {
	events [blockSize]event
	n      int
	next   *block
}

// add returns a new event at time at, for the caller to fill in before anything else is done with the queue.
func (q *queue) add(at int64, k kind) *event {
	at = max(at, q.now)
	t := max(at>>tickBits, q.tick)
	if t >= q.tick+slots {
		q.far = append(q.far, event{at: at, kind: k})
		return &q.far[len(q.far)-1]
	}
	e := q.place(t)
	e.at, e.kind = at, k
	return e
}

// place returns where the next event of tick t is to be.
func (q *queue) place(t int64) *event {
	l := &q.ring[t%slots]
	b := l.last
	if b == nil || b.n == blockSize {
		if b = q.free; b != nil {
			q.free, b.next = b.next, nil
		} else {
			b = new(block)
		}
		if l.last == nil {
			l.first = b
		} else {
			l.last.next = b
		}
		l.last = b
	}
	b.n++
	return &b.events[b.n-1]
}

// next takes the next event before end; nil if there is none. It is valid until the next call.
func (q *queue) next(end int64) *event {
	for {
		l := &q.ring[q.tick%slots]
		if b := l.first; b != nil {
			if q.read == b.n {
				q.read = 0
				if l.first = b.next; l.first == nil {
					l.last = nil
				}
				*b = block{next: q.free}
				q.free = b
				continue
			}
			e := &b.events[q.read]
			if e.at >= end {
				return nil
			}
			if q.read%nearby == 0 {
				q.touched += touch(b.events[q.read:min(b.n, q.read+nearby)])
			}
			q.read++
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
			q.nearer()
		}
	}
}

// nearer looks through the events that are far ahead.
func (q *queue) nearer() {
	far := q.far
	q.far = nil
	for i := range far {
		if t := max(far[i].at>>tickBits, q.tick); t >= q.tick+slots {
			q.far = append(q.far, far[i])
		} else {
			*q.place(t) = far[i]
		}
	}
}

// touch reads what events will need first, of all of them before any happens, so that it comes from memory at the same
// time and not one after the other.
func touch(events []event) (sum int) {
	for i := range events {
		e := &events[i]
		v := e.v
		if e.l != nil {
			v = e.l.v
			if len(e.msg.head) > 0 {
				sum += int(e.msg.head[0])
			}
			if v.engine != nil {
				sum += v.engine.Touch(e.l.number)
			}
		} else if v != nil && v.gone {
			sum++
		}
	}
	return sum
}

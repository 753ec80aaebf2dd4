package remux

import (
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

// TagReader reads a container as FLV tags: decoder configurations before the frames that need them and again when they
// change, audio and video in the order of their decoding times.
type TagReader interface {
	// ReadTag returns the next tag, whose body is the caller's own. Timestamps begin at 0. After the last tag it returns
	// io.EOF; after an error, that error again.
	ReadTag() (flv.Tag, error)

	unit() (unit, error)
	period() time.Duration // after which the container's times begin again, 0 if they do not
}

// tags is the part that all readers share.
type tags struct {
	next   func() (unit, error)
	wraps  time.Duration
	begun  bool
	origin time.Duration
	err    error
}

func (t *tags) period() time.Duration { return t.wraps }

func (t *tags) unit() (unit, error) {
	if t.err != nil {
		return unit{}, t.err
	}
	u, err := t.next()
	t.err = err
	return u, err
}

// ReadTag implements TagReader.
func (t *tags) ReadTag() (flv.Tag, error) {
	u, err := t.unit()
	if err != nil {
		return flv.Tag{}, err
	}
	if !t.begun {
		t.begun, t.origin = true, u.dts
	}
	return u.tag(t.origin), nil
}

// interleaver brings the units of two tracks into the order of their decoding times.
type interleaver struct {
	queues   [2][]unit
	expected [2]bool // tracks that are waited for
	newest   time.Duration
	held     int
	options  *Options
}

func (q *interleaver) push(u unit) {
	i := u.queue()
	if q.held == 0 || u.dts > q.newest {
		q.newest = u.dts
	}
	q.queues[i] = append(q.queues[i], u)
	q.held += len(u.data) + 1
}

// pop returns the unit that comes next; false if another may still come before it. With all set none is waited for.
func (q *interleaver) pop(all bool) (unit, bool) {
	next, waits := -1, false
	for i := range q.queues {
		switch {
		case len(q.queues[i]) == 0:
			waits = waits || q.expected[i]
		case next < 0 || q.queues[i][0].dts < q.queues[next][0].dts:
			next = i
		}
	}
	if next < 0 {
		return unit{}, false
	}
	u := q.queues[next][0]
	if waits && !all && q.held <= q.options.MaxHeld && q.newest-u.dts <= q.options.MaxAhead {
		return unit{}, false
	}
	q.queues[next][0] = unit{}
	q.queues[next] = q.queues[next][1:]
	q.held -= len(u.data) + 1
	return u, true
}

package sim

import (
	"math"

	"github.com/superp2p/superp2p/internal/swarm"
)

const (
	packetSize = 1200
	packetHead = 90
	// maxLinkRate is what one link carries without loss, in bytes a second: 100 Mbit/s.
	maxLinkRate = 12.5e6
)

// message is what travels on a link.
type message struct {
	head, body []byte
}

func (m *message) size() int { return len(m.head) + len(m.body) }

// sent is a message that the transport holds until the other side has confirmed it.
type sent struct {
	ack  int64
	size int
}

// end is one side of a link.
type end struct {
	v      *viewer
	other  *end
	number swarm.Link
	open   bool
	rtt    int64
	window int64   // ns that the congestion window lasts at rate
	rate   float64 // bytes a second

	paced    int64     // when what was sent has left at rate
	waiting  []message // for the congestion window
	last     int64     // when the last message has come to the other's downlink
	inOrder  int64     // when the last one from the other side is through the downlink here
	unacked  []sent
	buffered int // bytes given to the transport and not confirmed
	counted  int // as the engine knows it
	dirty    bool
	polluted int64 // when wrong bytes were first sent; 0: never
}

// connect opens a link between two viewers.
func (w *world) connect(a, b *viewer) {
	x, y := &end{v: a, open: true}, &end{v: b, open: true}
	x.other, y.other = y, x
	rtt := w.rtt(a, b)
	rate := maxLinkRate
	if loss := w.loss(a, b); loss > 0 {
		rate = min(rate, 1.22*packetSize/(float64(rtt)/1e9*math.Sqrt(loss)))
	}
	for _, e := range []*end{x, y} {
		e.v.ends = append(e.v.ends, e)
		e.number = swarm.Link(len(e.v.ends))
		e.rtt, e.rate, e.window = rtt, rate, max(rtt, int64(1e9*4*packetSize/rate))
		e.v.live = append(e.v.live, e)
	}
	w.counts.links++
	a.engine.LinkOpened(w.time(), x.number, b.id)
	a.turn()
	if y.open {
		b.engine.LinkOpened(w.time(), y.number, a.id)
		b.turn()
	}
}

// send takes a message from the engine.
func (l *end) send(m message) {
	if !l.open {
		return
	}
	l.buffered += m.size()
	l.counted += m.size()
	if !l.dirty {
		l.dirty = true
		l.v.dirty = append(l.v.dirty, l)
	}
	if len(l.waiting) > 0 || l.paced-l.window > l.v.w.queue.now {
		l.waiting = append(l.waiting, m)
		if len(l.waiting) == 1 {
			l.v.w.queue.add(l.paced-l.window, transmit).l = l
		}
		return
	}
	l.emit(m)
}

// transmit sends what waited for the congestion window.
func (l *end) transmit() {
	if !l.open && !l.v.gone {
		l.waiting = nil
	}
	if len(l.waiting) == 0 {
		return
	}
	m := l.waiting[0]
	l.waiting[0] = message{}
	l.waiting = l.waiting[1:]
	l.emit(m)
	if len(l.waiting) > 0 {
		l.v.w.queue.add(l.paced-l.window, transmit).l = l
	}
}

// emit puts a message on the wire.
func (l *end) emit(m message) {
	w, from, to := l.v.w, l.v, l.other.v
	now := w.queue.now
	packets := (m.size() + packetSize - 1) / packetSize
	size := float64(m.size() + packets*packetHead)
	l.paced = max(l.paced, now) + int64(size/l.rate*1e9)
	from.upFree = max(from.upFree, now) + int64(size/from.up*1e9)
	from.upBytes += size
	at := from.upFree + l.rtt/2
	if loss := w.loss(from, to); loss > 0 {
		switch r := w.net.Float64(); {
		case r < loss:
			at += 2*l.rtt + 20e6
		case r < loss*float64(packets) && r < 1-math.Pow(1-loss, float64(packets)):
			at += l.rtt * 5 / 4
		}
	}
	l.last = max(l.last, at)
	e := w.queue.add(l.last, reach)
	e.l, e.msg = l.other, m
}

// reached takes a message that has come to the downlink of l's viewer.
func (l *end) reached(m message) {
	w, now := l.v.w, l.v.w.queue.now
	if l.v.gone {
		return // nobody confirms
	}
	at := max(now, l.inOrder)
	if m.size() > swarm.LowWater {
		l.v.downFree = max(l.v.downFree, now) + int64(float64(m.size())*(1+float64(packetHead)/packetSize)/l.v.down*1e9)
		at = max(at, l.v.downFree)
	}
	l.inOrder = at
	o := l.other
	o.unacked = append(o.unacked, sent{at + l.rtt/2, m.size()})
	if m.size() > swarm.LowWater {
		w.queue.add(at+l.rtt/2, drained).l = o
	}
	if at > now {
		e := w.queue.add(at, arrive)
		e.l, e.msg = l, m
	} else if l.open {
		l.v.received(l, m)
	}
}

// report tells the engine how much still waits in the transport.
func (l *end) report() {
	now := l.v.w.queue.now
	k := 0
	for k < len(l.unacked) && l.unacked[k].ack <= now {
		l.buffered -= l.unacked[k].size
		k++
	}
	if k == len(l.unacked) {
		l.unacked = l.unacked[:0]
	} else {
		l.unacked = l.unacked[k:]
	}
	if l.buffered < l.counted {
		l.counted = l.buffered
		l.v.engine.Drained(l.v.w.time(), l.number, l.buffered)
	}
}

// close ends a link on this side; the other side learns of it after delay.
func (l *end) close(delay int64) {
	if !l.open {
		return
	}
	l.open = false
	l.v.forget(l)
	o := l.other
	w := l.v.w
	w.after(delay, func() {
		if o.open {
			o.open = false
			o.v.forget(o)
			if !o.v.gone {
				o.v.askPause = 0
				o.v.engine.LinkClosed(w.time(), o.number)
				o.v.turn()
			}
		}
	})
}

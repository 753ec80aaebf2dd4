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

// onWire is how many bytes go out for one of payload: headers, and what is lost and sent again.
func (w *world) onWire() float64 { return (1 + float64(packetHead)/packetSize) / (1 - w.sc.Loss) }

// lossRate is what a connection with round trips of rtt ns carries at the scenario's loss, in bytes a second: Mathis et
// al. 1997.
func (w *world) lossRate(rtt int64, packet float64) float64 {
	if w.sc.Loss <= 0 {
		return maxLinkRate
	}
	return min(maxLinkRate, 1.22*packet/(float64(rtt)/1e9*math.Sqrt(w.sc.Loss)))
}

// message is what travels on a link.
type message struct {
	head, body []byte
}

func (m *message) size() int { return len(m.head) + len(m.body) }

// end is one side of a link. What each message needs stands first: there are many ends, and most are not in the cache.
type end struct {
	v        *viewer
	other    *end
	number   swarm.Link
	open     bool
	dirty    bool
	inOrder  int64 // when the last message from the other side is through the downlink here
	buffered int   // bytes of payload given to the transport and not confirmed
	counted  int   // bytes that the engine takes for waiting in the transport
	rtt      int64

	paced    int64     // when what was sent has left at rate
	window   int64     // ns that the congestion window lasts at rate
	rate     float64   // bytes a second
	waiting  []message // for the congestion window
	last     int64     // when the last message has come to the other's downlink
	passing  int       // messages on their way through the downlink here
	polluted int64     // when wrong bytes were first sent; 0: never
}

// connect opens a link between two viewers.
func (w *world) connect(a, b *viewer) {
	x, y := &end{v: a, open: true}, &end{v: b, open: true}
	x.other, y.other = y, x
	rtt := w.rtt(a, b)
	rate := w.lossRate(rtt, packetSize)
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
	l.buffered += len(m.body)
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
	w, from := l.v.w, l.v
	now := w.queue.now
	size := float64(m.size())
	packets := 1 + (m.size()-1)/packetSize
	l.paced = max(l.paced, now) + int64(size/l.rate*1e9)
	// The headers of a message shorter than a packet weigh more; several share one, as SCTP bundles them.
	sent := size * w.wire
	from.upFree = max(from.upFree, now) + int64(sent/from.up*1e9)
	at := from.upFree + l.rtt/2
	if loss := w.sc.Loss; loss > 0 {
		switch r := w.net.Float64(); {
		case r < loss:
			at += 2*l.rtt + 20e6
		case packets > 1 && r < 1-math.Pow(1-loss, float64(packets)):
			at += l.rtt * 5 / 4
		}
	}
	l.last = max(l.last, at)
	e := w.queue.add(l.last, reach)
	e.l, e.msg = l.other, m
}

// reached takes a message that has come to the downlink of l's viewer.
func (l *end) reached(m message) {
	v := l.v
	now := v.w.queue.now
	if v.gone {
		return // nobody confirms
	}
	at := max(now, l.inOrder)
	if n := len(m.body); n > 0 {
		at = max(at, v.downloaded(now, n))
		e := v.w.queue.add(at+l.rtt/2, acked)
		e.l, e.msg = l.other, m
	}
	l.inOrder = at
	if at > now || l.passing > 0 { // within a tick the queue keeps the order in which events were added, not that of time
		l.passing++
		e := v.w.queue.add(at, arrive)
		e.l, e.msg = l, m
	} else if l.open {
		v.received(l, m)
	}
}

// downloaded returns when size bytes, the last of which comes to v's downlink at now, are through it.
func (v *viewer) downloaded(now int64, size int) int64 {
	takes := int64(float64(size) * v.w.wire / v.down * 1e9)
	v.downFree = max(v.downFree, now-takes) + takes
	return v.downFree
}

// confirmed takes the other side's word that size bytes of payload have come.
func (l *end) confirmed(size int) {
	l.buffered -= size
	if l.open {
		l.report()
		l.v.react()
	}
}

// report tells the engine how much still waits in the transport.
func (l *end) report() {
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

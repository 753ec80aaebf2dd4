package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// pending is a request of a neighbour that is not served to its end yet.
type pending struct {
	to       *neighbour
	number   slice.Number
	deadline time.Time
	offset   int
	urgent   bool
}

// upload shares out what may be sent. Requests are served one after the other rather than all at once: whoever has a
// whole slice early can pass it on early.
type upload struct {
	queue []pending

	limit  float64 // bytes a second that the viewer allows; 0 for no limit
	tokens float64
	filled time.Time

	inFlight int     // bytes given to the transport and, as far as we know, not yet sent
	rate     float64 // bytes a second that the uplink carries: the most seen lately
	seen     [rates]float64
	next     int // in seen
	drained  int // since counted
	counted  time.Time
	window   float64 // bytes that may be in flight
	limited  bool    // more would have been, since the last measurement
}

const (
	// LowWater is the transport's buffered amount, in bytes, at or below which the driver calls Drained.
	LowWater = 2 << 10
	// highWater is how much one link may have in the transport's buffer. Links that lose packets are slow: what one
	// cannot take, others can.
	highWater = 2 * wire.MaxFragment
	// maxQueue is how many requests of one neighbour may wait.
	maxQueue = 64
	// firstRate is what an uplink is believed to carry before it was measured: 4 Mbit/s.
	firstRate = 500e3
	// slowest is what any uplink is believed to carry.
	slowest = 16e3
	// queueing is how much longer than at best a part of a payload may take on its way out, because others are before
	// it in the uplink's queue. In flight is as much as that allows (as in LEDBAT, RFC 6817).
	queueing = 100 * time.Millisecond
	// minWindow and maxWindow are the bounds of what may be in flight, in bytes.
	minWindow = wire.MaxFragment
	maxWindow = 4 << 20
	// measureFor is how long one measurement of the uplink lasts; rates is how many are remembered.
	measureFor = 300 * time.Millisecond
	rates      = 10
	// burst is for how long an unused upload limit is saved up.
	burst = 250 * time.Millisecond
)

func (u *upload) init(cfg *Config, now time.Time) {
	u.limit, u.rate, u.filled, u.counted = cfg.UploadRate, firstRate, now, now
	for i := range rates / 2 {
		u.seen[i] = firstRate // until it was measured some times
	}
	u.window = 4 * wire.MaxFragment
}

// allows takes size bytes off the viewer's limit, if it has room for them now.
func (u *upload) allows(now time.Time, size int) bool {
	if u.limit <= 0 {
		return true
	}
	u.tokens = min(u.tokens+now.Sub(u.filled).Seconds()*u.limit, max(u.limit*burst.Seconds(), wire.MaxFragment))
	u.filled = now
	if u.tokens < float64(size) {
		return false
	}
	u.tokens -= float64(size)
	return true
}

// send takes note that n bytes were given to the transport.
func (u *upload) send(now time.Time, n int) {
	if u.inFlight == 0 {
		u.drained, u.counted = 0, now // it was idle: there was nothing to measure until now
	}
	u.inFlight += n
}

// count measures the uplink: n bytes have left it. While requests wait, what flows is what it carries; else it may
// carry more. The most of the last measurements counts: others were held up by links rather than by the uplink.
func (u *upload) count(now time.Time, n int) {
	u.inFlight = max(0, u.inFlight-n)
	u.drained += n
	took := now.Sub(u.counted)
	if took < measureFor || u.drained == 0 {
		return
	}
	seen := float64(u.drained) / took.Seconds()
	u.drained, u.counted = 0, now
	if len(u.queue) == 0 && seen < u.rate {
		return
	}
	u.seen[u.next] = seen
	u.next = (u.next + 1) % rates
	u.rate = slowest
	for _, r := range u.seen {
		u.rate = max(u.rate, r)
	}
}

// adjust sets how much may be in flight by how long a whole fragment to p, which had nothing before it on its link, was
// under way.
func (u *upload) adjust(p *neighbour, took time.Duration) {
	if p.best == 0 || took < p.best {
		p.best = took
	}
	off := float64(queueing-(took-p.best)) / float64(queueing)
	if off > 0 && !u.limited {
		return
	}
	u.limited = false
	u.window += max(-1, off) * wire.MaxFragment * wire.MaxFragment / u.window
	u.window = min(max(u.window, minWindow), maxWindow)
}

// capacity returns the bytes a second that can be given to neighbours.
func (u *upload) capacity() float64 {
	if u.limit > 0 {
		return min(u.limit, u.rate)
	}
	return u.rate
}

// load returns the bytes that wait to be sent.
func (e *Engine) load() int {
	size := e.upload.inFlight
	for _, r := range e.upload.queue {
		if s := e.store.get(r.number); s != nil {
			size += len(s.Payload) - r.offset
		}
	}
	return size
}

// waitFor returns how long a request of size bytes would take to be served, were it taken on now.
func (e *Engine) waitFor(size int) time.Duration {
	return time.Duration(float64(size+e.load()) / e.upload.capacity() * float64(time.Second))
}

func (e *Engine) onRequest(now time.Time, p *neighbour, m *wire.Message) {
	s := e.store.get(m.Number)
	waiting := 0
	for _, r := range e.upload.queue {
		if r.to == p {
			waiting++
			if r.number == m.Number {
				return // asked twice
			}
		}
	}
	refuse := wire.Reason(0)
	switch {
	case e.cfg.NoUpload:
		refuse = wire.NotSharing
	case s == nil:
		refuse = wire.NotHeld
	case waiting >= maxQueue:
		refuse = wire.Busy
	case e.accepted(p, m.Number):
	case e.waitFor(len(s.Payload)) > min(m.Within*7/10, e.policy.MaxWait(m.Within)) && len(e.upload.queue) > 0:
		refuse = wire.Busy
	}
	if refuse != 0 {
		e.send(p, &wire.Message{Kind: wire.Refuse, Number: m.Number, Reason: refuse})
		return
	}
	e.enqueue(pending{to: p, number: m.Number, deadline: now.Add(m.Within), urgent: m.Within < e.policy.Urgent})
	e.serve(now)
}

// enqueue puts a request in line: urgent ones before all others.
func (e *Engine) enqueue(r pending) {
	q := append(e.upload.queue, r)
	for i := len(q) - 1; r.urgent && i > 0 && !q[i-1].urgent; i-- {
		q[i], q[i-1] = q[i-1], q[i]
	}
	e.upload.queue = q
}

// Drained takes note of how much of a link still waits in the transport's buffer, in bytes. The driver calls it when
// that falls to LowWater or below, and before a Tick for every link that it sent on since its last report.
func (e *Engine) Drained(now time.Time, l Link, buffered int) {
	e.now = now
	p := e.of(l)
	if p == nil || e.left {
		return
	}
	if n := p.buffered - buffered; n > 0 {
		p.buffered = buffered
		e.upload.count(now, n)
		if p.timed > 0 && p.timed <= n {
			e.upload.adjust(p, now.Sub(p.timedAt))
		}
		p.timed = max(0, p.timed-n)
	}
	e.serve(now)
	e.offer(now)
}

// serve sends what neighbours asked for, in the order asked, as far as links, the uplink and the limit allow.
func (e *Engine) serve(now time.Time) {
	u := &e.upload
	for i := 0; i < len(u.queue); {
		if float64(u.inFlight) >= u.window {
			u.limited = true
			return
		}
		r := &u.queue[i]
		s := e.store.get(r.number)
		if s == nil || r.offset == 0 && now.After(r.deadline) {
			e.send(r.to, &wire.Message{Kind: wire.Refuse, Number: r.number, Reason: wire.Busy})
			u.queue = append(u.queue[:i], u.queue[i+1:]...)
			continue
		}
		if r.to.buffered >= highWater {
			i++
			continue
		}
		part := s.Payload[r.offset:]
		part = part[:min(len(part), wire.MaxFragment)]
		if !u.allows(now, len(part)) {
			return
		}
		if r.offset == 0 {
			e.send(r.to, &wire.Message{Kind: wire.Proof, Sig: s.Proof.Signature, Bytes: s.Proof.Encoded})
		}
		if r.to.buffered < LowWater && len(part) == wire.MaxFragment {
			r.to.timed, r.to.timedAt = r.to.buffered+len(part), now
		}
		e.sendPayload(r.to, r.number, r.offset, part)
		r.offset += len(part)
		if r.offset == len(s.Payload) {
			r.to.holds.add(r.number)
			u.queue = append(u.queue[:i], u.queue[i+1:]...)
		}
	}
}

// unqueue takes requests of p out of the queue: that of slice n, or all if every is set.
func (e *Engine) unqueue(p *neighbour, n slice.Number, every bool) {
	keep := e.upload.queue[:0]
	for _, r := range e.upload.queue {
		if r.to != p || r.number != n && !every {
			keep = append(keep, r)
		}
	}
	e.upload.queue = keep
}

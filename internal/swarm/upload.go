package swarm

import (
	"slices"
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
}

// upload shares out what may be sent. Requests are served one after the other rather than all at once: whoever has a
// whole slice early can pass it on early.
type upload struct {
	queue []pending

	limit  float64 // bytes a second that the viewer allows; 0 for no limit
	tokens float64
	filled time.Time

	inFlight int     // bytes given to the transport and, as far as we know, not yet sent
	rate     float64 // bytes a second that the uplink was seen to carry
	drained  int     // since counted
	counted  time.Time
	filling  bool                 // since counted, as much was in flight as may be
	best     [bestSeconds]float64 // bytes a second, the best of each of the last seconds with a measure
	second   int64                // of the newest of them
	measured bool
}

const (
	// LowWater is the transport's buffered amount, in bytes, at or below which the driver calls Drained.
	LowWater = 2 << 10
	// highWater is how much one link may have in the transport's buffer. More would keep urgent messages waiting.
	highWater = 128 << 10
	// maxQueue is how many requests of one neighbour may wait.
	maxQueue = 64
	// firstRate is what an uplink is believed to carry before it was measured: 4 Mbit/s.
	firstRate = 500e3
	// bestSeconds is how long the best measure counts.
	bestSeconds = 10
	// slowest is what any uplink is believed to carry.
	slowest = 16e3
	// flightTime is for how long what is in flight should last, beyond the round trip that it takes to learn that it
	// has left.
	flightTime = 50 * time.Millisecond
	// burst is for how long an unused upload limit is saved up.
	burst = 250 * time.Millisecond
)

func (u *upload) init(cfg *Config, now time.Time) {
	u.limit, u.rate, u.filled, u.counted = cfg.UploadRate, firstRate, now, now
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

// count measures the uplink: n bytes have left it. As in BBR (Cardwell et al. 2016) what it carries is the best that
// was seen lately, and time in which there was too little to send to fill it says only that it carries no less. So a
// late acknowledgement or a busy machine does not make the uplink look slow.
func (u *upload) count(now time.Time, n int) {
	u.inFlight = max(0, u.inFlight-n)
	u.drained += n
	took := now.Sub(u.counted)
	if u.drained < 64<<10 && took < 2*flightTime || u.drained == 0 {
		return
	}
	seen := max(float64(u.drained)/max(took, time.Millisecond).Seconds(), slowest)
	if u.filling || seen > u.rate {
		if second := now.Unix(); second != u.second {
			u.second = second
			u.best[second%int64(len(u.best))] = 0
		}
		if !u.measured {
			u.measured, u.best = true, [bestSeconds]float64{}
		}
		at := &u.best[u.second%bestSeconds]
		*at = max(*at, seen)
		u.rate = slices.Max(u.best[:])
	}
	u.drained, u.counted, u.filling = 0, now, false
}

// capacity returns the bytes a second that can be given to neighbours.
func (u *upload) capacity() float64 {
	if u.limit > 0 {
		return min(u.limit, u.rate)
	}
	return u.rate
}

// wait returns how long a request of size bytes would take to be served, were it taken on now.
func (e *Engine) waitFor(size int) time.Duration {
	size += e.upload.inFlight
	for _, r := range e.upload.queue {
		if s := e.store.get(r.number); s != nil {
			size += len(s.Payload) - r.offset
		}
	}
	return time.Duration(float64(size) / e.upload.capacity() * float64(time.Second))
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
	case e.waitFor(len(s.Payload)) > min(m.Within*7/10, e.policy.MaxWait) && len(e.upload.queue) > 0:
		refuse = wire.Busy
	}
	if refuse != 0 {
		e.send(p, &wire.Message{Kind: wire.Refuse, Number: m.Number, Reason: refuse})
		return
	}
	e.upload.queue = append(e.upload.queue, pending{to: p, number: m.Number, deadline: now.Add(m.Within)})
	e.serve(now)
}

// Drained takes note of how much of a link still waits in the transport's buffer, in bytes. The driver calls it when
// that falls to LowWater or below, and before a Tick for every link that it sent on since its last report.
func (e *Engine) Drained(now time.Time, l Link, buffered int) {
	e.now = now
	p := e.links[l]
	if p == nil || e.left {
		return
	}
	if n := p.buffered - buffered; n > 0 {
		p.buffered = buffered
		e.upload.count(now, n)
	}
	e.serve(now)
}

// serve sends what neighbours asked for, in the order asked, as far as links, the uplink and the limit allow.
func (e *Engine) serve(now time.Time) {
	u := &e.upload
	window := max(wire.MaxFragment, u.rate*(flightTime+e.roundTrip()).Seconds())
	for i := 0; i < len(u.queue); {
		if float64(u.inFlight) >= window {
			u.filling = true
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
		e.send(r.to, &wire.Message{Kind: wire.Data, Number: r.number, Offset: uint32(r.offset), Bytes: part})
		r.offset += len(part)
		if r.offset == len(s.Payload) {
			r.to.holds.add(r.number)
			u.queue = append(u.queue[:i], u.queue[i+1:]...)
		}
	}
}

// roundTrip returns the mean of the shortest round trips seen to each neighbour. A round trip seen only while queues
// were full is no measure of the way, hence the limit.
func (e *Engine) roundTrip() time.Duration {
	var sum time.Duration
	for _, p := range e.order {
		sum += min(p.rttMin, 150*time.Millisecond)
	}
	return sum / time.Duration(max(1, len(e.order)))
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

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
	slice    *slice.Slice
	deadline time.Time
	offset   int       // what was given to the transport
	begun    time.Time // when the first of it was
	urgent   bool
	rare     bool // few hold it
	proved   bool // its proof is there already
	pushed   bool // we offered it
	inTurn   bool // of a file, where no slice is newer than another
}

// upload shares out what may be sent: whole slices in the order asked, urgent ones first, on as many links at a time
// as it takes to fill the uplink.
type upload struct {
	queue   []pending
	waiting int // bytes of them that were not given to the transport
	rare    int // the same of slices that few hold

	took time.Duration // from the first to the last of a slice, smoothed

	limit  float64 // bytes a second that the viewer allows; 0 for no limit
	tokens float64
	filled time.Time

	inFlight int     // bytes given to the transport and, as far as we know, not yet sent
	window   float64 // bytes that may be in flight, by the delay that they cause
	limited  bool    // more would have been, since window was set

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
	// highWater is how much one link may have in the transport's buffer before another fragment is added. Links that
	// lose packets are slow: what one cannot take, others can; and more would keep urgent messages waiting.
	highWater = 16 << 10
	// minFragment is the least that is sent of a slice at a time, unless that is its end.
	minFragment = 4 << 10
	// fragmentTime is for how long a fragment may keep a slow uplink from other messages.
	fragmentTime = 30 * time.Millisecond
	// maxQueue is how many requests of one neighbour may wait.
	maxQueue = 64
	// firstRate is what an uplink is believed to carry before it was measured: 4 Mbit/s.
	firstRate = 500e3
	// bestSeconds is how long the best measure counts.
	bestSeconds = 10
	// slowest is what any uplink is believed to carry.
	slowest = 16e3
	// measureFor is how long one measurement of the uplink lasts at least.
	measureFor = 500 * time.Millisecond
	// flightTime is for how long what is in flight should last, beyond the round trip that it takes to learn that it
	// has left.
	flightTime = 50 * time.Millisecond
	// queueing is how much longer than at best a fragment may take on its way out because others are before it.
	queueing = 60 * time.Millisecond
	// maxFlight limits what is in flight, in bytes.
	maxFlight = 4 << 20
	// burst is for how long an unused upload limit is saved up.
	burst = 250 * time.Millisecond
)

func (u *upload) init(cfg *Config, now time.Time) {
	u.limit, u.rate, u.filled, u.counted = cfg.UploadRate, firstRate, now, now
	u.window = 2 * highWater
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
	if took < measureFor || u.drained == 0 {
		return
	}
	seen := max(float64(u.drained)/took.Seconds(), slowest)
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

// adjust sets how much may be in flight by how long a fragment to p, which had nothing before it on its link, was under
// way: as in LEDBAT (RFC 6817), as much as keeps the queue in the uplink short. So links that lose packets, and are
// slower than the uplink, do not keep it from being filled.
func (u *upload) adjust(p *neighbour, took time.Duration) {
	if p.best == 0 || took < p.best {
		p.best = took
	}
	off := float64(queueing-(took-p.best)) / float64(queueing)
	if off > 0 && !u.limited {
		return
	}
	u.limited = false
	u.window += max(-1, off) * highWater * highWater / u.window
	u.window = min(max(u.window, highWater), maxFlight)
}

// fragment returns how much of a slice is sent at a time.
func (u *upload) fragment() int {
	return min(max(int(u.rate*fragmentTime.Seconds()), minFragment), wire.MaxFragment)
}

// capacity returns the bytes a second that can be given to neighbours.
func (u *upload) capacity() float64 {
	if u.limit > 0 {
		return min(u.limit, u.rate)
	}
	return u.rate
}

// load returns the bytes that wait to leave.
func (u *upload) load() int { return u.inFlight + u.waiting }

// ahead returns the bytes that go out before a request r that is taken on now.
func (u *upload) ahead(r *pending) int {
	size := u.inFlight
	for i := range u.queue {
		if o := &u.queue[i]; !r.before(o) {
			size += len(o.slice.Payload) - o.offset
		}
	}
	return size
}

// wait takes note that size bytes more, or less, of r wait.
func (u *upload) wait(r *pending, size int) {
	u.waiting += size
	if r.rare {
		u.rare += size
	}
}

// waitFor returns how long r would take to be served, were it taken on now.
func (u *upload) waitFor(r *pending) time.Duration {
	return u.takes(len(r.slice.Payload) + u.ahead(r))
}

// takes returns how long the uplink takes for size bytes.
func (u *upload) takes(size int) time.Duration {
	return time.Duration(float64(size) / u.capacity() * float64(time.Second))
}

func (e *Engine) onRequest(now time.Time, p *neighbour, m *wire.Message) {
	s := e.store.get(m.Number)
	waiting := 0
	for _, r := range e.upload.queue {
		if r.to == p {
			waiting++
			if r.slice.Number == m.Number {
				return // asked twice
			}
		}
	}
	refuse := wire.Reason(0)
	r := pending{
		to: p, slice: s, deadline: now.Add(m.Within), urgent: m.Within < e.policy.Urgent, rare: e.rare(m.Number),
		proved: m.Proved, inTurn: e.cfg.File != nil,
	}
	offered := e.fresh.answered(p, m.Number)
	r.pushed = offered
	switch {
	case e.cfg.NoUpload:
		refuse = wire.NotSharing
	case s == nil:
		refuse = wire.NotHeld
	case waiting >= maxQueue:
		refuse = wire.Busy
	case offered:
		e.stats.Taken++
	case e.upload.waitFor(&r) > min(m.Within*7/10, e.policy.MaxWait(m.Within)) && len(e.upload.queue) > 0:
		refuse = wire.Busy
	}
	if refuse != 0 {
		if refuse == wire.Busy {
			e.fresh.lacks(p, m.Number) // it is offered as soon as there is room
		}
		e.send(p, &wire.Message{Kind: wire.Refuse, Number: m.Number, Reason: refuse})
		return
	}
	e.fresh.has(p, m.Number)
	e.enqueue(r)
	e.serve(now)
}

// before tells whether r goes before o: a slice that few hold first, since all others wait for it; then what is begun,
// since half a slice is of no use to anybody; then who needs it soon; then the newest, which others lack as well, or of a
// file who asked first.
func (r *pending) before(o *pending) bool {
	switch {
	case r.rare != o.rare:
		return r.rare
	case o.offset > 0:
		return false
	case r.urgent != o.urgent:
		return r.urgent
	case r.urgent:
		return r.deadline.Before(o.deadline)
	case r.inTurn:
		return false
	case r.slice.Number != o.slice.Number:
		return r.slice.Number > o.slice.Number
	}
	return r.to.rttMin < o.to.rttMin
}

// enqueue puts a request in line.
func (e *Engine) enqueue(r pending) {
	e.fresh.serve(r.to, 1)
	e.upload.wait(&r, len(r.slice.Payload))
	q := append(e.upload.queue, r)
	for i := len(q) - 1; i > 0 && r.before(&q[i-1]); i-- {
		q[i], q[i-1] = q[i-1], q[i]
	}
	e.upload.queue = q
}

// Drained takes note of how much of a link still waits in the transport's buffer, in bytes. The driver calls it when
// that falls to LowWater or below, and before a Tick for every link that it sent on since its last report.
func (e *Engine) Drained(now time.Time, l Link, buffered int) {
	e.now = now
	p := e.linkOf(l)
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
	if len(u.queue) == 0 {
		return
	}
	fragment := u.fragment()
	window := max(u.window, u.rate*(flightTime+e.roundTrip).Seconds())
	for i := 0; i < len(u.queue); {
		if float64(u.inFlight) >= window {
			u.filling, u.limited = true, true
			return
		}
		r := &u.queue[i]
		if r.offset == 0 && now.Add(max(u.took, u.takes(len(r.slice.Payload)))).After(r.deadline) {
			e.send(r.to, &wire.Message{Kind: wire.Refuse, Number: r.slice.Number, Reason: wire.Busy})
			e.unserve(i)
			continue
		}
		if r.to.buffered >= highWater {
			i++
			continue
		}
		part := r.slice.Payload[r.offset:]
		part = part[:min(len(part), fragment)]
		if !u.allows(now, len(part)) {
			return
		}
		e.sendPart(now, r, part)
		if r.offset == len(r.slice.Payload) {
			e.stats.UploadSlices++
			if r.pushed {
				e.stats.UploadPushedSlices++
			}
			u.took += (now.Sub(r.begun) - u.took) / 8
			e.holds(r.to, r.slice.Number)
			e.unserve(i)
		}
	}
}

// sendPart sends the next part of a request, before the first its proof if that is not there.
func (e *Engine) sendPart(now time.Time, r *pending, part []byte) {
	p := r.to
	if r.offset == 0 {
		r.begun = now
	}
	if r.offset == 0 && !r.proved {
		proof := r.slice.Proof
		e.send(p, &wire.Message{Kind: wire.Proof, Sig: proof.Signature, Bytes: proof.Encoded})
	}
	if p.buffered < LowWater && len(part) >= minFragment {
		p.timed, p.timedAt = p.buffered+len(part), now
	}
	head := wire.AppendDataHead(make([]byte, 0, 16), r.slice.Number, uint32(r.offset))
	e.stats.UploadBytes += uint64(len(part))
	if r.pushed {
		e.stats.UploadPushedBytes += uint64(len(part))
	}
	e.stats.ControlOut += uint64(len(head))
	e.transmit(p, head, part)
	r.offset += len(part)
	e.upload.wait(r, -len(part))
}

// unserve takes request i out of the queue.
func (e *Engine) unserve(i int) {
	u := &e.upload
	r := &u.queue[i]
	e.fresh.serve(r.to, -1)
	u.wait(r, r.offset-len(r.slice.Payload))
	u.queue = slices.Delete(u.queue, i, i+1)
}

// unqueue takes requests of p out of the queue: that of slice n, or all if every is set.
func (e *Engine) unqueue(p *neighbour, n slice.Number, every bool) {
	for i := len(e.upload.queue) - 1; i >= 0; i-- {
		if r := &e.upload.queue[i]; r.to == p && (r.slice.Number == n || every) {
			e.unserve(i)
		}
	}
}

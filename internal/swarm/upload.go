package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// pending is a request of a neighbour that is not served to its end yet.
type pending struct {
	number   slice.Number
	deadline time.Time
	offset   int
}

// upload shares out what may be sent.
type upload struct {
	rate   float64 // bytes a second; 0 for no limit
	tokens float64
	filled time.Time
}

const (
	// highWater is how much one link may have in the transport's buffer. More would keep urgent messages waiting.
	highWater = 128 << 10
	// maxQueue is how many requests of one neighbour may wait.
	maxQueue = 64
	// burst is for how long an unused upload limit is saved up.
	burst = 250 * time.Millisecond
)

func (u *upload) init(cfg *Config, now time.Time) { u.rate, u.filled = cfg.UploadRate, now }

// refill lets the limit's tokens grow with time.
func (u *upload) refill(now time.Time) {
	if u.rate <= 0 {
		return
	}
	u.tokens = min(u.tokens+now.Sub(u.filled).Seconds()*u.rate, max(u.rate*burst.Seconds(), wire.MaxFragment))
	u.filled = now
}

// busy tells whether a request of size bytes would be served later than within.
func (e *Engine) busy(size int, within time.Duration) bool {
	if e.upload.rate <= 0 {
		return false
	}
	for _, p := range e.order {
		for _, r := range p.queue {
			if s := e.store.get(r.number); s != nil {
				size += len(s.Payload) - r.offset
			}
		}
	}
	return float64(size)/e.upload.rate > within.Seconds()
}

func (e *Engine) onRequest(now time.Time, p *neighbour, m *wire.Message) {
	s := e.store.get(m.Number)
	refuse := wire.Reason(0)
	switch {
	case e.cfg.NoUpload:
		refuse = wire.NotSharing
	case s == nil:
		refuse = wire.NotHeld
	case len(p.queue) >= maxQueue, e.busy(len(s.Payload), m.Within):
		refuse = wire.Busy
	}
	if refuse != 0 {
		e.send(p, &wire.Message{Kind: wire.Refuse, Number: m.Number, Reason: refuse})
		return
	}
	for i := range p.queue {
		if p.queue[i].number == m.Number {
			return // asked twice
		}
	}
	p.holds.remove(m.Number)
	p.queue = append(p.queue, pending{number: m.Number, deadline: now.Add(m.Within)})
	e.serve(now, p)
}

// Drained takes note that the transport's buffer of a link has room again; buffered is what still waits in it.
func (e *Engine) Drained(now time.Time, l Link, buffered int) {
	if p := e.links[l]; p != nil && !e.left {
		p.buffered = buffered
		e.serve(now, p)
	}
}

// serve sends what a neighbour asked for, in the order asked, as far as its link and the upload limit allow.
func (e *Engine) serve(now time.Time, p *neighbour) {
	for len(p.queue) > 0 && p.buffered < highWater {
		r := &p.queue[0]
		s := e.store.get(r.number)
		if s == nil || r.offset == 0 && now.After(r.deadline) {
			e.send(p, &wire.Message{Kind: wire.Refuse, Number: r.number, Reason: wire.NotHeld})
			p.queue = p.queue[1:]
			continue
		}
		e.upload.refill(now)
		part := s.Payload[r.offset:]
		part = part[:min(len(part), wire.MaxFragment)]
		if e.upload.rate > 0 {
			if e.upload.tokens < float64(len(part)) {
				return
			}
			e.upload.tokens -= float64(len(part))
		}
		if r.offset == 0 {
			e.send(p, &wire.Message{Kind: wire.Proof, Sig: s.Proof.Signature, Bytes: s.Proof.Encoded})
		}
		e.send(p, &wire.Message{Kind: wire.Data, Number: r.number, Offset: uint32(r.offset), Bytes: part})
		r.offset += len(part)
		if r.offset == len(s.Payload) {
			p.holds.add(r.number)
			p.queue = p.queue[1:]
		}
	}
}

// unqueue takes a request out of the queue, however much of it was sent.
func (p *neighbour) unqueue(n slice.Number) {
	for i := range p.queue {
		if p.queue[i].number == n {
			p.queue = append(p.queue[:i], p.queue[i+1:]...)
			return
		}
	}
}

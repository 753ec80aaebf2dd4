package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// want is a slice that is needed and not here yet.
type want struct {
	number   slice.Number
	from     *neighbour // asked there; nil if nobody is asked
	asked    time.Time  // there, or from the server
	progress time.Time  // when something of it came last
	buf      []byte
	proof    *slice.Signed // proved already
	fetching bool          // asked from the server
	retry    time.Time     // ask the server again not before
}

// want returns the want of slice n, making it where there is none.
func (e *Engine) want(n slice.Number) *want {
	w := e.wants[n]
	if w == nil {
		w = &want{number: n}
		e.wants[n] = w
	}
	return w
}

// ask requests w from p.
func (e *Engine) ask(now time.Time, w *want, p *neighbour, within time.Duration) {
	w.from, w.asked, w.progress = p, now, now
	p.asked++
	e.send(p, &wire.Message{Kind: wire.Request, Number: w.number, Within: e.policy.Patience(within, e.answers.usual())})
}

// unask forgets that w was asked from a peer. What came of it is of no use: another sender starts anew, so that it is
// always plain who sent a wrong byte.
func (e *Engine) unask(w *want) {
	if w.from == nil {
		return
	}
	w.from.asked--
	w.from = nil
	e.stats.DuplicateBytes += uint64(len(w.buf))
	w.buf = nil
}

// cancel takes a request back.
func (e *Engine) cancel(w *want) {
	if w.from != nil {
		e.send(w.from, &wire.Message{Kind: wire.Cancel, Number: w.number})
		e.unask(w)
	}
}

// drop stops wanting slice n.
func (e *Engine) drop(n slice.Number, w *want) {
	e.cancel(w)
	e.unfetch(w)
	delete(e.wants, n)
}

func (e *Engine) onRefuse(now time.Time, p *neighbour, m *wire.Message) {
	w := e.wants[m.Number]
	if w == nil || w.from != p {
		return // our cancel crossed it
	}
	e.stats.Refused++
	if m.Reason == wire.Busy {
		// No fault of its. Others will hold the slice soon; it is asked again when nobody else is there.
		p.rests = now.Add(busyRest + time.Duration(float64(busyRest)*unit(e.score(p.id, m.Number))))
	} else {
		p.holds.remove(m.Number)
		e.rest(now, p)
	}
	e.unask(w)
	e.consider(now, m.Number)
}

// busyRest is how long a neighbour that refused because it is busy is left in peace, up to twice that.
const busyRest = 100 * time.Millisecond

// rest leaves a neighbour in peace after a failure, longer after each.
func (e *Engine) rest(now time.Time, p *neighbour) {
	p.failures++
	p.rests = now.Add(min(100*time.Millisecond<<min(p.failures, 6), 3*time.Second))
}

func (e *Engine) onProof(now time.Time, p *neighbour, m *wire.Message) {
	st, err := slice.ParseStatement(e.cfg.Track, m.Bytes)
	if err != nil {
		e.bar(now, p, err)
		return
	}
	wanted := false
	for n := st.First; st.Covers(n); n++ {
		w := e.wants[n]
		wanted = wanted || w != nil && w.from == p && w.proof == nil
	}
	if !wanted {
		return // it crossed our cancel, or is here already
	}
	signed := &slice.Signed{Statement: st, Encoded: m.Bytes, Signature: m.Sig}
	if err := e.cfg.Verifier.Statement(signed); err != nil {
		e.bar(now, p, err)
		return
	}
	e.playout.observe(&signed.Statement, e.cfg.ClockOffset)
	for n := st.First; st.Covers(n); n++ {
		if w := e.wants[n]; w != nil && w.proof == nil {
			w.proof = signed
		}
	}
}

func (e *Engine) onData(now time.Time, p *neighbour, m *wire.Message) {
	w := e.wants[m.Number]
	if w == nil || w.from != p {
		e.stats.DuplicateBytes += uint64(len(m.Bytes)) // it crossed our cancel
		return
	}
	if w.proof == nil {
		e.stats.DuplicateBytes += uint64(len(m.Bytes))
		e.bar(now, p, errUnproved)
		return
	}
	size := int(w.proof.Entry(w.number).Size)
	if int(m.Offset) != len(w.buf) || len(w.buf)+len(m.Bytes) > size {
		e.stats.DuplicateBytes += uint64(len(m.Bytes))
		if m.Offset == 0 && len(w.buf) > 0 || m.Offset > 0 && len(w.buf) == 0 {
			return // the rest of a request that was cancelled and made again
		}
		e.bar(now, p, errProtocol)
		return
	}
	if w.buf == nil {
		e.answers.add(now.Sub(w.asked))
		w.buf = make([]byte, 0, size)
	}
	w.buf = append(w.buf, m.Bytes...)
	w.progress, p.data = now, now
	if len(w.buf) < size {
		return
	}
	if err := e.cfg.Verifier.Payload(&w.proof.Statement, w.number, w.buf); err != nil {
		e.stats.BadBytes += uint64(size)
		e.bar(now, p, err)
		return
	}
	p.failures = 0
	e.stats.PeerBytes += uint64(size)
	e.stats.PeerSlices++
	payload := w.buf
	w.buf = nil
	e.unask(w)
	p.holds.add(w.number)
	e.accept(now, &slice.Slice{Number: w.number, Proof: w.proof, Payload: payload})
}

// accept takes in a proved slice.
func (e *Engine) accept(now time.Time, s *slice.Slice) {
	if w := e.wants[s.Number]; w != nil {
		e.drop(s.Number, w)
	}
	e.store.put(s)
	e.announce(s.Number)
	e.deliver(now)
}

// answers keeps how long peers take from a request to its first data, as TCP keeps its round trip (RFC 6298): a mean
// and a mean deviation. On a busy machine or a crowded network everything takes longer, and asking elsewhere too early
// makes it worse.
type answers struct {
	mean, deviation time.Duration
}

func (a *answers) add(d time.Duration) {
	if a.mean == 0 {
		a.mean, a.deviation = d, d/2
		return
	}
	off := d - a.mean
	a.mean += off / 8
	a.deviation += (max(off, -off) - a.deviation) / 4
}

// usual returns the time that nearly all answers come in.
func (a *answers) usual() time.Duration { return a.mean + 4*a.deviation }

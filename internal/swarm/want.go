package swarm

import (
	"bytes"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// want is a slice that is needed and not here yet.
type want struct {
	number   slice.Number
	from     *neighbour // asked there; nil if nobody is asked
	asked    time.Time
	progress time.Time // when something of it came last
	buf      []byte
	first    time.Time  // when its first part came
	doubt    *neighbour // who sent the last parts that were of no use, and these
	parts    []byte
	copied   bool          // buf is our own memory
	proof    *slice.Signed // proved already
	tries    int           // requests so far
	fetching bool          // asked from the server
	fetched  time.Time     // when it was
	next     time.Time     // look at it again not before, unless something happens
	retry    time.Time     // ask the server again not before
}

// want returns the want of slice n, making it where there is none.
func (e *Engine) want(n slice.Number) *want {
	w := e.wants.get(n)
	if w == nil {
		w = &want{number: n}
		e.wants.put(n, w)
	}
	return w
}

// add appends a part to what has come of a payload of size bytes. Bytes that follow each other in memory already, as
// they do where many engines share them, are not copied.
func (w *want) add(part []byte, size int) {
	have := len(w.buf)
	switch {
	case have == 0:
		w.buf = part
	case cap(w.buf) >= have+len(part) && &w.buf[:have+1][have] == &part[0]:
		w.buf = w.buf[:have+len(part)]
	case cap(w.buf) == size && w.copied:
		w.buf = append(w.buf, part...)
	default:
		w.buf = append(append(make([]byte, 0, size), w.buf...), part...)
		w.copied = true
	}
}

// intime tells whether the rest of w comes within slack if it goes on coming as it does.
func (w *want) intime(now time.Time, slack time.Duration) bool {
	have, size := len(w.buf), w.size()
	if have == 0 || now.Sub(w.progress) > slack/2 {
		return false
	}
	took := now.Sub(w.first) + 100*time.Millisecond // the first part took time as well
	return time.Duration(float64(took)/float64(have)*float64(size-have)) < slack
}

// half tells whether at least half of w is here.
func (w *want) half() bool { return 2*len(w.buf) >= w.size() && len(w.buf) > 0 }

func (w *want) size() int {
	if w.proof == nil {
		return slice.MaxPayload
	}
	return int(w.proof.Entry(w.number).Size)
}

// ask requests w from p.
func (e *Engine) ask(now time.Time, w *want, p *neighbour, within time.Duration) {
	w.from, w.asked, w.progress = p, now, now
	w.tries++
	p.asked++
	e.asked++
	e.send(p, &wire.Message{Kind: wire.Request, Number: w.number, Within: max(within, 100*time.Millisecond)})
}

// unask forgets that w was asked from a peer. What came of it is of no use: another sender starts anew, so that it is
// always plain who sent a wrong byte.
func (e *Engine) unask(w *want) {
	if w.from == nil {
		return
	}
	w.from.asked--
	e.asked--
	if len(w.buf) > 0 {
		w.doubt, w.parts = w.from, w.buf
	}
	w.from = nil
	w.next = time.Time{}
	e.stats.DuplicateBytes += uint64(len(w.buf))
	w.buf, w.copied = nil, false
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
	if w.fetching {
		w.fetching = false
		e.server.open--
		e.act(Action{Kind: CancelFetch, Number: n})
	}
	e.wants.remove(n)
}

// dropBelow stops wanting all slices below n.
func (e *Engine) dropBelow(n slice.Number) {
	for ; e.wants.low < min(n, e.wants.high); e.wants.low++ {
		if w := e.wants.get(e.wants.low); w != nil {
			e.drop(w.number, w)
		}
	}
}

func (e *Engine) onRefuse(now time.Time, p *neighbour, m *wire.Message) {
	w := e.wants.get(m.Number)
	if w == nil || w.from != p {
		return // our cancel crossed it
	}
	e.stats.Refused++
	if m.Reason == wire.Busy {
		// No fault of its. Others will hold the slice soon; it is asked again when nobody else is there.
		p.rests = now.Add(time.Duration(float64(busyRest<<min(p.refusals, 2)) * (1 + unit(score(p.key, m.Number)))))
		p.refusals++
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
		w := e.wants.get(n)
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
	e.observe(&signed.Statement)
	for n := st.First; st.Covers(n); n++ {
		if w := e.wants.get(n); w != nil && w.proof == nil {
			w.proof = signed
		}
	}
}

func (e *Engine) onData(now time.Time, p *neighbour, m *wire.Message) {
	w := e.wants.get(m.Number)
	if w == nil || w.from != p {
		e.stats.DuplicateBytes += uint64(len(m.Bytes)) // it crossed our cancel
		if have := e.store.get(m.Number); have != nil && !bytes.HasPrefix(have.Payload[min(int(m.Offset), len(have.Payload)):], m.Bytes) {
			e.stats.BadBytes += uint64(len(m.Bytes))
			e.bar(now, p, errWrongPart)
		}
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
	if len(w.buf) == 0 {
		w.first = now
		e.answers.add(now.Sub(w.asked))
	}
	w.add(m.Bytes, size)
	w.progress = now
	if len(w.buf) < size {
		return
	}
	if err := e.cfg.Verifier.Payload(&w.proof.Statement, w.number, w.buf); err != nil {
		e.stats.BadBytes += uint64(size)
		e.bar(now, p, err)
		return
	}
	p.failures, p.refusals = 0, 0
	e.late(false)
	e.peerTook += (now.Sub(w.asked) - e.peerTook) / 16
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
	if w := e.wants.get(s.Number); w != nil {
		e.drop(s.Number, w)
		if p := w.doubt; p != nil && e.of(p.link) == p && !bytes.HasPrefix(s.Payload, w.parts) {
			e.stats.BadBytes += uint64(len(w.parts))
			e.bar(now, p, errWrongPart)
		}
	}
	e.store.put(s)
	e.announce(now, s.Number)
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

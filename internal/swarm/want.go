package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// want is a slice that is needed and not here yet.
type want struct {
	from     *neighbour // asked there; nil if nobody is asked
	fetching bool       // asked from the server
	pull     time.Time  // neighbours are asked for it from then on
	next     time.Time  // look at it again not before, unless something happens
	number   slice.Number
	asked    time.Time
	progress time.Time     // when something of it came last
	first    time.Time     // when its first part came
	proof    *slice.Signed // proved already
	buf      []byte
	copied   bool    // buf is our own memory
	doubts   []doubt // parts that came and could not be proved yet
	tried    uint64  // neighbours, by bit, that refused it lately
	refusals int
	pushed   bool      // what is asked from was offered by its holder
	told     bool      // neighbours know that it is on its way
	fetched  time.Time // when it was
	enough   bool      // the server has given as many copies as it gives at once
	rest     bool      // without its proof, which is here
	base     []byte    // and without this part, which came from a peer
	whole    bool      // a part from a peer and the rest from the server do not go together
	retry    time.Time // ask the server again not before
}

// want returns the want of slice n, making it where there is none.
func (e *Engine) want(n slice.Number) *want {
	w := e.wants.get(n)
	if w == nil {
		w = &want{number: n, pull: e.pullAt(n), proof: e.proofs.of(n)}
		e.wants.put(n, w)
	}
	return w
}

// add appends a part to what has come of a payload of size bytes.
func (w *want) add(part []byte, size int) {
	switch {
	case len(w.buf) == 0:
		w.buf, w.copied = part, false
	case w.copied:
		w.buf = append(w.buf, part...)
	case follows(w.buf, part):
		w.buf = w.buf[:len(w.buf)+len(part)]
	default:
		w.buf = append(append(make([]byte, 0, size), w.buf...), part...)
		w.copied = true
	}
}

// missing returns what of a part that came comes next, and whether an honest peer sends it. Where a request was cancelled
// and made again, what was on its way comes first, or its rest, which is of no use without what was before, and then all
// anew.
func (w *want) missing(offset int, part []byte) (next []byte, honest bool) {
	have := len(w.buf)
	switch {
	case offset+len(part) > w.size(), offset > have && have > 0:
		return nil, false
	case offset > have:
		return nil, true
	}
	return part[min(have-offset, len(part)):], true
}

// follows tells whether part lies right behind buf in memory, as it does where many engines share payloads: it need
// not be copied then.
func follows(buf, part []byte) bool {
	n := len(buf)
	return cap(buf) >= n+len(part) && len(part) > 0 && &buf[:n+1][n] == &part[0]
}

// joined returns a and then b as one.
func joined(a, b []byte) []byte {
	if len(a) == 0 {
		return b
	}
	if follows(a, b) {
		return a[:len(a)+len(b)]
	}
	return append(append(make([]byte, 0, len(a)+len(b)), a...), b...)
}

func (w *want) size() int {
	if w.proof == nil {
		return slice.MaxPayload
	}
	return int(w.proof.Entry(w.number).Size)
}

// inTime tells whether the rest of w comes within slack, if it goes on coming as it does.
func (w *want) inTime(now time.Time, slack time.Duration) bool {
	have, size := len(w.buf), w.size()
	if have == 0 || now.Sub(w.progress) > slack/2 {
		return false
	}
	took := now.Sub(w.first) + 100*time.Millisecond // the first part took time as well
	return time.Duration(float64(took)/float64(have)*float64(size-have)) < slack
}

// ask requests w from p.
func (e *Engine) ask(now time.Time, w *want, p *neighbour, within time.Duration) {
	w.from, w.asked, w.progress, w.pushed = p, now, now, false
	p.asked++
	e.asked++
	e.send(p, &wire.Message{
		Kind: wire.Request, Number: w.number, Within: max(within-e.hurry(), 100*time.Millisecond),
		Proved: e.proofs.of(w.number) != nil, // not w's own: that may be gone when the data comes
	})
	if !w.told && e.playout.file == nil {
		w.told = true
		e.announce(w.number, now)
	}
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
		w.doubted(w.from, 0, w.buf)
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
	e.unfetch(w)
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

func (e *Engine) dropAll() { e.dropBelow(e.wants.high) }

func (e *Engine) onRefuse(now time.Time, p *neighbour, m *wire.Message) {
	w := e.wants.get(m.Number)
	if w == nil || w.from != p {
		return // our cancel crossed it
	}
	e.stats.Refused++
	w.tried |= p.bit()
	w.refusals++
	switch m.Reason {
	case wire.Busy:
		// No fault of its. Others will hold the slice soon; it is asked again when nobody else is there.
		p.rests = now.Add(time.Duration(float64(busyRest<<min(p.refusals, 2)) * (1 + unit(score(p.key, m.Number)))))
		p.refusals++
	case wire.NotHeld: // what it announced has not come to it yet; of a file, it held too much and let go of it
		if e.cfg.File != nil {
			p.holds.remove(m.Number)
		}
	default:
		p.holds.remove(m.Number)
		e.rest(now, p)
	}
	e.unask(w)
	if w.refusals%refusalsInARow == 0 {
		w.next = now.Add(busyRest)
		return
	}
	e.consider(now, m.Number)
}

// refusalsInARow is how many neighbours are asked for a slice one after the other before a pause: where all are busy it
// helps nobody to ask them all.
const refusalsInARow = 3

// busyRest is how long a neighbour that refused because it is busy is left in peace, up to twice that, and up to four
// times that if it goes on refusing.
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
	wanted := e.cfg.File != nil && e.proofs.of(st.First) == nil
	for n := st.First; st.Covers(n) && !wanted; n++ {
		// Whoever was asked: it may have been this peer, and may be again before its data comes.
		w := e.wants.get(n)
		wanted = w != nil && w.proof == nil
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
	e.prove(signed)
}

// prove takes in a statement that was proved.
func (e *Engine) prove(s *slice.Signed) {
	if e.cfg.File != nil {
		e.proofs.keep(s)
	}
	for n := s.First; s.Covers(n); n++ {
		if w := e.wants.get(n); w != nil && w.proof == nil {
			w.proof = s
		}
	}
}

func (e *Engine) onData(now time.Time, p *neighbour, m *wire.Message) {
	w := e.wants.get(m.Number)
	if w == nil || w.from != p {
		e.crossed(now, p, w, m)
		return
	}
	if w.proof == nil {
		e.stats.DuplicateBytes += uint64(len(m.Bytes))
		e.bar(now, p, errUnproved)
		return
	}
	size := w.size()
	part, honest := w.missing(int(m.Offset), m.Bytes)
	e.stats.DuplicateBytes += uint64(len(m.Bytes) - len(part))
	if !honest {
		e.bar(now, p, errProtocol)
		return
	}
	if len(part) < len(m.Bytes) {
		// Of a request that was cancelled and made again. It is looked at with the rest.
		w.doubted(p, int(m.Offset), m.Bytes[:len(m.Bytes)-len(part)])
	}
	if len(part) == 0 {
		return
	}
	if len(w.buf) == 0 {
		w.first = now
		e.answers.add(now.Sub(w.asked))
	}
	w.add(part, size)
	w.progress, p.data = now, now
	if len(w.buf) < size {
		return
	}
	if err := e.cfg.Verifier.Payload(&w.proof.Statement, w.number, w.buf); err != nil {
		e.stats.BadBytes += uint64(size)
		e.bar(now, p, err)
		return
	}
	p.proven, p.failures, p.refusals = true, 0, 0
	e.answers.whole(now.Sub(w.asked))
	e.late(false)
	e.stats.PeerBytes += uint64(size)
	e.stats.PeerSlices++
	if w.pushed {
		e.stats.PushedBytes += uint64(size)
		e.stats.PushedSlices++
	}
	payload := w.buf
	w.buf = nil
	e.unask(w)
	e.holds(p, w.number)
	e.accept(now, &slice.Slice{Number: w.number, Proof: w.proof, Payload: payload})
}

// accept takes in a proved slice.
func (e *Engine) accept(now time.Time, s *slice.Slice) {
	told := false
	if w := e.wants.get(s.Number); w != nil {
		told = w.told
		e.drop(s.Number, w)
		for _, d := range w.doubts {
			if p := d.from; e.linkOf(p.link) == p && !holds(s.Payload, d.offset, d.part) {
				e.stats.BadBytes += uint64(len(d.part))
				e.bar(now, p, errWrongPart)
			}
		}
	}
	e.store.put(s)
	if !told {
		e.announce(s.Number, now)
	}
	if e.cfg.File == nil {
		e.fresh.add(s, e.order)
	}
	if e.cfg.File != nil || e.cfg.Early {
		e.act(Action{Kind: Kept, Number: s.Number, Slice: s})
	}
	e.deliver(now)
	e.offer(now)
}

// answers keeps how long peers take from a request to its first data, as TCP keeps its round trip (RFC 6298): a mean
// and a mean deviation. On a busy machine or a crowded network everything takes longer, and asking elsewhere too early
// makes it worse. It also keeps how long a whole slice takes.
type answers struct {
	mean, deviation time.Duration
	slice           time.Duration
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

func (a *answers) whole(d time.Duration) { a.slice += (d - a.slice) / 16 }

// usual returns the time that nearly all answers come in.
func (a *answers) usual() time.Duration { return a.mean + 4*a.deviation }

package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// neighbour is a peer that we have a link to.
type neighbour struct {
	link     Link
	id       PeerID
	key      uint64 // of id, see keyOf
	opened   time.Time
	heard    time.Time // the last message
	pinged   time.Time
	nonce    uint32
	rtt      time.Duration // smoothed; 0 while unknown
	rttMin   time.Duration // the shortest seen
	greeted  bool          // its hello came
	noUpload bool
	holds    holdings
	slot     int // see news

	asked    int // our requests under way there
	refusals int // because it was busy, since the last success
	failures int // timeouts and refusals since the last success
	rests    time.Time

	buffered int // bytes given to the transport and, as far as we know, not yet sent

	timed   int // bytes until the fragment whose way is being timed has left; 0: none is
	timedAt time.Time
	best    time.Duration // that one took at the least
}

const (
	helloWithin = 10 * time.Second
	pingEvery   = 10 * time.Second
	firstPings  = 4 // a second apart: one at least should find no queue
	silentAfter = 35 * time.Second
	maxFailures = 8 // in a row, before the link is given up
	// newestAhead is how far a peer may be ahead of what we know of the live edge before it is taken for a liar.
	newestAhead = 4096
)

// LinkOpened takes up a link that is ready for messages.
func (e *Engine) LinkOpened(now time.Time, l Link, id PeerID) {
	e.now = now
	if e.links[l] != nil {
		return
	}
	p := &neighbour{link: l, id: id, key: keyOf(id), opened: now, heard: now, pinged: now}
	if e.HasPeer(id) || !e.Accepts() {
		e.send(p, &wire.Message{Kind: wire.Bye, Reason: wire.Full})
		e.act(Action{Kind: Disconnect, Link: l, Reason: wire.Full})
		return
	}
	e.links[l], e.ids[id] = p, p
	e.order = append(e.order, p)
	e.takeSlot(p)
	e.sayHello(p)
	e.ping(now, p)
}

// of returns the neighbour on link l, nil if there is none. Links are looked up with each message, mostly the same few.
func (e *Engine) of(l Link) *neighbour {
	at := &e.recent[l%Link(len(e.recent))]
	if *at == nil || (*at).link != l {
		*at = e.links[l]
	}
	return *at
}

// LinkClosed takes note that the transport lost a link.
func (e *Engine) LinkClosed(now time.Time, l Link) {
	e.now = now
	if p := e.of(l); p != nil {
		e.forget(now, p)
	}
}

// Received takes one message. Its bytes may be kept.
func (e *Engine) Received(now time.Time, l Link, message []byte) {
	e.now = now
	p := e.of(l)
	if p == nil || e.left {
		return
	}
	m, err := wire.Parse(message)
	e.take(now, p, &m, err, len(message))
}

// ReceivedPayload is Received for a message that comes as the Data and Body of the action that sent it, so that
// thousands of engines in one process can share the bytes of payloads.
func (e *Engine) ReceivedPayload(now time.Time, l Link, head, body []byte) {
	e.now = now
	p := e.of(l)
	if p == nil || e.left {
		return
	}
	m, err := wire.ParsePayload(head, body)
	e.take(now, p, &m, err, len(head)+len(body))
}

// take takes in a message of size bytes.
func (e *Engine) take(now time.Time, p *neighbour, m *wire.Message, err error, size int) {
	if err == wire.ErrUnknown {
		e.stats.ControlIn += uint64(size)
		return
	}
	if err != nil {
		e.bar(now, p, err)
		return
	}
	p.heard = now
	switch m.Kind {
	case wire.Data:
		e.stats.ControlIn += uint64(size - len(m.Bytes))
	case wire.Proof:
		e.stats.ProofBytes += uint64(size)
	default:
		e.stats.ControlIn += uint64(size)
	}
	if !p.greeted && m.Kind != wire.Hello && m.Kind != wire.Bye {
		e.bar(now, p, errProtocol)
		return
	}
	switch m.Kind {
	case wire.Hello:
		e.onHello(now, p, m)
	case wire.Have:
		e.onHave(now, p, m.Numbers)
	case wire.Request:
		e.onRequest(now, p, m)
	case wire.Cancel:
		e.unqueue(p, m.Number, false)
	case wire.Refuse:
		e.onRefuse(now, p, m)
	case wire.Proof:
		e.onProof(now, p, m)
	case wire.Data:
		e.onData(now, p, m)
	case wire.Ping:
		e.send(p, &wire.Message{Kind: wire.Pong, Nonce: m.Nonce})
	case wire.Pong:
		e.onPong(now, p, m.Nonce)
	case wire.Bye:
		e.disconnect(now, p, Action{Reason: m.Reason})
	}
}

func (e *Engine) sayHello(p *neighbour) {
	m := wire.Message{Kind: wire.Hello, Version: wire.Version, Track: e.cfg.Track}
	if e.cfg.NoUpload {
		m.Flags |= wire.NoUpload
	} else {
		m.First, m.Bitmap = e.store.bitmap(wire.MaxBitmap)
	}
	e.send(p, &m)
}

// onHello takes what a peer plays and holds. A later hello replaces an earlier one.
func (e *Engine) onHello(now time.Time, p *neighbour, m *wire.Message) {
	switch {
	case m.Version != wire.Version:
		e.disconnect(now, p, Action{Reason: wire.OtherFormat, Err: errVersion})
		return
	case m.Track != e.cfg.Track:
		e.disconnect(now, p, Action{Reason: wire.OtherTrack, Err: errTrack})
		return
	case len(m.Bitmap) > 0 && m.First > e.playout.newest+newestAhead:
		e.bar(now, p, errProtocol)
		return
	}
	p.greeted = true
	p.noUpload = m.Flags&wire.NoUpload != 0
	p.holds = holdings{}
	if p.noUpload {
		return
	}
	p.holds.base = m.First / 64 * 64
	for i, b := range m.Bitmap {
		for bit := range 8 {
			if b&(1<<bit) != 0 {
				p.holds.add(m.First + slice.Number(8*i+bit))
			}
		}
	}
	e.reconsider(now)
}

func (e *Engine) onHave(now time.Time, p *neighbour, ns []slice.Number) {
	if ns[len(ns)-1] > e.playout.newest+newestAhead {
		e.bar(now, p, errProtocol)
		return
	}
	e.playout.seen = max(e.playout.seen, ns[len(ns)-1])
	for _, n := range ns {
		p.holds.add(n)
		if w := e.wants.get(n); w == nil || w.from == nil && !w.fetching {
			e.consider(now, n)
		}
	}
}

func (e *Engine) onPong(now time.Time, p *neighbour, nonce uint32) {
	if nonce != p.nonce {
		return
	}
	rtt := max(now.Sub(p.pinged), time.Millisecond)
	if p.rtt == 0 {
		p.rtt, p.rttMin = rtt, rtt
	} else {
		p.rtt += (rtt - p.rtt) / 4
		p.rttMin = min(p.rttMin, rtt)
	}
}

func (e *Engine) ping(now time.Time, p *neighbour) {
	p.pinged = now
	p.nonce++
	e.send(p, &wire.Message{Kind: wire.Ping, Nonce: p.nonce})
}

// tend pings neighbours and lets go of those that are of no use.
func (e *Engine) tend(now time.Time) {
	for i := 0; i < len(e.order); i++ {
		p := e.order[i]
		switch {
		case !p.greeted && now.Sub(p.opened) > helloWithin, now.Sub(p.heard) > silentAfter:
			e.disconnect(now, p, Action{Err: errSilent})
			i--
		case p.failures > maxFailures:
			e.disconnect(now, p, Action{Err: errSilent})
			i--
		case now.Sub(p.pinged) > pingEvery, p.nonce < firstPings && now.Sub(p.pinged) > time.Second:
			e.ping(now, p)
		}
	}
}

// bar lets go of a peer that did what no honest peer does, for the whole session.
func (e *Engine) bar(now time.Time, p *neighbour, err error) {
	e.stats.Barred++
	e.disconnect(now, p, Action{Bar: true, Err: err})
}

func (e *Engine) disconnect(now time.Time, p *neighbour, a Action) {
	a.Kind, a.Link = Disconnect, p.link
	e.act(a)
	e.forget(now, p)
}

// forget takes a neighbour out of everything; what was asked of it is asked elsewhere.
func (e *Engine) forget(now time.Time, p *neighbour) {
	delete(e.links, p.link)
	e.recent[p.link%Link(len(e.recent))] = nil
	delete(e.ids, p.id)
	for i, q := range e.order {
		if q == p {
			e.order = append(e.order[:i], e.order[i+1:]...)
			break
		}
	}
	e.unqueue(p, 0, true)
	e.freeSlot(p)
	e.upload.inFlight -= p.buffered
	if p.asked > 0 {
		for n := e.wants.low; n < e.wants.high; n++ {
			if w := e.wants.get(n); w != nil && w.from == p {
				e.unask(w)
			}
		}
		e.nextPass = now
	}
}

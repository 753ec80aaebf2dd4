package swarm

import (
	"slices"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// neighbour is a peer that we have a link to. What is needed most often stands first, to be together in the cache.
type neighbour struct {
	link     Link
	greeted  bool // its hello came
	noUpload bool
	proven   bool      // it has given a whole slice
	heard    time.Time // the last message
	holds    holdings

	slot     int           // its bit in masks; maxSlots if there are too many
	key      uint64        // of id, for score
	rttMin   time.Duration // the shortest seen
	buffered int           // bytes given to the transport and, as far as we know, not yet sent
	timed    int           // of them, those up to the end of a fragment whose way is being timed
	serving  int           // requests of its that wait here, and offers made to it
	asked    int           // our requests under way there
	failures int           // timeouts and refusals since the last success
	refusals int           // because it was busy, since the last success
	rests    time.Time
	data     time.Time            // when it last sent something that was asked for
	timedAt  time.Time            // when the timed fragment began
	best     time.Duration        // the shortest way of one
	rtt      time.Duration        // smoothed; 0 while unknown
	room     [liveHoldings]uint64 // for holds, of a live track

	id     PeerID
	nonce  uint32
	opened time.Time
	pinged time.Time
}

const (
	helloWithin = 10 * time.Second
	pingEvery   = 10 * time.Second
	silentAfter = 35 * time.Second
	maxFailures = 8 // in a row, before the link is given up
	// maxUnproven is the same for a peer that never gave anything; it is not met again.
	maxUnproven = 3
	// newestAhead is how far a peer may be ahead of what we know of the live edge before it is taken for a liar.
	newestAhead = 4096
	// maxSlots is how many neighbours masks can tell apart. Others are offered nothing.
	maxSlots = 64
)

// bit returns the neighbour's bit in masks, 0 if it has none.
func (p *neighbour) bit() uint64 { return 1 << p.slot }

// LinkOpened takes up a link that is ready for messages.
func (e *Engine) LinkOpened(now time.Time, l Link, id PeerID) {
	e.now = now
	if e.linkOf(l) != nil {
		return
	}
	p := &neighbour{link: l, id: id, key: keyOf(id), slot: maxSlots, opened: now, heard: now, pinged: now}
	if e.HasPeer(id) || !e.Accepts() {
		e.send(p, &wire.Message{Kind: wire.Bye, Reason: wire.Full})
		e.act(Action{Kind: Disconnect, Link: l, Reason: wire.Full})
		return
	}
	if p.slot = slices.Index(e.slots[:], (*neighbour)(nil)); p.slot < 0 {
		p.slot = maxSlots
	} else {
		e.slots[p.slot] = p
	}
	if p.holds.bits = p.room[:]; e.cfg.File != nil {
		p.holds.bits = make([]uint64, min(int(e.cfg.File.Slices+63)/64, maxHoldings))
	}
	for int(l) >= len(e.links) {
		e.links = append(e.links, nil)
	}
	e.links[l], e.ids[id] = p, p
	e.order = append(e.order, p)
	e.sayHello(p)
	e.ping(now, p)
}

// LinkClosed takes note that the transport lost a link.
func (e *Engine) LinkClosed(now time.Time, l Link) {
	e.now = now
	if p := e.linkOf(l); p != nil {
		e.forget(now, p)
	}
}

// Touch reads what Received and Drained read first and does nothing. Who drives thousands of engines waits for memory most
// of the time: touching several before any is told anything has it come at the same time. The result says nothing.
func (e *Engine) Touch(l Link) int {
	p := e.linkOf(l)
	if p == nil {
		return 0
	}
	f := &e.fresh
	return p.buffered + int(p.holds.base+e.highest+e.playout.newest) + e.upload.inFlight + len(f.offers) + int(f.lacked) +
		int(e.stats.ControlIn) + int(p.room[0])
}

// Received takes one message. Its bytes may be kept.
func (e *Engine) Received(now time.Time, l Link, message []byte) {
	m, err := wire.Parse(message)
	e.received(now, l, len(message), &m, err)
}

// ReceivedPayload takes a message that carries payload, which stands apart from what is before it, as in an Action. The
// engine neither copies nor changes it.
func (e *Engine) ReceivedPayload(now time.Time, l Link, head, body []byte) {
	m, err := wire.ParseData(head, body)
	e.received(now, l, len(head)+len(body), &m, err)
}

func (e *Engine) received(now time.Time, l Link, size int, m *wire.Message, err error) {
	e.now = now
	p := e.linkOf(l)
	if p == nil || e.left {
		return
	}
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
	case wire.Offer:
		e.onOffer(now, p, m.Number)
	case wire.Request:
		e.onRequest(now, p, m)
	case wire.Cancel:
		e.onCancel(now, p, m.Number)
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
	}
	m.First, m.Bitmap = e.store.bitmap(wire.MaxBitmap)
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
	clear(p.holds.bits)
	p.holds.base = m.First / 64 * 64
	if e.cfg.File != nil {
		p.holds.base = 0
	}
	for i, b := range m.Bitmap {
		for bit := range 8 {
			if b&(1<<bit) != 0 {
				e.holds(p, m.First+slice.Number(8*i+bit))
			}
		}
	}
	e.fresh.meet(p)
	e.choosePushed()
	e.reconsider(now)
}

func (e *Engine) onHave(now time.Time, p *neighbour, ns []slice.Number) {
	if ns[len(ns)-1] > e.playout.newest+newestAhead {
		e.bar(now, p, errProtocol)
		return
	}
	e.playout.seen = max(e.playout.seen, ns[len(ns)-1])
	for _, n := range ns {
		e.holds(p, n)
		e.fresh.has(p, n)
		if w := e.wants.get(n); w != nil && w.from == nil && !w.fetching && !w.pull.After(now) {
			e.consider(now, n)
		}
	}
}

// holds takes note that p holds slice n.
func (e *Engine) holds(p *neighbour, n slice.Number) {
	p.holds.add(n)
	e.highest = max(e.highest, n)
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
	var sum time.Duration
	for _, p := range e.order {
		// One seen only while queues were full is no measure of the way, hence the limit.
		sum += min(p.rttMin, 150*time.Millisecond)
	}
	e.roundTrip = sum / time.Duration(max(1, len(e.order)))
	for i := 0; i < len(e.order); i++ {
		p := e.order[i]
		switch {
		case !p.greeted && now.Sub(p.opened) > helloWithin, now.Sub(p.heard) > silentAfter, p.failures > maxFailures:
			e.disconnect(now, p, Action{Err: errSilent})
			i--
		case !p.proven && p.failures >= maxUnproven:
			e.bar(now, p, errUseless)
			i--
		case now.Sub(p.pinged) > pingEvery:
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
	e.links[p.link] = nil
	delete(e.ids, p.id)
	if i := slices.Index(e.order, p); i >= 0 {
		e.order = slices.Delete(e.order, i, i+1)
	}
	e.unqueue(p, 0, true)
	e.fresh.part(p)
	if p.slot < maxSlots {
		e.slots[p.slot] = nil
	}
	e.choosePushed()
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

// greeted counts the neighbours that said hello.
func (e *Engine) greeted() int {
	k := 0
	for _, q := range e.order {
		if q.greeted {
			k++
		}
	}
	return k
}

package swarm

import (
	"math/bits"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// fresh is a slice that came lately and of which not all neighbours were told.
//
// Telling everybody at once would have everybody ask at once, and nearly all be refused. So a slice is offered to as
// few neighbours at a time as can be served soon, and the rest are told in one message a while later, when there are
// other holders.
type fresh struct {
	number slice.Number
	came   time.Time
	told   uint64 // neighbours, by slot
}

// offer is an announcement that we keep some of the uplink free for.
type offer struct {
	to     *neighbour
	number slice.Number
	until  time.Time
	size   int
}

// news are slices to be announced.
type news struct {
	fresh   []fresh // in the order in which they came
	offers  []offer
	offered int // bytes that offers may lead to
	slots   uint64
	batch   time.Time // when the rest is told next
}

// maxSlots is how many neighbours are told apart. Others are told in batches only.
const maxSlots = 64

// takeSlot finds a number for a new neighbour, which learns from our hello what is here.
func (e *Engine) takeSlot(p *neighbour) {
	p.slot = bits.TrailingZeros64(^e.news.slots)
	if p.slot < maxSlots {
		e.news.slots |= 1 << p.slot
		for i := range e.news.fresh {
			e.news.fresh[i].told |= 1 << p.slot
		}
	}
}

func (e *Engine) freeSlot(p *neighbour) {
	if p.slot < maxSlots {
		e.news.slots &^= 1 << p.slot
	}
	keep := e.news.offers[:0]
	for _, o := range e.news.offers {
		if o.to != p {
			keep = append(keep, o)
		} else {
			e.news.offered -= o.size
		}
	}
	e.news.offers = keep
}

// announce makes slice n, which is here from now on, known to neighbours.
func (e *Engine) announce(now time.Time, n slice.Number) {
	if e.cfg.NoUpload || e.cfg.NoPeers {
		return
	}
	if e.playout.deadline(n).Sub(now) < e.policy.Guard(e.playout.delay) {
		e.tell(n) // whoever lacks it needs it now
		return
	}
	e.news.fresh = append(e.news.fresh, fresh{number: n, came: now})
	e.offer(now)
}

// tell tells all neighbours that lack slice n of it.
func (e *Engine) tell(n slice.Number) {
	have := wire.Append(nil, &wire.Message{Kind: wire.Have, Numbers: []slice.Number{n}})
	for _, p := range e.order {
		if p.greeted && !p.holds.has(n) {
			e.stats.ControlOut += uint64(len(have))
			e.sendEncoded(p, have, nil)
		}
	}
}

// offer tells of fresh slices, the newest first, as many neighbours as can be served soon.
func (e *Engine) offer(now time.Time) {
	if e.cfg.NoUpload || len(e.news.fresh) == 0 {
		return
	}
	keep := e.news.offers[:0]
	for _, o := range e.news.offers {
		if now.Before(o.until) {
			keep = append(keep, o)
		} else {
			e.news.offered -= o.size
		}
	}
	e.news.offers = keep
	room := e.upload.capacity()*e.policy.OfferFor.Seconds() - float64(e.load()+e.news.offered)
	for i := len(e.news.fresh) - 1; i >= 0 && room > 0; i-- {
		f := &e.news.fresh[i]
		s := e.store.get(f.number)
		if s == nil || now.Sub(f.came) > e.policy.Hold(e.playout.delay) {
			continue
		}
		for room > 0 {
			p := e.lacking(f)
			if p == nil {
				break
			}
			f.told |= 1 << p.slot
			e.send(p, &wire.Message{Kind: wire.Have, Numbers: []slice.Number{f.number}})
			e.news.offers = append(e.news.offers, offer{p, f.number, now.Add(offerSlack + max(p.rtt, offerSlack)), len(s.Payload)})
			e.news.offered += len(s.Payload)
			room -= float64(len(s.Payload))
		}
	}
}

// offerSlack is for how long an announcement is expected to be answered by a request, beyond the round trip.
const offerSlack = 80 * time.Millisecond

// lacking chooses the neighbour to tell of f next: one that passes on what it gets before one that does not, else by
// chance with a preference for short round trips.
func (e *Engine) lacking(f *fresh) *neighbour {
	var best *neighbour
	var least float64
	for _, p := range e.order {
		if !p.greeted || p.slot >= maxSlots || f.told&(1<<p.slot) != 0 || p.holds.has(f.number) {
			continue
		}
		cost := (0.02 + p.rttMin.Seconds()) * (0.1 + unit(score(p.key, f.number)^score(e.key, f.number)))
		if p.noUpload {
			cost += 10
		}
		if best == nil || cost < least {
			best, least = p, cost
		}
	}
	return best
}

// accepted takes note that p asks for what it was offered.
func (e *Engine) accepted(p *neighbour, n slice.Number) bool {
	for i, o := range e.news.offers {
		if o.to == p && o.number == n {
			e.news.offered -= o.size
			e.news.offers = append(e.news.offers[:i], e.news.offers[i+1:]...)
			return true
		}
	}
	return false
}

// tellRest tells, in one message each, all neighbours of what has been here for a while.
func (e *Engine) tellRest(now time.Time) {
	ns := &e.news
	if e.cfg.NoUpload || now.Before(ns.batch) {
		return
	}
	hold := e.policy.Hold(e.playout.delay)
	ns.batch = now.Add(hold)
	var numbers [wire.MaxNumbers]slice.Number
	for _, p := range e.order {
		if !p.greeted {
			continue
		}
		k := 0
		for i := range ns.fresh {
			f := &ns.fresh[i]
			if now.Sub(f.came) < hold || p.slot < maxSlots && f.told&(1<<p.slot) != 0 {
				continue
			}
			if n := f.number; !p.holds.has(n) && e.store.has(n) && k < len(numbers) {
				j := k // they stand in the order in which they came
				for ; j > 0 && numbers[j-1] > n; j-- {
					numbers[j] = numbers[j-1]
				}
				numbers[j] = n
				k++
			}
		}
		if k > 0 {
			e.send(p, &wire.Message{Kind: wire.Have, Numbers: numbers[:k]})
		}
	}
	keep := ns.fresh[:0]
	for _, f := range ns.fresh {
		if now.Sub(f.came) < hold {
			keep = append(keep, f)
		}
	}
	ns.fresh = keep
}

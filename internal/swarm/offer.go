package swarm

import (
	"math/bits"
	"slices"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// fresh knows which neighbours lack the slices that came lately, and what was offered to whom.
//
// Who holds a slice offers it, the newest first, to as many neighbours at a time as its uplink can serve soon. So
// nobody asks in vain and no uplink is idle while a neighbour lacks something, and since a viewer tells its neighbours
// as soon as it takes an offer up, few are offered what others are sending them already.
type fresh struct {
	ring    [freshSlices]freshSlice
	lacked  uint64       // places in ring where some neighbour may lack the slice; none does at the others
	high    slice.Number // nothing fresh from here on
	offers  []offer      // not answered
	likely  float64      // bytes that they may lead to
	greeted uint64       // neighbours, by bit, that said hello
	busy    uint64       // neighbours, by bit, to whom enough is on offer or under way
	pushed  uint64       // neighbours, by bit, to whom anything is offered
}

type freshSlice struct {
	number  slice.Number
	size    int    // bytes of payload; 0: there is none
	lacking uint64 // neighbours, by bit, that lack it and were not offered it
}

// offer is one that we keep some of the uplink free for.
type offer struct {
	to     *neighbour
	number slice.Number
	until  time.Time
	likely float64 // bytes that it may lead to
}

const (
	// freshSlices is how many of the newest slices are offered.
	freshSlices = 64
	// offerSlack is for how long an offer is expected to be answered, beyond two round trips.
	offerSlack = 200 * time.Millisecond
)

func (f *fresh) at(n slice.Number) *freshSlice {
	if s := &f.ring[n%freshSlices]; s.number == n && s.size > 0 {
		return s
	}
	return nil
}

// add takes in a slice that is here now.
func (f *fresh) add(s *slice.Slice, order []*neighbour) {
	if s.Number+freshSlices < f.high {
		return
	}
	f.high = max(f.high, s.Number+1)
	lacking := uint64(0)
	for _, p := range order {
		if p.greeted && !p.holds.has(s.Number) {
			lacking |= p.bit()
		}
	}
	f.ring[s.Number%freshSlices] = freshSlice{s.Number, len(s.Payload), lacking}
	f.lacked |= 1 << (s.Number % freshSlices)
}

// has takes note that p holds n, or is about to.
func (f *fresh) has(p *neighbour, n slice.Number) {
	if s := f.at(n); s != nil {
		s.lacking &^= p.bit()
	}
	f.answered(p, n)
}

// lacks takes note that p lacks n, although it was offered it before or was not.
func (f *fresh) lacks(p *neighbour, n slice.Number) {
	if s := f.at(n); s != nil {
		s.lacking |= p.bit()
		f.lacked |= 1 << (n % freshSlices)
	}
}

// answered takes an offer off the list and tells whether there was one.
func (f *fresh) answered(p *neighbour, n slice.Number) bool {
	for i, o := range f.offers {
		if o.to == p && o.number == n {
			f.remove(i)
			return true
		}
	}
	return false
}

func (f *fresh) remove(i int) {
	f.likely -= f.offers[i].likely
	f.serve(f.offers[i].to, -1)
	f.offers = append(f.offers[:i], f.offers[i+1:]...)
}

// serve takes note of how many requests and offers of p more, or less, are not done.
func (f *fresh) serve(p *neighbour, more int) {
	if p.serving += more; p.serving >= maxServing {
		f.busy |= p.bit()
	} else {
		f.busy &^= p.bit()
	}
}

// meet takes in what a neighbour's hello says.
func (f *fresh) meet(p *neighbour) {
	f.greeted |= p.bit()
	for i := range f.ring {
		if s := &f.ring[i]; p.holds.has(s.number) {
			s.lacking &^= p.bit()
		} else {
			s.lacking |= p.bit()
			f.lacked |= 1 << i
		}
	}
}

// newest returns the newest slice that a neighbour may lack, of those at places, and its place as a mask; places must
// not be empty.
func (f *fresh) newest(places uint64) (slice.Number, uint64) {
	top := int((f.high - 1) % freshSlices)
	back := bits.LeadingZeros64(bits.RotateLeft64(places, freshSlices-1-top))
	return f.high - 1 - slice.Number(back), 1 << ((top - back + freshSlices) % freshSlices)
}

// part forgets a neighbour.
func (f *fresh) part(p *neighbour) {
	f.greeted &^= p.bit()
	f.busy &^= p.bit()
	for i := range f.ring {
		f.ring[i].lacking &^= p.bit()
	}
	f.withdraw(p)
}

// withdraw forgets the offers made to p, or all if it is nil.
func (f *fresh) withdraw(p *neighbour) {
	for i := len(f.offers) - 1; i >= 0; i-- {
		if p == nil || f.offers[i].to == p {
			f.remove(i)
		}
	}
}

func (f *fresh) expire(now time.Time) {
	for i := len(f.offers) - 1; i >= 0; i-- {
		if now.After(f.offers[i].until) {
			f.remove(i)
		}
	}
}

// choosePushed chooses to whom slices are offered: where not to all, to those who pass them on before others, and to those who
// came first before others.
func (e *Engine) choosePushed() {
	f := &e.fresh
	if e.cfg.PushPeers == 0 {
		f.pushed = ^uint64(0)
		return
	}
	f.pushed = 0
	left := e.cfg.PushPeers
	for _, gives := range [...]bool{true, false} {
		for _, p := range e.order {
			if left > 0 && p.greeted && p.slot < maxSlots && p.noUpload != gives {
				f.pushed |= p.bit()
				left--
			}
		}
	}
}

// offer makes as many offers as the uplink has room for.
func (e *Engine) offer(now time.Time) {
	f := &e.fresh
	if e.cfg.NoUpload || e.policy.OfferFor <= 0 || e.left || e.playout.file != nil {
		return
	}
	f.expire(now)
	ahead := e.policy.OfferFor + e.roundTrip*3/2 // so long it takes until an offer is answered
	most := e.upload.capacity() * ahead.Seconds()
	room := most - float64(e.upload.load()) - f.likely
	rareRoom := most - float64(e.upload.inFlight+e.upload.rare)
	if room <= 0 && rareRoom <= 0 {
		return
	}
	oldest := e.playout.liveTime(now) - e.playout.delay + e.policy.Guard(e.playout.delay)
	greeted := float64(bits.OnesCount64(f.greeted))
	for places := f.lacked; places != 0; {
		n, place := f.newest(places)
		places &^= place
		free := f.greeted & f.pushed &^ f.busy
		s := f.at(n)
		if s == nil || s.lacking == 0 {
			f.lacked &^= place
			continue
		}
		if s.lacking&free == 0 || !e.store.has(n) {
			continue
		}
		lacking := float64(bits.OnesCount64(s.lacking))
		at := &room
		if lacking > rareShare*greeted {
			at = &rareRoom
		}
		if *at <= 0 || e.playout.trackTime(n) < oldest {
			return // too late to spread further, or less urgent than what waits
		}
		// The more of our neighbours have it the more of the others are just being sent it.
		likely := float64(s.size) * max(0.5, lacking/greeted)
		for *at > 0 && s.lacking&free != 0 {
			p := e.target(s.number, s.lacking&free)
			if p == nil {
				break
			}
			e.offerTo(now, p, s, likely)
			free &^= f.busy
			room -= likely
			if at == &rareRoom {
				rareRoom -= likely
			}
		}
	}
}

func (e *Engine) offerTo(now time.Time, p *neighbour, s *freshSlice, likely float64) {
	f := &e.fresh
	s.lacking &^= p.bit()
	f.serve(p, 1)
	f.likely += likely
	f.offers = append(f.offers, offer{p, s.number, now.Add(offerSlack + 2*p.rtt), likely})
	e.stats.Offers++
	e.send(p, &wire.Message{Kind: wire.Offer, Number: s.number})
}

// rareShare is what share of the neighbours must lack a slice for it to go before all others.
const rareShare = 0.75

// rare tells whether few neighbours hold slice n.
func (e *Engine) rare(n slice.Number) bool {
	s := e.fresh.at(n)
	return s != nil && float64(bits.OnesCount64(s.lacking)) > rareShare*float64(bits.OnesCount64(e.fresh.greeted))
}

// target chooses a neighbour of those in mask to offer slice n to: by the rule, of some taken by chance.
func (e *Engine) target(n slice.Number, mask uint64) *neighbour {
	cs, ps, k := &e.choice.candidates, &e.choice.neighbours, 0
	mine := score(e.key, n)
	turn := int(mine % maxSlots)
	for mask = bits.RotateLeft64(mask, turn); mask != 0 && k < maxTargets; mask &= mask - 1 {
		p := e.slots[(bits.TrailingZeros64(mask)-turn+maxSlots)%maxSlots]
		cs[k], ps[k] = p.candidate(n, mine), p
		k++
	}
	if i := e.policy.Target(cs[:k]); i >= 0 {
		return ps[i]
	}
	return nil
}

// maxTargets is how many neighbours are looked at to choose one of.
const maxTargets = 8

// candidate returns what rules are told of p; mine is our score for slice n.
func (p *neighbour) candidate(n slice.Number, mine uint64) Candidate {
	return Candidate{
		Asked: p.asked, Failures: p.failures, Refusals: p.refusals, Serving: p.serving, NoUpload: p.noUpload,
		RTT: p.rttMin, Chance: score(p.key, n) ^ mine,
	}
}

// onOffer takes an offer up unless the slice is here or on its way.
func (e *Engine) onOffer(now time.Time, p *neighbour, n slice.Number) {
	if n > e.playout.newest+newestAhead {
		e.bar(now, p, errProtocol)
		return
	}
	e.playout.seen = max(e.playout.seen, n)
	e.holds(p, n)
	e.fresh.has(p, n)
	if e.wanted(n) && !e.cfg.NoDownload && !now.Before(p.rests) && p.mayAsk() && e.asked < 2*e.policy.MaxAsked {
		if w := e.want(n); w.from == nil && !w.fetching {
			slack := e.playout.deadline(n).Sub(now)
			if slack > e.hurry()+e.answers.slice*5/4 && e.takes(n, slack) {
				e.ask(now, w, p, slack)
				w.pushed = true
				return
			}
		}
	}
	e.send(p, &wire.Message{Kind: wire.Cancel, Number: n})
}

// takes tells whether to take up an offer of a slice that is due after slack. Who has come in a crowd first takes what it
// needs soon: the uplinks of a crowd cannot bring both that and what is newest.
func (e *Engine) takes(n slice.Number, slack time.Duration) bool {
	if e.crowded(e.now) && n >= e.playout.position+e.policy.CrowdStart {
		return false
	}
	return slack < e.playout.delay/2 || e.filled()
}

// filled tells whether the viewer has something ahead, or did not come in a crowd, or long ago. Until then what is
// needed first is to come first: the uplinks of a crowd cannot bring both that and what is newest.
func (e *Engine) filled() bool {
	if !e.cfg.Live.Crowd || e.now.Sub(e.began) > e.playout.delay*3/2 {
		return true
	}
	n := e.playout.position
	for e.store.has(n) {
		n++
	}
	return e.playout.deadline(n).Sub(e.now) > e.playout.delay/3
}

// mayAsk tells whether one more request to p makes sense: a peer that has given nothing yet may give nothing ever.
func (p *neighbour) mayAsk() bool { return p.proven || p.asked == 0 }

// onCancel takes back what p asked for, or the offer that it does not take up.
func (e *Engine) onCancel(now time.Time, p *neighbour, n slice.Number) {
	e.fresh.has(p, n)
	e.unqueue(p, n, false)
	e.serve(now)
	e.offer(now)
}

// announce has neighbours told that slice n is here, or is on its way: whoever holds it need not offer it, and whoever
// lacks it can ask for it. They are told of several slices at a time, unless one is needed soon.
func (e *Engine) announce(n slice.Number, now time.Time) {
	if e.cfg.NoPeers {
		return
	}
	within, urgent := e.policy.FileTell, false
	if e.cfg.File == nil {
		within, urgent = e.policy.Tell, e.playout.deadline(n).Sub(now) < e.policy.Guard(e.playout.delay)
	}
	if len(e.news) == 0 {
		e.newsDue = now.Add(within)
	}
	e.news = append(e.news, n)
	if urgent || within <= 0 || len(e.news) == wire.MaxNumbers {
		e.tell()
	}
}

// tell tells neighbours of what was to be announced.
func (e *Engine) tell() {
	if len(e.news) == 0 {
		return
	}
	slices.Sort(e.news)
	e.news = slices.Compact(e.news)
	all := wire.Append(make([]byte, 0, 4+2*len(e.news)), &wire.Message{Kind: wire.Have, Numbers: e.news})
	for _, p := range e.order {
		if p.greeted {
			e.stats.ControlOut += uint64(len(all))
			e.transmit(p, all, nil)
		}
	}
	e.news = e.news[:0]
}

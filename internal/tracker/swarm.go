package tracker

import (
	"math/rand/v2"
	"time"

	"github.com/superp2p/superp2p/internal/tracker/message"
)

const (
	// maxOpen is how many offers of one peer may wait for their answers: those of two full announces.
	maxOpen = 2 * message.MaxOffers
	// maxMet is how many peers are remembered as not to be offered again soon.
	maxMet = 2 * message.MaxOffers
	// maxTries bounds the search for peers of a large swarm that were not met lately.
	maxTries = 8 * message.MaxOffers
)

// swarm is the peers of one info hash.
type swarm struct {
	members    []*member // in no order, so that one can be chosen at random
	byPeer     map[message.ID]*member
	complete   int
	downloaded int
}

// member is a peer in a swarm. Others refer to it by serial, which is never used again: a member that left leaves
// nothing behind.
type member struct {
	box      Mailbox
	peer     message.ID
	serial   uint64
	index    int // in swarm.members
	complete bool
	open     []openOffer // at most maxOpen
	recent   []meeting   // the newest maxMet, a ring
	metNext  int
}

type openOffer struct {
	id message.ID
	to uint64 // 0: answered
	at time.Time
}

type meeting struct {
	with uint64
	at   time.Time
}

func (sw *swarm) counts() Counts {
	return Counts{Complete: sw.complete, Incomplete: len(sw.members) - sw.complete, Downloaded: sw.downloaded}
}

func (sw *swarm) add(p *member) {
	p.index = len(sw.members)
	sw.members = append(sw.members, p)
	sw.byPeer[p.peer] = p
}

func (sw *swarm) remove(p *member) {
	last := len(sw.members) - 1
	sw.members[p.index] = sw.members[last]
	sw.members[p.index].index = p.index
	sw.members[last] = nil
	sw.members = sw.members[:last]
	delete(sw.byPeer, p.peer)
	if p.complete {
		sw.complete--
	}
}

// offered notes an offer; if there are too many, the one that waits longest is forgotten.
func (p *member) offered(id message.ID, to *member, now time.Time) {
	slot := 0
	for i := range p.open {
		if p.open[i].to == 0 {
			slot = i
			break
		}
		if p.open[i].at.Before(p.open[slot].at) {
			slot = i
		}
	}
	if len(p.open) == 0 || len(p.open) < maxOpen && p.open[slot].to != 0 {
		slot = len(p.open)
		p.open = append(p.open, openOffer{})
	}
	p.open[slot] = openOffer{id, to.serial, now}
}

// answered closes the offer with that id to by, and says whether there was one not older than since.
func (p *member) answered(id message.ID, by *member, since time.Time) bool {
	for i := range p.open {
		if o := &p.open[i]; o.to == by.serial && o.id == id {
			o.to = 0
			return !o.at.Before(since)
		}
	}
	return false
}

func (p *member) met(other *member, now time.Time) {
	for i := range p.recent {
		if p.recent[i].with == other.serial {
			p.recent[i].at = now
			return
		}
	}
	if len(p.recent) < maxMet {
		p.recent = append(p.recent, meeting{other.serial, now})
		return
	}
	p.recent[p.metNext] = meeting{other.serial, now}
	p.metNext = (p.metNext + 1) % maxMet
}

// lastMet returns when p and other were last brought together; the zero time if that was not lately.
func (p *member) lastMet(other *member) time.Time {
	for i := range p.recent {
		if p.recent[i].with == other.serial {
			return p.recent[i].at
		}
	}
	return time.Time{}
}

// choose returns up to n peers for asker: first such as it has not met lately, then such as it met longest ago, none
// that it met within MeetAgain.
// It appends to found, which is empty and has room.
func (m *Memory) choose(sh *shard, sw *swarm, asker *member, n int, now time.Time, found []*member) []*member {
	if n == 0 || len(sw.members) < 2 {
		return nil
	}
	want := n
	if m.cfg.Prefer != nil {
		want = 4 * n
	}
	var again []*member
	for p := range sw.shuffled(sh.rand) {
		if p == asker || contains(found, p) {
			continue
		}
		switch last := asker.lastMet(p); {
		case last.IsZero():
			if found = append(found, p); len(found) == want {
				return m.near(asker, found, n)
			}
		case now.Sub(last) >= m.cfg.MeetAgain && !contains(again, p):
			again = append(again, p)
		}
	}
	for len(found) < want && len(again) > 0 {
		oldest := 0
		for i, p := range again {
			if asker.lastMet(p).Before(asker.lastMet(again[oldest])) {
				oldest = i
			}
		}
		found = append(found, again[oldest])
		again[oldest] = again[len(again)-1]
		again = again[:len(again)-1]
	}
	return m.near(asker, found, n)
}

// shuffled yields members at random: each of a small swarm once, some of a large one, perhaps repeatedly.
func (sw *swarm) shuffled(r *rand.Rand) func(func(*member) bool) {
	return func(yield func(*member) bool) {
		if len(sw.members) > maxTries {
			for range maxTries {
				if !yield(sw.members[r.IntN(len(sw.members))]) {
					return
				}
			}
			return
		}
		var order [maxTries]uint8
		for i := range sw.members {
			order[i] = uint8(i)
		}
		for i := range sw.members { // Fisher and Yates, as far as it is needed
			j := i + r.IntN(len(sw.members)-i)
			order[i], order[j] = order[j], order[i]
			if !yield(sw.members[order[i]]) {
				return
			}
		}
	}
}

func contains(list []*member, p *member) bool {
	for _, q := range list {
		if p == q {
			return true
		}
	}
	return false
}

// near returns n of found, the first half of them near asker if there are so many.
func (m *Memory) near(asker *member, found []*member, n int) []*member {
	if m.cfg.Prefer == nil || len(found) <= n {
		return found[:min(n, len(found))]
	}
	here := asker.box.Addr()
	front := 0
	for i := 0; i < len(found) && front < (n+1)/2; i++ {
		if m.cfg.Prefer(here, found[i].box.Addr()) {
			found[front], found[i] = found[i], found[front]
			front++
		}
	}
	return found[:n]
}

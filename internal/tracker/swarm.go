package tracker

import (
	"net/netip"
	"time"

	"github.com/superp2p/superp2p/internal/tracker/message"
)

const (
	// maxOpen is how many offers of one peer may wait for their answers: those of two full announces.
	maxOpen = 2 * message.MaxOffers
	// maxMet is how many peers are remembered as not to be offered again soon.
	maxMet = 2 * message.MaxOffers
)

// swarm is the peers of one info hash.
type swarm struct {
	members    []*member // in no order, so that one can be chosen at random
	byPeer     map[message.ID]*member
	networks   networks
	complete   int
	downloaded int
}

// member is a peer in a swarm. Others refer to it by serial, which is never used again: a member that left leaves
// nothing behind.
type member struct {
	box      Mailbox
	peer     message.ID
	serial   uint64
	index    int          // in swarm.members
	network  netip.Prefix // the zero Prefix: none
	inside   int          // its index in swarm.networks[network]
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
	sw.networks.add(p)
}

func (sw *swarm) remove(p *member) {
	last := len(sw.members) - 1
	sw.members[p.index] = sw.members[last]
	sw.members[p.index].index = p.index
	sw.members[last] = nil
	sw.members = sw.members[:last]
	delete(sw.byPeer, p.peer)
	sw.networks.remove(p)
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

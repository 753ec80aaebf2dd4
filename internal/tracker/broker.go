package tracker

import (
	"net/netip"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/tracker/message"
)

// Broker keeps who is in which swarm and carries offers and answers between peers. All methods may be called
// concurrently and do not block on a peer.
//
// What a Broker promises, in one process or over several:
//   - A (info_hash, peer_id) is held by at most one Mailbox at a time. The first keeps it until Leave.
//   - An offer is delivered at most once, to one peer other than its sender. It may get lost: senders time out.
//   - An answer is delivered at most once, to the Mailbox that announced the offer, and only if the offer was
//     delivered to the Mailbox and peer that answers, not longer ago than the broker remembers offers.
//   - Messages between the same two peers arrive in the order in which they were sent; no other order holds.
//   - About half of an announce's offers go to peers of the announcer's network, if the broker knows such that the
//     announcer has not met lately; the rest go to any peers, at random. The network of a peer is the /16 of its IPv4
//     or the /32 of its IPv6 address (Mailbox.Addr). On loopback, or where the address is not known, it has none.
//   - Counts are exact for peers of this process. Those of other processes may be late by a few seconds.
//   - A process that dies takes its peers with it, within the time the broker needs to notice.
type Broker interface {
	// Announce enters or refreshes a peer and hands its offers to other peers of the swarm. The error is a
	// *TakenError or a *fault.Error with code limit_reached.
	Announce(from Mailbox, a *Announcement) (Counts, error)
	// Answer delivers an answer. The error is ErrNoOffer.
	Answer(from Mailbox, a *Answer) error
	// Leave takes the peer out of the swarm, if from holds it.
	Leave(from Mailbox, infoHash, peer message.ID) Counts
	// Swarm returns the size of a swarm; zero if there is none.
	Swarm(infoHash message.ID) Counts
	// Totals returns how many swarms and peers there are, in this process.
	Totals() (swarms, peers int)
}

// Mailbox is the connection of a peer, as a Broker sees it. Mailboxes are compared with ==.
type Mailbox interface {
	// Post queues a message, which it copies, and returns at once. It returns false if the connection is gone.
	Post(message []byte) bool
	// Probe asks for a sign of life and waits for it. If none comes, the connection is dropped, and it returns false.
	Probe() bool
	// Addr is where the peer is, always the same; the zero Addr if that is not known.
	Addr() netip.Addr
}

// Announcement is what a peer says of itself. The Broker keeps nothing of it after Announce returns but copies.
type Announcement struct {
	InfoHash message.ID
	Peer     message.ID
	Complete bool // it lacks nothing
	Finished bool // it lacks nothing since just now
	Offers   []message.Offer
	Extra    []byte
}

// Answer is a peer's answer to an offer of another.
type Answer struct {
	InfoHash message.ID
	Peer     message.ID // who answers
	To       message.ID // who offered
	OfferID  message.ID
	SDP      []byte
	Extra    []byte
}

// Counts is the size of a swarm.
type Counts struct {
	Complete   int // peers that lack nothing
	Incomplete int
	Downloaded int // how often a peer finished
	Relayed    int // offers of this announce that were handed to somebody
}

// ErrNoOffer says that nobody waits for an answer.
var ErrNoOffer = fault.New(fault.RequestInvalid,
	"no such offer is open: answer within a minute, once, the peer whose offer you were sent")

// TakenError says that another connection holds the peer_id.
type TakenError struct{ Holder Mailbox }

// Error says what to do.
func (*TakenError) Error() string {
	return "peer_id is in use by another connection that is alive: choose a random one"
}

package peer

import (
	"errors"
	"slices"
	"time"

	"github.com/superp2p/superp2p/internal/peer/webrtclink"
	"github.com/superp2p/superp2p/internal/swarm"
)

const (
	// maxOffers is how many offers may wait for an answer at a time, and how many one announce carries.
	maxOffers = 20
	// maxAnswering is how many incoming offers may be worked on at a time.
	maxAnswering = 24
	// offerLife is how long an offer waits for an answer.
	offerLife = 50 * time.Second
	// answerTime is how long answers usually take at the most. Who does not want a link never answers.
	answerTime = 4 * time.Second
	// idleOfferLife is how long an offer waits once no more peers are wanted.
	idleOfferLife = 10 * time.Second
	// connectLife is how long a link may take from its answer until it is open.
	connectLife = 15 * time.Second
)

// linkState is how far a link is.
type linkState uint8

const (
	offered    linkState = iota // our offer waits for an answer
	connecting                  // answered, by the peer or by us
	asked                       // a branch of ours waits for an answer
	held                        // a branch of the peer's waits for ours
	waits                       // open; the application is asked whether it wants the peer
	open
)

// link is what the loop knows of one link.
type link struct {
	number  swarm.Link
	link    *webrtclink.Link // nil while an answer is being made
	state   linkState
	ours    bool         // we made the offer
	branch  bool         // it goes over a connection of another track
	peer    swarm.PeerID // known unless offered or asked
	offerID [20]byte     // of ours
	since   time.Time    // of the state
	counted int          // bytes that the engine takes for waiting in the transport
	dirty   bool         // something was sent since the engine was last told how much waits

	early      [][]byte // what came while it waits
	earlyBytes int
	met        bool // what became of it was told, or left out
	told       bool // ConnectSuccess was, so that ConnectClosed must be
}

// links are those of a session.
type links struct {
	byLink   map[*webrtclink.Link]*link
	byNumber map[swarm.Link]*link // open ones
	byOffer  map[[20]byte]*link   // offered ones
	byPeer   map[swarm.PeerID]*link
	sent     []*link // dirty ones
	opened   uint64  // how many ever
	branched uint64  // of them, branches
}

func newLinks() links {
	return links{
		byLink:   make(map[*webrtclink.Link]*link),
		byNumber: make(map[swarm.Link]*link),
		byOffer:  make(map[[20]byte]*link),
		byPeer:   make(map[swarm.PeerID]*link),
	}
}

// of returns the open link whose transport is l, nil if there is none (any more).
func (ls *links) of(l *webrtclink.Link) *link {
	if k := ls.byLink[l]; k != nil && k.state == open {
		return k
	}
	return nil
}

// remove forgets l.
func (ls *links) remove(l *link) {
	delete(ls.byLink, l.link)
	delete(ls.byNumber, l.number)
	delete(ls.byOffer, l.offerID)
	if ls.byPeer[l.peer] == l {
		delete(ls.byPeer, l.peer)
	}
}

// connecting counts links that are on the way to be the engine's.
func (ls *links) connecting() (n int) {
	for _, l := range ls.byPeer {
		if l.state == connecting || l.state == waits {
			n++
		}
	}
	return n
}

// send sends data and then body, which others share, as one message.
func (ls *links) send(number swarm.Link, data, body []byte) {
	l := ls.byNumber[number]
	if l == nil {
		return
	}
	if body != nil {
		data = slices.Concat(data, body)
	}
	if l.link.Send(data) != nil {
		return // it is about to be closed, and that will be told
	}
	l.counted += len(data)
	if !l.dirty {
		l.dirty = true
		ls.sent = append(ls.sent, l)
	}
}

// report tells the engine how much waits on the links that it sent on, because the transport by itself tells only
// when the amount falls to the low mark from above it.
func (ls *links) report(e *swarm.Engine, now time.Time) {
	keep := ls.sent[:0]
	for _, l := range ls.sent {
		if ls.byNumber[l.number] != l {
			continue
		}
		if n := waiting(l.link.Buffered()); n < l.counted {
			l.counted = n
			e.Drained(now, l.number, n)
		}
		if l.dirty = l.counted > 0; l.dirty {
			keep = append(keep, l)
		}
	}
	clear(ls.sent[len(keep):])
	ls.sent = keep
}

// waiting is how much of what the transport has buffered still waits to be sent. The transport counts what the peer
// has not acknowledged, and a peer may take 200 ms to acknowledge the last packet of a run (RFC 9260, section 6.2): that
// little has left long since, and on twenty links it would look like an uplink at its limit.
func waiting(buffered int) int {
	if buffered <= swarm.LowWater {
		return 0
	}
	return buffered
}

// linkHandler takes what links tell to the loop.
type linkHandler Viewer

var _ webrtclink.Handler = (*linkHandler)(nil)

func (h *linkHandler) LinkOpened(wl *webrtclink.Link) {
	v := (*Viewer)(h)
	if !v.inbox.post(func() { v.linkOpened(wl) }) {
		wl.Close()
	}
}

func (h *linkHandler) LinkMessage(wl *webrtclink.Link, message []byte) {
	h.inbox.postMessage(wl, message)
}

func (h *linkHandler) LinkDrained(wl *webrtclink.Link, buffered int) {
	v := (*Viewer)(h)
	v.inbox.post(func() {
		if l := v.session.links.of(wl); l != nil {
			l.counted = waiting(buffered)
			v.session.engine.Drained(v.cfg.Now(), l.number, l.counted)
		}
	})
}

func (h *linkHandler) LinkClosed(wl *webrtclink.Link, err error) {
	v := (*Viewer)(h)
	v.live.remove(wl)
	v.inbox.post(func() { v.linkClosed(wl, err) })
}

func (v *Viewer) linkOpened(wl *webrtclink.Link) {
	s := v.session
	switch l := s.links.byLink[wl]; {
	case l != nil && l.state == connecting:
		v.taken(s, l)
	case l == nil || l.state != asked:
		wl.Close() // given up meanwhile, or open without an answer
	}
}

func (v *Viewer) linkClosed(wl *webrtclink.Link, err error) {
	if v.session.links.of(wl) != nil {
		v.act() // the peer may have said why in the same breath
	}
	s := v.session
	l := s.links.byLink[wl]
	if l == nil {
		return
	}
	s.links.remove(l)
	if l.state != open {
		if l.state == connecting || l.state == waits {
			v.parted(l, "there is no connection to the peer")
		}
		v.settle(s, wl.Conn())
		return
	}
	v.parted(l, "the connection to the peer is gone")
	v.node.gone(wl)
	if errors.Is(err, webrtclink.ErrOversized) || errors.Is(err, errBarred) {
		v.bar(l.peer)
	}
	v.log.Debug("peer gone", "peer", peerName(l.peer), "err", err)
	v.askSoon(s)
	s.engine.LinkClosed(v.cfg.Now(), l.number)
}

func (v *Viewer) disconnect(s *session, a *swarm.Action) {
	l := s.links.byNumber[a.Link]
	if l == nil {
		return
	}
	s.links.remove(l)
	v.letGo(s, l, a)
	v.node.gone(l.link)
	if a.Bar {
		v.log.Warn("peer barred", "peer", peerName(l.peer), "err", a.Err)
		v.bar(l.peer)
		l.link.Conn().Close(errBarred)
		return
	}
	v.askSoon(s)
	v.log.Debug("peer let go", "peer", peerName(l.peer), "reason", a.Reason, "err", a.Err)
	v.closeFlushed(l)
}

// maxBarred bounds the memory of who was barred.
const maxBarred = 4096

func (v *Viewer) bar(id swarm.PeerID) {
	if len(v.barred) < maxBarred {
		v.barred[id] = struct{}{}
	}
}

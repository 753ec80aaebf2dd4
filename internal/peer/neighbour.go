package peer

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/swarm"
	"github.com/superp2p/superp2p/internal/wire"
)

// The codes of a PeerEvent.
const (
	ConnectSuccess  Code = "NetStream.Connect.Success"  // a peer is a neighbour now
	ConnectClosed   Code = "NetStream.Connect.Closed"   // it is not any more
	ConnectFailed   Code = "NetStream.Connect.Failed"   // a peer cannot be reached; nothing ends with that
	ConnectRejected Code = "NetStream.Connect.Rejected" // a peer was refused, or refuses us
)

// Neighbour is a peer with whom slices are traded.
type Neighbour struct {
	ID       swarm.PeerID // its name at the tracker
	Incoming bool         // it has called, not we
	Since    time.Time    // by Config.Now: when its link was open; zero if it never was
	Received uint64       // bytes of its messages
	Sent     uint64       // bytes of messages to it
}

// PeerEvent tells of one neighbour. For each ConnectSuccess there is at most one ConnectClosed, after it, and none without.
type PeerEvent struct {
	Code        Code
	Level       Level // LevelError of ConnectFailed and ConnectRejected
	Peer        Neighbour
	Description string // one sentence; empty of ConnectSuccess
	Time        time.Time
}

// maxPeerEvents is how many wait for NextPeerEvent before further ones are left out.
const maxPeerEvents = 256

// peerEvents holds what is to be told of neighbours. They come and go in numbers, so this is apart from what else there is to
// tell, and what nobody takes is no more than maxPeerEvents and one for each neighbour.
type peerEvents struct {
	mu      sync.Mutex
	waiting []PeerEvent
	wake    chan struct{}
}

// add tells whether e waits to be told. What closes a connection that is still to be told cancels that.
func (q *peerEvents) add(e *PeerEvent) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.Code == ConnectClosed && len(q.waiting) >= maxPeerEvents {
		for i := len(q.waiting) - 1; i >= 0; i-- { // the peer may have come before and left again
			if o := &q.waiting[i]; o.Code == ConnectSuccess && o.Peer.ID == e.Peer.ID {
				q.waiting = slices.Delete(q.waiting, i, i+1)
				return false
			}
		}
	} else if len(q.waiting) >= maxPeerEvents {
		return false
	}
	q.waiting = append(q.waiting, *e)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return true
}

func (q *peerEvents) take() (e PeerEvent, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.waiting = nil
		return e, false
	}
	e = q.waiting[0]
	q.waiting = q.waiting[1:]
	return e, true
}

// NextPeerEvent waits for what happens to neighbours, in order. It returns false when ctx ends or the viewer is closed. If
// nobody asks, what is more than a few hundred events is left out, in pairs. One goroutine at a time may call it.
func (v *Viewer) NextPeerEvent(ctx context.Context) (PeerEvent, bool) {
	for {
		if e, ok := v.peerEvents.take(); ok {
			return e, true
		}
		select {
		case <-v.peerEvents.wake:
		case <-ctx.Done():
			return PeerEvent{}, false
		case <-v.done:
			return PeerEvent{}, false
		}
	}
}

// Neighbours returns the peers that are connected, those that came first before others. After Close there are none.
func (v *Viewer) Neighbours() []Neighbour {
	answer := make(chan []Neighbour, 1)
	if !v.inbox.post(func() { answer <- v.neighbours() }) {
		return nil
	}
	select {
	case all := <-answer:
		return all
	case <-v.done:
		return nil
	}
}

func (v *Viewer) neighbours() []Neighbour {
	s := v.session
	all := make([]Neighbour, 0, len(s.links.byNumber))
	numbers := make([]swarm.Link, 0, len(s.links.byNumber))
	for n := range s.links.byNumber {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		if s.engine.Greeted(n) {
			all = append(all, s.links.byNumber[n].neighbour())
		}
	}
	return all
}

func (l *link) neighbour() Neighbour {
	n := Neighbour{ID: l.peer, Incoming: !l.ours}
	if l.state == open || l.state == waits {
		n.Since, n.Received, n.Sent = l.since, l.link.Received(), l.link.Sent()
	}
	return n
}

// tellPeer tells what happens to a peer, and whether it will be told.
func (v *Viewer) tellPeer(code Code, l *link, description string) bool {
	e := PeerEvent{Code: code, Level: LevelStatus, Peer: l.neighbour(), Description: description, Time: v.cfg.Now()}
	if code == ConnectFailed || code == ConnectRejected {
		e.Level = LevelError
	}
	return v.peerEvents.add(&e)
}

// met tells once that the peer of a link is a neighbour: it has said hello.
func (v *Viewer) met(s *session, l *link) {
	if l.met || !s.engine.Greeted(l.number) {
		return
	}
	l.met = true
	l.told = v.tellPeer(ConnectSuccess, l, "")
}

// parted tells that a link is gone: a neighbour has left, or, if it never was one, could not be reached.
func (v *Viewer) parted(l *link, description string) {
	switch {
	case l.told:
		v.tellPeer(ConnectClosed, l, description)
	case !l.met:
		v.tellPeer(ConnectFailed, l, description)
	}
	l.met, l.told = true, false // once
}

// letGo tells why the engine, or the peer, ended a link.
func (v *Viewer) letGo(s *session, l *link, a *swarm.Action) {
	switch {
	case l.met:
		v.parted(l, reasonOf(a))
	case a.Reason == wire.Refused:
		v.unwanted(l.peer) // it would not have us again
		v.tellPeer(ConnectRejected, l, "the peer refuses this viewer")
	case a.Bar:
		v.tellPeer(ConnectRejected, l, reasonOf(a))
	case a.Reason == wire.Full && s.engine.HasPeer(l.peer): // it is one link too many, of a neighbour
	case a.Reason == wire.Full:
		v.tellPeer(ConnectRejected, l, "there are as many neighbours as one of the two keeps")
	default:
		v.parted(l, reasonOf(a))
	}
	l.met = true
}

func reasonOf(a *swarm.Action) string {
	switch {
	case a.Bar:
		return "the peer broke the rules and is not met again"
	case a.Err != nil:
		return "the peer gives nothing or says nothing any more"
	case a.Reason == wire.Leaving:
		return "the peer has left the stream"
	}
	return "the peer has let this viewer go"
}

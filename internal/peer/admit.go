package peer

import (
	"time"

	"github.com/superp2p/superp2p/internal/swarm"
	"github.com/superp2p/superp2p/internal/wire"
)

const (
	// admitWithin is how long the application may take to say whether it wants a peer; then it does. The peer waits for a hello
	// meanwhile, for 10 s.
	admitWithin = 3 * time.Second
	// refusedFor is how long a peer that was refused, or that refused us, is not met again.
	refusedFor = 10 * time.Minute
	// maxEarly and maxEarlyBytes limit what a peer may say before it is admitted, which is a hello and a ping.
	maxEarly      = 16
	maxEarlyBytes = 64 << 10
)

// taken takes up a link that is open, unless the application is to be asked first.
func (v *Viewer) taken(s *session, l *link) {
	l.state, l.since = open, v.cfg.Now()
	if v.cfg.Admit != nil {
		l.state = waits
		answer := func(welcome bool) { v.inbox.post(func() { v.judged(s, l, welcome) }) }
		if v.cfg.Admit(l.neighbour(), answer) {
			return
		}
		l.state = open
	}
	v.admit(s, l)
}

// admit gives the engine a link.
func (v *Viewer) admit(s *session, l *link) {
	now := v.cfg.Now()
	v.nextLink++
	l.state, l.number = open, v.nextLink
	s.links.byNumber[l.number] = l
	s.links.opened++
	if l.branch {
		s.links.branched++
	}
	v.log.Debug("peer connected", "peer", peerName(l.peer), "ours", l.ours)
	s.engine.LinkOpened(now, l.number, l.peer)
	v.node.opened(v, l.link)
	early := l.early
	l.early = nil
	for _, message := range early {
		s.engine.Received(now, l.number, message)
	}
	v.met(s, l)
}

// judged carries out what the application says of a peer.
func (v *Viewer) judged(s *session, l *link, welcome bool) {
	if s != v.session || v.closing || l.state != waits || s.links.byLink[l.link] != l {
		return // it took too long, or the peer is gone
	}
	if welcome {
		v.admit(s, l)
		return
	}
	v.log.Debug("peer refused", "peer", peerName(l.peer), "ours", l.ours)
	v.tellPeer(ConnectRejected, l, "the application does not want this peer")
	v.unwanted(l.peer)
	s.links.remove(l)
	_ = l.link.Send(wire.Append(nil, &wire.Message{Kind: wire.Bye, Reason: wire.Refused})) // or it is gone
	v.closeFlushed(l)
}

// early keeps what a peer says before it is admitted, or lets it go if it says goodbye or too much.
func (v *Viewer) early(s *session, l *link, message []byte) {
	m, err := wire.Parse(message)
	l.earlyBytes += len(message)
	switch {
	case err == nil && m.Kind == wire.Bye:
		s.links.remove(l)
		v.letGo(s, l, &swarm.Action{Reason: m.Reason})
		v.closeFlushed(l)
	case len(l.early) >= maxEarly || l.earlyBytes > maxEarlyBytes:
		s.links.remove(l)
		v.parted(l, "the peer says more than it may before it is answered")
		l.link.Close()
	default:
		l.early = append(l.early, message)
	}
}

// unwanted takes note that a peer is not to be met for a while.
func (v *Viewer) unwanted(id swarm.PeerID) {
	if len(v.refused) < maxBarred {
		v.refused[id] = v.cfg.Now().Add(refusedFor)
	}
}

// unwelcome tells whether there is to be no link to a peer.
func (v *Viewer) unwelcome(id swarm.PeerID) bool {
	if _, barred := v.barred[id]; barred {
		return true
	}
	until, refused := v.refused[id]
	return refused && v.cfg.Now().Before(until)
}

// hasPeer tells whether there is a link to a peer that is the engine's, or waits to be.
func (s *session) hasPeer(id swarm.PeerID) bool {
	l := s.links.byPeer[id]
	return s.engine.HasPeer(id) || l != nil && l.state == waits
}

// accepts tells whether one more link may be taken up. What waits for the application does not count with the engine yet.
func (v *Viewer) accepts(s *session) bool {
	waiting := 0
	for _, l := range s.links.byPeer {
		if l.state == waits {
			waiting++
		}
	}
	return waiting < maxAnswering && s.engine.Accepts()
}

// tendWaiting admits those of whom the application has said nothing in time, and forgets who was refused long ago.
func (v *Viewer) tendWaiting(s *session, now time.Time) {
	for _, l := range s.links.byLink {
		if l.state == waits && now.Sub(l.since) >= admitWithin {
			v.admit(s, l)
		}
	}
	for id, until := range v.refused {
		if !now.Before(until) {
			delete(v.refused, id)
		}
	}
}

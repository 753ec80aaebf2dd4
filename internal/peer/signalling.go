package peer

import (
	"context"
	"encoding/hex"
	"io"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/peer/webrtclink"
	"github.com/superp2p/superp2p/internal/swarm"
	"github.com/superp2p/superp2p/internal/tracker/client"
)

// trackerHandler takes what the tracker relays to the loop. Its methods run on the tracker client's goroutines.
type trackerHandler struct {
	v *Viewer
	s *session
}

var _ client.Handler = (*trackerHandler)(nil)

// onLoop has run called by the loop if the session is still the one there is.
func (h *trackerHandler) onLoop(run func()) {
	h.v.inbox.post(func() {
		if h.s == h.v.session && !h.v.closing {
			run()
		}
	})
}

func (h *trackerHandler) SwarmSize(n int) {
	h.onLoop(func() {
		h.s.size = n
		h.s.engine.SwarmSize(h.v.cfg.Now(), n)
	})
}

// Offers makes offers, at the same time, as many as the loop thinks useful.
func (h *trackerHandler) Offers(ctx context.Context, n int) []client.Offer {
	useful := make(chan int, 1)
	if !h.v.inbox.post(func() { useful <- h.v.usefulOffers(h.s) }) {
		return nil
	}
	select {
	case k := <-useful:
		n = min(n, k)
	case <-ctx.Done():
		return nil
	}
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		offers []client.Offer
	)
	for range n {
		wg.Go(func() {
			if o, ok := h.offer(ctx); ok {
				mu.Lock()
				offers = append(offers, o)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return offers
}

func (h *trackerHandler) offer(ctx context.Context) (o client.Offer, ok bool) {
	wl, sdp, err := h.v.endpoint.Offer(ctx, (*linkHandler)(h.v))
	if err != nil {
		if ctx.Err() == nil {
			h.v.log.Warn("no offer for peers could be made", "err", err)
		}
		return o, false
	}
	if !h.v.live.add(wl) {
		wl.Close()
		return o, false
	}
	o.SDP = sdp
	known := make(chan bool, 1)
	posted := h.v.inbox.post(func() { known <- h.v.offerMade(h.s, wl, &o) })
	if posted {
		select {
		case ok = <-known: // what the loop wrote to o is read after this
			return o, ok
		case <-ctx.Done():
		}
	}
	wl.Close()
	return client.Offer{}, false
}

// usefulOffers is how many more offers could lead to a peer that is wanted.
func (v *Viewer) usefulOffers(s *session) int {
	if s != v.session || v.over || v.closing {
		return 0
	}
	fresh := 0 // offers that may well be answered yet
	for _, l := range s.links.byOffer {
		if v.cfg.Now().Sub(l.since) < answerTime {
			fresh++
		}
	}
	n := min(s.engine.WantPeers()-s.links.connecting(), maxOffers) - fresh
	return min(n, 2*maxOffers-len(s.links.byOffer))
}

func (v *Viewer) offerMade(s *session, wl *webrtclink.Link, o *client.Offer) bool {
	if s != v.session || v.closing {
		wl.Close()
		return false
	}
	if _, err := io.ReadFull(v.cfg.Rand, o.ID[:]); err != nil {
		wl.Close()
		return false
	}
	l := &link{link: wl, state: offered, ours: true, offerID: o.ID, since: v.cfg.Now()}
	s.links.byLink[wl] = l
	s.links.byOffer[o.ID] = l
	return true
}

// Offered answers a peer that offers a link, if it is welcome.
func (h *trackerHandler) Offered(peer, _ [20]byte, sdp string, reply func(string)) {
	h.onLoop(func() { h.v.offeredBy(h.s, peer, sdp, reply) })
}

func (v *Viewer) offeredBy(s *session, peer swarm.PeerID, sdp string, reply func(string)) {
	underWay := 0 // answers of ours
	for _, l := range s.links.byPeer {
		if (l.state == connecting || l.state == waits) && !l.ours {
			underWay++
		}
	}
	// Who is known already keeps the link there is. Where both sides have offered, Answered breaks the tie.
	if v.unwelcome(peer) || peer == v.id || s.links.byPeer[peer] != nil || s.engine.HasPeer(peer) ||
		!s.engine.Accepts() || underWay >= maxAnswering {
		return
	}
	v.log.Debug("peer offers a link", "peer", peerName(peer))
	l := &link{state: connecting, peer: peer, since: v.cfg.Now()}
	s.links.byPeer[peer] = l
	v.wg.Go(func() {
		wl, answer, err := v.endpoint.Answer(s.ctx, sdp, (*linkHandler)(v))
		if err != nil {
			v.log.Debug("a peer's offer cannot be used", "peer", peerName(peer), "err", err)
		} else {
			v.live.add(wl) // or it ends with all others
		}
		posted := v.inbox.post(func() {
			switch {
			case err != nil:
				if s.links.byPeer[peer] == l {
					delete(s.links.byPeer, peer)
					if s == v.session && !v.closing {
						v.parted(l, "what the peer offers cannot be used")
					}
				}
			case s != v.session || s.links.byPeer[peer] != l: // lost a tie meanwhile
				wl.Close()
			default:
				l.link = wl
				s.links.byLink[wl] = l
				reply(answer)
			}
		})
		if !posted && wl != nil {
			wl.Close()
		}
	})
}

// Answered brings an answer to an offer of ours.
func (h *trackerHandler) Answered(peer, offerID [20]byte, sdp string) {
	h.onLoop(func() { h.v.answeredBy(h.s, peer, offerID, sdp) })
}

func (v *Viewer) answeredBy(s *session, peer swarm.PeerID, offerID [20]byte, sdp string) {
	l := s.links.byOffer[offerID]
	if l == nil {
		return // too late, or answered twice
	}
	delete(s.links.byOffer, offerID)
	unwelcome, other := v.unwelcome(peer), s.links.byPeer[peer]
	switch {
	case unwelcome, peer == v.id, s.hasPeer(peer), other != nil && other.ours:
		v.log.Debug("answer of no use", "peer", peerName(peer), "unwelcome", unwelcome, "linked", s.engine.HasPeer(peer))
		v.drop(s, l)
		return
	case other != nil && string(v.id[:]) > string(peer[:]):
		v.log.Debug("both offered, the peer's is kept", "peer", peerName(peer))
		// Each side has answered the other's offer. Both keep the one that the lower name made.
		v.drop(s, l)
		return
	case other != nil:
		v.drop(s, other)
	}
	v.log.Debug("peer answers", "peer", peerName(peer), "instead", other != nil)
	l.state, l.peer, l.since = connecting, peer, v.cfg.Now()
	s.links.byPeer[peer] = l
	v.wg.Go(func() {
		if err := l.link.Accept(sdp); err != nil {
			v.log.Debug("a peer's answer cannot be used", "peer", peerName(peer), "err", err)
			l.link.Close()
		}
	})
}

// drop gives up a link that is not open.
func (v *Viewer) drop(s *session, l *link) {
	s.links.remove(l)
	if l.link != nil {
		l.link.Close()
	}
}

// tendLinks gives up what took too long and asks the tracker for more peers.
func (v *Viewer) tendLinks(now time.Time) {
	s := v.session
	idle := s.engine.WantPeers() <= 0
	for _, l := range s.links.byOffer {
		if age := now.Sub(l.since); age > offerLife || idle && age > idleOfferLife {
			v.drop(s, l)
		}
	}
	for _, l := range s.links.byPeer {
		if l.state == connecting && now.Sub(l.since) > connectLife {
			v.log.Debug("no connection to peer", "peer", peerName(l.peer), "ours", l.ours)
			v.parted(l, "there was no connection to the peer in time")
			v.drop(s, l)
		}
	}
	for _, l := range s.links.byLink {
		if l.state == asked && now.Sub(l.since) > branchLife {
			v.abandon(s, l)
		}
	}
	v.tendWaiting(s, now)
	if s.tracker == nil || now.Before(s.nextAsk) {
		return
	}
	// Even with no peer wanted, asking brings the swarm's size: who came at the same moment as others does not know
	// of them until the next announce, which may be minutes away.
	s.tracker.AskForPeers(max(1, min(v.usefulOffers(s), maxOffers)))
	s.askPause = min(max(2*s.askPause, minAskPause), maxAskPause)
	s.nextAsk = now.Add(s.askPause)
}

// askSoon has the tracker asked after a link was lost.
func (v *Viewer) askSoon(s *session) {
	s.askPause = 0
	if soon := v.cfg.Now().Add(minAskPause); soon.Before(s.nextAsk) {
		s.nextAsk = soon
	}
}

// How long to wait before the tracker is asked again, growing while no new link comes of it.
const (
	minAskPause = 2 * time.Second
	maxAskPause = 64 * time.Second
)

// peerName is how logs name a peer: the random half of its ID.
func peerName(id swarm.PeerID) string { return hex.EncodeToString(id[12:]) }

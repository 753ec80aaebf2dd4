package superp2p

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/superp2p/superp2p/internal/peer"
)

// PeerStream is the stream of a neighbour: what NetStream.peerStreams lists and NetStream.onPeerConnect is asked about.
type PeerStream struct {
	FarID         string    `json:"far_id"`         // the peer's id at the tracker, 40 hexadecimal digits; another for each play
	Incoming      bool      `json:"incoming"`       // it has called, not we
	Since         time.Time `json:"since"`          // when its connection was open; zero if it never was
	BytesReceived uint64    `json:"bytes_received"` // bytes of its messages, of which not all is media
	BytesSent     uint64    `json:"bytes_sent"`     // bytes of messages to it
}

func peerStream(n *peer.Neighbour) PeerStream {
	return PeerStream{
		FarID: hex.EncodeToString(n.ID[:]), Incoming: n.Incoming, Since: n.Since, BytesReceived: n.Received, BytesSent: n.Sent,
	}
}

// PeerStreams returns the neighbours that are connected, those that came first before others. Where a playlist has its audio
// apart, that has neighbours of its own, which come last. How many there are is also in Stats. NetStream.peerStreams.
func (n *P2PNetStream) PeerStreams() []PeerStream {
	p := n.current()
	if p == nil {
		return nil
	}
	p.mu.Lock()
	q := p.way.pipe
	p.mu.Unlock()
	if q == nil {
		return nil
	}
	var all []PeerStream
	for _, v := range q.viewers() {
		for _, one := range v.Neighbours() {
			all = append(all, peerStream(&one))
		}
	}
	return all
}

// OnPeerConnect sets the function that is asked about each peer that connects, whether it has called or was called; nil for
// none: every peer is welcome. If it returns false the peer is refused: its connection is closed, NetStream.Connect.Rejected
// is told here and there, and the two do not meet again for 10 minutes. It is called like the handler of OnNetStatus, in order
// with it, and may call any method of the stream. The peer waits meanwhile: one of which nothing is said within 3 s is
// welcome. What is set counts for the current play and those to come, until Dispose; who is connected stays.
// NetStream.onPeerConnect.
func (n *P2PNetStream) OnPeerConnect(welcome func(subscriber PeerStream) bool) {
	n.change(func(s *settings) { s.multicast.welcome = welcome }, nil)
}

// admit asks the application about a peer, if it is to be asked.
func (p *play) admit(peer peer.Neighbour, answer func(bool)) bool {
	n := p.n
	if n.settings().multicast.welcome == nil {
		return false
	}
	n.callClient(p, func(Client) {
		welcome := n.settings().multicast.welcome
		answer(welcome == nil || welcome(peerStream(&peer)))
	})
	return true
}

// hearPeers tells what happens to the peers of a viewer of q. One such event waits for the application at a time: however many
// peers come and go, and however slow it is, they keep nothing else from being told.
func (p *play) hearPeers(ctx context.Context, q *pipe, v *peer.Viewer) {
	for {
		e, ok := v.NextPeerEvent(ctx)
		if !ok {
			return
		}
		p.mu.Lock()
		ours := p.way.pipe == q && !p.done && p.err == nil
		p.mu.Unlock()
		if !ours {
			continue
		}
		stream := peerStream(&e.Peer)
		event := NetStatusEvent{Info: Info{
			Code: string(e.Code), Level: string(e.Level), Description: e.Description, Details: stream.FarID, Stream: &stream,
		}, Time: time.Now()}
		heard := make(chan struct{})
		p.n.callClient(p, func(Client) {
			defer close(heard)
			p.n.mu.Lock()
			handler := p.n.handler
			p.n.mu.Unlock()
			if handler != nil {
				handler(event)
			}
		})
		select {
		case <-heard:
		case <-ctx.Done():
			return
		}
	}
}

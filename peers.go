package superp2p

import (
	"time"

	"github.com/superp2p/superp2p/internal/playback"
)

// multicast are the settings of the swarm.
type multicast struct {
	sendToAll                     bool
	update, fetch, margin, window time.Duration
	windowSet                     bool
	push                          float64
}

func defaultMulticast() multicast {
	return multicast{
		update: 100 * time.Millisecond, fetch: 2500 * time.Millisecond, margin: 2 * time.Second, window: 8 * time.Second, push: 4,
	}
}

// MulticastAvailabilitySendToAll returns what was set, at first false. NetStream.multicastAvailabilitySendToAll.
func (n *P2PNetStream) MulticastAvailabilitySendToAll() bool { return n.settings().multicast.sendToAll }

// SetMulticastAvailabilitySendToAll is kept and has no effect: what a viewer has is told to all of its neighbours anyway.
func (n *P2PNetStream) SetMulticastAvailabilitySendToAll(on bool) {
	n.change(func(s *settings) { s.multicast.sendToAll = on }, nil)
}

// MulticastAvailabilityUpdatePeriod returns what was set, at first 100 ms. NetStream.multicastAvailabilityUpdatePeriod.
func (n *P2PNetStream) MulticastAvailabilityUpdatePeriod() time.Duration {
	return n.settings().multicast.update
}

// SetMulticastAvailabilityUpdatePeriod is kept and has no effect: a slice is offered as soon as it is here.
func (n *P2PNetStream) SetMulticastAvailabilityUpdatePeriod(d time.Duration) {
	n.change(func(s *settings) { s.multicast.update = max(d, 0) }, nil)
}

// MulticastFetchPeriod returns what was set, at first 2.5 s. NetStream.multicastFetchPeriod.
func (n *P2PNetStream) MulticastFetchPeriod() time.Duration { return n.settings().multicast.fetch }

// SetMulticastFetchPeriod is kept and has no effect: when a slice is asked for follows from when it is to be played.
func (n *P2PNetStream) SetMulticastFetchPeriod(d time.Duration) {
	n.change(func(s *settings) { s.multicast.fetch = max(d, 0) }, nil)
}

// MulticastPushNeighborLimit returns what was set, at first 4. NetStream.multicastPushNeighborLimit.
func (n *P2PNetStream) MulticastPushNeighborLimit() float64 { return n.settings().multicast.push }

// SetMulticastPushNeighborLimit says to how many neighbours anything is given: with 0 to none, at once, else as the swarm
// sees fit. It counts for the plays to come, too.
func (n *P2PNetStream) SetMulticastPushNeighborLimit(limit float64) {
	n.change(func(s *settings) { s.multicast.push = max(limit, 0) }, nil)
	if p := n.current(); p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.limitPush(limit)
	}
}

// limitPush switches giving to others; p.mu is held.
func (p *play) limitPush(limit float64) {
	off := p.n.cfg.NoUpload
	if p.settings.Upload != nil {
		off = !*p.settings.Upload
	}
	if q := p.way.pipe; q != nil {
		for _, v := range q.viewers() {
			v.SetUpload(!off && limit > 0)
		}
	}
}

// MulticastRelayMarginDuration returns what was set, at first 2 s. NetStream.multicastRelayMarginDuration.
func (n *P2PNetStream) MulticastRelayMarginDuration() time.Duration {
	return n.settings().multicast.margin
}

// SetMulticastRelayMarginDuration is kept and has no effect: what was played is given to others for as long as it is held.
func (n *P2PNetStream) SetMulticastRelayMarginDuration(d time.Duration) {
	n.change(func(s *settings) { s.multicast.margin = max(d, 0) }, nil)
}

// MulticastWindowDuration returns what was set, at first 8 s. NetStream.multicastWindowDuration.
func (n *P2PNetStream) MulticastWindowDuration() time.Duration { return n.settings().multicast.window }

// SetMulticastWindowDuration says over which time a live stream is gathered before it is played: how far behind the live
// edge the plays to come are for which PlayConfig.Delay says nothing, 2 to 30 s.
func (n *P2PNetStream) SetMulticastWindowDuration(d time.Duration) {
	n.change(func(s *settings) { s.multicast.window, s.multicast.windowSet = max(d, 0), d > 0 }, nil)
}

// FarID returns the identity of what is played, as the server tells it: one for all viewers of a stream. It is "" before
// the server has answered. NetStream.farID.
func (n *P2PNetStream) FarID() string {
	p := n.current()
	if p == nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.way.pipe == nil {
		return ""
	}
	return p.way.pipe.viewer.Stream()
}

// FarNonce returns "": peers prove what they send, and nonces are those of their connections. NetStream.farNonce.
func (n *P2PNetStream) FarNonce() string { return "" }

// NearNonce returns "", as FarNonce does. NetStream.nearNonce.
func (n *P2PNetStream) NearNonce() string { return "" }

// PeerStreams returns how many neighbours are connected. NetStream.peerStreams is the list of them.
func (n *P2PNetStream) PeerStreams() int { return n.Stats().Peers }

// State returns what playback does: "idle" before the first frame, "buffering", "playing", "paused", "seeking" or
// "stopped"; "" if nothing is played.
func (n *P2PNetStream) State() string {
	return ask(n, func(p *playback.Player) string { return p.State().String() })
}

package superp2p

import (
	"time"

	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/playback"
)

// multicast are the settings of the swarm.
type multicast struct {
	sendToAll                     bool
	update, fetch, margin, window time.Duration
	windowSet, marginSet, pushSet bool
	push                          float64
	welcome                       func(PeerStream) bool
}

func defaultMulticast() multicast {
	return multicast{
		update: 100 * time.Millisecond, fetch: 2500 * time.Millisecond, margin: 2 * time.Second, window: 8 * time.Second, push: 4,
	}
}

// pushPeers is push as a viewer takes it: 0 for as many as it likes, less for none.
func (m *multicast) pushPeers() int {
	const many = 1 << 20
	switch {
	case !m.pushSet:
		return 0
	case m.push >= 1:
		return int(min(m.push, many))
	}
	return -1
}

// keepBehind is margin as a viewer takes it: 0 for what it likes, less for nothing.
func (m *multicast) keepBehind() time.Duration {
	switch {
	case !m.marginSet:
		return 0
	case m.margin > 0:
		return m.margin
	}
	return -1
}

// steer says to a viewer of p that is to be opened what was set.
func (p *play) steer(cfg *peer.Config) {
	m := p.n.settings().multicast
	if m.windowSet && cfg.Delay == 0 {
		cfg.Delay = m.window
	}
	cfg.PushPeers, cfg.KeepBehind, cfg.Admit = m.pushPeers(), m.keepBehind(), p.admit
}

// steerViewers says the same to those of q, as far as it can be changed.
func (p *play) steerViewers(q *pipe) {
	m := p.n.settings().multicast
	for _, v := range q.viewers() {
		if m.pushSet {
			v.SetPushPeers(m.pushPeers())
		}
		if m.marginSet {
			v.SetKeepBehind(m.keepBehind())
		}
	}
}

func (n *P2PNetStream) steerCurrent() {
	p := n.current()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if q := p.way.pipe; q != nil {
		p.steerViewers(q)
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

// SetMulticastPushNeighborLimit says to how many neighbours slices of a live stream are offered as soon as they are here, with
// 0 to none, from now on; those who pass on what they get come first. The others still get what they ask for: to give
// nothing at all, see PlayConfig.Upload. Until it is set slices are offered to as many neighbours as the uplink can serve,
// whatever MulticastPushNeighborLimit says. It counts for the plays to come, too.
func (n *P2PNetStream) SetMulticastPushNeighborLimit(limit float64) {
	n.change(func(s *settings) { s.multicast.push, s.multicast.pushSet = max(limit, 0), true }, nil)
	n.steerCurrent()
}

// MulticastRelayMarginDuration returns what was set, at first 2 s. NetStream.multicastRelayMarginDuration.
func (n *P2PNetStream) MulticastRelayMarginDuration() time.Duration {
	return n.settings().multicast.margin
}

// SetMulticastRelayMarginDuration says for how long slices of a live stream are kept for others after they were played, from
// now on, as far as the memory allows (PlayConfig.Memory). Until it is set that is 10 s, whatever MulticastRelayMarginDuration
// says. It counts for the plays to come, too. Of a file everything is kept that the memory holds.
func (n *P2PNetStream) SetMulticastRelayMarginDuration(d time.Duration) {
	n.change(func(s *settings) { s.multicast.margin, s.multicast.marginSet = max(d, 0), true }, nil)
	n.steerCurrent()
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

// State returns what playback does: "idle" before the first frame, "buffering", "playing", "paused", "seeking" or
// "stopped"; "" if nothing is played.
func (n *P2PNetStream) State() string {
	return ask(n, func(p *playback.Player) string { return p.State().String() })
}

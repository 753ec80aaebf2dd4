package webrtclink

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/superp2p/superp2p/internal/fault"
)

const (
	// MaxLinks is how many links one connection carries.
	MaxLinks = 8
	// MaxLabel is the longest label of a branch in bytes.
	MaxLabel = 128
	// maxRefused is how many branches in a row may be refused before the connection ends: somebody guesses.
	maxRefused = 256
)

// errExtraChannel means that the peer opened channels that are not ours, again and again.
var errExtraChannel = errors.New("webrtclink: the peer opened a data channel that is not ours")

// Conn is one WebRTC connection, which its links share. It ends with the last of them.
type Conn struct {
	endpoint *Endpoint
	pc       *webrtc.PeerConnection
	silent   chan struct{} // closed when the SCTP association is over
	down     chan struct{} // closed when nothing of pc is left
	opened   sync.Once     // the first link's opening is counted
	refused  atomic.Int32  // branches, since one was taken

	// Guarded by Endpoint.mu:
	links map[*Link]struct{} // those that have not ended
	ended bool
}

// newConn makes a connection with its first link and registers both, so that Close finds them.
func (e *Endpoint) newConn(h Handler) (*Link, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.links == nil {
		return nil, fault.New(fault.Closed, "the viewer was closed")
	}
	pc, err := e.api.NewPeerConnection(e.rtc)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "no WebRTC connection could be made", err)
	}
	c := &Conn{endpoint: e, pc: pc, silent: make(chan struct{}), down: make(chan struct{}), links: map[*Link]struct{}{}}
	silent := sync.OnceFunc(func() { close(c.silent) })
	pc.SCTP().OnClose(func(error) { silent() })
	e.wg.Add(1) // for the goroutine that takes it down, which every connection reaches
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed {
			c.Close(ErrLost)
		}
	})
	return c.add(h), nil
}

// whyOver is why a link has ended of which only that is known: a connection that is lost ends its links before it tells so.
func (c *Conn) whyOver() error {
	switch c.pc.ICEConnectionState() {
	case webrtc.ICEConnectionStateFailed, webrtc.ICEConnectionStateDisconnected:
		return ErrLost
	}
	return errRemote
}

// add registers a further link. Endpoint.mu is held.
func (c *Conn) add(h Handler) *Link {
	l := &Link{conn: c, handler: h, opened: make(chan struct{}), ended: make(chan struct{})}
	c.links[l], c.endpoint.links[l] = struct{}{}, struct{}{}
	c.endpoint.wg.Add(1) // for the goroutine that end starts, which every link reaches
	return l
}

// join is add where there is room.
func (c *Conn) join(h Handler) (*Link, error) {
	c.endpoint.mu.Lock()
	defer c.endpoint.mu.Unlock()
	switch {
	case c.ended:
		return nil, fault.New(fault.Closed, "the link was closed")
	case len(c.links) >= MaxLinks:
		return nil, fault.New(fault.LimitReached, "the connection carries as many links as it may")
	}
	return c.add(h), nil
}

// Close ends all links of the connection at once; their LinkClosed says why, nil for no reason.
func (c *Conn) Close(why error) {
	c.endpoint.mu.Lock()
	links := make([]*Link, 0, len(c.links))
	for l := range c.links {
		links = append(links, l)
	}
	c.fold()
	c.endpoint.mu.Unlock()
	for _, l := range links {
		l.end(why)
	}
}

// fold takes the connection down, once. Endpoint.mu is held.
func (c *Conn) fold() {
	if c.ended {
		return
	}
	c.ended = true
	go func() {
		defer c.endpoint.wg.Done()
		c.shutDown()
		close(c.down)
	}()
}

// leave takes a link that ended out, and tells whether the connection ends too.
func (c *Conn) leave(l *Link) bool {
	c.endpoint.mu.Lock()
	defer c.endpoint.mu.Unlock()
	delete(c.endpoint.links, l)
	delete(c.links, l)
	if len(c.links) == 0 {
		c.fold()
	}
	return c.ended
}

// shutDown ends the connection and waits for pion's goroutines. It ends DTLS, and with that SCTP, before all else,
// since the other order makes pion hold a lock for 200 ms that another of its goroutines waits for: no harm in real
// time, but in the fake time of a test nothing moves any more.
func (c *Conn) shutDown() {
	sctp := c.pc.SCTP()
	_ = sctp.Transport().Stop() // neither error would help anybody
	if sctp.State() == webrtc.SCTPTransportStateConnected {
		timer := time.NewTimer(time.Second)
		defer timer.Stop()
		select {
		case <-c.silent:
		case <-timer.C:
		}
	}
	_ = c.pc.GracefulClose()
}

// listen has channels that the peer opens become links: the one of our label the first link, if the peer is to open that, and
// further ones those that Config.Branched takes. All others are closed. A branch may come before the first link, whose packet
// was overtaken or lost.
func (c *Conn) listen(first *Link) {
	var begun atomic.Bool
	c.pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		if first != nil && channel.Label() == channelLabel && begun.CompareAndSwap(false, true) {
			channel.OnOpen(func() { first.open(channel) })
			return
		}
		if l := c.branched(channel); l != nil {
			c.refused.Store(0)
			channel.OnOpen(func() { l.open(channel) })
			return
		}
		if c.refused.Add(1) > maxRefused {
			c.Close(errExtraChannel)
			return
		}
		channel.OnOpen(func() { closeChannel(channel) })
	})
}

// branched returns the link that a channel of the peer's becomes, nil if it is refused.
func (c *Conn) branched(channel *webrtc.DataChannel) *Link {
	label := channel.Label()
	reliable := channel.Ordered() && channel.MaxRetransmits() == nil && channel.MaxPacketLifeTime() == nil
	if len(label) > MaxLabel || !reliable || c.endpoint.cfg.Branched == nil {
		return nil
	}
	h := c.endpoint.cfg.Branched(c, label)
	if h == nil {
		return nil
	}
	l, err := c.join(h)
	if err != nil {
		return nil
	}
	return l
}

// closeChannel refuses a channel.
func closeChannel(channel *webrtc.DataChannel) {
	if detached, err := channel.Detach(); err == nil {
		_ = detached.Close() // it ends with the connection at the latest
	}
}

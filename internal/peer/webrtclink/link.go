package webrtclink

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v4"

	"github.com/superp2p/superp2p/internal/fault"
)

// Link is one way to a peer: a data channel over a connection, which other links may share. It ends when the peer closes it
// or leaves, when the connection fails, or by Close.
type Link struct {
	conn     *Conn
	handler  Handler
	channel  atomic.Pointer[datachannel.DataChannel] // nil until open
	opened   chan struct{}                           // closed when channel is set
	ended    chan struct{}                           // closed by end
	once     sync.Once
	working  sync.WaitGroup // the link's own goroutines
	sent     atomic.Uint64
	received atomic.Uint64
}

func (l *Link) offer(ctx context.Context) (string, error) {
	channel, err := l.conn.pc.CreateDataChannel(channelLabel, nil)
	if err != nil {
		return "", fault.Wrap(fault.Internal, "no data channel could be made", err)
	}
	channel.OnOpen(func() { l.open(channel) })
	l.conn.listen(nil)
	sdp, err := l.conn.pc.CreateOffer(nil)
	if err != nil {
		return "", fault.Wrap(fault.Internal, "no WebRTC offer could be made", err)
	}
	return l.describe(ctx, sdp)
}

func (l *Link) answer(ctx context.Context, offer string) (string, error) {
	l.conn.listen(l)
	err := l.conn.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer})
	if err != nil {
		return "", fault.Wrap(fault.RequestInvalid, "the peer's WebRTC offer cannot be used", err)
	}
	sdp, err := l.conn.pc.CreateAnswer(nil)
	if err != nil {
		return "", fault.Wrap(fault.RequestInvalid, "the peer's WebRTC offer cannot be answered", err)
	}
	return l.describe(ctx, sdp)
}

// Accept takes the peer's answer to an offer.
func (l *Link) Accept(answer string) error {
	if err := CheckSDP(answer); err != nil {
		return err
	}
	err := l.conn.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
	if err != nil {
		return fault.Wrap(fault.RequestInvalid, "the peer's WebRTC answer cannot be used", err)
	}
	return nil
}

// describe waits for the link's own candidates, because they cannot follow later, but no longer for STUN servers than
// is set: what is known by then is better than nothing.
func (l *Link) describe(ctx context.Context, sdp webrtc.SessionDescription) (string, error) {
	gathered := webrtc.GatheringCompletePromise(l.conn.pc)
	if err := l.conn.pc.SetLocalDescription(sdp); err != nil {
		return "", fault.Wrap(fault.Internal, "the WebRTC session description was refused", err)
	}
	timer := time.NewTimer(l.conn.endpoint.cfg.GatherTimeout)
	defer timer.Stop()
	select {
	case <-gathered:
	case <-timer.C:
	case <-l.ended:
		return "", fault.New(fault.Closed, "the link was closed")
	case <-ctx.Done():
		return "", ctx.Err()
	}
	local := l.conn.pc.LocalDescription()
	if local == nil {
		return "", fault.New(fault.Closed, "the link was closed")
	}
	return local.SDP, nil
}

// Branch opens another link over the connection of l, which must be open, and returns it; h is told what happens on it. The
// other side is told label, at most MaxLabel bytes, and closes the new link if it refuses it. It does not wait: messages may
// be sent when LinkOpened was called.
//
// Errors are *fault.Error: closed, and limit_reached where the connection carries MaxLinks already.
func (l *Link) Branch(label string, h Handler) (*Link, error) {
	if len(label) > MaxLabel {
		return nil, fault.New(fault.Internal, "the label of a link is too long")
	}
	if l.channel.Load() == nil {
		return nil, fault.New(fault.Closed, "the link is not open")
	}
	b, err := l.conn.join(h)
	if err != nil {
		return nil, err
	}
	channel, err := l.conn.pc.CreateDataChannel(label, nil)
	if err != nil {
		err = fault.Wrap(fault.Closed, "the connection takes no further link", err)
		b.end(err)
		return nil, err
	}
	channel.OnOpen(func() { b.open(channel) })
	return b, nil
}

// Conn is the connection that the link shares.
func (l *Link) Conn() *Conn { return l.conn }

// open runs once the channel is there, on a goroutine of pion's.
func (l *Link) open(channel *webrtc.DataChannel) {
	detached, err := channel.Detach()
	if err != nil {
		l.end(err)
		return
	}
	dc, ok := detached.(*datachannel.DataChannel)
	if !ok {
		l.end(fault.New(fault.Internal, "pion's data channel is of another type than it was"))
		return
	}
	endpoint := l.conn.endpoint
	dc.SetBufferedAmountLowThreshold(uint64(endpoint.cfg.LowMark))
	// Set on the channel below webrtc.DataChannel, whose own version of it starts a goroutine for each call.
	dc.OnBufferedAmountLow(func() { l.handler.LinkDrained(l, int(dc.BufferedAmount())) })

	endpoint.mu.Lock()
	_, alive := l.conn.links[l]
	if alive {
		l.working.Add(1)
		l.channel.Store(dc)
		close(l.opened)
	}
	endpoint.mu.Unlock()
	if !alive {
		_ = dc.Close() // it ends with the connection at the latest
		return
	}
	l.conn.opened.Do(func() { endpoint.conns.Add(1) })
	go l.read(dc)
}

func (l *Link) read(dc *datachannel.DataChannel) {
	defer l.working.Done()
	l.handler.LinkOpened(l)
	buffer := make([]byte, l.conn.endpoint.cfg.MaxMessage)
	for {
		n, _, err := dc.ReadDataChannel(buffer)
		switch {
		case errors.Is(err, io.ErrShortBuffer):
			l.conn.Close(ErrOversized)
			return
		case err != nil:
			l.end(l.conn.whyOver())
			return
		}
		select {
		case <-l.ended: // what still comes is on its way since before the other side knew
			continue
		default:
		}
		l.received.Add(uint64(n))
		l.handler.LinkMessage(l, append([]byte(nil), buffer[:n]...))
	}
}

// Send queues one message, which it copies. It never waits: the caller watches how much is queued (LinkDrained). It
// fails when the link is not open.
func (l *Link) Send(message []byte) error {
	dc := l.channel.Load()
	if dc == nil {
		return fault.New(fault.Closed, "the link is not open")
	}
	select {
	case <-l.ended:
		return fault.New(fault.Closed, "the link was closed")
	default:
	}
	n, err := dc.Write(message)
	if err != nil {
		return fault.Wrap(fault.Closed, "the link does not take messages any more", err)
	}
	l.sent.Add(uint64(n))
	return nil
}

// Buffered tells how many bytes were given to Send and not yet acknowledged by the peer.
func (l *Link) Buffered() int {
	if dc := l.channel.Load(); dc != nil {
		return int(dc.BufferedAmount())
	}
	return 0
}

// Sent and Received count the bytes of messages.
func (l *Link) Sent() uint64 { return l.sent.Load() }

// Received counts the bytes of messages that came.
func (l *Link) Received() uint64 { return l.received.Load() }

// Opened is closed once the link is open.
func (l *Link) Opened() <-chan struct{} { return l.opened }

// Close ends the link at once: what was queued may not arrive. It does not wait; Endpoint.Close does. The connection ends
// with its last link.
func (l *Link) Close() { l.end(nil) }

// CloseFlushed ends the link as soon as the peer has acknowledged what was sent, or after limit, and returns then. It
// replaces the low mark: LinkDrained does not come any more.
func (l *Link) CloseFlushed(limit time.Duration) {
	defer l.Close()
	dc := l.channel.Load()
	if dc == nil {
		return
	}
	flushed := make(chan struct{}, 1)
	dc.SetBufferedAmountLowThreshold(0)
	dc.OnBufferedAmountLow(func() {
		select {
		case flushed <- struct{}{}:
		default:
		}
	})
	if dc.BufferedAmount() == 0 {
		return
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-flushed:
	case <-timer.C:
	case <-l.ended:
	}
}

// end starts the link's end, once, whoever asks first. The connection ends too if it carries no other.
func (l *Link) end(why error) {
	l.once.Do(func() {
		folded := l.conn.leave(l)
		close(l.ended)
		go func() {
			defer l.conn.endpoint.wg.Done()
			if folded {
				<-l.conn.down
			} else {
				l.hangUp()
			}
			l.working.Wait()
			l.handler.LinkClosed(l, why)
		}()
	})
}

// hangUp closes the channel of a link whose connection goes on. What the peer has sent before it knows is read for a
// while, so that it takes no room of the connection's window.
func (l *Link) hangUp() {
	dc := l.channel.Load()
	if dc == nil {
		return
	}
	_ = dc.Close() // fails where the connection has, which is as good
	_ = dc.SetReadDeadline(time.Now().Add(closeTimeout))
}

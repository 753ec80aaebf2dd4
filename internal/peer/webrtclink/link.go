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

// Link is one connection to a peer. It ends when the peer leaves, when the connection fails, or by Close.
type Link struct {
	endpoint *Endpoint
	pc       *webrtc.PeerConnection
	channel  atomic.Pointer[datachannel.DataChannel] // nil until open
	opened   chan struct{}                           // closed when channel is set
	ended    chan struct{}                           // closed by end
	silent   chan struct{}                           // closed when the SCTP association is over
	once     sync.Once
	working  sync.WaitGroup // the link's own goroutines
	channels atomic.Int32   // how many the other side opened
	sent     atomic.Uint64
	received atomic.Uint64
}

func (l *Link) offer(ctx context.Context) (string, error) {
	channel, err := l.pc.CreateDataChannel(channelLabel, nil)
	if err != nil {
		return "", fault.Wrap(fault.Internal, "no data channel could be made", err)
	}
	channel.OnOpen(func() { l.open(channel) })
	l.pc.OnDataChannel(func(*webrtc.DataChannel) { l.end(errExtraChannel) })
	sdp, err := l.pc.CreateOffer(nil)
	if err != nil {
		return "", fault.Wrap(fault.Internal, "no WebRTC offer could be made", err)
	}
	return l.describe(ctx, sdp)
}

func (l *Link) answer(ctx context.Context, offer string) (string, error) {
	l.pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		if l.channels.Add(1) > 1 || channel.Label() != channelLabel {
			l.end(errExtraChannel)
			return
		}
		channel.OnOpen(func() { l.open(channel) })
	})
	err := l.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer})
	if err != nil {
		return "", fault.Wrap(fault.RequestInvalid, "the peer's WebRTC offer cannot be used", err)
	}
	sdp, err := l.pc.CreateAnswer(nil)
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
	err := l.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
	if err != nil {
		return fault.Wrap(fault.RequestInvalid, "the peer's WebRTC answer cannot be used", err)
	}
	return nil
}

// describe waits for the link's own candidates, because they cannot follow later, but no longer for STUN servers than
// is set: what is known by then is better than nothing.
func (l *Link) describe(ctx context.Context, sdp webrtc.SessionDescription) (string, error) {
	gathered := webrtc.GatheringCompletePromise(l.pc)
	if err := l.pc.SetLocalDescription(sdp); err != nil {
		return "", fault.Wrap(fault.Internal, "the WebRTC session description was refused", err)
	}
	timer := time.NewTimer(l.endpoint.cfg.GatherTimeout)
	defer timer.Stop()
	select {
	case <-gathered:
	case <-timer.C:
	case <-l.ended:
		return "", fault.New(fault.Closed, "the link was closed")
	case <-ctx.Done():
		return "", ctx.Err()
	}
	local := l.pc.LocalDescription()
	if local == nil {
		return "", fault.New(fault.Closed, "the link was closed")
	}
	return local.SDP, nil
}

// errExtraChannel means that the peer opened a channel beside the one there is, or one of another name.
var errExtraChannel = errors.New("webrtclink: the peer opened a data channel that is not ours")

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
	dc.SetBufferedAmountLowThreshold(uint64(l.endpoint.cfg.LowMark))
	// Set on the channel below webrtc.DataChannel, whose own version of it starts a goroutine for each call.
	dc.OnBufferedAmountLow(func() { l.endpoint.cfg.Handler.LinkDrained(l, int(dc.BufferedAmount())) })

	l.endpoint.mu.Lock()
	_, alive := l.endpoint.links[l]
	if alive {
		l.working.Add(1)
		l.channel.Store(dc)
		close(l.opened)
	}
	l.endpoint.mu.Unlock()
	if !alive {
		return
	}
	go l.read(dc)
}

func (l *Link) read(dc *datachannel.DataChannel) {
	defer l.working.Done()
	handler := l.endpoint.cfg.Handler
	handler.LinkOpened(l)
	buffer := make([]byte, l.endpoint.cfg.MaxMessage)
	for {
		n, _, err := dc.ReadDataChannel(buffer)
		switch {
		case errors.Is(err, io.ErrShortBuffer):
			err = ErrOversized
		case err != nil:
			err = errRemote
		}
		if err != nil {
			l.end(err)
			return
		}
		l.received.Add(uint64(n))
		handler.LinkMessage(l, append([]byte(nil), buffer[:n]...))
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

// Close ends the link at once: what was queued may not arrive. It does not wait; Endpoint.Close does.
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

// shutDown ends the connection and waits for pion's goroutines. It ends DTLS, and with that SCTP, before all else,
// since the other order makes pion hold a lock for 200 ms that another of its goroutines waits for: no harm in real
// time, but in the fake time of a test nothing moves any more.
func (l *Link) shutDown() {
	sctp := l.pc.SCTP()
	_ = sctp.Transport().Stop() // neither error would help anybody
	if sctp.State() == webrtc.SCTPTransportStateConnected {
		timer := time.NewTimer(time.Second)
		defer timer.Stop()
		select {
		case <-l.silent:
		case <-timer.C:
		}
	}
	_ = l.pc.GracefulClose()
}

// end starts the link's end, once, whoever asks first.
func (l *Link) end(why error) {
	l.once.Do(func() {
		l.endpoint.mu.Lock()
		delete(l.endpoint.links, l)
		l.endpoint.mu.Unlock()
		close(l.ended)
		go func() {
			defer l.endpoint.wg.Done()
			l.shutDown()
			l.working.Wait()
			l.endpoint.cfg.Handler.LinkClosed(l, why)
		}()
	})
}

package webrtclink

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// events collects what a Handler is told.
type events struct {
	opened  chan *Link
	message chan []byte
	drained chan int
	closed  chan error
	block   sync.Mutex // held by a test to let messages pile up
}

func newEvents() *events {
	return &events{
		opened: make(chan *Link, 64), message: make(chan []byte, 4096), drained: make(chan int, 64),
		closed: make(chan error, 64),
	}
}

func (e *events) LinkOpened(l *Link) { e.opened <- l }
func (e *events) LinkMessage(_ *Link, b []byte) {
	e.block.Lock()
	defer e.block.Unlock()
	e.message <- b
}

func (e *events) LinkDrained(_ *Link, n int) {
	select {
	case e.drained <- n:
	default:
	}
}
func (e *events) LinkClosed(_ *Link, err error) { e.closed <- err }

func endpoint(t *testing.T, change func(*Config)) (*host, *events) {
	t.Helper()
	ev := newEvents()
	cfg := Config{Loopback: true}
	if change != nil {
		change(&cfg)
	}
	e, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return &host{e, ev}, ev
}

// host is an Endpoint that tells all links' events to one Handler.
type host struct {
	*Endpoint
	events *events
}

func (h *host) Offer(ctx context.Context) (*Link, string, error) {
	return h.Endpoint.Offer(ctx, h.events)
}

func (h *host) Answer(ctx context.Context, offer string) (*Link, string, error) {
	return h.Endpoint.Answer(ctx, offer, h.events)
}

// connect links a to b and returns both ends once they are open.
func connect(t *testing.T, a, b *host) (*Link, *Link) {
	t.Helper()
	la, offer, err := a.Offer(t.Context())
	require.NoError(t, err)
	lb, answer, err := b.Answer(t.Context(), offer)
	require.NoError(t, err)
	require.NoError(t, la.Accept(answer))
	<-la.Opened()
	<-lb.Opened()
	return la, lb
}

func TestMessagesArriveInOrderBothWays(t *testing.T) {
	a, ea := endpoint(t, nil)
	b, eb := endpoint(t, nil)
	la, lb := connect(t, a, b)
	require.Equal(t, la, <-ea.opened)
	require.Equal(t, lb, <-eb.opened)
	var want uint64
	for i := range 300 {
		m := bytes.Repeat([]byte{byte(i)}, 1+i*160)
		want += uint64(len(m))
		require.NoError(t, la.Send(m))
		require.NoError(t, lb.Send(m))
	}
	for i := range 300 {
		for _, ev := range []*events{ea, eb} {
			m := <-ev.message
			require.Len(t, m, 1+i*160)
			require.Equal(t, byte(i), m[len(m)-1])
		}
	}
	require.LessOrEqual(t, <-ea.drained, 64<<10)
	require.Equal(t, want, la.Sent())
	require.Equal(t, want, la.Received())
}

func TestManyLinksInOneProcess(t *testing.T) {
	const n = 8
	hub, eh := endpoint(t, nil)
	for i := range n {
		e, ev := endpoint(t, nil)
		l, _ := connect(t, e, hub)
		require.NoError(t, l.Send(fmt.Appendf(nil, "from %d", i)))
		require.Equal(t, fmt.Sprintf("from %d", i), string(<-eh.message))
		(<-eh.opened).Close()
		require.ErrorIs(t, <-ev.closed, errRemote)
		require.NoError(t, <-eh.closed)
	}
	require.Zero(t, hub.Len())
}

func TestOversizedMessageEndsTheLink(t *testing.T) {
	a, _ := endpoint(t, nil)
	b, eb := endpoint(t, func(c *Config) { c.MaxMessage = 1000 })
	la, _ := connect(t, a, b)
	require.NoError(t, la.Send(make([]byte, 1000)))
	require.Len(t, <-eb.message, 1000)
	require.NoError(t, la.Send(make([]byte, 1001)))
	require.ErrorIs(t, <-eb.closed, ErrOversized)
}

func TestASlowReaderSlowsTheSender(t *testing.T) {
	a, ea := endpoint(t, nil)
	b, eb := endpoint(t, nil)
	la, _ := connect(t, a, b)
	eb.block.Lock()
	const size, n = 16 << 10, 128 // 2 MiB, four times the window
	for range n {
		require.NoError(t, la.Send(make([]byte, size)))
	}
	require.Empty(t, ea.drained, "2 MiB cannot have left for a peer that reads nothing")
	require.Greater(t, la.Buffered(), receiveBuffer)
	eb.block.Unlock()
	for range n {
		<-eb.message
	}
	require.LessOrEqual(t, <-ea.drained, 64<<10)
}

func TestCloseFlushedDeliversWhatWasSent(t *testing.T) {
	a, ea := endpoint(t, nil)
	b, eb := endpoint(t, nil)
	la, _ := connect(t, a, b)
	for range 20 {
		require.NoError(t, la.Send(make([]byte, 16<<10)))
	}
	la.CloseFlushed(10 * time.Second)
	for range 20 {
		require.Len(t, <-eb.message, 16<<10)
	}
	require.NoError(t, <-ea.closed)
	require.ErrorIs(t, <-eb.closed, errRemote)
	require.Error(t, la.Send([]byte("late")))
}

func TestGarbageInsteadOfSDP(t *testing.T) {
	a, ea := endpoint(t, nil)
	for _, sdp := range []string{
		"", "v=0", "garbage", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 00\r\n",
		"v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", string(make([]byte, MaxSDP+1)),
	} {
		_, _, err := a.Answer(t.Context(), sdp)
		require.Error(t, err)
	}
	require.Zero(t, a.Len())
	require.Empty(t, ea.closed)

	l, _, err := a.Offer(t.Context())
	require.NoError(t, err)
	require.Error(t, l.Accept("garbage"))
	_, _, err = a.Answer(t.Context(), "v=0\r\nm=application x y z\r\na=fingerprint:q\r\n")
	require.Error(t, err)
	require.Error(t, <-ea.closed)
}

func TestClosedEndpointMakesNoLinks(t *testing.T) {
	e, _ := endpoint(t, nil)
	require.NoError(t, e.Close())
	_, _, err := e.Offer(context.Background())
	require.Error(t, err)
}

func FuzzCheckSDP(f *testing.F) {
	e, err := New(Config{Loopback: true})
	require.NoError(f, err)
	l, offer, err := e.Offer(context.Background(), newEvents())
	require.NoError(f, err)
	l.Close()
	require.NoError(f, e.Close())
	require.NoError(f, CheckSDP(offer))
	f.Add(offer)
	f.Add("v=0\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=fingerprint:sha-256 00\n")
	f.Fuzz(func(t *testing.T, sdp string) {
		if CheckSDP(sdp) == nil && len(sdp) > MaxSDP {
			t.Fatal("too large")
		}
	})
}

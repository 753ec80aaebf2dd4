package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/tracker"
	"github.com/superp2p/superp2p/internal/tracker/client"
)

// network is a listener inside the process, so that a test can run in fake time. It can be away.
type network struct {
	conns chan net.Conn
	done  chan struct{}

	mu    sync.Mutex
	away  bool
	dials []time.Time
	last  net.Conn
}

func newNetwork() *network { return &network{conns: make(chan net.Conn), done: make(chan struct{})} }

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error   { close(n.done); return nil }
func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	n.mu.Lock()
	n.dials = append(n.dials, time.Now())
	away := n.away
	here, there := net.Pipe()
	n.last = here
	n.mu.Unlock()
	if away {
		return nil, errors.New("away")
	}
	n.conns <- there
	return here, nil
}

func (n *network) setAway(away bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.away = away
}

func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	_ = n.last.Close()
}

// gaps returns the pauses between attempts to connect, and forgets them.
func (n *network) gaps() (list []time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := 1; i < len(n.dials); i++ {
		list = append(list, n.dials[i].Sub(n.dials[i-1]))
	}
	n.dials = nil
	return list
}

func TestReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork()
		net.setAway(true)
		s := tracker.New(tracker.Config{Interval: 100 * time.Second})
		h := &http.Server{Handler: s} //nolint:gosec // no time-outs: the peer is ours
		go func() { _ = h.Serve(net) }()
		handler := newRecorder("a")
		c, stop := run(t, client.Config{
			URL: "ws://tracker/announce", InfoHash: id("s"), PeerID: id("peer"), Handler: handler,
			Dial: net.dial, Rand: func() float64 { return 0.5 }, // the mean
		})
		time.Sleep(150 * time.Second)
		const second = time.Second
		require.Equal(t, []time.Duration{second, 2 * second, 4 * second, 8 * second, 16 * second, 32 * second, 60 * second},
			net.gaps(), "pauses double, up to a minute")
		require.False(t, c.Stats().Connected)

		net.setAway(false)
		time.Sleep(60 * time.Second)
		require.True(t, c.Stats().Connected)
		require.Equal(t, 1, <-handler.size)
		require.EqualValues(t, 1, c.Stats().Announces)

		time.Sleep(500 * time.Second)
		require.EqualValues(t, 6, c.Stats().Announces, "at the interval that the tracker names")
		require.Len(t, handler.asked, 5)
		for range 5 {
			require.Equal(t, 5, <-handler.asked)
			<-handler.size
		}

		net.gaps()
		net.cut()
		time.Sleep(1100 * time.Millisecond)
		require.True(t, c.Stats().Connected, "after a good connection the first pause is short again")
		require.Equal(t, 1, <-handler.size)
		_, incomplete := s.Swarm(id("s"))
		require.Equal(t, 1, incomplete)

		stop()
		_, incomplete = s.Swarm(id("s"))
		require.Zero(t, incomplete)
		require.NoError(t, s.Close())
		require.NoError(t, h.Close())
	})
}

func TestAsksAreSpaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork()
		s := tracker.New(tracker.Config{})
		h := &http.Server{Handler: s} //nolint:gosec // no time-outs: the peer is ours
		go func() { _ = h.Serve(net) }()
		handler := newRecorder("a")
		c, stop := run(t, client.Config{
			URL: "http://tracker/announce", InfoHash: id("s"), PeerID: id("peer"), Handler: handler, Dial: net.dial,
		})
		for range 100 {
			c.AskForPeers(3)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		require.Len(t, handler.asked, 11)
		stop()
		require.NoError(t, s.Close())
		require.NoError(t, h.Close())
	})
}

// A tracker that accepts and then says nothing is noticed by its missing pong.
func TestDeadConnectionIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newNetwork()
		mute := make(chan struct{})
		h := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-mute })} //nolint:gosec // as above
		go func() { _ = h.Serve(net) }()
		_, stop := run(t, client.Config{
			URL: "ws://tracker/", Handler: newRecorder("a"), Dial: net.dial, Rand: func() float64 { return 0.5 },
		})
		time.Sleep(30 * time.Second)
		require.Equal(t, []time.Duration{11 * time.Second, 12 * time.Second}, net.gaps(), "10 s for the handshake")
		close(mute)
		stop()
		require.NoError(t, h.Close())
	})
}

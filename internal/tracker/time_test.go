package tracker_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/tracker"
	"github.com/superp2p/superp2p/internal/tracker/message"
)

// pipes is a network inside the process, so that a test can run in fake time.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p.conns <- there
	return here, nil
}

// startInside runs a tracker in the test's bubble of fake time and returns how to connect and how to end it.
func startInside(t *testing.T, cfg tracker.Config) (*tracker.Server, func() *peer, func()) {
	t.Helper()
	network := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	s := tracker.New(cfg)
	h := &http.Server{Handler: s} //nolint:gosec // no time-outs: the peers are ours
	go func() { _ = h.Serve(network) }()
	var raw net.Conn
	transport := &http.Transport{DialContext: func(ctx context.Context, name, addr string) (net.Conn, error) {
		conn, err := network.dial(ctx, name, addr)
		raw = conn
		return conn, err
	}}
	var all []*peer
	connect := func() *peer {
		conn, _, err := websocket.Dial(t.Context(), "ws://tracker/", &websocket.DialOptions{
			HTTPClient: &http.Client{Transport: transport},
		})
		require.NoError(t, err)
		all = append(all, &peer{t: t, conn: conn, raw: raw, id: id20("inside")})
		return all[len(all)-1]
	}
	return s, connect, func() {
		require.NoError(t, s.Close())
		require.NoError(t, h.Close())
		transport.CloseIdleConnections()
		for _, p := range all {
			_ = p.conn.CloseNow()
		}
		synctest.Wait()
	}
}

func TestSilentPeersArePingedAndDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, connect, end := startInside(t, tracker.Config{})
		alive, mute := connect(), connect()
		go func() { _, _, _ = alive.conn.Read(context.Background()) }() // answers pings
		go func() { _, _ = io.Copy(io.Discard, mute.raw) }()            // hears them
		time.Sleep(74 * time.Second)
		require.Equal(t, 2, s.Status().Connections)
		time.Sleep(10 * time.Second)
		require.Equal(t, 1, s.Status().Connections)
		require.EqualValues(t, 1, s.Status().Idle)
		time.Sleep(10 * time.Minute)
		require.Equal(t, 1, s.Status().Connections, "who answers pings stays")
		end()
	})
}

func TestWhoSendsTooMuchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, connect, end := startInside(t, tracker.Config{Rate: 2, Burst: 5})
		p := connect()
		go func() {
			for range 15 {
				if p.conn.Write(context.Background(), websocket.MessageText, message.AppendScrape(nil, id20("s"))) != nil {
					return
				}
			}
		}()
		begin := time.Now()
		for n := range 15 {
			require.Equal(t, message.Scrape, p.receive().Action)
			if n == 3 {
				require.Zero(t, time.Since(begin), "a few may come at once")
			}
		}
		require.InDelta(t, 5.2, time.Since(begin).Seconds(), 0.1, "15 messages and some bytes, less 5, at 2 a second")
		end()
	})
}

func TestHangingWriteIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, connect, end := startInside(t, tracker.Config{PingInterval: time.Hour, IdleTimeout: 2 * time.Hour})
		p := connect()
		p.announce("s", nil) // and nobody reads the answer: a pipe holds nothing
		time.Sleep(9 * time.Second)
		require.Equal(t, 1, s.Status().Peers)
		time.Sleep(5 * time.Second)
		require.Equal(t, 0, s.Status().Peers)
		require.EqualValues(t, 1, s.Status().Slow)
		end()
	})
}

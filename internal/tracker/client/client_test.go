package client_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/tracker"
	"github.com/superp2p/superp2p/internal/tracker/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func id(name string) (id [20]byte) {
	copy(id[:], name)
	return id
}

type offered struct {
	peer, offer [20]byte
	sdp         string
	reply       func(string)
}

// recorder is a Handler that notes what it is called with.
type recorder struct {
	name     string
	asked    chan int
	offered  chan offered
	answered chan offered
	size     chan int
}

func newRecorder(name string) *recorder {
	return &recorder{name, make(chan int, 100), make(chan offered, 100), make(chan offered, 100), make(chan int, 100)}
}

func (r *recorder) Offers(_ context.Context, n int) []client.Offer {
	r.asked <- n
	var list []client.Offer
	for i := range n {
		list = append(list, client.Offer{ID: id(r.name + string(rune('0'+i))), SDP: "v=0\r\n\"" + r.name})
	}
	return list
}

func (r *recorder) Offered(peer, offer [20]byte, sdp string, reply func(string)) {
	r.offered <- offered{peer, offer, sdp, reply}
}

func (r *recorder) Answered(peer, offer [20]byte, sdp string) {
	r.answered <- offered{peer, offer, sdp, nil}
}
func (r *recorder) SwarmSize(n int) { r.size <- n }

// run starts a client and returns it with what ends it.
func run(t *testing.T, cfg client.Config) (*client.Client, func()) {
	t.Helper()
	c, err := client.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		c.Run(ctx)
		close(done)
	}()
	stop := func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return c, stop
}

func startTracker(t *testing.T, cfg tracker.Config) (*tracker.Server, string) {
	t.Helper()
	s := tracker.New(cfg)
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		h.Close()
	})
	return s, "ws" + strings.TrimPrefix(h.URL, "http")
}

func TestTwoPeersFindEachOther(t *testing.T) {
	s, url := startTracker(t, tracker.Config{})
	a, b := newRecorder("a"), newRecorder("b")
	_, stopA := run(t, client.Config{URL: url, InfoHash: id("s"), PeerID: id("peer a"), Handler: a})
	require.Equal(t, 1, <-a.size)
	cb, stopB := run(t, client.Config{URL: url, InfoHash: id("s"), PeerID: id("peer b"), Handler: b})
	require.Equal(t, 2, <-b.size)
	require.Equal(t, 1, <-b.asked, "offers for as many as there are others")

	o := <-a.offered
	require.Equal(t, offered{id("peer b"), id("b0"), "v=0\r\n\"b", nil}, offered{o.peer, o.offer, o.sdp, nil})
	o.reply("v=0\r\nanswer")
	o.reply("only once")
	require.Equal(t, offered{id("peer a"), id("b0"), "v=0\r\nanswer", nil}, <-b.answered)

	stats := cb.Stats()
	require.True(t, stats.Connected)
	require.Equal(t, 2, stats.SwarmSize)
	require.NotZero(t, stats.Sent)
	require.NotZero(t, stats.Received)
	require.Empty(t, a.asked, "no offers for an empty swarm")

	stopB()
	_, incomplete := s.Swarm(id("s"))
	require.Equal(t, 1, incomplete, "leaving is told")
	stopA()
	swarms, _ := s.Swarm(id("s"))
	require.Zero(t, swarms)
}

func TestAskForPeers(t *testing.T) {
	_, url := startTracker(t, tracker.Config{})
	a := newRecorder("a")
	c, _ := run(t, client.Config{URL: url, InfoHash: id("s"), PeerID: id("peer a"), Handler: a, AskGap: time.Nanosecond})
	c.AskForPeers(3)
	require.Equal(t, 3, <-a.asked)
	c.AskForPeers(100)
	require.Equal(t, 20, <-a.asked)
}

func TestEarlyOffersGoWithTheFirstAnnounce(t *testing.T) {
	_, url := startTracker(t, tracker.Config{})
	a, b := newRecorder("a"), newRecorder("b")
	run(t, client.Config{URL: url, InfoHash: id("s"), PeerID: id("peer a"), Handler: a})
	require.Equal(t, 1, <-a.size)
	run(t, client.Config{URL: url, InfoHash: id("s"), PeerID: id("peer b"), Handler: b, Early: 3})
	require.Equal(t, 3, <-b.asked, "not as many as there are others, which is not known yet")
	require.Equal(t, id("peer b"), (<-a.offered).peer)
	require.Equal(t, 2, <-b.size)
	require.Empty(t, b.asked, "there are enough")
}

func TestEarlyOffersAreDroppedWhenThereIsNoTracker(t *testing.T) {
	a := newRecorder("a")
	again := make(chan time.Time)
	_, stop := run(t, client.Config{
		URL: "ws://127.0.0.1:1", InfoHash: id("s"), PeerID: id("peer a"), Handler: a, Early: 3,
		After: func(time.Duration) <-chan time.Time { return again },
	})
	require.Equal(t, 3, <-a.asked)
	again <- time.Time{}
	again <- time.Time{} // the second connection has failed as well
	stop()
	require.Empty(t, a.asked, "only the first connection makes them early")
}

func TestConfigIsChecked(t *testing.T) {
	_, err := client.New(client.Config{URL: "udp://tracker", Handler: newRecorder("a")})
	require.Equal(t, fault.URLInvalid, fault.CodeOf(err))
	_, err = client.New(client.Config{URL: "ws://tracker"})
	require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
}

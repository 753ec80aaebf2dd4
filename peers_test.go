package superp2p_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/tracker/client"
)

// member is a stream that is played and read, with what it was told of peers.
type member struct {
	*superp2p.P2PNetStream
	peers chan superp2p.NetStatusEvent
	other chan superp2p.NetStatusEvent
}

// joins plays the channel of a stage, after set has set up the stream.
func joins(t *testing.T, st *stage.Stage, config *superp2p.PlayConfig, set func(*superp2p.P2PNetStream)) *member {
	t.Helper()
	m := &member{
		newStream(t, superp2p.Config{Server: st.ServerURL(), Loopback: true}),
		make(chan superp2p.NetStatusEvent, 1000), make(chan superp2p.NetStatusEvent, 1000),
	}
	m.OnNetStatus(func(e superp2p.NetStatusEvent) {
		if strings.HasPrefix(e.Info.Code, "NetStream.Connect.") {
			m.peers <- e
		} else {
			m.other <- e
		}
	})
	if set != nil {
		set(m.P2PNetStream)
	}
	require.NoError(t, m.Play(st.Channel(), config))
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(io.Discard, m) })
	t.Cleanup(func() {
		require.NoError(t, m.Close())
		reading.Wait()
	})
	require.Equal(t, superp2p.NetStreamPlayStart, nextBut(t, m.other, superp2p.NetStreamVideoDimensionChange).Info.Code)
	return m
}

func TestPeersThatComeAndGoAreTold(t *testing.T) {
	st := onAir(t, nil)
	require.Nil(t, newStream(t, superp2p.Config{}).PeerStreams())
	a := joins(t, st, fast(), nil)
	b := joins(t, st, fast(), nil)
	require.NotEmpty(t, a.FarID())
	require.Equal(t, a.FarID(), b.FarID(), "who plays the same is in one swarm")
	came, other := nextOfAll(t, a.peers), nextOfAll(t, b.peers)
	for _, e := range []superp2p.NetStatusEvent{came, other} {
		require.Equal(t, superp2p.NetStreamConnectSuccess, e.Info.Code)
		require.Equal(t, "status", e.Info.Level)
		require.Len(t, e.Info.Details, 40)
		require.Equal(t, e.Info.Details, e.Info.Stream.FarID)
	}
	require.NotEqual(t, came.Info.Stream.Incoming, other.Info.Stream.Incoming, "one of them has called")
	traded := func() bool {
		ps := a.PeerStreams()
		return len(ps) == 1 && ps[0].BytesReceived > 50_000 && ps[0].BytesSent > 50_000
	}
	require.Eventually(t, traded, time.Minute, 20*time.Millisecond)
	one := a.PeerStreams()[0]
	require.Equal(t, came.Info.Details, one.FarID)
	require.Equal(t, came.Info.Stream.Incoming, one.Incoming)
	require.False(t, one.Since.IsZero())
	stats, i := a.Stats(), a.MulticastInfo()
	require.Equal(t, 1, stats.Peers)
	require.LessOrEqual(t, one.BytesReceived, stats.PeerBytes+stats.DuplicateBytes+stats.ProofBytes+stats.ControlBytes+1<<20)
	require.NotZero(t, i.BytesPushedToPeers+i.BytesRequestedByPeers)

	require.NoError(t, b.Close())
	gone := nextOfAll(t, a.peers)
	require.Equal(t, superp2p.NetStreamConnectClosed, gone.Info.Code)
	require.Equal(t, "status", gone.Info.Level)
	require.Equal(t, came.Info.Details, gone.Info.Details)
	require.Empty(t, a.PeerStreams())
	require.Empty(t, b.peers, "Close tells nothing")
	require.Nil(t, b.PeerStreams())
}

func TestPeersThatAreRefusedAreNoNeighbours(t *testing.T) {
	st := onAir(t, nil)
	asked := make(chan superp2p.PeerStream, 100)
	a := joins(t, st, fast(), func(s *superp2p.P2PNetStream) {
		s.OnPeerConnect(func(p superp2p.PeerStream) bool {
			_, _, _ = s.Stats(), s.PeerStreams(), s.Time() // it may call anything
			s.SetBufferTime(s.BufferTime())
			asked <- p
			return false
		})
	})
	b := joins(t, st, fast(), nil)
	refused, refuses := nextOfAll(t, a.peers), nextOfAll(t, b.peers)
	p := <-asked
	for _, e := range []superp2p.NetStatusEvent{refused, refuses} {
		require.Equal(t, superp2p.NetStreamConnectRejected, e.Info.Code)
		require.Equal(t, "error", e.Info.Level)
		require.NotEmpty(t, e.Info.Description)
	}
	require.Equal(t, p.FarID, refused.Info.Details)
	require.False(t, p.Since.IsZero())
	from := b.Time()
	require.Eventually(t, func() bool { return b.Time() > from+4*time.Second }, time.Minute, 20*time.Millisecond, "it plays on")
	require.Empty(t, a.PeerStreams())
	require.Empty(t, b.PeerStreams())
	require.Empty(t, asked, "it is asked once")
	require.Empty(t, a.peers)
	require.Empty(t, b.peers)

	a.OnPeerConnect(func(superp2p.PeerStream) bool { return true })
	c := joins(t, st, fast(), nil) // who comes now is welcome
	require.Equal(t, superp2p.NetStreamConnectSuccess, nextOfAll(t, a.peers).Info.Code)
	require.Equal(t, superp2p.NetStreamConnectSuccess, nextOfAll(t, c.peers).Info.Code)
}

func TestWhoIsAskedAboutAPeerMayCloseTheStream(t *testing.T) {
	st := onAir(t, nil)
	closed := make(chan struct{})
	joins(t, st, fast(), func(s *superp2p.P2PNetStream) {
		s.OnPeerConnect(func(superp2p.PeerStream) bool {
			_ = s.Close()
			close(closed)
			return true
		})
	})
	joins(t, st, fast(), nil)
	<-closed
}

func TestADisposedStreamAsksNobody(t *testing.T) {
	st := onAir(t, nil)
	a := joins(t, st, fast(), func(s *superp2p.P2PNetStream) {
		s.OnPeerConnect(func(superp2p.PeerStream) bool { return false })
	})
	require.NoError(t, a.Dispose())
	require.NoError(t, a.Play(st.Channel(), fast()))
	joins(t, st, fast(), nil)
	require.Eventually(t, func() bool { return len(a.PeerStreams()) == 1 }, time.Minute, 20*time.Millisecond)
}

// caller is a member of the swarm whose offers of links are of no use.
type caller struct{ client.Handler }

func (caller) Offers(context.Context, int) []client.Offer {
	return []client.Offer{{ID: [20]byte{1}, SDP: "v=0\r\nthere is nobody\r\n"}}
}
func (caller) Offered(_, _ [20]byte, _ string, _ func(string)) {}
func (caller) Answered(_, _ [20]byte, _ string)                {}
func (caller) SwarmSize(int)                                   {}

func TestAPeerThatCannotBeReachedEndsNothing(t *testing.T) {
	st := onAir(t, nil)
	a := joins(t, st, fast(), nil)
	edge, err := edgeclient.New(edgeclient.Config{Server: st.ServerURL()})
	require.NoError(t, err)
	defer edge.Close()
	res, err := edge.Resolve(t.Context(), st.Channel())
	require.NoError(t, err)
	id := [20]byte{7, 7}
	c, err := client.New(client.Config{URL: res.Tracker, InfoHash: res.InfoHash, PeerID: id, Handler: caller{}, Early: 1, Offers: 1})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var calling sync.WaitGroup
	calling.Go(func() { c.Run(ctx) })
	e := nextOfAll(t, a.peers)
	cancel()
	calling.Wait()
	require.Equal(t, superp2p.NetStreamConnectFailed, e.Info.Code)
	require.Equal(t, "error", e.Info.Level)
	require.NotEmpty(t, e.Info.Description)
	require.True(t, strings.HasPrefix(e.Info.Details, "0707"), e.Info.Details)
	require.True(t, e.Info.Stream.Incoming)
	from := a.Time()
	require.Eventually(t, func() bool { return a.Time() > from+time.Second }, time.Minute, 20*time.Millisecond, "it plays on")
}

func TestPushNeighborLimitIsOfWhatIsOffered(t *testing.T) {
	st := onAir(t, nil)
	a := joins(t, st, &superp2p.PlayConfig{Delay: 4 * time.Second}, func(s *superp2p.P2PNetStream) {
		require.InDelta(t, 4, s.MulticastPushNeighborLimit(), 0)
		s.SetMulticastPushNeighborLimit(0)
		require.Zero(t, s.MulticastPushNeighborLimit())
	})
	joins(t, st, &superp2p.PlayConfig{Delay: 4 * time.Second}, nil)
	asked := func() bool { return a.MulticastInfo().FragmentsRequestedByPeers >= 10 }
	require.Eventually(t, asked, time.Minute, 20*time.Millisecond, "what peers ask for they get")
	require.Zero(t, a.MulticastInfo().BytesPushedToPeers)
	a.SetMulticastPushNeighborLimit(1)
	pushed := func() bool { return a.MulticastInfo().FragmentsPushedToPeers > 0 }
	require.Eventually(t, pushed, time.Minute, 20*time.Millisecond, "at once")
}

// fromPeers plays for 12 s with a relay margin, and tells what share of its first 40 slices a peer got from there that comes
// then and plays 12 s behind.
func fromPeers(t *testing.T, set func(*superp2p.P2PNetStream)) float64 {
	st, err := stage.Start(t.Context(), stage.Config{Past: 16 * time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	a := joins(t, st, fast(), nil)
	set(a.P2PNetStream)
	require.Eventually(t, func() bool { return a.Stats().Played > 12*time.Second }, time.Minute, 20*time.Millisecond)
	off := false
	b := joins(t, st, &superp2p.PlayConfig{Delay: 12 * time.Second, Upload: &off}, nil)
	sum := func() uint64 {
		i := b.MulticastInfo()
		return i.FragmentsReceivedFromServer + i.FragmentsPushedFromPeers + i.FragmentsRequestedFromPeers
	}
	require.Eventually(t, func() bool { return sum() >= 40 }, time.Minute, 5*time.Millisecond)
	s := b.Stats()
	return s.Offload
}

func TestRelayMarginIsWhatIsKeptForPeers(t *testing.T) {
	require.Equal(t, 2*time.Second, newStream(t, superp2p.Config{}).MulticastRelayMarginDuration())
	var nothing, much float64
	t.Run("of each", func(t *testing.T) {
		t.Run("0", func(t *testing.T) {
			t.Parallel()
			nothing = fromPeers(t, func(s *superp2p.P2PNetStream) { s.SetMulticastRelayMarginDuration(0) })
		})
		t.Run("20 s", func(t *testing.T) {
			t.Parallel()
			much = fromPeers(t, func(s *superp2p.P2PNetStream) {
				s.SetMulticastRelayMarginDuration(20 * time.Second)
				require.Equal(t, 20*time.Second, s.MulticastRelayMarginDuration())
			})
		})
	})
	t.Logf("from peers: %.2f with a margin of 20 s, %.2f without", much, nothing)
	require.Greater(t, much, nothing)
}

func TestWindowDurationIsTheDelayOfPlaysToCome(t *testing.T) {
	st := onAir(t, nil)
	window := func(s *superp2p.P2PNetStream) {
		require.Equal(t, 8*time.Second, s.MulticastWindowDuration())
		s.SetMulticastWindowDuration(3 * time.Second)
		require.Equal(t, 3*time.Second, s.MulticastWindowDuration())
	}
	a := joins(t, st, nil, window)
	require.Eventually(t, func() bool { return a.LiveDelay() > 0 }, time.Minute, 20*time.Millisecond)
	require.InDelta(t, 3, a.LiveDelay().Seconds(), 1.5)
	b := joins(t, st, &superp2p.PlayConfig{Delay: 6 * time.Second}, window)
	require.Eventually(t, func() bool { return b.LiveDelay() > 0 }, time.Minute, 20*time.Millisecond)
	require.InDelta(t, 6, b.LiveDelay().Seconds(), 1.4, "what a play says itself goes first")
}

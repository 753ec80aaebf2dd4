package superp2p_test

import (
	"context"
	"io"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/rtmp"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// patient returns a stream that waits for a source that is away, and its events, without those of the size of pictures.
func patient(t *testing.T, server string) (*superp2p.P2PNetStream, chan superp2p.NetStatusEvent) {
	t.Helper()
	s := newStream(t, superp2p.Config{Server: server, Loopback: true})
	events := make(chan superp2p.NetStatusEvent, 100)
	s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, events
}

// pushed publishes a live stream until it is called off.
func pushed(t *testing.T, rawURL string) (off func()) {
	t.Helper()
	o := origin.New(origin.Config{Past: 8 * time.Second, Burst: 5})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = o.Push(ctx, rawURL, rtmp.DialOptions{})
	}()
	off = func() {
		cancel()
		<-done
		_ = o.Close()
	}
	t.Cleanup(off)
	return off
}

func TestAPublisherThatLeavesAndComesBackIsTold(t *testing.T) {
	t.Parallel()
	st := onAir(t, func(c *config.Config) { c.RTMP, c.GiveUp = "127.0.0.1:0", 20*time.Second })
	publisher := "rtmp://" + st.Server.RTMPAddr() + "/live/test"
	off := pushed(t, publisher)
	stagetest.OnAir(t, st.ServerURL(), "live/test")
	s, events := patient(t, st.ServerURL())
	require.NoError(t, s.Play("live/test", fast()))
	got := make(chan error, 1)
	go func() {
		_, err := s.WriteTo(io.Discard)
		got <- err
	}()
	codes(t, events, superp2p.NetStreamBufferFull)
	off()
	away := nextBut(t, events, superp2p.NetStreamBufferEmpty, superp2p.NetStreamBufferFull, superp2p.NetStreamVideoDimensionChange)
	require.Equal(t, superp2p.NetStreamPlayUnpublishNotify, away.Info.Code)
	require.Equal(t, "status", away.Info.Level)
	require.Equal(t, "live/test", away.Info.Details)
	off = pushed(t, publisher)
	require.Equal(t, superp2p.NetStreamPlayPublishNotify, nextBut(t, events, superp2p.NetStreamBufferEmpty).Info.Code)
	codes(t, events, superp2p.NetStreamBufferFull)
	require.Equal(t, "playing", s.State())

	off() // for good: the server says that it is the end
	all := codes(t, events, superp2p.NetStreamPlayStop)
	require.Contains(t, all, superp2p.NetStreamPlayUnpublishNotify)
	require.NotContains(t, all, superp2p.NetStreamPlayPublishNotify)
	require.NoError(t, <-got)
}

func TestAServerThatIsStartedAnewIsAnotherStream(t *testing.T) {
	t.Parallel()
	st := onAir(t, nil)
	server, err := url.Parse(st.ServerURL())
	require.NoError(t, err)
	s, events := patient(t, st.ServerURL())
	require.NoError(t, s.Play(st.Channel(), fast()))
	go io.Copy(io.Discard, s) //nolint:errcheck // until it is closed
	codes(t, events, superp2p.NetStreamBufferFull)
	require.NoError(t, st.Server.Close())
	require.Equal(t, st.Channel(), putOnAir(t, server.String()))
	reset := nextBut(t, events, superp2p.NetStreamBufferEmpty, superp2p.NetStreamBufferFull, superp2p.NetStreamVideoDimensionChange)
	require.Equal(t, superp2p.NetStreamMulticastStreamReset, reset.Info.Code)
	require.Equal(t, "status", reset.Info.Level)
	require.Equal(t, st.Channel(), reset.Info.Details)
	require.Eventually(t, func() bool { return s.State() == "playing" }, time.Minute, 10*time.Millisecond, "it goes on")
}

func TestALiveStreamThatHasNotBegunCannotBeSought(t *testing.T) {
	st := onAir(t, nil)
	s, events := stream(t, st.ServerURL())
	require.NoError(t, s.Play(st.Channel(), fast()))
	require.NoError(t, s.Seek(time.Second), "how it went is told")
	refused := next(t, events)
	require.Equal(t, superp2p.NetStreamSeekFailed, refused.Info.Code)
	require.Equal(t, "error", refused.Info.Level)
	oneSentence(t, refused.Info.Description, "request_invalid")
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(refused.Err))
	require.Equal(t, []string{superp2p.NetStreamPlayStart, superp2p.NetStreamBufferFull}, codes(t, events, superp2p.NetStreamBufferFull), "it plays on")
}

func TestPeersAreAskedOnlyIfThereAreEnoughViewers(t *testing.T) {
	t.Parallel()
	st := onAir(t, nil)
	play := func(least int) *superp2p.P2PNetStream {
		s := newStream(t, superp2p.Config{Server: st.ServerURL(), Loopback: true})
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		require.NoError(t, s.Play(st.Channel(), &superp2p.PlayConfig{Delay: 4 * time.Second, MinViewers: least}))
		go io.Copy(io.Discard, s) //nolint:errcheck // until it is closed
		return s
	}
	holds := play(3)
	takes := play(2)
	require.Eventually(t, func() bool { return takes.Stats().PeerBytes > 50_000 }, time.Minute, 20*time.Millisecond, "two are enough for it")
	before := holds.Stats()
	require.NotZero(t, before.Peers)
	require.NotZero(t, before.UploadBytes, "it gives, though")
	require.Eventually(t, func() bool { return holds.Stats().ServerBytes > before.ServerBytes+200_000 }, time.Minute, 20*time.Millisecond)
	require.Zero(t, holds.Stats().PeerBytes)
	play(0)
	require.Eventually(t, func() bool { return holds.Stats().PeerBytes > 0 }, 3*time.Minute, 20*time.Millisecond, "now there are three")
}

package superp2p_test

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func onAir(t *testing.T, adjust func(*config.Config)) *stage.Stage {
	t.Helper()
	st, err := stage.Start(t.Context(), stage.Config{Past: 8 * time.Second, Adjust: adjust})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

// stream returns a stream with its events.
func stream(t *testing.T, server string) (*superp2p.P2PNetStream, chan superp2p.NetStatusEvent) {
	t.Helper()
	return patientStream(t, server, 2*time.Second, time.Second)
}

func patientStream(t *testing.T, server string, start, stall time.Duration) (*superp2p.P2PNetStream, chan superp2p.NetStatusEvent) {
	t.Helper()
	s := newStream(t, superp2p.Config{
		Server: server, Loopback: true, StartTimeout: start, StallTimeout: stall,
	})
	events := make(chan superp2p.NetStatusEvent, 100)
	s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, events
}

func newStream(t *testing.T, c superp2p.Config) *superp2p.P2PNetStream {
	t.Helper()
	s, err := superp2p.NewP2PNetStream(c)
	require.NoError(t, err)
	return s
}

// nextBut returns the next event of another code.
func nextBut(t *testing.T, events chan superp2p.NetStatusEvent, codes ...string) superp2p.NetStatusEvent {
	t.Helper()
	for {
		if e := next(t, events); !slices.Contains(codes, e.Info.Code) {
			return e
		}
	}
}

// next returns the next event but those of peers, which come when they like.
func next(t *testing.T, events chan superp2p.NetStatusEvent) superp2p.NetStatusEvent {
	t.Helper()
	for {
		if e := nextOfAll(t, events); !strings.HasPrefix(e.Info.Code, "NetStream.Connect.") {
			return e
		}
	}
}

func nextOfAll(t *testing.T, events chan superp2p.NetStatusEvent) superp2p.NetStatusEvent {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(time.Minute):
		require.FailNow(t, "no event")
	}
	return superp2p.NetStatusEvent{}
}

func fast() *superp2p.PlayConfig { return &superp2p.PlayConfig{Delay: 2 * time.Second} }

func TestPlayReadClose(t *testing.T) {
	st := onAir(t, nil)
	s, events := stream(t, st.ServerURL())
	_, err := s.Read(make([]byte, 1))
	require.Equal(t, superp2p.Code("closed"), superp2p.CodeOf(err), "nothing is played yet")
	for range 2 { // it can be used again after Close
		require.NoError(t, s.Play(st.Channel(), fast()))
		tags := flv.NewReader(s, flv.Limits{})
		for range 50 {
			_, err := tags.ReadTag()
			require.NoError(t, err)
		}
		require.Equal(t, superp2p.NetStreamPlayStart, next(t, events).Info.Code)
		full := next(t, events)
		require.Equal(t, superp2p.NetStreamBufferFull, full.Info.Code)
		require.Equal(t, "status", full.Info.Level)
		require.Equal(t, st.Channel(), full.Info.Details)
		stats := s.Stats()
		require.NotZero(t, stats.ServerBytes)
		require.NotZero(t, stats.Start)
		require.NotZero(t, s.LiveDelay())
		require.NoError(t, s.Close())
		require.GreaterOrEqual(t, s.Stats().ServerBytes, stats.ServerBytes, "the last figures stay")
		_, err = s.Read(make([]byte, 1))
		require.Equal(t, superp2p.Code("closed"), superp2p.CodeOf(err))
		for len(events) > 0 {
			require.Equal(t, superp2p.NetStreamVideoDimensionChange, next(t, events).Info.Code, "Close tells nothing")
		}
	}
}

func TestAPlayThatCannotStartFailsOnceWithItsReason(t *testing.T) {
	st := onAir(t, nil)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + closed.Addr().String()
	require.NoError(t, closed.Close())
	for _, test := range []struct{ server, url, code string }{
		{st.ServerURL(), "nobody", "channel_unknown"},
		{st.ServerURL(), "http://not.allowed.example/1.flv", "origin_not_allowed"},
		{nobody, "live", "server_unreachable"},
	} {
		s, events := stream(t, test.server)
		require.NoError(t, s.Play(test.url, nil))
		e := next(t, events)
		require.Equal(t, superp2p.NetStreamPlayFailed, e.Info.Code)
		require.Equal(t, "error", e.Info.Level)
		require.NotEmpty(t, e.Info.Description)
		require.Equal(t, test.url, e.Info.Details)
		require.Equal(t, superp2p.Code(test.code), superp2p.CodeOf(e.Err))
		for range 2 {
			_, err := s.Read(make([]byte, 1))
			require.Equal(t, superp2p.Code(test.code), superp2p.CodeOf(err))
		}
		require.NoError(t, s.Close())
		require.Empty(t, events)
	}
}

func TestArgumentsThatCannotBeRightAreAlsoReturned(t *testing.T) {
	s, events := stream(t, "")
	for _, test := range []struct {
		url    string
		config *superp2p.PlayConfig
		code   superp2p.Code
	}{
		{" ", nil, "url_invalid"},
		{string(make([]byte, 9000)), nil, "url_invalid"},
		{"x", &superp2p.PlayConfig{Delay: -1}, "config_invalid"},
	} {
		err := s.Play(test.url, test.config)
		require.Equal(t, test.code, superp2p.CodeOf(err))
		require.Equal(t, superp2p.NetStreamPlayFailed, next(t, events).Info.Code)
	}
}

func TestAnotherPlayReplacesTheFirst(t *testing.T) {
	st := onAir(t, nil)
	s, events := stream(t, st.ServerURL())
	require.NoError(t, s.Play(st.Channel(), fast()))
	first := make(chan error, 1)
	out, in := io.Pipe()
	go func() {
		_, err := s.WriteTo(in)
		first <- err
	}()
	head := make([]byte, 3)
	_, err := io.ReadFull(out, head)
	require.NoError(t, err)
	require.Equal(t, "FLV", string(head))
	go io.Copy(io.Discard, out) //nolint:errcheck // until the pipe is closed below
	defer in.Close()            //nolint:errcheck // it returns nil, always
	require.Equal(t, superp2p.NetStreamPlayStart, next(t, events).Info.Code)
	require.Equal(t, superp2p.NetStreamBufferFull, next(t, events).Info.Code)
	require.NoError(t, s.Play(st.SourceURL(), fast()))
	require.NoError(t, <-first, "being replaced is an end, not a failure")
	require.Equal(t, superp2p.NetStreamPlayReset, nextBut(t, events, superp2p.NetStreamVideoDimensionChange).Info.Code)
	start := next(t, events)
	require.Equal(t, superp2p.NetStreamPlayStart, start.Info.Code)
	require.Equal(t, st.SourceURL(), start.Info.Details)
	_, err = io.ReadFull(s, head)
	require.NoError(t, err)
	require.Equal(t, "FLV", string(head), "the new play begins with a file header")
}

func TestAFailureOnTheWayEndsReadWithIt(t *testing.T) {
	st := onAir(t, nil)
	s, events := stream(t, st.ServerURL())
	require.NoError(t, s.Play(st.Channel(), fast()))
	require.Equal(t, superp2p.NetStreamPlayStart, next(t, events).Info.Code)
	require.NoError(t, st.Server.Close())
	_, err := s.WriteTo(io.Discard)
	require.Error(t, err)
	require.False(t, errors.Is(err, io.EOF))
	for e := next(t, events); e.Info.Code != superp2p.NetStreamPlayFailed; e = next(t, events) {
		require.NotEqual(t, "error", e.Info.Level)
	}
}

func TestTheHandlerMayCallAnything(t *testing.T) {
	st := onAir(t, nil)
	s, _ := stream(t, st.ServerURL())
	done := make(chan struct{})
	s.OnNetStatus(func(e superp2p.NetStatusEvent) {
		switch e.Info.Code {
		case superp2p.NetStreamPlayFailed: // as an application falls back
			_ = s.Play(st.Channel(), fast())
		case superp2p.NetStreamPlayStart:
			_ = s.Stats()
			_ = s.Close()
			s.OnNetStatus(nil)
			close(done)
		}
	})
	require.NoError(t, s.Play("nobody", nil))
	<-done
}

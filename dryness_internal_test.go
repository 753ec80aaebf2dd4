package superp2p

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/playback"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// TestASourceThatIsTooSlowIsToldOnce plays a film whose origin stands still for a while in its middle.
func TestASourceThatIsTooSlowIsToldOnce(t *testing.T) {
	t.Parallel()
	origin, halt, goOn := stagetest.Halting(t)
	st, err := stage.Start(t.Context(), stage.Config{Adjust: func(c *config.Config) { c.Origins = []string{"127.0.0.1"} }})
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	s, err := NewP2PNetStream(Config{Server: st.ServerURL(), Loopback: true, StallTimeout: time.Minute})
	require.NoError(t, err)
	defer s.Close() //nolint:errcheck // the test is over
	events := make(chan Info, 1000)
	s.OnNetStatus(func(e NetStatusEvent) { events <- e.Info })
	require.NoError(t, s.Play(origin.URL+"/film.flv", nil))
	go io.Copy(io.Discard, s) //nolint:errcheck // until it is closed
	until := func(code string) (all []Info) {
		for {
			e := <-events
			all = append(all, e)
			if e.Code == code {
				return all
			}
		}
	}
	until(NetStreamPlayStart)
	halt()
	p := s.current()
	p.mu.Lock()
	require.Equal(t, 10*time.Second, p.dry.long)
	p.dry.long = 100 * time.Millisecond // so that the test need not wait for as long
	p.mu.Unlock()
	all := until(NetStreamPlayInsufficientBW)
	told := all[len(all)-1]
	require.Equal(t, levelWarning, told.Level)
	require.Equal(t, origin.URL+"/film.flv", told.Details)
	require.NotEmpty(t, told.Description)
	require.Equal(t, NetStreamBufferEmpty, all[len(all)-2].Code)
	goOn()
	until(NetStreamBufferFull)
	require.NoError(t, s.Seek(19*time.Second))
	for _, e := range until(NetStreamPlayStop) {
		require.NotEqual(t, NetStreamPlayInsufficientBW, e.Code, "once")
		require.NotEqual(t, levelError, e.Level)
	}
}

func TestWhenLessArrivesThanIsNeeded(t *testing.T) {
	s, err := NewP2PNetStream(Config{})
	require.NoError(t, err)
	p := newPlay(s, "x", PlayConfig{})
	defer p.cancel()
	told := make(chan string, 10)
	s.OnNetStatus(func(e NetStatusEvent) { told <- e.Info.Code })
	// passes lets so much time pass in which playback is in a state, as the clock of a play sees it.
	passes := func(d time.Duration, state playback.State) {
		for range d / time.Second {
			p.dry.since = time.Now().Add(-time.Second)
			p.dry.look(p, state)
		}
	}
	passes(time.Minute, playback.Buffering)
	require.Zero(t, p.dry.dry, "before the start there is a time limit of its own")
	p.way.framed = true
	passes(9*time.Second, playback.Buffering)
	passes(20*time.Second, playback.Playing)
	passes(time.Minute, playback.Paused)
	require.False(t, p.dry.told)
	passes(2*time.Second, playback.Buffering)
	require.Equal(t, NetStreamPlayInsufficientBW, <-told)
	passes(time.Minute, playback.Buffering)
	passes(31*time.Second, playback.Playing)
	passes(9*time.Second, playback.Buffering)
	require.False(t, p.dry.told, "after good playback it counts anew")
	p.dry.away = true
	passes(time.Minute, playback.Buffering)
	require.False(t, p.dry.told, "that the source is away is told otherwise")
	p.dry.away = false
	passes(2*time.Second, playback.Buffering)
	require.Equal(t, NetStreamPlayInsufficientBW, <-told)
	require.Empty(t, told)
}

package superp2p_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
)

// body returns what an origin has.
func body(t *testing.T, url string) []byte {
	t.Helper()
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close() //nolint:errcheck // it is read to its end
	all, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return all
}

// begun plays a film at the pace of a player and returns when it runs.
func begun(t *testing.T) (s *superp2p.P2PNetStream, events chan superp2p.NetStatusEvent, status chan superp2p.PlayStatus, origin string) {
	t.Helper()
	s, events, origin = filmOnAir(t, superp2p.Config{})
	status = make(chan superp2p.PlayStatus, 10)
	s.SetClient(superp2p.Client{OnPlayStatus: func(p superp2p.PlayStatus) { status <- p }})
	require.NoError(t, s.Play(origin+"/first.mp4", nil))
	go io.Copy(io.Discard, s) //nolint:errcheck // until it is closed
	codes(t, events, superp2p.NetStreamBufferFull)
	return s, events, status, origin
}

func TestAnotherFilmInMidPlay(t *testing.T) {
	for what, play := range map[string]func(s *superp2p.P2PNetStream, url string) error{
		"play": func(s *superp2p.P2PNetStream, url string) error { return s.Play(url, nil) },
		"reset": func(s *superp2p.P2PNetStream, url string) error {
			return s.Play2(superp2p.NetStreamPlayOptions{StreamName: url, Transition: superp2p.TransitionReset})
		},
		"no transition": func(s *superp2p.P2PNetStream, url string) error {
			return s.Play2(superp2p.NetStreamPlayOptions{StreamName: url})
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s, events, origin := filmOnAir(t, superp2p.Config{Unpaced: true})
			require.NoError(t, s.Play(origin+"/first.mp4", nil))
			part := make([]byte, 50_000)
			_, err := io.ReadFull(s, part)
			require.NoError(t, err)
			require.NoError(t, play(s, origin+"/film.flv"))
			_, err = s.Read(part)
			require.Equal(t, io.EOF, err, "the end of what was read")
			all, err := io.ReadAll(s)
			require.NoError(t, err)
			require.True(t, bytes.Equal(body(t, origin+"/film.flv"), all), "the other one from its beginning, with nothing of the first")
			got := codes(t, events, superp2p.NetStreamPlayReset)
			require.NotContains(t, got, superp2p.NetStreamPlayStop)
			start := next(t, events)
			require.Equal(t, superp2p.NetStreamPlayStart, start.Info.Code)
			require.Equal(t, origin+"/film.flv", start.Info.Details)
			codes(t, events, superp2p.NetStreamPlayStop)
			require.NoError(t, s.Seek(10*time.Second))
			codes(t, events, superp2p.NetStreamSeekNotify)
			packet, err := s.ReadPacket()
			for packet.Kind != superp2p.VideoPacket && err == nil {
				packet, err = s.ReadPacket()
			}
			require.NoError(t, err)
			require.InDelta(t, 9.5, packet.DTS.Seconds(), 0.5, "the last keyframe that is not after it, of the one that is played")
			require.Equal(t, origin+"/film.flv", s.Info().ResourceName)
		})
	}
}

func TestPlay2AppendsAndWaits(t *testing.T) {
	t.Parallel()
	s, events, origin := filmOnAir(t, superp2p.Config{Unpaced: true})
	status := make(chan superp2p.PlayStatus, 10)
	s.SetClient(superp2p.Client{OnPlayStatus: func(p superp2p.PlayStatus) { status <- p }})
	require.NoError(t, s.Play(origin+"/first.mp4", nil))
	for _, name := range []string{"/film.flv", "/fragments.mp4"} {
		require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{StreamName: origin + name, Transition: superp2p.TransitionAppendAndWait}))
	}
	frames := 0
	for p, err := range s.Packets() {
		require.NoError(t, err)
		if p.Kind == superp2p.VideoPacket {
			frames++
		}
	}
	require.Equal(t, 1500, frames, "all three, whole")
	for range 2 {
		require.Equal(t, superp2p.NetStreamPlayTransitionComplete, (<-status).Code)
	}
	complete := <-status
	require.InDelta(t, 60, complete.Duration.Seconds(), 1)
	got := codes(t, events, superp2p.NetStreamPlayStop)
	require.Equal(t, []string{
		superp2p.NetStreamPlayStart, superp2p.NetStreamBufferFull, superp2p.NetStreamPlayTransition, superp2p.NetStreamPlayTransition,
		superp2p.NetStreamBufferFlush, superp2p.NetStreamPlayStop,
	}, got, "one end")
}

func TestPlay2StopsWithWhatIsHeld(t *testing.T) {
	t.Parallel()
	s, events, status, _ := begun(t)
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{Transition: superp2p.TransitionStop}))
	require.Equal(t, superp2p.NetStreamBufferFlush, nextBut(t, events, superp2p.NetStreamVideoDimensionChange).Info.Code)
	end := s.Time() + s.BufferLength()
	require.Less(t, end, 19*time.Second, "the film is not loaded to its end")
	require.Equal(t, superp2p.NetStreamPlayStop, next(t, events).Info.Code)
	require.InDelta(t, end, s.Time(), float64(40*time.Millisecond))
	require.Equal(t, s.Time(), (<-status).Duration)
}

func TestPlay2SwapsWhatIsNamed(t *testing.T) {
	t.Parallel()
	s, events, status, origin := begun(t)
	swap := superp2p.NetStreamPlayOptions{
		StreamName: origin + "/film.flv", OldStreamName: origin + "/last.mp4", Transition: superp2p.TransitionSwap,
	}
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(s.Play2(swap)), "that is not played")
	swap.OldStreamName = origin + "/first.mp4"
	require.NoError(t, s.Play2(swap))
	changed(t, s, events, status, origin+"/film.flv")
}

func TestPlay2ResumesWhatIsPlayed(t *testing.T) {
	t.Parallel()
	s, events, status, origin := begun(t)
	before := s.MulticastInfo()
	require.NotZero(t, before.BytesReceivedFromServer)
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{Transition: superp2p.TransitionResume}))
	changed(t, s, events, status, origin+"/first.mp4")
}

// changed requires that playback changes over to a film without a break, and that this is then sought and played to its end.
func changed(
	t *testing.T, s *superp2p.P2PNetStream, events chan superp2p.NetStatusEvent, status chan superp2p.PlayStatus, url string,
) {
	t.Helper()
	e := nextBut(t, events, superp2p.NetStreamVideoDimensionChange, superp2p.NetStreamBufferEmpty, superp2p.NetStreamBufferFull)
	require.Equal(t, superp2p.NetStreamPlayTransition, e.Info.Code)
	require.Equal(t, "status", e.Info.Level, e.Info.Description)
	require.Equal(t, url, e.Info.Details)
	require.Equal(t, superp2p.NetStreamPlayTransitionComplete, (<-status).Code)
	require.Equal(t, url, s.Info().ResourceName)
	require.Less(t, s.Time(), 19*time.Second)
	require.NoError(t, s.Seek(19*time.Second))
	got := codes(t, events, superp2p.NetStreamPlayStop)
	require.Contains(t, []string{superp2p.NetStreamSeekStartNotify, superp2p.NetStreamBufferFlush}, got[0], "there was no break before: %v", got)
	complete := <-status
	require.Equal(t, superp2p.NetStreamPlayComplete, complete.Code)
	require.InDelta(t, 20, complete.Duration.Seconds(), 0.5)
}

package superp2p_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
)

// frames reads packets to the end and returns the times of those of picture and sound.
func frames(t *testing.T, s *superp2p.P2PNetStream) (at []time.Duration) {
	t.Helper()
	for {
		packet, err := s.ReadPacket()
		if errors.Is(err, io.EOF) {
			return at
		}
		require.NoError(t, err)
		if packet.Kind != superp2p.DataPacket {
			at = append(at, packet.DTS)
		}
	}
}

func TestPlay2PlaysAPart(t *testing.T) {
	s, events, origin := filmOnAir(t, superp2p.Config{Unpaced: true})
	for _, name := range []string{"first.mp4", "film.flv"} {
		require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{
			StreamName: origin + "/" + name, Start: 6 * time.Second, Len: 5 * time.Second,
		}))
		at := frames(t, s)
		require.InDelta(t, 5, at[0].Seconds(), 1.1, "%s: from the keyframe before", name)
		require.InDelta(t, 11, at[len(at)-1].Seconds(), 0.1, name)
		require.Less(t, at[len(at)-1], 11*time.Second, name)
		require.Equal(t, superp2p.NetStreamPlayStart, codes(t, events, superp2p.NetStreamPlayStop)[0], "no seek is told that nobody asked for")
	}
}

func TestPlay2OfAPartThatIsNotThereFails(t *testing.T) {
	s, events, origin := filmOnAir(t, superp2p.Config{Unpaced: true})
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{StreamName: origin + "/first.mp4", Start: time.Hour}))
	_, err := io.ReadAll(s)
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(err))
	require.Equal(t, superp2p.NetStreamPlayFailed, next(t, events).Info.Code)
	for _, o := range []superp2p.NetStreamPlayOptions{{Start: -1}, {Len: -1}, {Offset: -1}} {
		o.StreamName = origin + "/first.mp4"
		require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(s.Play2(o)))
	}
}

func TestPlay2AppendsAPart(t *testing.T) {
	s, events, origin := filmOnAir(t, superp2p.Config{Unpaced: true})
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{StreamName: origin + "/first.mp4", Len: 4 * time.Second}))
	for range 2 {
		require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{
			StreamName: origin + "/film.flv", Start: 10 * time.Second, Len: 2 * time.Second, Transition: superp2p.TransitionAppend,
		}))
	}
	at := frames(t, s)
	require.InDelta(t, 8, at[len(at)-1].Seconds(), 2.2, "each begins at a keyframe, at most a second before its start")
	got := codes(t, events, superp2p.NetStreamPlayStop)
	transitions := 0
	for _, code := range got {
		if code == superp2p.NetStreamPlayTransition {
			transitions++
		}
	}
	require.Equal(t, 2, transitions)
}

func TestPlay2AppendsToWhatWasPlayed(t *testing.T) {
	s, events, origin := filmOnAir(t, superp2p.Config{Unpaced: true})
	status := make(chan superp2p.PlayStatus, 10)
	s.SetClient(superp2p.Client{OnPlayStatus: func(p superp2p.PlayStatus) { status <- p }})
	require.NoError(t, s.Play(origin+"/first.mp4", nil))
	require.NotEmpty(t, frames(t, s))
	codes(t, events, superp2p.NetStreamPlayStop)
	require.Equal(t, superp2p.NetStreamPlayComplete, (<-status).Code)

	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{
		StreamName: origin + "/film.flv", Transition: superp2p.TransitionAppend, Len: 3 * time.Second,
	}))
	require.Equal(t, superp2p.NetStreamPlayTransitionComplete, (<-status).Code)
	at := frames(t, s)
	require.InDelta(t, 3, at[len(at)-1].Seconds(), 0.2, "time begins anew")
	require.Equal(t, superp2p.NetStreamPlayTransition, codes(t, events, superp2p.NetStreamPlayStop)[0])
}

func TestPlay2AppendsToWhatIsLoadedToItsEnd(t *testing.T) {
	s, events, origin := filmOnAir(t, superp2p.Config{})
	status := make(chan superp2p.PlayStatus, 10)
	s.SetClient(superp2p.Client{OnPlayStatus: func(p superp2p.PlayStatus) { status <- p }})
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{StreamName: origin + "/first.mp4", Len: 2 * time.Second}))
	codes(t, events, superp2p.NetStreamBufferFlush)
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{
		StreamName: origin + "/film.flv", Transition: superp2p.TransitionAppend, Len: 2 * time.Second,
	}))
	at := frames(t, s)
	require.InDelta(t, 4, at[len(at)-1].Seconds(), 0.2, "one after the other")
	require.Equal(t, superp2p.NetStreamPlayTransitionComplete, (<-status).Code)
	require.Equal(t, superp2p.NetStreamPlayComplete, (<-status).Code, "once")
}

func TestPlay2ChangesOverAtAnOffset(t *testing.T) {
	s, events, origin := filmOnAir(t, superp2p.Config{})
	changed := make(chan time.Duration, 1)
	s.SetClient(superp2p.Client{OnPlayStatus: func(p superp2p.PlayStatus) {
		if p.Code == superp2p.NetStreamPlayTransitionComplete {
			changed <- s.Time()
		}
	}})
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{StreamName: origin + "/first.mp4", Start: 7 * time.Second}))
	codes(t, events, superp2p.NetStreamBufferFull)
	const offset = 18500 * time.Millisecond
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{
		StreamName: origin + "/film.flv", Transition: superp2p.TransitionSwitch, Offset: offset,
	}))
	require.NoError(t, s.Seek(16*time.Second))
	go io.Copy(io.Discard, s) //nolint:errcheck // until it is closed
	got := codes(t, events, superp2p.NetStreamPlayStop)
	require.Contains(t, got, superp2p.NetStreamPlayTransition)
	at := <-changed
	require.GreaterOrEqual(t, at, offset)
	require.Less(t, at, 20*time.Second)
}

func TestPlay2ToAnOffsetAfterTheEndSaysSo(t *testing.T) {
	s, events, origin := filmOnAir(t, superp2p.Config{Unpaced: true})
	require.NoError(t, s.Play(origin+"/first.mp4", nil))
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{
		StreamName: origin + "/film.flv", Transition: superp2p.TransitionSwitch, Offset: time.Hour,
	}))
	go io.Copy(io.Discard, s) //nolint:errcheck // to the end
	for {
		e := next(t, events)
		if e.Info.Code == superp2p.NetStreamPlayTransition {
			require.Equal(t, "warning", e.Info.Level)
			require.Contains(t, e.Info.Description, "Offset")
			break
		}
	}
	codes(t, events, superp2p.NetStreamPlayStop)
}

func TestPlay2PlaysAPartOfWhatIsLive(t *testing.T) {
	st := onAir(t, nil)
	s, events := stream(t, st.ServerURL())
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{StreamName: st.Channel(), Len: 2 * time.Second, Config: fast()}))
	at := frames(t, s)
	require.InDelta(t, 2, (at[len(at)-1] - at[0]).Seconds(), 0.2)
	codes(t, events, superp2p.NetStreamPlayStop)
}

func TestAPlayThatReplacesAnotherTakesItsConnections(t *testing.T) {
	st := onAir(t, nil)
	open := func(node *superp2p.Node) (*superp2p.P2PNetStream, chan superp2p.NetStatusEvent) {
		s := newStream(t, superp2p.Config{Server: st.ServerURL(), Loopback: true, Node: node})
		events := make(chan superp2p.NetStatusEvent, 1000)
		s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		return s, events
	}
	urls := []string{st.Channel(), st.SourceURL()}
	theirs, ours := superp2p.NewNode(0), superp2p.NewNode(0)
	for _, url := range urls {
		neighbour, events := open(theirs)
		require.NoError(t, neighbour.Play(url, fast()))
		codes(t, events, superp2p.NetStreamPlayStart)
	}
	gate := front(t, st, "")
	s := newStream(t, superp2p.Config{Server: gate.URL, Loopback: true, Node: ours})
	events := make(chan superp2p.NetStatusEvent, 1000)
	s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
	defer func() { require.NoError(t, s.Close()) }()
	for range 2 {
		for _, url := range urls {
			require.NoError(t, s.Play(url, fast()))
			codes(t, events, superp2p.NetStreamPlayStart)
			require.Eventually(t, func() bool { return s.Stats().Peers > 0 && s.Stats().PeerBytes > 0 }, 20*time.Second, 10*time.Millisecond)
			gate.untracked.Store(true) // from here on peers are found over the connections of the play before, or not at all
		}
	}
}

func TestStatsOutliveAPlay(t *testing.T) {
	st := onAir(t, nil)
	s, events := stream(t, st.ServerURL())
	require.NoError(t, s.Play(st.Channel(), fast()))
	codes(t, events, superp2p.NetStreamBufferFull)
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	_, err := io.Copy(io.Discard, s)
	require.Equal(t, superp2p.Code("closed"), superp2p.CodeOf(err))
	require.Positive(t, s.Stats().ServerBytes, "while it is being closed")
	require.NoError(t, <-closed)
	require.Positive(t, s.Stats().ServerBytes, "and then")
}

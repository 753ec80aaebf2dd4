package superp2p_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// codes takes events until one of a code comes, and returns the codes of all, without those of the size of pictures.
func codes(t *testing.T, events chan superp2p.NetStatusEvent, until string) (all []string) {
	t.Helper()
	for {
		e := nextBut(t, events, superp2p.NetStreamVideoDimensionChange)
		all = append(all, e.Info.Code)
		if e.Info.Code == until {
			return all
		}
	}
}

// filmOnAir returns a stream at a server that may fetch from an origin with films.
func filmOnAir(t *testing.T, c superp2p.Config) (s *superp2p.P2PNetStream, events chan superp2p.NetStatusEvent, origin string) {
	films := stagetest.Films(t)
	st := onAir(t, func(c *config.Config) { c.Origins = []string{"127.0.0.1"} })
	c.Server, c.Loopback = st.ServerURL(), true
	s = newStream(t, c)
	events = make(chan superp2p.NetStatusEvent, 1000)
	s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, events, films.URL
}

func TestAFileIsPacedPausedAndSought(t *testing.T) {
	for _, name := range []string{"first.mp4", "film.flv"} {
		t.Run(name, func(t *testing.T) { controlFile(t, name) })
	}
}

func controlFile(t *testing.T, name string) {
	s, events, origin := filmOnAir(t, superp2p.Config{})
	status := make(chan superp2p.PlayStatus, 10)
	meta := make(chan map[string]any, 10)
	s.SetClient(superp2p.Client{
		OnPlayStatus: func(p superp2p.PlayStatus) { status <- p },
		OnMetaData:   func(m map[string]any) { meta <- m },
	})
	require.NoError(t, s.Play(origin+"/"+name, nil))
	got := make(chan error, 1)
	go func() {
		_, err := s.WriteTo(io.Discard)
		got <- err
	}()
	require.Equal(t, []string{superp2p.NetStreamPlayStart, superp2p.NetStreamBufferFull},
		codes(t, events, superp2p.NetStreamBufferFull))
	require.NotNil(t, (<-meta)["width"])
	require.NoError(t, s.Pause())
	require.NoError(t, s.Pause())
	require.Equal(t, superp2p.NetStreamPauseNotify, nextBut(t, events, superp2p.NetStreamVideoDimensionChange).Info.Code)
	at := s.Time()
	require.Equal(t, "paused", s.State())
	require.Less(t, at, 10*time.Second, "it runs with the time")
	require.NoError(t, s.Step(1))
	require.Equal(t, superp2p.NetStreamStepNotify, nextBut(t, events, superp2p.NetStreamVideoDimensionChange).Info.Code)
	require.Greater(t, s.Time(), at)
	require.NoError(t, s.Resume())
	require.Equal(t, superp2p.NetStreamUnpauseNotify, nextBut(t, events, superp2p.NetStreamVideoDimensionChange).Info.Code)

	require.NoError(t, s.Seek(19*time.Second)) // more than is held
	require.Equal(t, []string{superp2p.NetStreamSeekStartNotify, superp2p.NetStreamBufferEmpty, superp2p.NetStreamSeekNotify},
		codes(t, events, superp2p.NetStreamSeekNotify))
	require.Greater(t, s.Time(), 10*time.Second)
	require.Equal(t, []string{superp2p.NetStreamBufferFull, superp2p.NetStreamBufferFlush, superp2p.NetStreamPlayStop},
		codes(t, events, superp2p.NetStreamPlayStop))
	require.NoError(t, <-got)
	complete := <-status
	require.Equal(t, superp2p.NetStreamPlayComplete, complete.Code)
	require.InDelta(t, 20, complete.Duration.Seconds(), 0.5)

	require.NoError(t, s.Seek(time.Hour))
	invalid := next(t, events)
	require.Equal(t, superp2p.NetStreamSeekInvalidTime, invalid.Info.Code)
	require.Equal(t, "error", invalid.Info.Level)
	require.NoError(t, s.Seek(0)) // again from the beginning, after the end
	require.Equal(t, superp2p.NetStreamSeekStartNotify, codes(t, events, superp2p.NetStreamSeekNotify)[0])
	tags := flv.NewReader(s, flv.Limits{})
	first, err := tags.ReadTag()
	require.NoError(t, err)
	require.True(t, first.IsMetadata(), "what decoders need comes first")
}

func TestAPauseLosesNoByte(t *testing.T) {
	s, events, origin := filmOnAir(t, superp2p.Config{Unpaced: true})
	require.NoError(t, s.Play(origin+"/film.flv", nil))
	var all bytes.Buffer
	part := make([]byte, 1000)
	for all.Len() < 100_000 {
		n, err := s.Read(part)
		require.NoError(t, err)
		all.Write(part[:n])
	}
	require.NoError(t, s.TogglePause())
	require.NoError(t, s.TogglePause())
	_, err := s.WriteTo(&all)
	require.NoError(t, err)
	answer, err := http.Get(origin + "/film.flv")
	require.NoError(t, err)
	defer answer.Body.Close() //nolint:errcheck // it was read
	want, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, all.Bytes()))
	got := codes(t, events, superp2p.NetStreamPlayStop)
	require.Contains(t, got, superp2p.NetStreamUnpauseNotify)
}

func TestALiveStreamIsSoughtWhereItIsHeld(t *testing.T) {
	st := onAir(t, nil)
	s, events := stream(t, st.ServerURL())
	require.Equal(t, superp2p.Code("closed"), superp2p.CodeOf(s.Seek(0)), "nothing is played")
	require.NoError(t, s.Play(st.Channel(), fast()))
	go io.Copy(io.Discard, s) //nolint:errcheck // until it is closed
	codes(t, events, superp2p.NetStreamBufferFull)
	require.NoError(t, s.Seek(time.Hour))
	e := nextBut(t, events, superp2p.NetStreamVideoDimensionChange, superp2p.NetStreamBufferEmpty, superp2p.NetStreamBufferFull)
	require.Equal(t, superp2p.NetStreamSeekInvalidTime, e.Info.Code)
	last, err := strconv.ParseFloat(e.Info.Details, 64)
	require.NoError(t, err)
	require.Positive(t, last)
	require.NoError(t, s.Seek(0))
	require.Contains(t, codes(t, events, superp2p.NetStreamSeekNotify), superp2p.NetStreamSeekStartNotify)
	require.Equal(t, "playing", s.State())
}

func TestPacketsHaveWhatDecodersNeed(t *testing.T) {
	st := onAir(t, nil)
	s, _ := stream(t, st.ServerURL())
	require.NoError(t, s.Play(st.Channel(), fast()))
	kinds := map[superp2p.PacketKind]int{}
	for packet, err := range s.Packets() {
		require.NoError(t, err)
		if packet.Kind != superp2p.DataPacket {
			require.NotEmpty(t, packet.Config)
			require.NotEmpty(t, packet.Data)
			require.NotEmpty(t, packet.Codec)
			require.GreaterOrEqual(t, packet.PTS, packet.DTS)
			require.True(t, packet.Key || kinds[packet.Kind] > 0, "the first is one to start with")
		}
		kinds[packet.Kind]++
		if kinds[superp2p.AudioPacket] > 20 && kinds[superp2p.VideoPacket] > 20 {
			break
		}
	}
	require.Equal(t, "avc1", s.VideoCodec())
	require.Equal(t, "mp4a", s.AudioCodec())
	require.NotZero(t, s.DecodedFrames())
	info := s.Info()
	require.True(t, info.IsLive)
	require.NotZero(t, info.VideoByteCount)
	require.NotZero(t, s.MulticastInfo().BytesReceivedFromServer)
}

func TestAppendedBytesArePlayed(t *testing.T) {
	film, err := os.ReadFile(stagetest.Clip(t))
	require.NoError(t, err)
	s := newStream(t, superp2p.Config{Unpaced: true})
	defer s.Close() //nolint:errcheck // the test is over
	events := make(chan superp2p.NetStatusEvent, 100)
	s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
	require.Error(t, s.AppendBytes(film), "before Play")
	require.NoError(t, s.Play("", nil))
	for rest := film; len(rest) > 0; {
		n := min(len(rest), 10_007)
		require.NoError(t, s.AppendBytes(rest[:n]))
		rest = rest[n:]
	}
	require.NoError(t, s.AppendBytesAction(superp2p.EndSequence))
	require.Error(t, s.AppendBytes(film), "after the end")
	all, err := io.ReadAll(s)
	require.NoError(t, err)
	require.True(t, bytes.Equal(film, all))
	require.Equal(t, []string{
		superp2p.NetStreamPlayStart, superp2p.NetStreamBufferFull, superp2p.NetStreamBufferFlush, superp2p.NetStreamPlayStop,
	}, codes(t, events, superp2p.NetStreamPlayStop))

	require.NoError(t, s.AppendBytesAction(superp2p.ResetBegin))
	require.NoError(t, s.AppendBytes(film[:100_000]))
	require.NoError(t, s.Seek(time.Hour))
	require.NoError(t, s.AppendBytes([]byte("what was under way before the seek")))
	require.NoError(t, s.AppendBytesAction(superp2p.ResetSeek))
	require.NoError(t, s.AppendBytes(film[13:100_000]))
	require.Equal(t, superp2p.NetStreamPlayReset, nextBut(t, events, superp2p.NetStreamVideoDimensionChange).Info.Code)
	require.Equal(t, superp2p.NetStreamPlayStart, next(t, events).Info.Code)
	require.Contains(t, codes(t, events, superp2p.NetStreamSeekNotify), superp2p.NetStreamSeekStartNotify)

	require.NoError(t, s.Play("", nil))
	err = s.AppendBytes([]byte("<html>"))
	require.Equal(t, superp2p.Code("source_invalid"), superp2p.CodeOf(err))
	require.Error(t, s.AppendBytes(film), "it is over")
	_, err = s.Read(make([]byte, 1))
	for errors.Is(err, io.EOF) {
		_, err = s.Read(make([]byte, 1))
	}
	require.Equal(t, superp2p.Code("source_invalid"), superp2p.CodeOf(err))
	require.Contains(t, codes(t, events, superp2p.NetStreamPlayFileStructureInvalid), superp2p.NetStreamPlayReset)
}

func TestPlay2ChangesOver(t *testing.T) {
	s, events, origin := filmOnAir(t, superp2p.Config{Unpaced: true})
	status := make(chan superp2p.PlayStatus, 10)
	s.SetClient(superp2p.Client{OnPlayStatus: func(p superp2p.PlayStatus) { status <- p }})
	require.NoError(t, s.Play(origin+"/first.mp4", nil))
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{
		StreamName: origin + "/film.flv", Transition: superp2p.TransitionAppend,
	}))
	var all bytes.Buffer
	_, err := s.WriteTo(&all)
	require.NoError(t, err)
	stagetest.Decodes(t, bytes.NewReader(all.Bytes()))
	got := codes(t, events, superp2p.NetStreamPlayStop)
	require.Contains(t, got, superp2p.NetStreamPlayTransition)
	require.Equal(t, superp2p.NetStreamPlayTransitionComplete, (<-status).Code)
	complete := <-status
	require.Equal(t, superp2p.NetStreamPlayComplete, complete.Code)
	require.InDelta(t, 40, complete.Duration.Seconds(), 1, "both, one after the other")
}

func TestPlay2SwitchesWhatIsLive(t *testing.T) {
	st := onAir(t, nil)
	s, events := stream(t, st.ServerURL())
	status := make(chan superp2p.PlayStatus, 10)
	s.SetClient(superp2p.Client{OnPlayStatus: func(p superp2p.PlayStatus) { status <- p }})
	require.NoError(t, s.Play(st.Channel(), fast()))
	go io.Copy(io.Discard, s) //nolint:errcheck // until it is closed
	codes(t, events, superp2p.NetStreamBufferFull)
	require.Error(t, s.Play2(superp2p.NetStreamPlayOptions{StreamName: "x", Transition: "fly"}))
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{StreamName: "nobody", Transition: superp2p.TransitionSwitch}))
	failed := nextBut(t, events, superp2p.NetStreamVideoDimensionChange, superp2p.NetStreamBufferEmpty, superp2p.NetStreamBufferFull)
	require.Equal(t, superp2p.NetStreamPlayTransition, failed.Info.Code)
	require.Equal(t, "warning", failed.Info.Level, "what is played goes on")
	require.NoError(t, s.Play2(superp2p.NetStreamPlayOptions{StreamName: st.SourceURL(), Transition: superp2p.TransitionSwitch}))
	begun := nextBut(t, events, superp2p.NetStreamVideoDimensionChange, superp2p.NetStreamBufferEmpty, superp2p.NetStreamBufferFull)
	require.Equal(t, superp2p.NetStreamPlayTransition, begun.Info.Code)
	require.Equal(t, "status", begun.Info.Level)
	require.Equal(t, superp2p.NetStreamPlayTransitionComplete, (<-status).Code)
}

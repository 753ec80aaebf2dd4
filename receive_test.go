package superp2p_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
)

// packetsOf plays a film to its end and counts what comes by kinds; of video also the keyframes.
func packetsOf(t *testing.T, s *superp2p.P2PNetStream, url string) (kinds map[superp2p.PacketKind]int, keys int) {
	t.Helper()
	require.NoError(t, s.Play(url, nil))
	kinds = map[superp2p.PacketKind]int{}
	for p, err := range s.Packets() {
		require.NoError(t, err)
		kinds[p.Kind]++
		if p.Kind == superp2p.VideoPacket && p.Key {
			keys++
		}
	}
	return kinds, keys
}

func TestWhatIsNotToBeReceivedIsNot(t *testing.T) {
	t.Parallel()
	s, _, origin := filmOnAir(t, superp2p.Config{Unpaced: true})
	film := origin + "/film.flv"
	all, keys := packetsOf(t, s, film)
	require.Equal(t, 500, all[superp2p.VideoPacket])
	require.Equal(t, 20, keys)
	require.Greater(t, all[superp2p.AudioPacket], 500)

	s.ReceiveAudio(false)
	got, _ := packetsOf(t, s, film)
	require.Zero(t, got[superp2p.AudioPacket])
	require.Equal(t, all[superp2p.VideoPacket], got[superp2p.VideoPacket])

	s.ReceiveAudio(true)
	s.ReceiveVideo(false)
	got, _ = packetsOf(t, s, film)
	require.Zero(t, got[superp2p.VideoPacket])
	require.Equal(t, all[superp2p.AudioPacket], got[superp2p.AudioPacket])

	s.ReceiveVideo(true)
	for fps, want := range map[float64]int{25: 500, 1: 20, 0.5: 10, 0: 500} {
		s.ReceiveVideoFPS(fps)
		got, keys = packetsOf(t, s, film)
		require.Equal(t, want, got[superp2p.VideoPacket], "%v a second", fps)
		require.Equal(t, min(want, 20), keys, "only keyframes stand alone")
		require.Equal(t, all[superp2p.AudioPacket], got[superp2p.AudioPacket])
	}
}

func TestVideoComesBackWithAKeyframe(t *testing.T) {
	s, _ := generating(t, superp2p.Config{Unpaced: true})
	r := &reel{t: t}
	require.NoError(t, s.AppendBytes(r.frames(r.head(), 30)))
	s.ReceiveVideo(false)
	require.NoError(t, s.AppendBytes(r.frames(nil, 10)))
	s.ReceiveVideo(true)
	s.ReceiveAudio(false)
	require.NoError(t, s.AppendBytes(r.frames(nil, 20)))
	s.ReceiveAudio(true)
	require.NoError(t, s.AppendBytes(r.frames(nil, 10)))
	require.NoError(t, s.AppendBytesAction(superp2p.EndSequence))
	frames := map[superp2p.PacketKind][]time.Duration{}
	for p, err := range s.Packets() {
		require.NoError(t, err)
		frames[p.Kind] = append(frames[p.Kind], p.DTS)
	}
	missing := func(kind superp2p.PacketKind) (first, end time.Duration) {
		all := frames[kind]
		for i := range all[1:] {
			if all[i+1]-all[i] > 40*time.Millisecond {
				require.Zero(t, first, "one gap")
				first, end = all[i]+40*time.Millisecond, all[i+1]
			}
		}
		return first, end
	}
	first, end := missing(superp2p.VideoPacket)
	require.Equal(t, 1200*time.Millisecond, first)
	require.Equal(t, 2*time.Second, end, "the next keyframe, although it is wanted from 1.6 s on")
	first, end = missing(superp2p.AudioPacket)
	require.Equal(t, 1600*time.Millisecond, first)
	require.Equal(t, 2400*time.Millisecond, end)
}

func TestStepsGoByPictures(t *testing.T) {
	t.Parallel()
	s, events, origin := filmOnAir(t, superp2p.Config{})
	require.NoError(t, s.Play(origin+"/film.flv", nil))
	require.Error(t, s.Step(1), "it is not paused")
	var shown superp2p.Packet
	for shown.DTS < 1200*time.Millisecond || shown.Kind != superp2p.VideoPacket {
		var err error
		shown, err = s.ReadPacket()
		require.NoError(t, err)
	}
	codes(t, events, superp2p.NetStreamBufferFull)
	require.NoError(t, s.Pause())
	require.Equal(t, superp2p.NetStreamPauseNotify, nextBut(t, events, superp2p.NetStreamVideoDimensionChange).Info.Code)
	paused, stepped := s.Time(), false
	step := func(frames int) (last superp2p.Packet, decoded int) {
		t.Helper()
		require.NoError(t, s.Step(frames))
		require.Equal(t, superp2p.NetStreamStepNotify, next(t, events).Info.Code)
		at := s.Time()
		for {
			p, err := s.ReadPacket()
			require.NoError(t, err)
			if p.Kind != superp2p.VideoPacket {
				continue
			}
			if p.DTS == at && !p.Preroll {
				return p, decoded
			}
			if p.Preroll {
				decoded++
			} else {
				require.LessOrEqual(t, p.DTS, paused, "what was due before the pause, and nothing else, is shown beside it")
				require.False(t, stepped)
			}
		}
	}
	before := s.Time()
	first, _ := step(1)
	stepped = true
	require.Greater(t, first.DTS, before)
	require.LessOrEqual(t, first.DTS, before+80*time.Millisecond)
	second, between := step(1)
	require.Equal(t, first.DTS+40*time.Millisecond, second.DTS)
	require.Zero(t, between, "only that picture is handed out")
	back, decoded := step(-2)
	require.Equal(t, second.DTS-80*time.Millisecond, back.DTS)
	key := back.DTS - back.DTS%time.Second
	require.Equal(t, int((back.DTS-key)/(40*time.Millisecond)), decoded, "from its keyframe on, which are not to be shown")
	require.Equal(t, "paused", s.State())
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(s.Step(10_000)))
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(s.Step(-10_000)))
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(s.Step(0)))
	require.Equal(t, back.DTS, s.Time(), "nothing has changed")
	require.NoError(t, s.Close())
	require.Empty(t, events)
}

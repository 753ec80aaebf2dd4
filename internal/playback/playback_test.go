package playback_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/playback"
)

// start is when tests begin.
var start = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// body returns a body that begins with what is given and ends with a number, so that tags can be told apart.
func body(number uint32, b ...byte) []byte { return binary.BigEndian.AppendUint32(b, number) }

func numberOf(t flv.Tag) uint32 { return binary.BigEndian.Uint32(t.Body[len(t.Body)-4:]) }

func video(ts uint32, key bool) flv.Tag {
	first := byte(0x27)
	if key {
		first = 0x17
	}
	return flv.Tag{Type: flv.Video, Timestamp: ts, Body: body(ts, first, 1, 0, 0, 0)}
}

func audio(ts uint32) flv.Tag {
	return flv.Tag{Type: flv.Audio, Timestamp: ts, Body: body(ts, 0xaf, 1)}
}

func videoHeader(n uint32) flv.Tag {
	return flv.Tag{Type: flv.Video, Body: body(n, 0x17, 0, 0, 0, 0)}
}

func audioHeader(n uint32) flv.Tag { return flv.Tag{Type: flv.Audio, Body: body(n, 0xaf, 0)} }

func metadata(n uint32) flv.Tag {
	return flv.Tag{Type: flv.Script, Body: append([]byte("\x02\x00\x0aonMetaData"), body(n)...)}
}

func cue(ts uint32) flv.Tag {
	return flv.Tag{Type: flv.Script, Timestamp: ts, Body: append([]byte("\x02\x00\x0aonCuePoint"), body(ts)...)}
}

// rig drives a Player by a clock of its own and keeps what comes out.
type rig struct {
	t      require.TestingT
	p      *playback.Player
	now    time.Time
	events []playback.Event
	codes  []string
	tags   []playback.Action
}

func newRig(t require.TestingT, cfg playback.Config) *rig {
	return &rig{t: t, p: playback.New(cfg), now: start}
}

func (r *rig) take() {
	for _, a := range r.p.Actions() {
		if a.Kind == playback.Deliver {
			r.tags = append(r.tags, a)
			continue
		}
		r.events = append(r.events, a.Event)
		code := strings.TrimPrefix(string(a.Event.Code), "NetStream.")
		r.codes = append(r.codes, code)
	}
}

func (r *rig) append(tags ...flv.Tag) {
	for _, tag := range tags {
		require.NoError(r.t, r.p.Append(r.now, tag))
		r.take()
	}
}

// frames appends video of 25 pictures a second from one time to before another, in ms, a keyframe each second.
func (r *rig) frames(from, to uint32) {
	for ts := from; ts < to; ts += 40 {
		r.append(video(ts, ts%1000 == 0))
	}
}

// run lets time pass, with the Ticks that the player asks for.
func (r *rig) run(d time.Duration) {
	until := r.now.Add(d)
	for range 1_000_000 {
		next := r.p.Next()
		if next.IsZero() || next.After(until) {
			break
		}
		require.False(r.t, next.Before(r.now))
		r.now = next
		r.p.Tick(r.now)
		r.take()
	}
	r.now = until
	r.p.Tick(r.now)
	r.take()
}

// live appends a frame every 40 ms as time passes.
func (r *rig) live(from, to uint32) {
	for ts := from; ts < to; ts += 40 {
		r.append(video(ts, ts%1000 == 0))
		r.run(40 * time.Millisecond)
	}
}

// told returns the codes that came since the last call, without the part that all share.
func (r *rig) told() string {
	r.take()
	s := strings.Join(r.codes, " ")
	r.codes = nil
	return s
}

// numbers returns which tags came since the last call.
func (r *rig) numbers() []uint32 {
	var n []uint32
	for _, a := range r.tags {
		n = append(n, numberOf(a.Tag))
	}
	r.tags = nil
	return n
}

func TestOrderOfEvents(t *testing.T) {
	second := playback.Config{BufferTime: time.Second}
	for name, c := range map[string]struct {
		cfg playback.Config
		do  func(r *rig)
		is  string
	}{
		"a file from its start to its end": {second, func(r *rig) {
			r.append(metadata(1), videoHeader(2))
			r.frames(0, 3000)
			r.p.End(r.now)
			r.run(time.Hour)
		}, "Play.Start Buffer.Full Buffer.Flush Play.Stop Play.Complete"},
		"a file that is shorter than the buffer": {second, func(r *rig) {
			r.frames(0, 400)
			r.p.End(r.now)
			r.run(time.Hour)
		}, "Play.Start Buffer.Full Buffer.Flush Play.Stop Play.Complete"},
		"one frame": {second, func(r *rig) {
			r.frames(0, 40)
			r.p.End(r.now)
			r.p.End(r.now)
			r.run(time.Hour)
		}, "Play.Start Buffer.Full Buffer.Flush Play.Stop Play.Complete"},
		"nothing": {second, func(r *rig) {
			r.append(metadata(1))
			r.p.End(r.now)
			r.run(time.Hour)
			require.Equal(r.t, playback.Stopped, r.p.State())
			require.Equal(r.t, []uint32{1}, r.numbers())
		}, ""},
		"a stall, and the end while it lasts": {second, func(r *rig) {
			r.frames(0, 1040)
			r.run(5 * time.Second)
			r.frames(1040, 2080)
			r.run(5 * time.Second)
			r.p.End(r.now)
			r.run(time.Second)
		}, "Play.Start Buffer.Full Buffer.Empty Buffer.Full Buffer.Empty Buffer.Flush Play.Stop Play.Complete"},
		"frames that come just in time": {playback.Config{Live: true}, func(r *rig) {
			r.live(0, 20_000)
		}, "Play.Start Buffer.Full"},
		"ten pictures a second with the default buffer": {playback.Config{Live: true}, func(r *rig) {
			for ts := uint32(0); ts < 10_000; ts += 100 {
				r.append(video(ts, ts == 0))
				r.run(100 * time.Millisecond)
			}
		}, "Play.Start Buffer.Full"},
		"pausing twice": {second, func(r *rig) {
			r.frames(0, 3000)
			r.run(time.Second)
			r.p.Pause(r.now)
			r.p.Pause(r.now)
			r.run(time.Hour)
			r.p.Resume(r.now)
			r.p.Resume(r.now)
			r.p.TogglePause(r.now)
			r.p.TogglePause(r.now)
		}, "Play.Start Buffer.Full Pause.Notify Unpause.Notify Pause.Notify Unpause.Notify"},
		"pausing at the end of what is held": {second, func(r *rig) {
			r.frames(0, 3000)
			r.p.End(r.now)
			r.run(2970 * time.Millisecond)
			r.p.Pause(r.now)
			r.run(time.Hour)
			r.p.Resume(r.now)
			r.run(time.Second)
		}, "Play.Start Buffer.Full Buffer.Flush Pause.Notify Unpause.Notify Play.Stop Play.Complete"},
		"a seek in the buffer": {second, func(r *rig) {
			r.frames(0, 5000)
			r.run(2 * time.Second)
			require.Equal(r.t, playback.Sought, r.p.Seek(r.now, 1500*time.Millisecond))
		}, "Play.Start Buffer.Full SeekStart.Notify Seek.Notify"},
		"a seek to where too little is held": {second, func(r *rig) {
			r.frames(0, 5040)
			require.Equal(r.t, playback.Sought, r.p.Seek(r.now, 5*time.Second))
			r.frames(5040, 7000)
		}, "Play.Start Buffer.Full SeekStart.Notify Buffer.Empty Seek.Notify Buffer.Full"},
		"a seek outside the buffer": {second, func(r *rig) {
			r.frames(0, 2000)
			require.Equal(r.t, playback.Outside, r.p.Seek(r.now, time.Minute))
			require.Equal(r.t, "Play.Start Buffer.Full", r.told())
			r.p.Flush(r.now, time.Minute)
			require.Equal(r.t, playback.Seeking, r.p.State())
			require.Equal(r.t, playback.Outside, r.p.Seek(r.now, time.Second))
			r.p.Flush(r.now, time.Second)
			r.frames(1000, 3000)
			require.Equal(r.t, playback.Playing, r.p.State())
		}, "SeekStart.Notify Buffer.Empty SeekStart.Notify Seek.Notify Buffer.Full"},
		"a seek outside the buffer, to where nothing is": {second, func(r *rig) {
			r.frames(0, 2000)
			r.p.Flush(r.now, time.Minute)
			r.p.End(r.now)
			r.run(time.Second)
		}, "Play.Start Buffer.Full SeekStart.Notify Buffer.Empty Seek.Notify Buffer.Flush Play.Stop Play.Complete"},
		"seeks that cannot be": {second, func(r *rig) {
			r.frames(0, 2000)
			r.p.SeekInvalid(r.now, time.Second)
			r.p.SeekRefused(r.now, "the stream is live and nothing of it is kept")
			r.p.End(r.now)
			require.Equal(r.t, playback.Invalid, r.p.Seek(r.now, time.Minute))
			r.take()
			require.Equal(r.t, 1960*time.Millisecond, r.events[len(r.events)-1].Position)
		}, "Play.Start Buffer.Full Seek.InvalidTime Seek.Failed Buffer.Flush Seek.InvalidTime"},
		"a seek back after the end": {second, func(r *rig) {
			r.frames(0, 2000)
			r.p.End(r.now)
			r.run(time.Minute)
			require.Equal(r.t, playback.Stopped, r.p.State())
			require.Equal(r.t, playback.Sought, r.p.Seek(r.now, -1))
			r.run(time.Minute)
		}, "Play.Start Buffer.Full Buffer.Flush Play.Stop Play.Complete SeekStart.Notify Seek.Notify " +
			"Buffer.Flush Play.Stop Play.Complete"},
		"steps": {second, func(r *rig) {
			r.frames(0, 2000)
			require.Error(r.t, r.p.Step(r.now, 1))
			r.p.Pause(r.now)
			require.Error(r.t, r.p.Step(r.now, 0))
			require.Error(r.t, r.p.Step(r.now, -1))
			require.Error(r.t, r.p.Step(r.now, 50))
			require.NoError(r.t, r.p.Step(r.now, 49))
			require.NoError(r.t, r.p.Step(r.now, -49))
		}, "Play.Start Buffer.Full Pause.Notify Step.Notify Step.Notify"},
		"a shorter buffer time": {second, func(r *rig) {
			r.frames(0, 400)
			require.Equal(r.t, "Play.Start", r.told())
			r.p.SetBufferTime(r.now, 300*time.Millisecond)
		}, "Buffer.Full"},
		"a recording": {playback.Config{Unpaced: true}, func(r *rig) {
			r.append(metadata(1))
			r.frames(0, 2000)
			r.append(cue(1960))
			require.Len(r.t, r.tags, 52)
			r.p.End(r.now)
		}, "Play.Start Buffer.Full Buffer.Flush Play.Stop Play.Complete"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.cfg)
			c.do(r)
			require.Equal(t, c.is, r.told())
		})
	}
}

func TestStates(t *testing.T) {
	r := newRig(t, playback.Config{BufferTime: time.Second})
	require.Equal(t, playback.Idle, r.p.State())
	r.frames(0, 40)
	require.Equal(t, playback.Buffering, r.p.State())
	require.True(t, r.p.Next().IsZero())
	r.frames(40, 2000)
	require.Equal(t, playback.Playing, r.p.State())
	r.p.Pause(r.now)
	require.Equal(t, playback.Paused, r.p.State())
	require.True(t, r.p.Next().IsZero())
	r.p.Resume(r.now)
	r.run(time.Minute)
	require.Equal(t, "buffering", r.p.State().String())
	require.Equal(t, 1960*time.Millisecond, r.p.Time())
}

func TestTagsAreDeliveredWhenTheyAreDue(t *testing.T) {
	r := newRig(t, playback.Config{BufferTime: 200 * time.Millisecond})
	r.append(metadata(7), videoHeader(8))
	r.frames(0, 1000)
	require.Equal(t, []uint32{7, 8, 0}, r.numbers())
	r.run(39 * time.Millisecond)
	require.Empty(t, r.numbers())
	r.run(time.Millisecond)
	require.Equal(t, []uint32{40}, r.numbers())
	r.run(80 * time.Millisecond)
	require.Equal(t, []uint32{80, 120}, r.numbers())
	require.Equal(t, 120*time.Millisecond, r.p.Time())
	require.Equal(t, 840*time.Millisecond, r.p.BufferLength())
	require.Equal(t, 120*time.Millisecond, r.p.BackBufferLength())
	require.Equal(t, 4.0, r.p.CurrentFPS())
	require.EqualValues(t, 4, r.p.DecodedFrames())
}

func TestAfterASeekDecodersGetWhatTheyNeed(t *testing.T) {
	r := newRig(t, playback.Config{})
	r.append(metadata(91), videoHeader(92), audioHeader(93))
	r.frames(0, 2000)
	r.append(videoHeader(94))
	r.frames(2000, 5000)
	r.run(3 * time.Second)
	r.numbers()
	require.Equal(t, playback.Sought, r.p.Seek(r.now, 1900*time.Millisecond))
	r.take()
	require.Equal(t, time.Second, r.p.Time())
	for i, a := range r.tags {
		require.Equal(t, i < 3, a.Repeated)
		require.Equal(t, i == 0, a.Discontinuity)
		require.EqualValues(t, 1000, a.Tag.Timestamp)
	}
	require.Equal(t, []uint32{91, 92, 93, 1000}, r.numbers(), "the header of that place, not the later one")
	require.Equal(t, playback.Sought, r.p.Seek(r.now, 4500*time.Millisecond))
	r.take()
	require.Equal(t, []uint32{91, 94, 93, 4000}, r.numbers())
}

func TestASourceOpenedAnewBringsItsOwnHeaders(t *testing.T) {
	r := newRig(t, playback.Config{})
	r.append(metadata(91), videoHeader(92), audioHeader(93))
	r.frames(0, 2000)
	r.numbers()
	r.p.Flush(r.now, time.Minute)
	r.append(metadata(94), videoHeader(95))
	r.frames(59_000, 60_000)
	require.Equal(t, 59*time.Second, r.p.Time())
	var repeated []bool
	for _, a := range r.tags {
		repeated = append(repeated, a.Repeated)
	}
	require.Equal(t, []uint32{94, 95, 93, 59_000}, r.numbers())
	require.Equal(t, []bool{false, false, true, false}, repeated)
	require.Equal(t, playback.Sought, r.p.Seek(r.now, 59*time.Second))
	r.take()
	require.True(t, r.tags[0].Repeated)
}

func TestStepsBackDecodeFromTheKeyframe(t *testing.T) {
	r := newRig(t, playback.Config{})
	r.append(videoHeader(9))
	r.frames(0, 3000)
	r.run(1200 * time.Millisecond)
	r.p.Pause(r.now)
	r.numbers()
	require.NoError(t, r.p.Step(r.now, -2))
	r.take()
	require.Equal(t, 1120*time.Millisecond, r.p.Time())
	var preroll int
	for _, a := range r.tags {
		if a.Preroll {
			preroll++
		}
	}
	require.Equal(t, []uint32{9, 1000, 1040, 1080, 1120}, r.numbers())
	require.Equal(t, 3, preroll)
	require.NoError(t, r.p.Step(r.now, 1))
	r.take()
	require.Equal(t, []uint32{1160}, r.numbers())
	r.p.Resume(r.now)
	r.run(40 * time.Millisecond)
	require.Equal(t, []uint32{1200}, r.numbers())
}

func TestAPauseLosesNothingOfAFile(t *testing.T) {
	r := newRig(t, playback.Config{MaxPauseBufferTime: 20 * time.Second})
	require.True(t, r.p.Wants())
	r.frames(0, 10_000)
	require.True(t, r.p.Wants())
	r.frames(10_000, 10_080)
	require.False(t, r.p.Wants())
	r.run(5 * time.Second)
	r.p.Pause(r.now)
	require.True(t, r.p.Wants())
	ts := uint32(10_080)
	for ; r.p.Wants(); ts += 40 {
		r.append(video(ts, false))
	}
	require.EqualValues(t, 25_040, ts)
	r.run(time.Hour)
	require.Equal(t, 5*time.Second, r.p.Time())
	r.p.Resume(r.now)
	r.run(time.Minute)
	n := r.numbers()
	require.Len(t, n, int(ts/40))
	for i := range n {
		require.EqualValues(t, i*40, n[i])
	}
}

func TestALiveStreamJumpsForwardAfterALongPause(t *testing.T) {
	r := newRig(t, playback.Config{Live: true, BufferTime: time.Second, MaxPauseBufferTime: 5 * time.Second})
	r.append(videoHeader(9))
	r.live(0, 3000)
	r.p.Pause(r.now)
	r.numbers()
	r.live(3000, 7000)
	r.p.Resume(r.now)
	r.run(40 * time.Millisecond)
	require.Equal(t, []uint32{2040}, r.numbers(), "a short pause loses nothing")
	r.p.Pause(r.now)
	r.live(7000, 20_000)
	require.LessOrEqual(t, r.p.BufferLength(), 5*time.Second)
	require.Equal(t, 2040*time.Millisecond, r.p.Time())
	r.p.Resume(r.now)
	r.take()
	require.Equal(t, []uint32{9, 18_000}, r.numbers())
	require.Equal(t, 18*time.Second, r.p.Time())
	require.EqualValues(t, (18_000-2080)/40, r.p.Info().DroppedFrames)
	require.Equal(t, "Play.Start Buffer.Full Pause.Notify Unpause.Notify Pause.Notify Unpause.Notify", r.told())
}

func TestALiveStreamCatchesUpGently(t *testing.T) {
	r := newRig(t, playback.Config{Live: true, BufferTime: time.Second, BufferTimeMax: 2 * time.Second})
	r.frames(0, 3000)
	from := r.now
	r.live(3000, 103_000)
	took, played := r.now.Sub(from), r.p.Time()
	require.Greater(t, played, took)
	require.Less(t, r.p.BufferLength(), 1100*time.Millisecond)
	require.Equal(t, "Play.Start Buffer.Full", r.told())
}

func TestALiveStreamHoldsNoMoreThanItMay(t *testing.T) {
	r := newRig(t, playback.Config{Live: true, BufferTime: time.Hour, MaxBytes: 200 * 137, BackBytes: 100 * 137})
	r.frames(0, 20_000)
	require.Less(t, r.p.BufferLength(), 9*time.Second)
	require.LessOrEqual(t, r.p.BackBufferLength(), 4*time.Second)
	require.Positive(t, r.p.Info().DroppedFrames)
	require.Equal(t, "Play.Start Buffer.Full", r.told())
}

func TestAFileHoldsNoMoreThanItMay(t *testing.T) {
	r := newRig(t, playback.Config{BufferTime: time.Hour, MaxBytes: 20 * 137})
	for ts := uint32(0); r.p.Wants(); ts += 40 {
		r.append(video(ts, true))
	}
	require.Equal(t, "Play.Start Buffer.Full", r.told(), "what cannot be longer is full")
	r.p.Pause(r.now)
	for ts := uint32(800); r.p.Wants(); ts += 40 {
		r.append(video(ts, true))
	}
	require.Equal(t, fault.LimitReached, fault.CodeOf(r.p.Append(r.now, video(9000, true))))
	r.p.End(r.now)
	require.Equal(t, fault.RequestInvalid, fault.CodeOf(r.p.Append(r.now, video(9000, true))))
}

func TestTimestamps(t *testing.T) {
	minute := playback.Config{BufferTime: time.Minute}
	for name, c := range map[string]struct {
		cfg playback.Config
		ts  []uint32
		is  time.Duration // held
	}{
		"wrap":                        {minute, []uint32{0xffffffec, 20}, 40 * time.Millisecond},
		"a little back":               {minute, []uint32{1000, 1040, 1020, 1080}, 80 * time.Millisecond},
		"a live source starts anew":   {playback.Config{Live: true, BufferTime: time.Minute}, []uint32{60_000, 60_040, 0, 40}, 100 * time.Millisecond},
		"a live source jumps forward": {playback.Config{Live: true, BufferTime: time.Minute}, []uint32{0, 40, 90_000, 90_040}, 100 * time.Millisecond},
		"a file without a picture":    {minute, []uint32{0, 50_000}, 50 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.cfg)
			for _, ts := range c.ts {
				r.append(video(ts, true))
			}
			require.Equal(t, c.is, r.p.BufferLength())
			require.Equal(t, time.Duration(c.ts[0])*time.Millisecond, r.p.Time())
			r.p.End(r.now)
			r.run(2 * time.Minute)
			require.Equal(t, c.ts, r.numbers(), "timestamps stay those of the source")
		})
	}
}

func TestScriptDataDoesNotMoveTheLine(t *testing.T) {
	r := newRig(t, playback.Config{})
	r.append(cue(0))
	r.frames(100_000, 100_200)
	r.append(cue(7))
	r.frames(100_200, 100_400)
	require.Equal(t, 100*time.Second, r.p.Time())
	require.Equal(t, []uint32{0, 100_000}, r.numbers())
	r.run(160 * time.Millisecond)
	require.Equal(t, []uint32{100_040, 100_080, 100_120, 100_160, 7}, r.numbers())
}

func TestFilters(t *testing.T) {
	r := newRig(t, playback.Config{Unpaced: true})
	r.p.ReceiveAudio(false)
	r.append(videoHeader(8), audioHeader(9), video(0, true), audio(10), video(40, false))
	require.Equal(t, []uint32{8, 0, 40}, r.numbers())
	r.p.ReceiveAudio(true)
	r.append(audio(50), video(80, false))
	require.Equal(t, []uint32{9, 50, 80}, r.numbers(), "its header is made up for")
	r.p.ReceiveVideo(false)
	r.append(video(120, false), audio(130), video(160, true))
	r.p.ReceiveVideo(true)
	r.append(video(200, false), audio(210), video(240, true), video(280, false))
	require.Equal(t, []uint32{130, 210, 240, 280}, r.numbers())
	require.EqualValues(t, 5, r.p.DecodedFrames())
}

func TestPicturesASecond(t *testing.T) {
	r := newRig(t, playback.Config{Unpaced: true})
	r.frames(0, 1000)
	r.numbers()
	r.p.ReceiveVideoFPS(30)
	r.frames(1000, 2000)
	require.Len(t, r.numbers(), 25)
	r.p.ReceiveVideoFPS(0.5)
	r.frames(2000, 6000)
	require.Equal(t, []uint32{2000, 4000}, r.numbers())
	r.p.ReceiveVideoFPS(0)
	r.frames(6040, 8000)
	require.Len(t, r.numbers(), 25, "from the next keyframe on")
}

func TestDimensions(t *testing.T) {
	h263 := func(ts uint32, size byte) flv.Tag {
		return flv.Tag{Type: flv.Video, Timestamp: ts, Body: []byte{0x12, 0, 0, 0x80, size >> 1, size << 7, 0, 0, 0, 0}}
	}
	r := newRig(t, playback.Config{Unpaced: true})
	r.append(h263(0, 2), h263(40, 2), h263(80, 3))
	require.Equal(t, "Play.Start Buffer.Full Video.DimensionChange Video.DimensionChange", r.told())
	require.Equal(t, [2]int{352, 288}, [2]int{r.events[2].Width, r.events[2].Height})
	require.Equal(t, [2]int{176, 144}, [2]int{r.events[3].Width, r.events[3].Height})
}

func TestInfo(t *testing.T) {
	r := newRig(t, playback.Config{BufferTime: time.Second})
	for ts := uint32(0); ts < 2000; ts += 40 {
		r.append(video(ts, ts == 0), audio(ts+10))
	}
	r.append(cue(2000))
	i := r.p.Info()
	require.EqualValues(t, 50*9, i.VideoByteCount)
	require.EqualValues(t, 50*6, i.AudioByteCount)
	require.EqualValues(t, 17, i.DataByteCount)
	require.EqualValues(t, 50*15+17, i.ByteCount)
	require.Equal(t, 50.0*15+17, i.CurrentBytesPerSecond)
	require.Equal(t, 49*9, i.VideoBufferByteLength)
	require.Equal(t, 50*6, i.AudioBufferByteLength)
	require.Equal(t, 1960*time.Millisecond, i.VideoBufferLength)
	require.Equal(t, 1970*time.Millisecond, i.AudioBufferLength)
	r.run(1500 * time.Millisecond)
	i = r.p.Info()
	require.Zero(t, i.CurrentBytesPerSecond)
	require.Equal(t, 50.0*15+17, i.MaxBytesPerSecond)
	require.InDelta(t, 25*15, i.PlaybackBytesPerSecond, 40)
	require.InDelta(t, 25, r.p.CurrentFPS(), 3)
}

func TestSoundAloneCanBeSought(t *testing.T) {
	r := newRig(t, playback.Config{})
	for ts := uint32(0); ts < 3000; ts += 20 {
		r.append(audio(ts))
	}
	r.run(time.Second)
	require.Equal(t, playback.Sought, r.p.Seek(r.now, 515*time.Millisecond))
	require.Equal(t, 500*time.Millisecond, r.p.Time())
	require.Equal(t, playback.Outside, r.p.Seek(r.now, time.Minute))
}

func TestNothingOfTheBackIsKeptIfSo(t *testing.T) {
	r := newRig(t, playback.Config{BackBufferTime: -1})
	r.frames(0, 2000)
	r.run(time.Second)
	require.Zero(t, r.p.BackBufferLength())
	r.run(time.Minute)
	require.Equal(t, 1960*time.Millisecond, r.p.Time())
	r.frames(2000, 3000)
	r.run(time.Minute)
	require.Len(t, r.numbers(), 75)
	require.Equal(t, "Play.Start Buffer.Full Buffer.Empty Buffer.Full Buffer.Empty", r.told())
}

func TestAPlayheadStandsWhileTheLastFrameIsShown(t *testing.T) {
	r := newRig(t, playback.Config{})
	r.frames(0, 200)
	r.run(190 * time.Millisecond)
	r.p.Pause(r.now)
	r.frames(200, 400)
	require.Equal(t, 160*time.Millisecond, r.p.Time())
	require.Equal(t, "Play.Start Buffer.Full Pause.Notify", r.told())
}

func TestTheShortestBufferDoesNotRunDryBetweenFrames(t *testing.T) {
	r := newRig(t, playback.Config{Live: true})
	r.p.SetBufferTime(r.now, 0)
	r.live(0, 4000)
	require.Equal(t, "Play.Start Buffer.Full", r.told())
}

func TestHeadersOutliveWhatIsDroppedBeforeTheFirstFrame(t *testing.T) {
	for _, sought := range []bool{false, true} {
		r := newRig(t, playback.Config{Live: true, MaxBytes: 2000})
		r.append(metadata(7), videoHeader(8))
		if sought {
			r.p.Flush(r.now, time.Minute)
		}
		for range 100 {
			r.append(cue(1))
		}
		r.frames(60_000, 60_200)
		n := r.numbers()
		require.Less(t, len(n), 20)
		require.Equal(t, uint32(7), n[0])
		require.Contains(t, n, uint32(8))
		require.Contains(t, n, uint32(60_000))
		require.Equal(t, time.Minute, r.p.Time())
	}
}

func TestWhatALongPauseDroppedCannotBeSought(t *testing.T) {
	r := newRig(t, playback.Config{Live: true, MaxPauseBufferTime: 5 * time.Second})
	r.live(0, 3000)
	r.p.Pause(r.now)
	r.live(3000, 20_000)
	require.Zero(t, r.p.BackBufferLength())
	require.Equal(t, playback.Outside, r.p.Seek(r.now, 5*time.Second))
	require.Equal(t, playback.Outside, r.p.Seek(r.now, 2*time.Second))
	require.Error(t, r.p.Step(r.now, 1), "its keyframe was dropped")
	require.Equal(t, playback.Sought, r.p.Seek(r.now, 17*time.Second))
	require.Equal(t, 17*time.Second, r.p.Time())
}

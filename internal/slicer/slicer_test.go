package slicer_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/slicer"
)

func video(ts uint32, size int) flv.Tag {
	return flv.Tag{Type: flv.Video, Timestamp: ts, Body: append([]byte{0x27, 1, 0, 0, 0}, make([]byte, size)...)}
}

func keyframe(ts uint32, size int) flv.Tag {
	t := video(ts, size)
	t.Body[0] = 0x17
	return t
}

func audio(ts uint32, size int) flv.Tag {
	return flv.Tag{Type: flv.Audio, Timestamp: ts, Body: append([]byte{0xaf, 1}, make([]byte, size)...)}
}

func videoHeader(ts uint32, content string) flv.Tag {
	return flv.Tag{Type: flv.Video, Timestamp: ts, Body: append([]byte{0x17, 0, 0, 0, 0}, content...)}
}

func audioHeader(ts uint32, content string) flv.Tag {
	return flv.Tag{Type: flv.Audio, Timestamp: ts, Body: append([]byte{0xaf, 0}, content...)}
}

func script(ts uint32, name string) flv.Tag {
	b := []byte{2, byte(len(name) >> 8), byte(len(name))}
	b = append(b, name...)
	return flv.Tag{Type: flv.Script, Timestamp: ts, Body: append(b, 8, 0, 0, 0, 0, 0, 0, 9)}
}

// joined is a stream that went through a Slicer and a Joiner.
type joined struct {
	cuts      []slicer.Cut
	tags      []flv.Tag
	preambles [][]flv.Tag
}

// through cuts and joins, and checks what holds of any stream.
func through(t require.TestingT, c slicer.Config, input []flv.Tag) joined {
	s := slicer.New(c)
	var out joined
	for _, tag := range input {
		out.cuts = append(out.cuts, s.Push(tag)...)
	}
	out.cuts = append(out.cuts, s.Flush()...)
	require.Empty(t, s.Flush())
	out.join(t, c)
	return out
}

func (out *joined) join(t require.TestingT, c slicer.Config) {
	if c.MaxPayload == 0 {
		c.MaxPayload = slice.MaxPayload
	}
	if c.MaxDuration == 0 {
		c.MaxDuration = slice.MaxDuration
	}
	var j slicer.Joiner
	var end time.Duration
	for i, cut := range out.cuts {
		require.NotEmpty(t, cut.Payload)
		require.LessOrEqual(t, len(cut.Payload), c.MaxPayload)
		require.LessOrEqual(t, cut.Duration, c.MaxDuration)
		require.GreaterOrEqual(t, cut.Time, end, "slices do not overlap")
		end = cut.Time + cut.Duration
		require.Equal(t, i == 0 || cut.StartsGroup, cut.StartsGroup, "a stream begins with a group")
		preamble, tags, err := j.Join(cut.Payload, cut.StartsGroup, cut.Flags&slice.Continuation != 0)
		require.NoError(t, err)
		if cut.StartsGroup {
			out.preambles = append(out.preambles, preamble)
		}
		for _, tag := range tags {
			if tag.IsMedia() && cut.Flags&slice.Continuation == 0 {
				at := time.Duration(tag.Timestamp) * time.Millisecond
				require.Less(t, at, cut.Time+c.MaxDuration, "a slice holds no more than MaxDuration")
			}
		}
		out.tags = append(out.tags, tags...)
	}
}

func bodies(tags []flv.Tag) (all []string) {
	for _, t := range tags {
		all = append(all, string(rune(t.Type))+string(t.Body))
	}
	return all
}

func groups(cuts []slicer.Cut) (times []time.Duration) {
	for _, c := range cuts {
		if c.StartsGroup {
			times = append(times, c.Time)
		}
	}
	return times
}

// Cut, then join, gives the same tags in the same order, whatever the stream, and times shifted by one amount.
func TestCutThenJoinIsIdentity(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := slicer.Config{MaxPayload: rapid.SampledFrom([]int{64, 300, 4096, 0}).Draw(r, "payload")}
		now := rapid.Uint32().Draw(r, "first")
		first := now
		input := []flv.Tag{script(0, "onMetaData"), videoHeader(0, "a"), audioHeader(0, "b"), keyframe(now, 5)}
		n := rapid.IntRange(0, 200).Draw(r, "tags")
		for i := range n {
			now += uint32(rapid.IntRange(0, 60).Draw(r, "step"))
			size := rapid.SampledFrom([]int{0, 1, 50, 290, 1000, 70_000}).Draw(r, "size")
			var tag flv.Tag
			switch rapid.IntRange(0, 9).Draw(r, "kind") {
			case 0:
				tag = keyframe(now, size)
			case 1:
				tag = script(now, "onTextData")
			case 2:
				tag = videoHeader(0, "new")
			case 3:
				tag = script(now, "onMetaData")
			case 4, 5, 6:
				tag = audio(now-uint32(rapid.IntRange(0, 300).Draw(r, "behind")), size)
			default:
				tag = video(now, size)
			}
			tag.Body = append(tag.Body, byte(i), byte(i>>8)) // each its own
			input = append(input, tag)
		}
		out := through(r, c, input)
		require.Equal(r, bodies(input), bodies(out.tags))
		for i := range input {
			if input[i].IsMedia() {
				shifted := max(int64(int32(input[i].Timestamp-first)), 0)
				require.EqualValues(r, shifted, out.tags[i].Timestamp)
			}
		}
		for _, cut := range out.cuts {
			require.Zero(r, cut.Flags&slice.Discontinuity)
		}
	})
}

func TestRealStream(t *testing.T) {
	l := origin.NewLoop(2_000_000, 1<<32-3000, time.Now()) // wraps after 3 s
	input := l.Headers()
	for len(input) < 2000 {
		tag, _ := l.Next()
		if len(input) > 3 || tag.IsKeyframe() {
			input = append(input, tag)
		}
	}
	out := through(t, slicer.Config{}, input)
	require.Equal(t, bodies(input), bodies(out.tags))
	var last time.Duration
	for i, at := range groups(out.cuts) {
		if i > 0 {
			require.Equal(t, 2*time.Second, at-last)
		}
		last = at
	}
	for _, p := range out.preambles {
		require.Equal(t, bodies(l.Headers()), bodies(p))
	}
	for i := 1; i < len(out.cuts); i++ {
		hole := out.cuts[i].Time - out.cuts[i-1].Time - out.cuts[i-1].Duration
		require.True(t, hole == 0 || out.cuts[i].StartsGroup && hole < 40*time.Millisecond, "slices leave no hole")
	}
}

func TestPreambleFormat(t *testing.T) {
	out := through(t, slicer.Config{}, []flv.Tag{
		audioHeader(0, "A"), videoHeader(0, "V"), script(0, "onMetaData"), keyframe(7000, 3),
	})
	require.Len(t, out.cuts, 1)
	p := out.cuts[0].Payload
	n, k := binary.Uvarint(p)
	var want []byte
	for _, tag := range []flv.Tag{script(0, "onMetaData"), videoHeader(0, "V"), audioHeader(0, "A")} {
		want = flv.AppendTag(want, &tag)
	}
	require.Equal(t, want, p[k:k+int(n)], "onMetaData, video, audio, in this order, with the group's time")
	var tags []byte
	for _, tag := range []flv.Tag{audioHeader(0, "A"), videoHeader(0, "V"), script(0, "onMetaData"), keyframe(0, 3)} {
		tags = flv.AppendTag(tags, &tag)
	}
	require.True(t, bytes.Equal(tags, p[k+int(n):]), "then the tags as they came, from 0 on")
}

func TestStartsWithAKeyframe(t *testing.T) {
	out := through(t, slicer.Config{}, []flv.Tag{
		videoHeader(0, "V"), audio(100, 1), video(110, 2), audio(120, 3), keyframe(130, 4), audio(125, 5),
	})
	require.Equal(t, bodies([]flv.Tag{videoHeader(0, "V"), keyframe(130, 4), audio(125, 5)}), bodies(out.tags))
	require.EqualValues(t, 0, out.tags[2].Timestamp, "nothing lies before 0")
}

func TestLongGroup(t *testing.T) {
	input := []flv.Tag{videoHeader(0, "V"), keyframe(0, 9)}
	for ts := uint32(40); ts < 60_000; ts += 40 {
		input = append(input, video(ts, 10), audio(ts, 10))
	}
	require.Len(t, groups(through(t, slicer.Config{}, input).cuts), 1)
}

func TestWithoutVideo(t *testing.T) {
	for name, first := range map[string][]flv.Tag{"announced": {audioOnlyMetadata()}, "unannounced": nil} {
		t.Run(name, func(t *testing.T) {
			input := append(first, audioHeader(0, "A"))
			for ts := uint32(0); ts < 12_000; ts += 23 {
				input = append(input, audio(ts, 10))
			}
			at := groups(through(t, slicer.Config{}, input).cuts)
			require.GreaterOrEqual(t, len(at), 5)
			for i := 1; i < len(at); i++ {
				require.InDelta(t, 2000, (at[i] - at[i-1]).Milliseconds(), 25)
			}
		})
	}
}

// audioOnlyMetadata announces AAC and nothing else.
func audioOnlyMetadata() flv.Tag {
	b := append([]byte("\x02\x00\x0aonMetaData\x08\x00\x00\x00\x01\x00\x0caudiocodecid\x00"), 0x40, 0x24, 0, 0, 0, 0, 0, 0)
	return flv.Tag{Type: flv.Script, Body: append(b, 0, 0, 9)}
}

func TestVideoAnnouncedThatNeverComes(t *testing.T) {
	input := []flv.Tag{videoHeader(0, "V"), audioHeader(0, "A")}
	for ts := uint32(0); ts < 12_000; ts += 23 {
		input = append(input, audio(ts, 10))
	}
	require.GreaterOrEqual(t, len(groups(through(t, slicer.Config{}, input).cuts)), 3)
}

func TestVideoThatStops(t *testing.T) {
	input := []flv.Tag{videoHeader(0, "V"), keyframe(0, 9)}
	for ts := uint32(0); ts < 12_000; ts += 23 {
		input = append(input, audio(ts, 10))
	}
	input = append(input, keyframe(12_100, 9))
	at := groups(through(t, slicer.Config{}, input).cuts)
	require.GreaterOrEqual(t, len(at), 5, "who joins can start although no keyframe comes")
	require.EqualValues(t, 12_100, at[len(at)-1].Milliseconds())
}

func TestJumps(t *testing.T) {
	for name, to := range map[string]uint32{"back": 3_000, "forward": 500_000, "far": 3_000_000_000} {
		t.Run(name, func(t *testing.T) {
			input := []flv.Tag{videoHeader(0, "V")}
			for i, base := range []uint32{100_000, to} {
				for ts := base; ts < base+4000; ts += 40 {
					tag := video(ts, i)
					if (ts-base)%2000 == 0 {
						tag = keyframe(ts, i)
					}
					input = append(input, tag, audio(ts+10, i))
				}
			}
			// Audio of the time before comes late.
			late := 1 + 2*100 + 3
			input = append(input[:late], append([]flv.Tag{audio(104_010, 77)}, input[late:]...)...)
			out := through(t, slicer.Config{}, input)
			require.Equal(t, bodies(input), bodies(out.tags))
			flagged := 0
			for _, c := range out.cuts {
				if c.Flags&slice.Discontinuity != 0 {
					flagged++
					require.True(t, c.StartsGroup)
				}
			}
			require.Equal(t, 1, flagged)
			last := out.tags[len(out.tags)-1].Timestamp
			require.InDelta(t, 8000, last, 120, "time goes on as if nothing had been")
		})
	}
}

func TestMutedAudioIsNoJump(t *testing.T) {
	input := []flv.Tag{videoHeader(0, "V")}
	for ts := uint32(0); ts < 60_000; ts += 40 {
		if ts%2000 == 0 {
			input = append(input, keyframe(ts, 1))
		} else {
			input = append(input, video(ts, 1))
		}
		if ts < 1000 || ts > 40_000 {
			input = append(input, audio(ts, 1))
		}
	}
	for _, c := range through(t, slicer.Config{}, input).cuts {
		require.Zero(t, c.Flags)
	}
}

func TestCodecChange(t *testing.T) {
	out := through(t, slicer.Config{}, []flv.Tag{
		videoHeader(0, "old"), audioHeader(0, "A"), keyframe(0, 1), video(40, 1), audio(50, 1),
		script(60, "onMetaData"), videoHeader(60, "new"), keyframe(80, 2), video(120, 2),
	})
	require.Len(t, out.preambles, 2)
	require.Equal(t, bodies([]flv.Tag{script(0, "onMetaData"), videoHeader(0, "new"), audioHeader(0, "A")}),
		bodies(out.preambles[1]))
	var second []flv.Tag
	var j slicer.Joiner
	for _, c := range out.cuts {
		_, tags, err := j.Join(c.Payload, c.StartsGroup, false)
		require.NoError(t, err)
		if c.StartsGroup {
			second = nil
		}
		second = append(second, tags...)
	}
	require.Equal(t, bodies([]flv.Tag{script(60, "onMetaData"), videoHeader(60, "new"), keyframe(80, 2), video(120, 2)}),
		bodies(second), "the header stays before the keyframe that it is for")
}

// An onMetaData with the index of a whole file does not fit into preambles; what players need of it does.
func TestLargeMetadata(t *testing.T) {
	b := []byte("\x02\x00\x0aonMetaData\x08\x00\x00\x00\x02\x00\x09keyframes\x0c\x00\x01\x00\x00")
	b = append(append(b, make([]byte, 65_536)...), "\x00\x09framerate\x00\x40\x3e\x00\x00\x00\x00\x00\x00\x00\x00\x09"...)
	large := flv.Tag{Type: flv.Script, Body: b}
	out := through(t, slicer.Config{}, []flv.Tag{large, videoHeader(0, "V"), keyframe(0, 1), keyframe(2000, 1)})
	require.Equal(t, large.Body, out.tags[0].Body, "inline it stays as it came")
	for _, p := range out.preambles {
		require.Len(t, p, 2)
		require.Contains(t, string(p[0].Body), "framerate")
		require.Less(t, len(p[0].Body), 1000)
	}
}

func TestInterrupt(t *testing.T) {
	s := slicer.New(slicer.Config{})
	var out joined
	push := func(tags ...flv.Tag) {
		for _, tag := range tags {
			out.cuts = append(out.cuts, s.Push(tag)...)
		}
	}
	push(videoHeader(0, "V"), keyframe(5000, 1), video(5040, 1))
	out.cuts = append(out.cuts, s.Flush()...)
	s.Interrupt()
	push(videoHeader(0, "V2"), audio(90, 1), video(90, 9), keyframe(100, 2), video(140, 2))
	out.cuts = append(out.cuts, s.Flush()...)
	out.join(t, slicer.Config{})
	require.Len(t, out.cuts, 2)
	require.Zero(t, out.cuts[0].Flags)
	require.Equal(t, slice.Discontinuity, out.cuts[1].Flags)
	require.True(t, out.cuts[1].StartsGroup)
	require.Equal(t, bodies([]flv.Tag{
		videoHeader(0, "V"), keyframe(0, 1), video(0, 1), videoHeader(0, "V2"), keyframe(0, 2), video(0, 2),
	}), bodies(out.tags))
	require.EqualValues(t, 80, out.tags[4].Timestamp)
}

func TestLargeTagSpansSlices(t *testing.T) {
	out := through(t, slicer.Config{}, []flv.Tag{keyframe(0, 200_000), audio(10, 5), video(40, 5), keyframe(2000, 1)})
	require.Len(t, out.cuts, 5)
	require.True(t, out.cuts[0].StartsGroup)
	for _, c := range out.cuts[1:4] {
		require.Equal(t, slice.Continuation, c.Flags)
		require.False(t, c.StartsGroup)
	}
	require.Zero(t, out.cuts[4].Flags)
}

func TestScriptDataAloneIsBounded(t *testing.T) {
	s := slicer.New(slicer.Config{})
	big := script(0, "onTextData")
	big.Body = append(big.Body, make([]byte, 100_000)...)
	for range 100 {
		require.Empty(t, s.Push(big))
	}
	s.Push(keyframe(0, 1))
	var got int
	for range 100 {
		got += len(s.Push(big))
	}
	require.Greater(t, got, 100, "while playing it goes out without waiting for a frame")
}

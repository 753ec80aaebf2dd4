package slicer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/slicer"
)

func TestJoinerGoesOnAfterAGap(t *testing.T) {
	s := slicer.New(slicer.Config{})
	var cuts []slicer.Cut
	for ts := uint32(0); ts < 4000; ts += 40 {
		tag := video(ts, 10)
		if ts%2000 == 0 {
			tag = keyframe(ts, 150_000)
		}
		cuts = append(cuts, s.Push(tag)...)
	}
	var j slicer.Joiner
	var gaps int
	for i, c := range cuts {
		if i == 1 {
			continue // in the middle of the first keyframe
		}
		if i == 2 {
			j.Skip()
		}
		_, _, err := j.Join(c.Payload, c.StartsGroup, c.Flags&slice.Continuation != 0)
		if i > 1 && !c.StartsGroup && !j.Joined() {
			require.ErrorIs(t, err, slicer.ErrGap)
			gaps++
			continue
		}
		require.NoError(t, err)
	}
	require.Positive(t, gaps)
	require.True(t, j.Joined())
}

func TestJoinerRefuses(t *testing.T) {
	good := keyframe(0, 4)
	tag := flv.AppendTag(nil, &good)
	for name, payload := range map[string][]byte{
		"empty":             {},
		"length beyond end": {200, 1},
		"media in preamble": append([]byte{byte(len(tag))}, tag...),
		"half a preamble":   append([]byte{byte(len(tag) - 2)}, tag...),
		"unknown type":      append([]byte{0}, append([]byte{77}, tag[1:]...)...),
	} {
		t.Run(name, func(t *testing.T) {
			var j slicer.Joiner
			_, _, err := j.Join(payload, true, false)
			require.ErrorIs(t, err, slicer.ErrPayload)
			require.False(t, j.Joined())
		})
	}
	var j slicer.Joiner
	_, _, err := j.Join(tag, false, false)
	require.ErrorIs(t, err, slicer.ErrGap, "a stream begins with a group")
	_, _, err = j.Join(append([]byte{0}, tag...), true, false)
	require.NoError(t, err)
	_, _, err = j.Join(tag, false, true)
	require.ErrorIs(t, err, slicer.ErrGap, "nothing was left to continue")
}

func FuzzJoiner(f *testing.F) {
	k := keyframe(0, 4)
	tag := flv.AppendTag(nil, &k)
	f.Add(append([]byte{0}, tag...), tag, tag[:5], tag[5:])
	f.Fuzz(func(t *testing.T, a, b, c, d []byte) {
		var j slicer.Joiner
		for i, p := range [][]byte{a, b, c, d} {
			_, tags, err := j.Join(p, i == 0, i == 3)
			if err != nil {
				require.Empty(t, tags)
				require.False(t, j.Joined())
			}
		}
	})
}

func FuzzSlicer(f *testing.F) {
	f.Add([]byte{9, 0x17, 1, 0, 0, 0}, uint32(5), []byte{8, 0xaf}, uint32(4_000_000_000))
	f.Fuzz(func(t *testing.T, a []byte, at uint32, b []byte, bt uint32) {
		var input []flv.Tag
		for range 3 {
			for _, x := range []struct {
				b  []byte
				ts uint32
			}{{a, at}, {b, bt}} {
				if len(x.b) > 0 {
					typ := []flv.Type{flv.Audio, flv.Video, flv.Script}[x.b[0]%3]
					input = append(input, flv.Tag{Type: typ, Timestamp: x.ts, Body: x.b[1:]})
				}
			}
		}
		out := through(t, slicer.Config{MaxPayload: 200}, input)
		require.LessOrEqual(t, len(out.tags), len(input))
	})
}

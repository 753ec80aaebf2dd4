package hls_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/hls"
)

func TestEqualPartsTileTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.Int64Range(0, 1000), rapid.Int64Range(0, math.MaxInt64)).Draw(t, "size")
		k := rapid.IntRange(1, 300).Draw(t, "k")
		parts := hls.EqualParts(size, k)
		require.Len(t, parts, k)
		at, shortest, longest := int64(0), int64(math.MaxInt64), int64(0)
		for i, p := range parts {
			require.Equal(t, at, p.Offset)
			require.Equal(t, hls.EqualPart(size, i, k), p)
			if size < math.MaxInt64/300 {
				require.Equal(t, size*int64(i)/int64(k), p.Offset)
			}
			at += p.Length
			shortest, longest = min(shortest, p.Length), max(longest, p.Length)
		}
		require.Equal(t, size, at)
		require.LessOrEqual(t, longest-shortest, int64(1))
	})
}

func TestEqualPartOfNothing(t *testing.T) {
	require.Nil(t, hls.EqualParts(10, 0))
	require.Nil(t, hls.EqualParts(-1, 3))
	require.Zero(t, hls.EqualPart(10, 3, 3))
	require.Zero(t, hls.EqualPart(10, -1, 3))
	require.Equal(t, hls.ByteRange{Offset: 0, Length: math.MaxInt64}, hls.EqualPart(math.MaxInt64, 0, 1))
	last := hls.EqualPart(math.MaxInt64, math.MaxInt-1, math.MaxInt)
	require.Equal(t, int64(math.MaxInt64), last.Offset+last.Length)
}

func TestByteRangeHeader(t *testing.T) {
	require.Empty(t, hls.ByteRange{}.Header())
	require.Equal(t, "bytes=0-99", hls.ByteRange{Length: 100}.Header())
	require.Equal(t, "bytes=560-", hls.ByteRange{Offset: 560}.Header())
	require.Equal(t, "bytes=560-560", hls.ByteRange{Offset: 560, Length: 1}.Header())
}

func TestByteRangeSubStaysWithin(t *testing.T) {
	number := rapid.OneOf(rapid.Int64Range(-1, 20), rapid.Int64())
	rapid.Check(t, func(t *rapid.T) {
		r := hls.ByteRange{Offset: number.Draw(t, "offset"), Length: number.Draw(t, "length")}
		s := hls.ByteRange{Offset: number.Draw(t, "sub offset"), Length: number.Draw(t, "sub length")}
		got, ok := r.Sub(s)
		if !ok {
			return
		}
		require.Equal(t, r.Offset+s.Offset, got.Offset)
		require.GreaterOrEqual(t, got.Offset, r.Offset)
		if r.Length > 0 {
			require.Positive(t, got.Length)
			require.LessOrEqual(t, got.Offset+got.Length, r.Offset+r.Length)
		}
		if s.Length > 0 {
			require.LessOrEqual(t, got.Length, s.Length)
		}
	})
	got, ok := hls.ByteRange{Offset: 100, Length: 50}.Sub(hls.ByteRange{})
	require.True(t, ok)
	require.Equal(t, hls.ByteRange{Offset: 100, Length: 50}, got)
	_, ok = hls.ByteRange{Offset: 100, Length: 50}.Sub(hls.ByteRange{Offset: 50, Length: 1})
	require.False(t, ok)
}

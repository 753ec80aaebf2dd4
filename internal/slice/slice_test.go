package slice

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func example() *Slice {
	payload := []byte("payload of a slice")
	st := Statement{
		Track: TrackID{1, 2}, Group: 96, First: 100, Time: 25 * time.Second, Duration: 250 * time.Millisecond,
		Cut: time.UnixMilli(1_800_000_000_123), Flags: Discontinuity,
		Entries: []Entry{{Size: uint32(len(payload)), Digest: Digest{3, 4}}},
	}
	return &Slice{Number: 100, Proof: &Signed{Statement: st, Encoded: AppendStatement(nil, &st), Signature: Signature{5, 6}}, Payload: payload}
}

func TestStatementsAreEncodedInFewBytes(t *testing.T) {
	s := example()
	require.LessOrEqual(t, len(s.Proof.Encoded)+len(s.Proof.Signature), 120)
	require.Equal(t, "6404a8c301fa01fba0f1c2b134010112"+"0304"+"000000000000000000000000000000000000000000000000000000000000",
		hexOf(s.Proof.Encoded))
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out []byte
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

func TestStatementsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint64Max(1<<40).Draw(t, "first")
		st := Statement{
			Track: TrackID{9}, First: Number(first), Group: Number(first - rapid.Uint64Max(first).Draw(t, "back")),
			Time:     time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "time")) * time.Millisecond,
			Duration: time.Duration(rapid.Int64Range(0, 1<<20).Draw(t, "duration")) * time.Millisecond,
			Cut:      time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "cut")),
			Flags:    Flags(rapid.Byte().Draw(t, "flags")),
		}
		for range rapid.IntRange(1, 20).Draw(t, "entries") {
			st.Entries = append(st.Entries, Entry{Size: rapid.Uint32Range(1, MaxPayload).Draw(t, "size"), Digest: Digest{rapid.Byte().Draw(t, "digest")}})
		}
		encoded := AppendStatement(nil, &st)
		got, err := ParseStatement(st.Track, encoded)
		require.NoError(t, err)
		require.Equal(t, st, got)
		_, err = ParseStatement(st.Track, append(encoded, 0))
		require.ErrorIs(t, err, ErrMalformed)
		cut := rapid.IntRange(0, len(encoded)-1).Draw(t, "cut off")
		_, err = ParseStatement(st.Track, encoded[:cut])
		require.Error(t, err)
	})
}

func TestFramesRoundTrip(t *testing.T) {
	s := example()
	frame := AppendFrame(nil, s)
	got, err := ParseFrame(s.Proof.Track, s.Number, frame)
	require.NoError(t, err)
	require.Equal(t, s, got)
	for n := range frame {
		_, err := ParseFrame(s.Proof.Track, s.Number, frame[:n])
		require.Error(t, err)
	}
	_, err = ParseFrame(s.Proof.Track, s.Number+1, frame)
	require.ErrorIs(t, err, ErrMalformed, "the statement speaks of another slice")
	_, err = ParseFrame(s.Proof.Track, s.Number, append(frame, 0))
	require.ErrorIs(t, err, ErrMalformed)
}

func TestTheFramesHeadIsWhatStandsBeforeThePayload(t *testing.T) {
	for _, entries := range []int{1, 3, 4, MaxEntries} { // 127 bytes of statement and more need one byte more of length
		st := Statement{Cut: time.UnixMilli(1_800_000_000_123), Entries: make([]Entry, entries)}
		for i := range st.Entries {
			st.Entries[i] = Entry{Size: uint32(1 + i)}
		}
		s := &Slice{Payload: []byte{7}, Proof: &Signed{Statement: st, Encoded: AppendStatement(nil, &st)}}
		frame := AppendFrame(nil, s)
		require.Equal(t, []byte{7}, frame[FrameHead(s.Proof):])
		got, err := ParseFrame(st.Track, 0, frame)
		require.NoError(t, err)
		require.Equal(t, len(frame)-len(got.Payload), FrameHead(got.Proof))
	}
}

func TestTrackIDsAsText(t *testing.T) {
	id := TrackID{0xab, 15: 0xcd}
	got, ok := ParseTrackID(id.String())
	require.True(t, ok)
	require.Equal(t, id, got)
	for _, bad := range []string{"", "zz", id.String() + "00", "g" + id.String()[1:]} {
		_, ok := ParseTrackID(bad)
		require.False(t, ok, bad)
	}
}

func FuzzParseFrame(f *testing.F) {
	s := example()
	f.Add(AppendFrame(nil, s))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseFrame(s.Proof.Track, s.Number, b)
		if err != nil {
			return
		}
		if !got.Proof.Covers(s.Number) || len(got.Payload) != int(got.Proof.Entry(s.Number).Size) {
			t.Fatal("a frame was accepted whose statement does not cover it")
		}
		if again, err := ParseFrame(s.Proof.Track, s.Number, AppendFrame(nil, got)); err != nil || !bytes.Equal(again.Payload, got.Payload) {
			t.Fatal("an accepted frame does not survive a round trip")
		}
	})
}

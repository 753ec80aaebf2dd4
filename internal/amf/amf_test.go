package amf_test

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/amf"
	"github.com/superp2p/superp2p/internal/fault"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

const handler = "020001 66 " // f

// Bodies written down from the specification, byte for byte.
var golden = []struct {
	name, hex string
	want      []any
}{
	{"nothing", "", nil},
	{"number", "00 3ff8000000000000", []any{1.5}},
	{"booleans", "0101 0100", []any{true, false}},
	{"string", "020003 c3a961", []any{"éa"}},
	{"long string", "0c00000002 6869", []any{"hi"}},
	{"XML", "0f00000004 3c612f3e", []any{"<a/>"}},
	{"null, undefined, unsupported", "05 06 0d", []any{nil, amf.Undefined{}, nil}},
	{"date", "0b 42767abe0e4e4000 0000", []any{time.UnixMilli(1544776901860).UTC()}},
	{"invalid date", "0b 7ff8000000000001 0000", []any{amf.Undefined{}}},
	{"object", "03 0001 61 05 0001 62 0101 000009", []any{map[string]any{"a": nil, "b": true}}},
	{"key twice", "03 0001 61 05 0001 61 0101 000009", []any{map[string]any{"a": true}}},
	{"empty key", "03 0000 0101 000009", []any{map[string]any{"": true}}},
	{"typed object", "10 0003 61622e 0001 61 05 000009", []any{map[string]any{"a": nil}}},
	{"ECMA array with a wrong count", "08 000000ff 0001 61 05 000009", []any{map[string]any{"a": nil}}},
	{"without its end", "08 00000001 0001 61 05", []any{map[string]any{"a": nil}}},
	{"strict array", "0a 00000002 05 0101", []any{[]any{nil, true}}},
	{"nested", "03 0001 61 0a00000001 03 000009 000009", []any{map[string]any{"a": []any{map[string]any{}}}}},
	{"reference", "03 0001 61 05 000009 070000", []any{map[string]any{"a": nil}, map[string]any{"a": nil}}},
}

func TestDecode(t *testing.T) {
	for _, test := range golden {
		name, values, err := amf.Decode(unhex(t, handler+test.hex), amf.Limits{})
		require.NoError(t, err, test.name)
		require.Equal(t, "f", name, test.name)
		require.Equal(t, test.want, values, test.name)
	}
}

func TestDamagedBodiesGiveWhatIsBeforeTheDamage(t *testing.T) {
	for _, test := range []struct {
		name, hex string
		want      []any
	}{
		{"unknown marker", "0101 0e", []any{true}},
		{"movie clip", "04", nil},
		{"AMF3", "0101 11 04", []any{true}},
		{"short number", "00 3ff8", nil},
		{"short string", "020003 61", nil},
		{"short long string", "0cffffffff 61", nil},
		{"short date", "0b 42767abe0e4e4000 00", nil},
		{"object cut in a value", "03 0001 61 0101 0001 62 00", []any{map[string]any{"a": true}}},
		{"object cut in a key", "03 0001 61 0101 0005 62", []any{map[string]any{"a": true}}},
		{"array cut", "0a 00000003 0101", []any{[]any{true}}},
		{"cut within", "03 0001 61 03 0001 62 0101", []any{map[string]any{"a": map[string]any{"b": true}}}},
		{"reference to nothing", "070000", nil},
		{"reference to itself", "03 0001 61 070000 000009", []any{map[string]any{}}},
	} {
		name, values, err := amf.Decode(unhex(t, handler+test.hex), amf.Limits{})
		require.Equal(t, fault.SourceInvalid, fault.CodeOf(err), test.name)
		require.Equal(t, "f", name, test.name)
		require.Equal(t, test.want, values, test.name)
	}
	for _, body := range []string{"", "05", "11", "0200", "020002 61"} {
		_, values, err := amf.Decode(unhex(t, body), amf.Limits{})
		require.Equal(t, fault.SourceInvalid, fault.CodeOf(err), body)
		require.Empty(t, values)
	}
}

func TestLimits(t *testing.T) {
	_, _, err := amf.Decode(unhex(t, handler+"0101"), amf.Limits{MaxBytes: 5})
	require.Equal(t, fault.LimitReached, fault.CodeOf(err))
	_, _, err = amf.Decode(unhex(t, handler+strings.Repeat("0a00000001", 17)+"05"), amf.Limits{})
	require.Equal(t, fault.LimitReached, fault.CodeOf(err), "17 deep")
	_, _, err = amf.Decode(unhex(t, handler+strings.Repeat("0a00000001", 16)+"05"), amf.Limits{})
	require.NoError(t, err, "16 deep")
	_, _, err = amf.Decode(unhex(t, handler+"050505"), amf.Limits{MaxValues: 3})
	require.Equal(t, fault.LimitReached, fault.CodeOf(err))

	// Each array holds the one before twice: 2^20 values in 200 bytes.
	doubling := "0a00000000"
	for i := range 20 {
		doubling += "0a00000002 07" + hex.EncodeToString([]byte{0, byte(i)}) + "07" + hex.EncodeToString([]byte{0, byte(i)})
	}
	_, _, err = amf.Decode(unhex(t, handler+doubling), amf.Limits{MaxDepth: 100})
	require.Equal(t, fault.LimitReached, fault.CodeOf(err))
}

// values makes what Decode returns.
func values() *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Just[any](nil), rapid.Just[any](amf.Undefined{}), rapid.Bool().AsAny(), rapid.String().AsAny(),
		rapid.Float64().AsAny(),
		rapid.Map(rapid.Int64Range(-8.64e15, 8.64e15), func(ms int64) any { return time.UnixMilli(ms).UTC() }),
	)
	v := leaf
	for range 3 {
		inner := v
		v = rapid.OneOf(
			leaf,
			rapid.Map(rapid.SliceOfN(inner, 0, 4), func(a []any) any { return append([]any{}, a...) }),
			rapid.MapOfN(rapid.StringN(1, 10, -1), inner, 0, 4).AsAny(),
		)
	}
	return v
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(1, 20, -1).Draw(t, "name")
		args := rapid.SliceOfN(values(), 1, 4).Draw(t, "args")
		b, err := amf.Encode(name, args...)
		require.NoError(t, err)
		got, decoded, err := amf.Decode(b, amf.Limits{})
		require.NoError(t, err)
		require.Equal(t, name, got)
		require.Equal(t, args, decoded)
	})
}

// TestAnotherImplementationAgrees holds Encode against the encoder and decoder of gortmplib.
func TestAnotherImplementationAgrees(t *testing.T) {
	theirs, err := amf0.Data{"onCuePoint", 1.5, true, "x", nil, amf0.Object{{Key: "a", Value: amf0.StrictArray{2.0}}}}.Marshal()
	require.NoError(t, err)
	ours, err := amf.Encode("onCuePoint", 1.5, true, "x", nil, map[string]any{"a": []any{2}})
	require.NoError(t, err)
	require.Equal(t, theirs, ours)
}

func TestEncodeTakesWhatProgramsHave(t *testing.T) {
	type kilo int16
	n, long := 3, strings.Repeat("x", math.MaxUint16+1)
	b, err := amf.Encode("f", 1, uint8(2), &n, (*int)(nil), kilo(4), float32(0.5), []string{"a"}, [2]bool{true}, map[string]int{"a": 1}, long)
	require.NoError(t, err)
	_, got, err := amf.Decode(b, amf.Limits{})
	require.NoError(t, err)
	require.Equal(t, []any{1.0, 2.0, 3.0, nil, 4.0, 0.5, []any{"a"}, []any{true, false}, map[string]any{"a": 1.0}, long}, got)
}

func TestEncodeRefuses(t *testing.T) {
	self := []any{nil}
	self[0] = self
	for _, v := range []any{struct{}{}, make(chan int), map[int]int{1: 1}, map[string]any{"": 1}, self, []any{func() {}}, 1i} {
		_, err := amf.Encode("f", v)
		require.Equal(t, fault.RequestInvalid, fault.CodeOf(err), "%T", v)
	}
	_, err := amf.Encode("")
	require.Equal(t, fault.RequestInvalid, fault.CodeOf(err))
}

func FuzzDecode(f *testing.F) {
	for _, test := range golden {
		f.Add(unhex(f, handler+test.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		name, values, err := amf.Decode(b, amf.Limits{})
		if err != nil {
			require.NotEqual(t, fault.Internal, fault.CodeOf(err))
			return
		}
		if name == "" {
			return
		}
		again, err := amf.Encode(name, values...)
		if err != nil { // an empty key is the one thing that is read and not written
			require.Equal(t, fault.RequestInvalid, fault.CodeOf(err))
			return
		}
		_, _, err = amf.Decode(again, amf.Limits{MaxBytes: 1 << 24})
		require.NoError(t, err)
	})
}

package wire

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/slice"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func examples() map[string]*Message {
	track := slice.TrackID{0: 0xaa, 15: 0xbb}
	return map[string]*Message{
		"hello":   {Kind: Hello, Version: Version, Track: track, Flags: NoUpload, First: 1000, Bitmap: []byte{0xff, 0x01}},
		"have":    {Kind: Have, Numbers: []slice.Number{1000, 1001, 1300}},
		"request": {Kind: Request, Number: 1001, Within: 1500 * time.Millisecond},
		"proved":  {Kind: Request, Number: 1001, Within: 1500 * time.Millisecond, Proved: true},
		"refuse":  {Kind: Refuse, Number: 1001, Reason: Busy},
		"cancel":  {Kind: Cancel, Number: 1001},
		"proof":   {Kind: Proof, Sig: slice.Signature{1, 2, 3}, Bytes: []byte("statement")},
		"data":    {Kind: Data, Number: 1001, Offset: 16384, Bytes: []byte("payload")},
		"ping":    {Kind: Ping, Nonce: 0x01020304},
		"pong":    {Kind: Pong, Nonce: 0x01020304},
		"bye":     {Kind: Bye, Reason: Leaving},
		"offer":   {Kind: Offer, Number: 1001},
	}
}

func TestGolden(t *testing.T) {
	for name, m := range examples() {
		file := filepath.Join("testdata", name+".hex")
		encoded := Append(nil, m)
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(file, []byte(hex.EncodeToString(encoded)+"\n"), 0o644))
		}
		golden, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, strings.TrimSpace(string(golden)), hex.EncodeToString(encoded), name)
		decoded, err := Parse(encoded)
		require.NoError(t, err, name)
		require.Equal(t, *m, decoded)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		hex string
		err error
	}{
		"nothing":             {"", ErrShort},
		"an unknown kind":     {"7f0000", ErrUnknown},
		"half a track":        {"0101aabb", ErrShort},
		"an empty have":       {"02", ErrShort},
		"a have twice":        {"020500", ErrMalformed},
		"an endless uvarint":  {"03ffffffffffffffffffffff", ErrMalformed},
		"a number too large":  {"05ffffffffffffff7f", ErrMalformed},
		"bytes after the end": {"050500", ErrMalformed},
		"flags and more":      {"0305050100", ErrMalformed},
		"data of nothing":     {"070500", ErrShort},
		"an offset too large": {"0705ffffff7f00", ErrMalformed},
		"half a nonce":        {"080102", ErrShort},
		"half a signature":    {"060102", ErrShort},
		"a bye without why":   {"0a", ErrShort},
		"an offer of nothing": {"0b", ErrShort},
		"two offers in one":   {"0b0505", ErrMalformed},
	} {
		b, err := hex.DecodeString(c.hex)
		require.NoError(t, err)
		_, err = Parse(b)
		require.ErrorIs(t, err, c.err, name)
	}
	_, err := Parse(append([]byte{byte(Data), 1, 0}, make([]byte, MaxFragment+1)...))
	require.ErrorIs(t, err, ErrMalformed)
	_, err = Parse(make([]byte, MaxMessage+1))
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = Parse(append(append([]byte{byte(Hello), 1}, make([]byte, 18)...), make([]byte, MaxBitmap+1)...))
	require.ErrorIs(t, err, ErrMalformed)
	m, err := Parse([]byte{byte(Request), 5, 6, 2})
	require.NoError(t, err, "another flag is no offence")
	require.False(t, m.Proved)
	m, err = Parse([]byte{byte(Hello), 9, 1, 2, 3})
	require.NoError(t, err, "another version's hello is no offence")
	require.EqualValues(t, 9, m.Version)
}

func TestHavesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := rapid.SliceOfNDistinct(rapid.Uint64Max(1<<40), 1, MaxNumbers, rapid.ID[uint64]).Draw(t, "numbers")
		m := Message{Kind: Have}
		for _, n := range ns {
			m.Numbers = append(m.Numbers, slice.Number(n))
		}
		sortNumbers(m.Numbers)
		got, err := Parse(Append(nil, &m))
		require.NoError(t, err)
		require.Equal(t, m, got)
	})
}

func sortNumbers(ns []slice.Number) {
	for i := range ns {
		for j := i; j > 0 && ns[j] < ns[j-1]; j-- {
			ns[j], ns[j-1] = ns[j-1], ns[j]
		}
	}
}

func TestDataInTwoPartsIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Message{
			Kind:   Data,
			Number: slice.Number(rapid.Uint64Max(maxNumber).Draw(t, "number")),
			Offset: rapid.Uint32Max(slice.MaxPayload).Draw(t, "offset"),
			Bytes:  rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "payload"),
		}
		head := AppendDataHead(nil, m.Number, m.Offset)
		whole := Append(nil, &m)
		require.Equal(t, whole, append(bytes.Clone(head), m.Bytes...))
		apart, err := ParseData(head, m.Bytes)
		require.NoError(t, err)
		require.Equal(t, m, apart)
		together, err := Parse(whole)
		require.NoError(t, err)
		require.Equal(t, apart, together)
	})
}

func TestParseDataRefuses(t *testing.T) {
	head := AppendDataHead(nil, 5, slice.MaxPayload)
	_, err := ParseData(head, make([]byte, MaxFragment))
	require.NoError(t, err, "at the limits")
	for name, c := range map[string]struct {
		head    []byte
		payload int
		err     error
	}{
		"no head":              {nil, 1, ErrMalformed},
		"another kind":         {[]byte{byte(Cancel), 5}, 1, ErrMalformed},
		"half a head":          {head[:2], 1, ErrShort},
		"payload in the head":  {append(bytes.Clone(head), 0), 1, ErrMalformed},
		"no payload":           {head, 0, ErrShort},
		"too much payload":     {head, MaxFragment + 1, ErrMalformed},
		"an offset too large":  {AppendDataHead(nil, 5, slice.MaxPayload+1), 1, ErrMalformed},
		"a number too large":   {AppendDataHead(nil, maxNumber+1, 0), 1, ErrMalformed},
		"an endless uvarint":   {append([]byte{byte(Data)}, bytes.Repeat([]byte{0xff}, 11)...), 1, ErrMalformed},
		"an offset cut in two": {head[:len(head)-1], 1, ErrShort},
	} {
		_, err := ParseData(c.head, make([]byte, c.payload))
		require.ErrorIs(t, err, c.err, name)
	}
}

func FuzzParse(f *testing.F) {
	for _, m := range examples() {
		f.Add(Append(nil, m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		for at := range min(len(b), 24) {
			if apart, no := ParseData(b[:at], b[at:]); no == nil && (err != nil || !sameData(&m, &apart)) {
				t.Fatalf("%x is Data only if parted at %d: %v", b, at, err)
			}
		}
		if err != nil || m.Kind == Hello && m.Version != Version {
			return
		}
		if at := len(b) - len(m.Bytes); m.Kind == Data {
			if apart, err := ParseData(b[:at], b[at:]); err != nil || !sameData(&m, &apart) {
				t.Fatalf("%x is not the same parted at %d: %v", b, at, err)
			}
		}
		again, err := Parse(Append(nil, &m))
		if err != nil || !bytes.Equal(Append(nil, &m), Append(nil, &again)) {
			t.Fatalf("%x does not survive a round trip: %v", b, err)
		}
	})
}

func sameData(a, b *Message) bool {
	return a.Kind == b.Kind && a.Number == b.Number && a.Offset == b.Offset && bytes.Equal(a.Bytes, b.Bytes)
}

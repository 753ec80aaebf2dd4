package slice

import (
	"encoding/binary"
	"errors"
	"time"
)

// Errors of the decoders here; all of them mean that the sender does not follow the format.
var (
	ErrShort     = errors.New("slice: encoded statement ends early; its sender is not following the format")
	ErrMalformed = errors.New("slice: encoded statement breaks the format's limits; its sender is not following it")
)

// String returns the ID as 32 lower-case hex digits.
func (t TrackID) String() string {
	const digits = "0123456789abcdef" // encoding/hex would bring fmt along, and a page would load it
	out := make([]byte, 0, 2*len(t))
	for _, b := range t {
		out = append(out, digits[b>>4], digits[b&15])
	}
	return string(out)
}

// ParseTrackID reads what String wrote.
func ParseTrackID(s string) (TrackID, bool) {
	var t TrackID
	if len(s) != 2*len(t) {
		return t, false
	}
	for i := range s {
		digit, ok := hexDigit(s[i])
		if !ok {
			return t, false
		}
		t[i/2] = t[i/2]<<4 | digit
	}
	return t, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// AppendStatement appends the encoded form of s without its track, which the signature binds by context and a link
// or a URL carries once: uvarints First, First-Group, Time (ms), Duration (ms), Cut (Unix ms), Flags, the number of
// entries, then for each its Size as uvarint and its Digest.
func AppendStatement(b []byte, s *Statement) []byte {
	b = binary.AppendUvarint(b, uint64(s.First))
	b = binary.AppendUvarint(b, uint64(s.First-s.Group))
	b = binary.AppendUvarint(b, uint64(s.Time/time.Millisecond))
	b = binary.AppendUvarint(b, uint64(s.Duration/time.Millisecond))
	b = binary.AppendUvarint(b, uint64(s.Cut.UnixMilli()))
	b = binary.AppendUvarint(b, uint64(s.Flags))
	b = binary.AppendUvarint(b, uint64(len(s.Entries)))
	for i := range s.Entries {
		b = binary.AppendUvarint(b, uint64(s.Entries[i].Size))
		b = append(b, s.Entries[i].Digest[:]...)
	}
	return b
}

// The largest values that a well-formed statement may hold; far above any real stream, and small enough that sums of
// them do not overflow.
const (
	maxNumber = 1 << 48
	maxMillis = 1 << 46
)

// ParseStatement reads all of b, the encoded form of a statement about track. It refuses trailing bytes.
func ParseStatement(track TrackID, b []byte) (Statement, error) {
	d := decoder{b: b}
	s := Statement{Track: track}
	first, back := d.uvarint(maxNumber), d.uvarint(maxNumber)
	at, lasts, cut := d.uvarint(maxMillis), d.uvarint(maxMillis), d.uvarint(maxMillis)
	flags, entries := d.uvarint(0xff), d.uvarint(MaxEntries)
	if d.err == nil && (back > first || entries == 0) {
		d.err = ErrMalformed
	}
	if d.err != nil {
		return s, d.err
	}
	s.First, s.Group = Number(first), Number(first-back)
	s.Time, s.Duration = time.Duration(at)*time.Millisecond, time.Duration(lasts)*time.Millisecond
	s.Cut, s.Flags = time.UnixMilli(int64(cut)), Flags(flags)
	if uint64(len(d.b)) < entries*(1+32) {
		return s, ErrShort
	}
	s.Entries = make([]Entry, entries)
	for i := range s.Entries {
		size := d.uvarint(MaxPayload)
		if d.err == nil && size == 0 {
			d.err = ErrMalformed
		}
		if d.err == nil && len(d.b) < 32 {
			d.err = ErrShort
		}
		if d.err != nil {
			return s, d.err
		}
		s.Entries[i].Size = uint32(size)
		d.b = d.b[copy(s.Entries[i].Digest[:], d.b):]
	}
	if len(d.b) != 0 {
		return s, ErrMalformed
	}
	return s, nil
}

// decoder reads uvarints from b and remembers the first error.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) uvarint(limit uint64) uint64 {
	if d.err != nil {
		return 0
	}
	v, n := binary.Uvarint(d.b)
	switch {
	case n == 0:
		d.err = ErrShort
	case n < 0 || v > limit:
		d.err = ErrMalformed
	default:
		d.b = d.b[n:]
	}
	return v
}

// AppendFrame appends a slice with its proof as one self-contained run of bytes, the body of the edge's answer to a
// slice request: the length of the encoded statement as uvarint, the statement, the signature, the payload to the end.
func AppendFrame(b []byte, s *Slice) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.Proof.Encoded)))
	b = append(b, s.Proof.Encoded...)
	b = append(b, s.Proof.Signature[:]...)
	return append(b, s.Payload...)
}

// FrameHead returns how many bytes of AppendFrame's result are before the payload if s is the proof.
func FrameHead(s *Signed) int {
	var length [binary.MaxVarintLen64]byte
	return binary.PutUvarint(length[:], uint64(len(s.Encoded))) + len(s.Encoded) + len(s.Signature)
}

// ParseProof reads what AppendFrame wrote for a slice of track without payload. The result shares b. It proves nothing:
// check the signature before anything is done with it.
func ParseProof(track TrackID, b []byte) (*Signed, error) {
	proof, rest, err := parseHead(track, b)
	if err == nil && len(rest) > 0 {
		err = ErrMalformed
	}
	return proof, err
}

// parseHead reads the part of a frame that is before the payload, and returns the payload too.
func parseHead(track TrackID, b []byte) (*Signed, []byte, error) {
	size, k := binary.Uvarint(b)
	if k <= 0 {
		return nil, nil, ErrShort
	}
	b = b[k:]
	if size > uint64(len(b)) || uint64(len(b))-size < uint64(len(Signature{})) {
		return nil, nil, ErrShort
	}
	proof := &Signed{Encoded: b[:size:size]}
	var err error
	if proof.Statement, err = ParseStatement(track, proof.Encoded); err != nil {
		return nil, nil, err
	}
	b = b[size:]
	return proof, b[copy(proof.Signature[:], b):], nil
}

// ParseFrame reads what AppendFrame wrote for slice n of track. The result shares b. It proves nothing: check the
// signature and the digest before anything is done with it.
func ParseFrame(track TrackID, n Number, b []byte) (*Slice, error) {
	proof, b, err := parseHead(track, b)
	if err != nil {
		return nil, err
	}
	if !proof.Covers(n) || uint64(len(b)) != uint64(proof.Entry(n).Size) {
		return nil, ErrMalformed
	}
	return &Slice{Number: n, Proof: proof, Payload: b}, nil
}

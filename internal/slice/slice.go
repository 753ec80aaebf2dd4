package slice

import "time"

const (
	// MaxPayload is the largest payload of one slice, in bytes.
	MaxPayload = 64 << 10
	// LivePayload is how large a slice of a live track is cut at the most, in bytes: the smaller a slice is the sooner a
	// viewer can pass it on, and the more of what is sent are proofs.
	LivePayload = 32 << 10
	// MaxDuration is how much of a live stream one slice holds at the most.
	MaxDuration = 250 * time.Millisecond
	// MaxEntries is how many slices one statement speaks of at the most.
	MaxEntries = 1024
)

// TrackID names one track as one edge cut it: random, new each time an edge starts to cut a stream anew.
type TrackID [16]byte

// Number counts the slices of a track from 0, without gaps.
type Number uint64

// Digest is the BLAKE3 digest (256 bits) of a slice's payload.
type Digest [32]byte

// Signature is an Ed25519 signature (RFC 8032).
type Signature [64]byte

// Flags say what is special about the slices of a statement.
type Flags uint8

const (
	// Discontinuity marks the first slice after a break at the source: what was sent meanwhile is lost, and
	// timestamps were moved so that the track's time goes on.
	Discontinuity Flags = 1 << iota
	// Continuation marks a slice whose payload begins in the middle of an FLV tag too large for one slice.
	Continuation
	// Final marks the last slice of a track: the source has ended for good.
	Final
)

// Entry is what a statement says of one slice.
type Entry struct {
	Size   uint32 // bytes of payload, 1 to MaxPayload
	Digest Digest
}

// Statement is what an edge states of slices First … First+len(Entries)-1: one slice a statement when live, a whole
// group when on demand.
type Statement struct {
	Track    TrackID
	Group    Number        // the first slice of the group that they belong to; Group == First where a group starts
	First    Number        // the first slice spoken of
	Time     time.Duration // where on the track's time line the first begins, whole milliseconds
	Duration time.Duration // how long all of them last together, whole milliseconds
	Cut      time.Time     // when the edge finished cutting the last of them, by its clock, whole milliseconds
	Flags    Flags
	Entries  []Entry
}

// Covers tells whether the statement speaks of slice n.
func (s *Statement) Covers(n Number) bool {
	return n >= s.First && n-s.First < Number(len(s.Entries))
}

// Entry returns what is stated of slice n, which the statement must cover.
func (s *Statement) Entry(n Number) Entry { return s.Entries[n-s.First] }

// StartsGroup tells whether a decoder can start with slice n.
func (s *Statement) StartsGroup(n Number) bool { return n == s.Group }

// Signed is a statement with its encoded form and the signature over that form: the proof that travels with slices.
type Signed struct {
	Statement
	Encoded   []byte // what was signed; see AppendStatement
	Signature Signature
}

// Slice is one slice with its proof.
type Slice struct {
	Number  Number
	Proof   *Signed
	Payload []byte
}

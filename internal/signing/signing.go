package signing

import (
	"errors"

	"github.com/superp2p/superp2p/internal/slice"
)

// Errors of Verifier. Each means that the bytes must not be played or passed on, and that who sent them is to be
// dropped.
var (
	ErrSignature = errors.New("signing: the statement's signature is not the edge's; drop its sender")
	ErrDigest    = errors.New("signing: the payload is not what the edge stated; drop its sender")
)

// context separates these signatures from any other use of the same key.
const context = "superp2p statement 1\x00"

// Sum returns the digest of a slice's payload.
func Sum(payload []byte) slice.Digest { return sum(payload) }

// keySize is how many bytes a public key has.
const keySize = 32

// Verifier checks what came from elsewhere against an edge's public key.
type Verifier struct {
	key edgeKey
}

// NewVerifier returns a Verifier for the edge with this public key; false if it is not 32 bytes.
func NewVerifier(key []byte) (*Verifier, bool) {
	if len(key) != keySize {
		return nil, false
	}
	return &Verifier{key: newEdgeKey(append([]byte(nil), key...))}, true
}

// Statement checks the signature of a statement.
func (v *Verifier) Statement(s *slice.Signed) error {
	if !v.key.verify(message(s.Track, s.Encoded), (*[64]byte)(&s.Signature)) {
		return ErrSignature
	}
	return nil
}

// Payload checks the payload of slice n against a statement that Statement accepted and that covers n.
func (v *Verifier) Payload(s *slice.Statement, n slice.Number, payload []byte) error {
	e := s.Entry(n)
	if len(payload) != int(e.Size) || Sum(payload) != e.Digest {
		return ErrDigest
	}
	return nil
}

// Slice checks a whole slice: its statement's signature and its payload.
func (v *Verifier) Slice(s *slice.Slice) error {
	if err := v.Statement(s.Proof); err != nil {
		return err
	}
	return v.Payload(&s.Proof.Statement, s.Number, s.Payload)
}

func message(track slice.TrackID, encoded []byte) []byte {
	b := make([]byte, 0, len(context)+len(track)+len(encoded))
	b = append(b, context...)
	b = append(b, track[:]...)
	return append(b, encoded...)
}

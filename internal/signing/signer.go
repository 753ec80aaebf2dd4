//go:build !js

package signing

import (
	"crypto/ed25519"

	"github.com/zeebo/blake3"

	"github.com/superp2p/superp2p/internal/slice"
)

// Signer signs statements with an edge's private key. Pages have none.
type Signer struct {
	key ed25519.PrivateKey
}

// NewSigner returns a Signer whose key grows out of seed (RFC 8032, section 5.1.5); the same seed gives the same key.
func NewSigner(seed [ed25519.SeedSize]byte) *Signer {
	return &Signer{key: ed25519.NewKeyFromSeed(seed[:])}
}

// PublicKey returns the 32 bytes that viewers check with.
func (s *Signer) PublicKey() []byte { return s.key.Public().(ed25519.PublicKey) }

// Sign returns st with its encoded form and signature.
func (s *Signer) Sign(st slice.Statement) *slice.Signed {
	signed := &slice.Signed{Statement: st, Encoded: slice.AppendStatement(nil, &st)}
	copy(signed.Signature[:], ed25519.Sign(s.key, message(st.Track, signed.Encoded)))
	return signed
}

// edgeKey is a public key.
type edgeKey struct{ key ed25519.PublicKey }

func newEdgeKey(b []byte) edgeKey { return edgeKey{b} }

// verify checks a signature.
func (k *edgeKey) verify(message []byte, signature *[64]byte) bool {
	return ed25519.Verify(k.key, message, signature[:])
}

// sum is a BLAKE3 digest.
func sum(b []byte) [32]byte { return blake3.Sum256(b) }

package signing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/slice"
)

func signed(signer *Signer, payload []byte) *slice.Slice {
	st := slice.Statement{Track: slice.TrackID{7}, First: 4, Group: 4, Entries: []slice.Entry{{Size: uint32(len(payload)), Digest: Sum(payload)}}}
	return &slice.Slice{Number: 4, Proof: signer.Sign(st), Payload: payload}
}

func TestAProvedSlicePasses(t *testing.T) {
	signer := NewSigner([32]byte{1})
	v, ok := NewVerifier(signer.PublicKey())
	require.True(t, ok)
	require.NoError(t, v.Slice(signed(signer, []byte("media"))))
	require.Equal(t, signer.PublicKey(), NewSigner([32]byte{1}).PublicKey())
}

func TestAnythingElseFails(t *testing.T) {
	signer := NewSigner([32]byte{1})
	v, _ := NewVerifier(signer.PublicKey())
	for name, spoil := range map[string]func(*slice.Slice){
		"another payload":     func(s *slice.Slice) { s.Payload = []byte("nedia") },
		"a shorter payload":   func(s *slice.Slice) { s.Payload = s.Payload[:4] },
		"another signature":   func(s *slice.Slice) { s.Proof.Signature[0] ^= 1 },
		"another statement":   func(s *slice.Slice) { s.Proof.Encoded[0]++ },
		"another track":       func(s *slice.Slice) { s.Proof.Track[0]++ },
		"somebody else's key": func(s *slice.Slice) { *s = *signed(NewSigner([32]byte{2}), s.Payload) },
	} {
		s := signed(signer, []byte("media"))
		spoil(s)
		require.Error(t, v.Slice(s), name)
	}
	_, ok := NewVerifier([]byte("short"))
	require.False(t, ok)
}

func BenchmarkVerify(b *testing.B) {
	signer := NewSigner([32]byte{1})
	v, _ := NewVerifier(signer.PublicKey())
	s := signed(signer, make([]byte, slice.MaxPayload))
	b.SetBytes(int64(len(s.Payload)))
	for b.Loop() {
		if err := v.Slice(s); err != nil {
			b.Fatal(err)
		}
	}
}

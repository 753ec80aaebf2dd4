package signing

import (
	"bytes"
	"crypto/ed25519"
	stdsha512 "crypto/sha512"
	"math/rand/v2"
	"testing"

	"filippo.io/edwards25519"
	"github.com/stretchr/testify/require"
	"github.com/zeebo/blake3"
)

func TestPureSHA512(t *testing.T) {
	for n := range 400 {
		b := bytes.Repeat([]byte{byte(n), 3, 0xff}, n)[:n]
		var h sha512
		h.write(b[:n/3])
		h.write(b[n/3:])
		require.Equal(t, stdsha512.Sum512(b), h.sum())
	}
}

func TestPureBLAKE3(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, 70_000)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	for n := range 5000 {
		require.Equal(t, blake3.Sum256(b[:n]), sumPure(b[:n]), "%d bytes", n)
	}
	for range 200 {
		n := random.IntN(len(b))
		require.Equal(t, blake3.Sum256(b[:n]), sumPure(b[:n]), "%d bytes", n)
	}
}

func BenchmarkPureBLAKE3(b *testing.B) {
	payload := make([]byte, 32<<10)
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		sumPure(payload)
	}
}

// What a page takes for proved is what all others do.
func TestPureVerificationIsTheStandardOne(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var seed [32]byte
		for i := range seed {
			seed[i] = byte(random.Uint32())
		}
		key := ed25519.NewKeyFromSeed(seed[:])
		public := []byte(key.Public().(ed25519.PublicKey))
		message := seed[:random.IntN(32)]
		signature := [64]byte(ed25519.Sign(key, message))
		known := &pureKey{key: public}
		require.True(t, known.verify(message, &signature))
		spoilt := signature
		spoilt[random.IntN(64)] ^= 1 << random.IntN(8)
		require.False(t, known.verify(message, &spoilt))
		require.False(t, known.verify(append(bytes.Clone(message), 1), &signature))
		other := bytes.Clone(public)
		other[random.IntN(32)] ^= 1 << random.IntN(8)
		require.Equal(t, ed25519.Verify(other, message, signature[:]), (&pureKey{key: other}).verify(message, &signature))
	}
}

// Scalars at the ends of their range have the longest carries.
func TestMultiplesOfAPoint(t *testing.T) {
	most, err := edwards25519.NewScalar().SetCanonicalBytes(append([]byte{0xec, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
		0xa2, 0xde, 0xf9, 0xde, 0x14}, append(make([]byte, 15), 0x10)...))
	require.NoError(t, err)
	eights, err := edwards25519.NewScalar().SetCanonicalBytes(append(bytes.Repeat([]byte{0x88}, 31), 0x08))
	require.NoError(t, err)
	a := edwards25519.NewGeneratorPoint()
	m := multiplesOf(a)
	one := edwards25519.NewScalar()
	for _, k := range []*edwards25519.Scalar{most, eights, one, one.Add(one, most)} {
		require.Equal(t, 1, m.times(k).Equal(new(edwards25519.Point).ScalarMult(k, a)))
	}
}

func FuzzPureVerification(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	f.Add([]byte(key.Public().(ed25519.PublicKey)), []byte("m"), ed25519.Sign(key, []byte("m")))
	f.Add(make([]byte, 32), []byte{}, make([]byte, 64)) // a point of small order
	f.Fuzz(func(t *testing.T, key, message, signature []byte) {
		if len(key) == 32 && len(signature) == 64 {
			require.Equal(t, ed25519.Verify(key, message, signature), (&pureKey{key: key}).verify(message, (*[64]byte)(signature)))
		}
	})
}

//go:build js

package signing

// verify checks a signature.
func verify(key, message []byte, signature *[64]byte) bool {
	return verifyPure(key, message, signature)
}

// sum is a BLAKE3 digest.
func sum(b []byte) [32]byte { return sumPure(b) }

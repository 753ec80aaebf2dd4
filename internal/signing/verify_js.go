//go:build js

package signing

// verify checks a signature.
func verify(key, message []byte, signature *[64]byte) bool {
	return verifyPure(key, message, signature)
}

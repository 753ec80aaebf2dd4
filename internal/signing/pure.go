package signing

import (
	"filippo.io/edwards25519"
)

// verifyPure is ed25519.Verify (RFC 8032, section 5.1.7, without cofactor, as there). The standard library's package brings
// along what a page never uses, self-tests of the FIPS module and a random source: a tenth of all that the page loads.
func verifyPure(key, message []byte, signature *[64]byte) bool {
	a, err := new(edwards25519.Point).SetBytes(key)
	if err != nil {
		return false
	}
	var h sha512
	h.write(signature[:32])
	h.write(key)
	h.write(message)
	digest := h.sum()
	k, err := edwards25519.NewScalar().SetUniformBytes(digest[:])
	if err != nil {
		return false
	}
	s, err := edwards25519.NewScalar().SetCanonicalBytes(signature[32:])
	if err != nil {
		return false
	}
	// R = s·B − k·A
	r := new(edwards25519.Point).VarTimeDoubleScalarBaseMult(k, a.Negate(a), s)
	return string(r.Bytes()) == string(signature[:32])
}

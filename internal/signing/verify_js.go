//go:build js

package signing

// edgeKey is a public key.
type edgeKey = pureKey

func newEdgeKey(b []byte) edgeKey { return edgeKey{key: b} }

// sum is a BLAKE3 digest.
func sum(b []byte) [32]byte { return sumPure(b) }

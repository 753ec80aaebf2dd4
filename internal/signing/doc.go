// Package signing makes and checks the proofs of slices: Ed25519 signatures (RFC 8032) over encoded statements, which
// hold the BLAKE3 digests of the slices that they speak of.
//
// A Signer and a Verifier hold only keys and are safe for concurrent use; in a page, where nothing is concurrent, the latter is
// not. The package is part of the engine that runs
// in a page: it imports neither net/http, encoding/json, log/slog nor fmt.
package signing

// Package stun is a STUN server that does one thing: it tells who asks from which address and port the question came
// (the Binding method of RFC 8489 over UDP), so that peers behind a NAT learn their public address.
//
// UDP senders can be forged, so the server gives nobody a lever: an answer carries the address and nothing else that
// the protocol does not demand (32 bytes to the shortest question of 20), each source gets a bounded number of
// answers, and whatever is no well-formed Binding request with the magic cookie gets none.
//
// A Server is safe to use concurrently and may serve several sockets.
package stun

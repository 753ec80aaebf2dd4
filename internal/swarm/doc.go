// Package swarm is the engine of a peer: it decides which slices come from which peer and which from the server, who
// is served, and when a slice is played.
//
// It is a state machine. Whoever drives it (the native peer, the page, the simulator) tells it what happened and what
// time it is, then takes the Actions that follow and carries them out. The engine has no goroutine, clock, socket or
// random source of its own, so that the same code runs in all of them and a whole audience can be a test. An Engine
// is not safe for concurrent use: one goroutine drives it.
//
// Bookkeeping and policy are apart: what is known of neighbours, slices and time stands in neighbour.go, store.go and
// playout.go; whom to ask, who takes first copies and when to turn to the server are the rules of Policy.
// docs/swarm.md says why they are what they are.
//
// The package runs in a page as wasm: it imports neither net/http, encoding/json, log/slog nor fmt.
package swarm

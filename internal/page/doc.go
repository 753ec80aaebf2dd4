// Package page is the swarm engine in the form that a web page drives: bytes in, bytes out. What internal/peer does with
// goroutines and Go values a page does with one thread and linear memory; so a Session takes a run of inputs (what
// happened) and returns a run of outputs (what is to be done), both encoded as described at the Input and Output kinds.
// sdk/web/core exports it as WebAssembly, sdk/web/src/engine.ts is its other end.
//
// Numbers are uvarints (LEB128, as in docs/wire.md) unless it says otherwise, strings of bytes come after their length.
// Inputs from a page are checked like any from outside: what breaks the form is refused as a whole and changes nothing
// that came before it. A Session is not safe for concurrent use, and has no clock: the time comes with each call.
//
// The package runs in a page as wasm: it imports neither net/http, encoding/json, log/slog nor fmt.
package page

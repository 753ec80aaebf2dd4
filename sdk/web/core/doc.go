//go:build js && wasm

// Command core is the peer inside a web page: the swarm engine (internal/page) as WebAssembly. The page owns connections,
// timers and players and passes bytes through linear memory; the core is called, decides, and returns.
//
// `make sdk` builds it, `make wasm` holds its imports and its size. It has one caller at a time, as a page has one thread, and no goroutine but the runtime's.
package main

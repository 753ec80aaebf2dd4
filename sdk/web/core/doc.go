//go:build js && wasm

// Command core is the peer inside a web page: the swarm engine as WebAssembly. The page owns connections, timers and
// players and passes bytes through linear memory; the core is called, decides, and returns.
//
// At present it links the engine and exports only what a measurement needs: `make wasm` builds it so that its imports
// and its size are held from the first day. Build it with the tag purego, which spares BLAKE3 the search for processor
// features, and the page 0.1 MB. It has one caller at a time, as a page has one thread.
package main

//go:build js && wasm

// Command flash is what makes, in a page, FLV for Flash players of what the page's engine plays: internal/film and internal/viewing
// as WebAssembly (flv.wasm), which is loaded when a SWF plays by the page. It reads nothing by itself: it asks the page for each
// piece (request), and gives it FLV (player). Bytes pass through its memory, and never as values of JavaScript, which are freed
// late: a live stream would fill the page.
package main

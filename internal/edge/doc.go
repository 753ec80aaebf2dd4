// Package edge takes live streams in, cuts them into signed slices and hands out first copies over HTTP.
//
// A stream is known by its identity, a channel id or a URL without what differs per viewer, and is pulled once however
// many viewers ask: from the first play until a while after the last viewer. Published streams come in by Publish.
// Each stream has one goroutine, the cutter: source → slicer → signature → window. Nothing that a viewer does makes it
// wait. What may be pulled is decided twice: when a URL is asked for, and again at each connection that its pull opens,
// on the address that it really leads to.
//
// HLS playlists are either: a live one is a stream that is cut segment by segment, a complete one a file whose groups are its
// segments.
//
// An Edge and a Publication are safe for concurrent use; Close ends all goroutines. The HTTP interface is described in
// docs/openapi.yaml, its types are in package edgeapi.
package edge

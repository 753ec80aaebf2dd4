// Package film plays a file or an HLS playlist as an FLV stream: for NetStreams and Flash players, which know nothing else.
// Frames are not changed. Where the bytes come from, a swarm or an origin, is the Source's.
//
// A Film belongs to one goroutine, except for Close.
package film

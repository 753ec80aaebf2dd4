// Package film plays a file that viewers pass on, MP4 say, as an FLV stream: for NetStreams and Flash players, which know
// nothing else. Frames are not changed.
//
// A Film belongs to one goroutine, except for Close.
package film

// Package timeline puts the slices of a live stream on one line of time and lets any number of readers play it as FLV.
//
// What a reader gets begins with a file header, a complete onMetaData (Flash players need every key of it) and the
// sequence headers; then come the stream's own tags, audio and video bodies bit for bit and in order, from the start
// of a group on. Timestamps begin at 0 and have no gaps: where slices are missing, or another track takes over, time
// goes on without a hole, because players that fill a media buffer by timestamps would wait in it for ever.
//
// Append never waits for a reader: who falls behind the window jumps to the newest group. Memory is bounded by
// Config.MaxBytes. A Timeline is safe for concurrent use; a Reader belongs to one goroutine, except for Close.
package timeline

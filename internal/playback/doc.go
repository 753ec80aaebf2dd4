// Package playback is the buffer and the clock of a NetStream: what flash.net.NetStream does between the bytes that
// arrive and the frames that are shown.
//
// A Player is a state machine. Whoever drives it appends FLV tags, says what the application asks for (pause, seek,
// step …) and what time it is, and takes the Actions that follow, in order: events to tell and tags to hand on. It has
// no goroutine, clock or socket of its own and is not safe for concurrent use: one goroutine drives it, takes the
// Actions after each call, and calls Tick at Next. What the state is and in which order events come stands in
// docs/netstream.md.
//
// Positions are on the stream's line of time: the timestamps of the source, without their wrap after 49.7 days, and
// with jumps closed. Tags that are handed on keep the timestamps of the source; only configuration that is repeated or
// comes first after a seek gets the timestamp of the frame that it precedes.
package playback

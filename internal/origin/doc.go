// Package origin is a live origin for the demo, the benchmark and tests: it loops an embedded clip (H.264 + AAC, made
// by scripts/make-clip.sh) in real time with timestamps that only rise, serves it as HTTP-FLV to any number of clients,
// all of whom see the same stream, and pushes it by RTMP.
//
// Every video frame is marked: it begins with an SEI NAL unit (user_data_unregistered, which decoders ignore) that holds
// the frame's sequence number, its unwrapped timestamp and the wall time at which it was due to be sent live. The mark
// is part of the body, so it survives every relay and every shift of timestamps: ParseMark on a tag of a viewer's output
// gives the delay behind live, across processes too.
//
// An Origin is safe for concurrent use. A Loop belongs to one goroutine.
package origin

// Package remux turns containers into FLV tags and FLV tags into containers, without re-encoding: MPEG-TS, fragmented
// MP4 (CMAF) and progressive MP4 come in, fragmented MP4 and MPEG-TS go out. Everything streams; what is held at once
// is bounded by Options.
//
// It follows ISO/IEC 13818-1 (MPEG-TS), ISO/IEC 14496-12, -14 and -15 (MP4, its AVC and HEVC), ISO/IEC 14496-3 (ADTS),
// Adobe's FLV specification 10.1 and enhanced RTMP v2 for what legacy FLV cannot name (HEVC, AV1, VP9, Opus, AC-3).
// One video and one audio track are carried, the first of each kind.
//
// Of libraries, github.com/Eyevinn/mp4ff reads and writes MP4's boxes, since it keeps decoder configurations whole,
// knows 64-bit offsets and checks the size of each box before it takes memory for it; mediacommon's own MP4 packages
// have 32-bit offsets and keep of a configuration only one parameter set. github.com/asticode/go-astits reads
// MPEG-TS's tables, but not its frames: for each packet it copies the whole frame that the packet belongs to, which
// takes a sender of large frames seconds of our time, and so does every library built on it. MPEG-TS is written by
// github.com/bluenviron/mediacommon. The parsers are known to panic on bad bytes now and then; such a panic ends here
// as an error.
//
// Errors are *fault.Error, except for io.EOF and for what the reader or writer below returned, which is handed on. A
// Reader, a Writer and a Joiner each belong to one goroutine; different ones may be used concurrently.
package remux

// Package slicer cuts a live stream of FLV tags into the payloads of slices, and joins payloads to tags again.
//
// A group starts at each video keyframe (but not within 250 ms of the last, unless the codec changes); without video,
// about every two seconds. A slice holds complete tags, at most 250 ms and 64 KiB of them; only a tag that is too large
// for one slice spans several. The payload of the first slice
// of a group is `uvarint(len(preamble)) | preamble | tags`, of every other slice `tags`; the preamble holds the tags
// that a decoder needs before the group (onMetaData, sequence headers), each in the form of an FLV file.
//
// Tags come out as they went in: all of them from the first group on, in order, bit for bit. Only timestamps change:
// track time starts at 0 and goes on steadily where the source jumps.
//
// A Slicer and a Joiner are pure (no clock, no goroutine) and belong to one goroutine at a time.
package slicer

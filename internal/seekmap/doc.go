// Package seekmap tells where in a file a time is, and which time is at a byte, from a few ranges of it: by the sample tables of MP4,
// the index of fragmented MP4 (sidx or mfra), and the keyframe list of FLV; for other files by their duration alone.
//
// It follows ISO/IEC 14496-12 (box structure, sample tables, edit lists of one edit, sidx, mfra) and Adobe's "Video File Format
// Specification" 10.1, annex E, with the keyframes list that FLV tools put into onMetaData.
//
// What a file says is not believed: sizes and counts have limits, and a file whose index is absent or damaged gets a Map that guesses,
// and says so. Only reads that fail are errors.
//
// A Map is plain data. The functions may be called concurrently.
package seekmap

// Package flv reads and writes FLV tags, tells what a tag is without decoding it, and completes onMetaData.
//
// It follows Adobe's "Video File Format Specification" 10.1 (annex E) and Veovera's "Enhanced RTMP" v1 and v2, which
// FLV shares: FourCC codecs (HEVC, AV1, VP9, Opus, …), ModEx and multitrack bodies. It also knows the codec numbers
// 12–14 (HEVC, AV1, VVC), which many CDNs use in legacy bodies.
//
// Bodies are never changed: what is read and written again is the same, bit for bit. A Tag is plain data; a Reader
// belongs to one goroutine; the functions may be called concurrently.
package flv

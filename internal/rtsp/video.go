package rtsp

import (
	"bytes"
	"slices"

	"github.com/superp2p/superp2p/internal/flv"
)

const (
	// ticksPerMS converts the 90 kHz in which the DTS extractors count.
	ticksPerMS = 90
	// maxReorder is how far a frame may be presented after it is decoded, in 90 kHz.
	maxReorder = 10_000 * ticksPerMS
)

// codec is what differs between H.264 and H.265.
type codec interface {
	// set returns which of the parameter sets a NAL unit is: an index below sets, or -1.
	set(nalu []byte) int
	sets() int
	// valid tells whether a parameter set can be read.
	valid(set int, nalu []byte) bool
	// picture tells whether a NAL unit is part of a picture, and of one that decoding can start with.
	picture(nalu []byte) (is, key bool)
	// idle tells whether a NAL unit means nothing to a decoder: delimiters and filling.
	idle(nalu []byte) bool
	// begin and frame append what precedes the record of a sequence header, and a frame.
	begin(b []byte) []byte
	frame(b []byte, key bool, composition int32) []byte
	// record appends the decoder's configuration.
	record(b []byte, sets [][][]byte) []byte
	// extractor returns what finds decoding times.
	extractor() func(au [][]byte, pts int64) (int64, error)
}

// video makes tags of access units of video.
type video struct {
	codec   codec
	limit   int
	sets    [][][]byte // the parameter sets in use, by kind
	changed bool       // since the last sequence header
	begun   bool       // a keyframe came

	extract func(au [][]byte, pts int64) (int64, error)
	broken  bool  // the extractor does not understand the stream
	last    int64 // the last decoding time, 90 kHz
}

func newVideo(c codec, limit int) *video {
	return &video{codec: c, limit: limit, sets: make([][][]byte, c.sets()), extract: c.extractor()}
}

// adopt takes the parameter sets among NAL units. Those of a kind replace all of that kind before.
func (v *video) adopt(nalus [][]byte) {
	found := make([][][]byte, len(v.sets))
	for _, n := range nalus {
		if len(n) == 0 {
			continue
		}
		// Lengths have 16 bits in a sequence header.
		if i := v.codec.set(n); i >= 0 && len(n) <= 0xffff && v.codec.valid(i, n) {
			found[i] = append(found[i], n)
		}
	}
	for i := range found {
		if len(found[i]) > 0 && !slices.EqualFunc(found[i], v.sets[i], bytes.Equal) {
			v.sets[i], v.changed = found[i], true
		}
	}
}

// complete tells whether there is a parameter set of each kind.
func (v *video) complete() bool {
	return !slices.ContainsFunc(v.sets, func(s [][]byte) bool { return len(s) == 0 })
}

// header returns the sequence header, without a record if parameter sets are missing.
func (v *video) header(at int64) *flv.Tag {
	t := &flv.Tag{Type: flv.Video, Timestamp: milliseconds(at), Body: v.codec.begin(nil)}
	if v.complete() {
		t.Body = v.codec.record(t.Body, v.sets)
	}
	return t
}

// tags makes tags of the NAL units of an access unit that is presented at that time, in µs. Nothing comes before a
// keyframe with all parameter sets.
func (v *video) tags(nalus [][]byte, at int64) ([]flv.Tag, error) {
	v.adopt(nalus)
	var picture, key bool
	var kept [][]byte
	size := 0
	for _, n := range nalus {
		if len(n) == 0 || v.codec.set(n) >= 0 || v.codec.idle(n) {
			continue
		}
		is, starts := v.codec.picture(n)
		picture, key = picture || is, key || starts
		kept = append(kept, n)
		size += 4 + len(n)
	}
	if !picture || !v.begun && !key || !v.complete() {
		return nil, nil
	}
	pts := at * ticksPerMS / 1000
	dts := v.decoding(kept, key, pts)
	var tags []flv.Tag
	if v.changed || !v.begun {
		tags = append(tags, *v.header(dts * 1000 / ticksPerMS))
	}
	v.begun, v.changed = true, false
	composition := milliseconds(at) - uint32(max(dts, 0)/ticksPerMS)
	body := v.codec.frame(make([]byte, 0, size+8), key, int32(composition))
	if size+8 > v.limit {
		return tags, tooLarge()
	}
	for _, n := range kept {
		body = append(body, byte(len(n)>>24), byte(len(n)>>16), byte(len(n)>>8), byte(len(n)))
		body = append(body, n...)
	}
	return append(tags, flv.Tag{Type: flv.Video, Timestamp: uint32(max(dts, 0) / ticksPerMS), Body: body}), nil
}

// decoding returns when a frame is decoded, in 90 kHz; it never goes back.
func (v *video) decoding(au [][]byte, key bool, pts int64) int64 {
	if key {
		if v.broken {
			v.extract, v.broken = v.codec.extractor(), false
		}
		au = append(slices.Concat(v.sets...), au...)
	}
	dts := pts
	if !v.broken {
		var err error
		if dts, err = v.extract(au, pts); err != nil {
			dts, v.broken = pts, true
		}
	}
	dts = max(dts, pts-maxReorder)
	if v.begun {
		dts = max(dts, v.last)
	}
	v.last = dts
	return dts
}

// appendSets appends parameter sets, each with its length.
func appendSets(b []byte, sets [][]byte) []byte {
	for _, s := range sets {
		b = append(append(b, byte(len(s)>>8), byte(len(s))), s...)
	}
	return b
}

// appendTime appends a composition time: 24 bits, signed.
func appendTime(b []byte, t int32) []byte { return append(b, byte(t>>16), byte(t>>8), byte(t)) }

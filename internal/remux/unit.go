package remux

import (
	"encoding/binary"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

// unit is a frame, or what a decoder needs before it. Frames of H.264 and H.265 are length-prefixed.
type unit struct {
	video, config, key bool
	codec              flv.Codec
	dts, pts           time.Duration // on the container's own line of time
	data               []byte
}

// queue returns the index of the unit's track.
func (u *unit) queue() int {
	if u.video {
		return 0
	}
	return 1
}

// fromScale converts a time in units of 1/scale s.
func fromScale(v int64, scale uint32) time.Duration {
	s := int64(scale)
	return time.Duration(v/s)*time.Second + time.Duration(v%s*int64(time.Second)/s)
}

// milliseconds rounds to FLV's unit.
func milliseconds(d time.Duration) int64 {
	return int64(d.Round(time.Millisecond) / time.Millisecond)
}

// tag returns the unit as an FLV tag, its time counted from origin.
func (u *unit) tag(origin time.Duration) flv.Tag {
	dts := milliseconds(u.dts - origin)
	// A composition time has 24 bits with sign.
	cts := max(-1<<23, min(milliseconds(u.pts-origin)-dts, 1<<23-1))
	t := flv.Tag{Type: flv.Audio, Timestamp: uint32(max(0, dts))}
	if u.video {
		t.Type = flv.Video
	}
	t.Body = append(u.header(int32(cts)), u.data...)
	return t
}

// header returns what precedes the data in a tag's body, with room for the data.
func (u *unit) header(cts int32) []byte {
	b := make([]byte, 0, 16+len(u.data))
	kind := byte(1) // frames, in legacy and enhanced bodies alike
	if u.config {
		kind = 0
	}
	switch {
	case u.codec == flv.AAC:
		return append(b, 0xaf, kind)
	case u.codec == flv.MP3:
		return append(b, 0x2f)
	case !u.video:
		return append(append(b, 0x90|kind), u.codec...)
	}
	frameType := byte(2)
	if u.key || u.config {
		frameType = 1
	}
	if u.codec == flv.H264 {
		b = append(b, frameType<<4|7, kind)
		return appendTime(b, cts)
	}
	b = append(append(b, 0x80|frameType<<4|kind), u.codec...)
	if u.codec == flv.HEVC && !u.config {
		b = appendTime(b, cts)
	}
	return b
}

func appendTime(b []byte, cts int32) []byte { return append(b, byte(cts>>16), byte(cts>>8), byte(cts)) }

// appendNALU appends a NAL unit with its length.
func appendNALU(b, nalu []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(nalu))), nalu...)
}

package origin

import (
	"bytes"
	"encoding/hex"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

// Mark is what a video frame of an Origin says of itself.
type Mark struct {
	Sequence  uint64    // counts video frames from 0
	Timestamp int64     // milliseconds, unwrapped; the tag's timestamp at the origin is the low 32 bits
	Sent      time.Time // when the frame was due to be sent live, to the microsecond
}

// markUUID names the user data (ISO/IEC 14496-10, D.2.6). It and what follows are letters, so that no emulation
// prevention is needed.
const markUUID = "superp2p-origin1"

// markSize is the size of the mark's NAL unit: header, payload type and size, UUID, three numbers of 16 digits, trailing
// bits.
const markSize = 3 + len(markUUID) + 3*16 + 1

// appendMark appends the mark as a NAL unit with its length before it, as FLV has them.
func appendMark(b []byte, m Mark) []byte {
	b = append(b, 0, 0, 0, byte(markSize))
	b = append(b, 6, 5, byte(len(markUUID)+3*16)) // SEI, user_data_unregistered
	b = append(b, markUUID...)
	for _, v := range [...]uint64{m.Sequence, uint64(m.Timestamp), uint64(m.Sent.UnixMicro())} {
		var raw [8]byte
		for i := range raw {
			raw[i] = byte(v >> (56 - 8*i))
		}
		b = hex.AppendEncode(b, raw[:])
	}
	return append(b, 0x80)
}

// ParseMark returns the mark of a video frame; false if it has none. It finds it wherever it stands in the body.
func ParseMark(t *flv.Tag) (Mark, bool) {
	if t.Type != flv.Video {
		return Mark{}, false
	}
	return FindMark(t.Body)
}

// FindMark returns the first mark in b, which may be any container or bitstream that holds the frame whole.
func FindMark(b []byte) (Mark, bool) {
	i := bytes.Index(b, []byte(markUUID))
	if i < 0 || len(b) < i+len(markUUID)+3*16 {
		return Mark{}, false
	}
	b = b[i+len(markUUID):]
	var values [3]uint64
	for k := range values {
		var raw [8]byte
		if _, err := hex.Decode(raw[:], b[16*k:16*k+16]); err != nil {
			return Mark{}, false
		}
		for _, x := range raw {
			values[k] = values[k]<<8 | uint64(x)
		}
	}
	return Mark{values[0], int64(values[1]), time.UnixMicro(int64(values[2]))}, true
}

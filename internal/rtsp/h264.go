package rtsp

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// avc is H.264 in legacy bodies (Adobe E.4.3.1).
type avc struct{}

func (avc) set(n []byte) int {
	switch h264.NALUType(n[0] & 0x1f) {
	case h264.NALUTypeSPS:
		return 0
	case h264.NALUTypePPS:
		return 1
	}
	return -1
}

func (avc) sets() int { return 2 }

func (avc) valid(set int, n []byte) bool {
	var sps h264.SPS
	return set != 0 || len(n) >= 4 && sps.Unmarshal(n) == nil
}

func (avc) picture(n []byte) (is, key bool) {
	t := h264.NALUType(n[0] & 0x1f)
	return t >= h264.NALUTypeNonIDR && t <= h264.NALUTypeIDR, t == h264.NALUTypeIDR
}

func (avc) idle(n []byte) bool {
	t := h264.NALUType(n[0] & 0x1f)
	return t == h264.NALUTypeAccessUnitDelimiter || t == h264.NALUTypeFillerData
}

func (avc) begin(b []byte) []byte { return append(b, 0x17, 0, 0, 0, 0) }

func (avc) frame(b []byte, key bool, composition int32) []byte {
	first := byte(0x27)
	if key {
		first = 0x17
	}
	return appendTime(append(b, first, 1), composition)
}

// record appends an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1).
func (avc) record(b []byte, sets [][][]byte) []byte {
	first := sets[0][0]
	sps, pps := sets[0][:min(len(sets[0]), 31)], sets[1][:min(len(sets[1]), 255)]
	b = append(b, 1, first[1], first[2], first[3], 0xff, 0xe0|byte(len(sps)))
	b = appendSets(b, sps)
	b = appendSets(append(b, byte(len(pps))), pps)
	switch first[1] {
	case 100, 110, 122, 144: // the High profiles
		var s h264.SPS
		if s.Unmarshal(first) == nil {
			b = append(b, 0xfc|byte(s.ChromaFormatIdc), 0xf8|byte(s.BitDepthLumaMinus8), 0xf8|byte(s.BitDepthChromaMinus8), 0)
		}
	}
	return b
}

func (avc) extractor() func([][]byte, int64) (int64, error) {
	d := &h264.DTSExtractor{}
	d.Initialize()
	return d.Extract
}

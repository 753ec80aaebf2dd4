package rtsp

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// hevc is H.265 in enhanced bodies (enhanced RTMP v1, ExVideoTagHeader).
type hevc struct{}

func hevcType(n []byte) h265.NALUType { return h265.NALUType(n[0] >> 1 & 0x3f) }

func (hevc) set(n []byte) int {
	switch hevcType(n) {
	case h265.NALUType_VPS_NUT:
		return 0
	case h265.NALUType_SPS_NUT:
		return 1
	case h265.NALUType_PPS_NUT:
		return 2
	}
	return -1
}

func (hevc) sets() int { return 3 }

func (hevc) valid(set int, n []byte) bool {
	var sps h265.SPS
	return set != 1 || len(profile(n)) == profileSize && sps.Unmarshal(n) == nil
}

func (hevc) picture(n []byte) (is, key bool) {
	t := hevcType(n)
	return t < h265.NALUType_VPS_NUT, t >= h265.NALUType_BLA_W_LP && t <= h265.NALUType_RSV_IRAP_VCL23
}

func (hevc) idle(n []byte) bool {
	t := hevcType(n)
	return t == h265.NALUType_AUD_NUT || t == h265.NALUType_FD_NUT
}

func (hevc) begin(b []byte) []byte { return append(b, 0x90, 'h', 'v', 'c', '1') }

func (hevc) frame(b []byte, key bool, composition int32) []byte {
	first := byte(0xa0)
	if key {
		first = 0x90
	}
	if composition == 0 {
		return append(b, first|3, 'h', 'v', 'c', '1') // CodedFramesX
	}
	return appendTime(append(b, first|1, 'h', 'v', 'c', '1'), composition)
}

// profileSize is the size of the general part of profile_tier_level (ITU-T H.265, 7.3.3), in bytes.
const profileSize = 12

// profile returns the general part of an SPS's profile_tier_level.
func profile(sps []byte) []byte {
	// Two bytes of NAL unit header and one of SPS precede it; emulation prevention adds at most a third.
	b := h264.EmulationPreventionRemove(sps[:min(len(sps), 3+profileSize+8)])
	if len(b) < 3+profileSize {
		return nil
	}
	return b[3 : 3+profileSize]
}

// record appends an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1).
func (hevc) record(b []byte, sets [][][]byte) []byte {
	first := sets[1][0]
	var s h265.SPS
	_ = s.Unmarshal(first) // valid has seen to that
	nested := byte(0)
	if s.TemporalIDNestingFlag {
		nested = 1
	}
	b = append(append(b, 1), profile(first)...)
	b = append(b, 0xf0, 0, // no spatial segmentation
		0xfc, // parallelism unknown
		0xfc|byte(s.ChromaFormatIdc), 0xf8|byte(s.BitDepthLumaMinus8), 0xf8|byte(s.BitDepthChromaMinus8),
		0, 0, // frame rate unknown
		(s.MaxSubLayersMinus1+1)<<3|nested<<2|3, // lengths of NAL units have 4 bytes
		byte(len(sets)))
	for i, all := range sets {
		b = append(b, 0x80|(byte(h265.NALUType_VPS_NUT)+byte(i)), byte(len(all)>>8), byte(len(all)))
		b = appendSets(b, all)
	}
	return b
}

func (hevc) extractor() func([][]byte, int64) (int64, error) {
	d := &h265.DTSExtractor{}
	d.Initialize()
	return d.Extract
}

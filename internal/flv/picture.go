package flv

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

// picture is what a video tag tells of the pictures; zero where unknown.
type picture struct {
	width, height int
	rate          float64 // frames per second
}

// picture reads the size of the pictures out of a sequence header, or of a keyframe of codecs that have none.
func (t *Tag) picture() picture {
	d := t.inspect()
	if t.Type != Video || !d.ok || d.header > len(t.Body) {
		return picture{}
	}
	b := t.Body[d.header:]
	switch {
	case d.codec == H264 && d.kind == sequenceHeader:
		return avcPicture(b)
	case d.codec == HEVC && d.kind == sequenceHeader:
		return hevcPicture(b)
	case d.codec == H263 && d.key:
		return sorensonPicture(b)
	}
	return picture{}
}

// avcPicture reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1).
func avcPicture(b []byte) picture {
	if len(b) < 8 || b[5]&0x1f == 0 {
		return picture{}
	}
	n := int(b[6])<<8 | int(b[7])
	if len(b) < 8+n {
		return picture{}
	}
	var sps h264.SPS
	if sps.Unmarshal(b[8:8+n]) != nil {
		return picture{}
	}
	return picture{sps.Width(), sps.Height(), sps.FPS()}
}

// hevcPicture reads an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1).
func hevcPicture(b []byte) picture {
	if len(b) < 23 {
		return picture{}
	}
	arrays := int(b[22])
	b = b[23:]
	for range arrays {
		if len(b) < 3 {
			break
		}
		typ, count := b[0]&0x3f, int(b[1])<<8|int(b[2])
		b = b[3:]
		for range count {
			if len(b) < 2 {
				return picture{}
			}
			n := int(b[0])<<8 | int(b[1])
			if len(b) < 2+n {
				return picture{}
			}
			if typ == uint8(h265.NALUType_SPS_NUT) {
				var sps h265.SPS
				if sps.Unmarshal(b[2:2+n]) != nil {
					return picture{}
				}
				return picture{sps.Width(), sps.Height(), sps.FPS()}
			}
			b = b[2+n:]
		}
	}
	return picture{}
}

// sorensonPicture reads the picture header of Sorenson H.263 (Adobe's specification, E.4.3.1, H263VIDEOPACKET).
func sorensonPicture(b []byte) picture {
	if len(b) < 9 {
		return picture{}
	}
	var v uint64 // 17 bits start code, 5 version, 8 temporal reference, 3 size, then 8+8 or 16+16 bits of own size
	for _, x := range b[:8] {
		v = v<<8 | uint64(x)
	}
	switch v >> 31 & 7 {
	case 0:
		return picture{width: int(v >> 23 & 0xff), height: int(v >> 15 & 0xff)}
	case 1:
		return picture{width: int(v >> 15 & 0xffff), height: int((v<<1 | uint64(b[8]>>7)) & 0xffff)}
	case 2:
		return picture{width: 352, height: 288}
	case 3:
		return picture{width: 176, height: 144}
	case 4:
		return picture{width: 128, height: 96}
	case 5:
		return picture{width: 320, height: 240}
	case 6:
		return picture{width: 160, height: 120}
	}
	return picture{}
}

// aacConfig reads the AudioSpecificConfig of an AAC sequence header.
func aacConfig(t *Tag, d *body) (rate, channels int, ok bool) {
	if d.kind != sequenceHeader || d.header > len(t.Body) {
		return 0, 0, false
	}
	var c mpeg4audio.AudioSpecificConfig
	if c.Unmarshal(t.Body[d.header:]) != nil {
		return 0, 0, false
	}
	return c.SampleRate, int(c.ChannelConfig), true
}

package remux

import (
	"bytes"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg1audio"

	"github.com/superp2p/superp2p/internal/flv"
)

// videoStream turns access units in the byte stream format (Annex B) into length-prefixed ones.
type videoStream struct {
	ts     *tsReader
	hevc   bool
	sets   parameterSets
	config []byte
}

func (s *videoStream) codec() flv.Codec {
	if s.hevc {
		return flv.HEVC
	}
	return flv.H264
}

func (s *videoStream) frame(pts, dts uint64, data []byte) error {
	au := splitAnnexB(data, s.hevc)
	if s.sets.take(au, s.hevc) {
		config, err := s.sets.config(s.hevc)
		// Damaged parameter sets come again; frames until then cannot be decoded anyway.
		if err != nil {
			s.config = nil
		} else if !bytes.Equal(config, s.config) {
			s.config = config
			at := fromScale(s.ts.clock.at(dts), 90_000)
			s.ts.push(unit{video: true, config: true, codec: s.codec(), dts: at, pts: at, data: config})
		}
	}
	if s.config == nil || len(au.frames) == 0 {
		return nil
	}
	u := unit{video: true, key: au.key, codec: s.codec()}
	u.dts = fromScale(s.ts.clock.at(dts), 90_000)
	u.pts = fromScale(s.ts.clock.at(pts), 90_000)
	for _, n := range au.frames {
		u.data = appendNALU(u.data, n)
	}
	s.ts.push(u)
	return nil
}

// adtsStream takes AAC frames out of ADTS (ISO/IEC 14496-3, 1.A.2.2).
type adtsStream struct {
	ts     *tsReader
	rest   []byte // of a frame that goes on in the next packet
	at     time.Duration
	config [2]byte
	known  bool
}

var adtsRates = [...]uint32{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

func (s *adtsStream) frame(pts, _ uint64, data []byte) error {
	at := fromScale(s.ts.clock.at(pts), 90_000)
	b := append(s.rest, data...)
	if len(s.rest) > 0 {
		// The time is that of the first frame that begins here; the one that goes on began before it.
		at = s.at
	}
	for len(b) >= 7 {
		if b[0] != 0xff || b[1]&0xf6 != 0xf0 {
			b = b[1:]
			continue
		}
		size := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5]>>5)
		header, rate := 7, int(b[2]>>2&0x0f)
		if b[1]&1 == 0 {
			header = 9 // with a CRC
		}
		if size <= header || rate >= len(adtsRates) {
			b = b[1:]
			continue
		}
		if len(b) < size {
			break
		}
		profile, channels := b[2]>>6+1, b[2]&1<<2|b[3]>>6
		config := [2]byte{profile<<3 | byte(rate)>>1, byte(rate)<<7 | channels<<3}
		if !s.known || config != s.config {
			s.known, s.config = true, config
			s.ts.push(unit{config: true, codec: flv.AAC, dts: at, pts: at, data: bytes.Clone(config[:])})
		}
		s.ts.push(unit{codec: flv.AAC, dts: at, pts: at, data: bytes.Clone(b[header:size])})
		at += fromScale(1024*int64(b[6]&3+1), adtsRates[rate])
		b = b[size:]
	}
	s.rest, s.at = bytes.Clone(b), at
	return nil
}

// mp3Stream splits MP3 frames.
type mp3Stream struct {
	ts   *tsReader
	rest []byte
	at   time.Duration
}

func (s *mp3Stream) frame(pts, _ uint64, data []byte) error {
	at := fromScale(s.ts.clock.at(pts), 90_000)
	b := append(s.rest, data...)
	if len(s.rest) > 0 {
		at = s.at
	}
	for len(b) >= 5 {
		if b[0] != 0xff || b[1]&0xe0 != 0xe0 {
			b = b[1:]
			continue
		}
		if layer := b[1] >> 1 & 3; layer > 1 {
			return s.ts.dropAudio([...]string{"", "", "MPEG audio layer II", "MPEG audio layer I"}[layer])
		}
		var h mpeg1audio.FrameHeader
		if h.Unmarshal(b) != nil || h.FrameLen() < 5 {
			b = b[1:]
			continue
		}
		size := h.FrameLen()
		if len(b) < size {
			break
		}
		s.ts.push(unit{codec: flv.MP3, dts: at, pts: at, data: bytes.Clone(b[:size])})
		at += fromScale(int64(h.SampleCount()), uint32(h.SampleRate))
		b = b[size:]
	}
	s.rest, s.at = bytes.Clone(b), at
	return nil
}

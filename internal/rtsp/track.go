package rtsp

import (
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// track is one media of a stream.
type track struct {
	name        string
	video       bool
	payloadType uint8
	rate        int
	announce    *flv.Tag // what tells of its codec: its sequence header, as far as that is known
	media       *description.Media
	url         *base.URL
	channel     int // of RTP; that of RTCP is one higher
	line        *line

	// decode puts packets together to what a packet completes: the NAL units of an access unit of video, the access
	// units of audio. It returns an error also while more packets are needed.
	decode func(*rtp.Packet) ([][]byte, error)
	// convert makes tags of an access unit of video, or of one of audio, that is presented at a time in µs.
	convert func(units [][]byte, at int64) ([]flv.Tag, error)

	seen      bool // a packet came
	sequence  uint16
	timestamp uint32
	barren    int // packets since the last access unit
	over      bool
}

// newTrack returns a track of that format, nil if there is no conversion for it. Tags are at most limit bytes large.
func newTrack(f format.Format, limit int) *track {
	t := &track{payloadType: f.PayloadType(), rate: f.ClockRate()}
	switch f := f.(type) {
	case *format.H264:
		d, err := f.CreateDecoder()
		if err != nil {
			return nil
		}
		v := newVideo(&avc{}, limit)
		v.adopt([][]byte{f.SPS, f.PPS})
		t.name, t.video, t.announce, t.decode, t.convert = "H.264", true, v.header(0), d.Decode, v.tags
	case *format.H265:
		d, err := f.CreateDecoder()
		if err != nil {
			return nil
		}
		v := newVideo(&hevc{}, limit)
		v.adopt([][]byte{f.VPS, f.SPS, f.PPS})
		t.name, t.video, t.announce, t.decode, t.convert = "H.265", true, v.header(0), d.Decode, v.tags
	case *format.MPEG4Audio:
		// Without a size field the library's decoder would not come to an end.
		if f.Config == nil || f.SizeLength <= 0 || f.IndexLength < 0 || f.IndexDeltaLength < 0 {
			return nil
		}
		d, err := f.CreateDecoder()
		if err != nil {
			return nil
		}
		config, err := f.Config.Marshal()
		if err != nil {
			return nil
		}
		a := &aac{config: config, limit: limit}
		t.name, t.announce, t.decode, t.convert = "AAC", a.header(0), d.Decode, a.tags
	default:
		return nil
	}
	if t.rate <= 0 {
		return nil
	}
	return t
}

// tooLarge is the fault of an access unit beyond the limit.
func tooLarge() error {
	return fault.New(fault.SourceInvalid, "a frame of the server is larger than what is accepted; lower its encoder's bitrate")
}

// milliseconds returns a time in µs as that of a tag.
func milliseconds(at int64) uint32 { return uint32(max(at, 0) / 1000) }

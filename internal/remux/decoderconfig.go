package remux

import (
	"bytes"

	"github.com/Eyevinn/mp4ff/avc"
	"github.com/Eyevinn/mp4ff/hevc"

	"github.com/superp2p/superp2p/internal/flv"
)

// videoConfig is a decoder configuration record of H.264 or H.265, read.
type videoConfig struct {
	record        []byte   // says that lengths have 4 bytes
	sets          [][]byte // the parameter sets, in the order in which a decoder wants them
	lengthSize    int      // of the frames that come with it
	width, height int      // in pixels
}

// readVideoConfig reads a record of ISO/IEC 14496-15.
func readVideoConfig(codec flv.Codec, record []byte) (c videoConfig, err error) {
	at := 4
	if codec == flv.HEVC {
		at = 21
	}
	if len(record) <= at {
		return c, invalid("the stream's decoder configuration is cut off; check the encoder")
	}
	c.lengthSize = int(record[at]&3) + 1
	c.record = bytes.Clone(record)
	c.record[at] |= 3
	err = guard("the stream's decoder configuration", func() error {
		if codec == flv.HEVC {
			return c.readHEVC()
		}
		return c.readAVC()
	})
	if err == nil && len(c.sets) == 0 {
		err = invalid("the stream's decoder configuration has no parameter sets; check the encoder")
	}
	return c, err
}

func (c *videoConfig) readAVC() error {
	r, err := avc.DecodeAVCDecConfRec(c.record)
	if err != nil {
		return wrapped(err, "the stream's decoder configuration is damaged; check the encoder")
	}
	c.sets = append(append(c.sets, r.SPSnalus...), r.PPSnalus...)
	if len(r.SPSnalus) > 0 {
		if sps, err := avc.ParseSPSNALUnit(r.SPSnalus[0], false); err == nil {
			c.width, c.height = int(sps.Width), int(sps.Height)
		}
	}
	return nil
}

func (c *videoConfig) readHEVC() error {
	r, err := hevc.DecodeHEVCDecConfRec(c.record)
	if err != nil {
		return wrapped(err, "the stream's decoder configuration is damaged; check the encoder")
	}
	for _, t := range []hevc.NaluType{hevc.NALU_VPS, hevc.NALU_SPS, hevc.NALU_PPS} {
		c.sets = append(c.sets, r.GetNalusForType(t)...)
	}
	if all := r.GetNalusForType(hevc.NALU_SPS); len(all) > 0 {
		if sps, err := hevc.ParseSPSNALUnit(all[0]); err == nil {
			w, h := sps.ImageSize()
			c.width, c.height = int(w), int(h)
		}
	}
	return nil
}

// split returns the NAL units of a frame; of a damaged one those before the damage.
func (c *videoConfig) split(frame []byte) [][]byte {
	var all [][]byte
	for len(frame) > c.lengthSize {
		n := 0
		for _, b := range frame[:c.lengthSize] {
			n = n<<8 | int(b)
		}
		frame = frame[c.lengthSize:]
		if n > len(frame) {
			break
		}
		if n > 0 {
			all = append(all, frame[:n])
		}
		frame = frame[n:]
	}
	return all
}

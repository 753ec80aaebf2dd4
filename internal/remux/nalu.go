package remux

import (
	"bytes"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
)

// maxSets bounds the parameter sets of one kind that are kept.
const maxSets = 64

// accessUnit is what a picture's NAL units are.
type accessUnit struct {
	frames        [][]byte // all but parameter sets and delimiters
	vps, sps, pps [][]byte
	key           bool
}

// splitAnnexB splits the byte stream format (H.264 and H.265, annex B).
func splitAnnexB(b []byte, hevc bool) accessUnit {
	var au accessUnit
	recovery := false
	for n := range annexB(b) {
		if hevc {
			if len(n) < 2 {
				continue
			}
			switch t := n[0] >> 1 & 0x3f; {
			case t == 32:
				au.vps = append(au.vps, n)
			case t == 33:
				au.sps = append(au.sps, n)
			case t == 34:
				au.pps = append(au.pps, n)
			case t >= 35 && t <= 38: // delimiter, end of sequence and of stream, filler
			default:
				au.key = au.key || t >= 16 && t <= 23
				au.frames = append(au.frames, n)
			}
			continue
		}
		switch t := n[0] & 0x1f; t {
		case 7:
			au.sps = append(au.sps, n)
		case 8:
			au.pps = append(au.pps, n)
		case 9, 10, 11, 12: // delimiter, end of sequence and of stream, filler
		default:
			au.key = au.key || t == 5
			recovery = recovery || t == 6 && len(n) > 1 && n[1] == 6
			au.frames = append(au.frames, n)
		}
	}
	// With open groups of pictures, a decoder starts at a recovery point.
	au.key = au.key || recovery && len(au.sps) > 0
	return au
}

// annexB yields the NAL units of a byte stream, none of them empty.
func annexB(b []byte) func(yield func([]byte) bool) {
	code := []byte{0, 0, 1}
	return func(yield func([]byte) bool) {
		i := bytes.Index(b, code)
		for i >= 0 {
			b = b[i+3:]
			i = bytes.Index(b, code)
			n := b
			if i >= 0 {
				n = b[:i]
			}
			if n = bytes.TrimRight(n, "\x00"); len(n) > 0 && !yield(n) {
				return
			}
		}
	}
}

// parameterSets are those that hold now.
type parameterSets struct{ vps, sps, pps [][]byte }

// take keeps the sets of an access unit, and tells whether there were any.
func (p *parameterSets) take(au accessUnit, hevc bool) bool {
	if len(au.vps)+len(au.sps)+len(au.pps) == 0 {
		return false
	}
	if len(au.vps) > 0 {
		p.vps = clones(nil, au.vps)
	}
	if len(au.sps) > 0 {
		p.sps = clones(nil, au.sps)
		if len(au.pps) > 0 {
			p.pps = nil
		}
	}
	for _, n := range au.pps {
		at := 1
		if hevc {
			at = 2
		}
		id := leadingID(n[min(at, len(n)):])
		known := false
		for i := range p.pps {
			if leadingID(p.pps[i][min(at, len(p.pps[i])):]) == id {
				p.pps[i], known = bytes.Clone(n), true
			}
		}
		if !known {
			p.pps = clones(p.pps, [][]byte{n})
		}
	}
	return true
}

// leadingID reads the exp-Golomb number that b begins with, which is a picture parameter set's own.
func leadingID(b []byte) uint {
	r := bits.NewEBSPReader(bytes.NewReader(b))
	return r.ReadExpGolomb()
}

func clones(to, sets [][]byte) [][]byte {
	for _, s := range sets {
		if len(to) < maxSets {
			to = append(to, bytes.Clone(s))
		}
	}
	return to
}

// config returns the decoder configuration record of ISO/IEC 14496-15.
func (p *parameterSets) config(hevc bool) (config []byte, err error) {
	if len(p.sps) == 0 || len(p.pps) == 0 || hevc && len(p.vps) == 0 {
		return nil, invalid("a parameter set is missing; check the encoder")
	}
	err = guard("a parameter set", func() error {
		var box mp4.Box
		var err error
		if hevc {
			box, err = mp4.CreateHvcC(p.vps, p.sps, p.pps, true, true, true, true)
		} else {
			box, err = mp4.CreateAvcC(p.sps, p.pps, true)
		}
		if err == nil {
			config, err = payload(box)
		}
		return err
	})
	return config, err
}

// payload returns what a box holds.
func payload(box mp4.Box) ([]byte, error) {
	var b bytes.Buffer
	if err := box.Encode(&b); err != nil {
		return nil, err
	}
	return b.Bytes()[8:], nil
}

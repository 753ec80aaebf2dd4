package remux

import (
	"encoding/binary"
	"io"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
)

// boxHeader is the header of a box at the top of a file or stream.
type boxHeader struct {
	name   string
	size   int64 // of the whole box, -1 for one that lasts until the end
	header int64
}

// readBoxHeader reads a header; io.EOF if nothing follows.
func readBoxHeader(r io.Reader) (boxHeader, error) {
	var b [16]byte
	if n, err := io.ReadFull(r, b[:8]); err != nil {
		if n == 0 {
			return boxHeader{}, err
		}
		return boxHeader{}, truncated(err, "a box's header")
	}
	h := boxHeader{string(b[4:8]), int64(binary.BigEndian.Uint32(b[:])), 8}
	for _, c := range []byte(h.name) {
		if c < ' ' || c > '~' && c != 0xa9 {
			return h, invalid("the bytes are no MP4; check that the URL leads to an MP4 file or segment")
		}
	}
	switch h.size {
	case 0:
		h.size = -1
		return h, nil
	case 1:
		if _, err := io.ReadFull(r, b[8:]); err != nil {
			return h, truncated(err, "a box's header")
		}
		h.header, h.size = 16, int64(min(binary.BigEndian.Uint64(b[8:]), 1<<62))
	}
	if h.size < h.header {
		return h, invalid("the MP4's box %q says that it has %d bytes, less than its header; the file is damaged", h.name, h.size)
	}
	return h, nil
}

// topBoxes are what a file or segment may begin with.
var topBoxes = [...]string{"ftyp", "styp", "moov", "moof", "sidx", "ssix", "emsg", "prft", "free", "skip", "wide", "uuid",
	"mdat", "meta", "pnot", "udta", "pdin"}

// begins tells whether a file or segment may begin with the box.
func (h *boxHeader) begins() bool {
	for _, name := range topBoxes {
		if h.name == name {
			return true
		}
	}
	return false
}

// readBox reads the body of a box of at most limit bytes, and parses it.
func readBox(r io.Reader, h boxHeader, at int64, limit int) (box mp4.Box, err error) {
	n := h.size - h.header
	if h.size < 0 || n > int64(limit) {
		return nil, invalid("the MP4's box %q has more than %d bytes; the file is damaged or the limit too low", h.name, limit)
	}
	b, err := readAll(r, int(n))
	if err != nil {
		return nil, truncated(err, "the box "+h.name)
	}
	err = guard("the MP4's box "+h.name, func() error {
		var err error
		// The parser knows long headers only of mdat; the start that it is told makes the sizes of children add up.
		box, err = mp4.DecodeBoxBodySR(uint64(at), mp4.BoxHeader{Name: h.name, Size: uint64(n) + 8, Hdrlen: 8}, bits.NewFixedSliceReader(b))
		if err != nil {
			return wrapped(err, "the MP4's box "+h.name+" is damaged; fetch it again, or check its source")
		}
		return nil
	})
	return box, err
}

// readAll reads n bytes, growing with what really arrives, so that a false size costs its sender the bytes.
func readAll(r io.Reader, n int) ([]byte, error) {
	const step = 256 << 10
	b := make([]byte, min(n, step))
	for at := 0; ; {
		if _, err := io.ReadFull(r, b[at:]); err != nil {
			return nil, err
		}
		if len(b) == n {
			return b, nil
		}
		at = len(b)
		b = append(b, make([]byte, min(n-at, max(at, step)))...)
	}
}

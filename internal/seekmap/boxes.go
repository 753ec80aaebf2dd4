package seekmap

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
)

// isBox tells whether an MP4 file may begin with a box of that name.
func isBox(name string) bool {
	switch name {
	case "ftyp", "styp", "moov", "mdat", "free", "skip", "wide", "pnot", "uuid", "sidx", "moof", "emsg":
		return true
	}
	return false
}

// box is the header of a box in a file.
type box struct {
	name    string
	at      int64 // where it begins
	size    int64 // its header included
	content int64 // where its content begins
}

func (b box) end() int64 { return b.at + b.size }

// box reads the header of the box at off. A box that claims more than the file has is errCut.
func (f *file) box(off int64) (box, error) {
	b, err := f.read(off, int(min(16, max(f.size-off, 8))))
	if err != nil {
		return box{}, err
	}
	return parseBox(b, off, f.size)
}

// parseBox reads the header of a box that begins b and stands at off of what is end bytes long.
func parseBox(b []byte, off, end int64) (box, error) {
	if len(b) < 8 {
		return box{}, errCut
	}
	x := box{name: string(b[4:8]), at: off, size: int64(binary.BigEndian.Uint32(b)), content: off + 8}
	switch x.size {
	case 0: // to the end
		x.size = end - off
	case 1:
		if len(b) < 16 {
			return box{}, errCut
		}
		large := binary.BigEndian.Uint64(b[8:])
		if large > math.MaxInt64 {
			return box{}, errBox
		}
		x.size, x.content = int64(large), off+16
	}
	if x.size < x.content-off {
		return box{}, errBox
	}
	if x.size > end-off {
		return x, errCut
	}
	return x, nil
}

var errBox = damage("a box of the MP4 file has an impossible size; look at its origin's copy")

// children calls do with each box within b, until it returns an error.
func (f *file) children(b []byte, do func(name string, whole, content []byte) error) error {
	for n := 0; len(b) >= 8; n++ { // QuickTime ends lists with four zero bytes
		if n == f.options.MaxBoxes {
			return errMany
		}
		x, err := parseBox(b[:min(len(b), 16)], 0, int64(len(b)))
		if err != nil {
			return err
		}
		if err := do(x.name, b[:x.size], b[x.content:x.size]); err != nil {
			return err
		}
		b = b[x.size:]
	}
	return nil
}

var errMany = damage("the MP4 file has too many boxes to be looked at; look at its origin's copy")

// decode reads a box that holds no others. mp4ff panics on some damaged ones.
func decode[T mp4.Box](whole []byte) (t T, err error) {
	defer func() {
		if recover() != nil {
			err = damage("a table of the MP4 file is damaged; look at its origin's copy")
		}
	}()
	b, err := mp4.DecodeBox(0, bytes.NewReader(whole))
	if err != nil {
		return t, damage("a table of the MP4 file is damaged; look at its origin's copy")
	}
	t, ok := b.(T)
	if !ok {
		return t, damage("a table of the MP4 file is not what its name says; look at its origin's copy")
	}
	return t, nil
}

// maxTime bounds times, so that sums of a few do not overflow: 29 years.
const maxTime = math.MaxInt64 / 10

// duration returns v ticks of a clock with that many ticks a second, at most maxTime.
func duration(v uint64, ticks uint32) time.Duration {
	if ticks == 0 {
		return 0
	}
	seconds, rest := v/uint64(ticks), v%uint64(ticks)
	if seconds >= maxTime/uint64(time.Second) {
		return maxTime
	}
	return time.Duration(seconds)*time.Second + time.Duration(rest*uint64(time.Second)/uint64(ticks))
}

// signed is duration for ticks that may be negative.
func signed(v int64, ticks uint32) time.Duration {
	if v < 0 {
		return -duration(-uint64(v), ticks)
	}
	return duration(uint64(v), ticks)
}

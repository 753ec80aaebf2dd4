package seekmap

import (
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

// opening is how many tags at the beginning of an FLV file are looked at for metadata, sequence headers and codecs.
const opening = 64

// peek is how much of a tag tells what it is, in bytes.
const peek = flv.TagHeaderSize + 16

// tail is how much of the end of an FLV file is read for its last time, if the file does not end with a whole tag, in bytes.
const tail = 1 << 20

// readFLV reads the beginning of an FLV file, and checks the keyframes that its metadata list.
func (f *file) readFLV(m *Map) error {
	header, err := f.read(0, flv.HeaderSize)
	if err != nil {
		return err
	}
	begin := int64(binary.BigEndian.Uint32(header[5:])) + 4
	if begin < flv.HeaderSize || begin > 1<<10 {
		return damage("the header of the FLV file is damaged; look at its origin's copy")
	}
	index, first, err := f.openFLV(m, begin)
	if err != nil {
		return err
	}
	cut := false
	points := make([]Point, 0, len(index.Times))
	for i, seconds := range index.Times {
		place := index.Positions[i]
		cut = cut || place >= float64(f.size)
		// Also false for what is no number.
		if seconds >= 0 && seconds < maxTime/1e9 && place >= 0 && place < 1<<62 {
			points = append(points, Point{time.Duration(seconds * 1e9), int64(place)})
		}
	}
	if index.Duration > 0 && index.Duration < maxTime/1e9 && !cut {
		m.Duration = time.Duration(index.Duration * 1e9)
	} else if last, ok, err := f.lastTime(); err != nil {
		return err
	} else if ok && last > first {
		m.Duration = milliseconds(last) - milliseconds(first)
	}
	start, told := m.Points, m.Duration
	if !m.settle(points, f.size) {
		return nil
	}
	if told > 0 { // of a file that is cut, its last tag knows better
		m.Duration = told
	}
	for _, p := range []Point{m.Points[len(m.Points)/2], m.Points[len(m.Points)-1]} {
		if ok, err := f.isKeyframe(p.Offset); err != nil {
			return err
		} else if !ok {
			m.Points, m.Exact = start, false
			return damage("the keyframes that the FLV file lists are not there, so times in it can only be guessed; index it anew")
		}
	}
	return nil
}

// openFLV reads the first tags: it sets Head, Points and the codecs of m, and returns what the metadata say and the first time.
func (f *file) openFLV(m *Map, off int64) (index flv.FileIndex, first uint32, err error) {
	begun := false
	head := off
	for range opening {
		t, size, err := f.tag(off, true)
		if failed := (*readError)(nil); errors.As(err, &failed) {
			return index, first, err
		}
		if err != nil {
			break // the file ends here, or is damaged later
		}
		off += size
		switch {
		case t.IsMetadata():
			index = flv.ParseFileIndex(t.Body)
			head = off
		case t.IsSequenceHeader():
			head = off
		case t.IsMedia() && !begun:
			first, begun = t.Timestamp, true
		}
		switch {
		case t.Type == flv.Video && m.Video == "":
			m.Video = string(t.Codec())
		case t.Type == flv.Audio && m.Audio == "":
			m.Audio = string(t.Codec())
		}
		if begun && m.Video != "" && m.Audio != "" {
			break
		}
	}
	head = min(head, f.size)
	m.Head = []Range{{0, head}}
	m.Points = []Point{{0, head}}
	return index, first, nil
}

// tag reads the tag at off, with its body or with the first bytes of it, and returns what it takes in all. The last tag of a file
// may lack its previous-tag-size.
func (f *file) tag(off int64, body bool) (flv.Tag, int64, error) {
	b, err := f.read(off, int(max(min(peek, f.size-off), flv.TagHeaderSize)))
	if err != nil {
		return flv.Tag{}, 0, err
	}
	t, size, err := flv.ParseTag(b, flv.Limits{MaxTag: min(f.options.MaxIndex, flv.MaxBody)})
	if err == nil || !errors.Is(err, flv.ErrShort) {
		return t, int64(size), err
	}
	n := size - flv.TagOverhead
	if off+int64(flv.TagHeaderSize+n) > f.size {
		return t, 0, errCut
	}
	if body {
		if b, err = f.read(off, flv.TagHeaderSize+n); err != nil {
			return t, 0, err
		}
	}
	t = flv.Tag{Type: flv.Type(b[0]), Timestamp: timestamp(b), Body: b[flv.TagHeaderSize:min(len(b), flv.TagHeaderSize+n)]}
	return t, int64(size), nil
}

func timestamp(b []byte) uint32 {
	return uint32(b[7])<<24 | uint32(b[4])<<16 | uint32(b[5])<<8 | uint32(b[6])
}

func milliseconds(v uint32) time.Duration { return time.Duration(v) * time.Millisecond }

// isKeyframe tells whether a keyframe's tag begins at off. It may be cut later: then the file ends there.
func (f *file) isKeyframe(off int64) (bool, error) {
	b, err := f.read(off, int(min(f.size-off, peek)))
	if err != nil {
		return false, err
	}
	if len(b) <= flv.TagHeaderSize {
		return true, nil // too little of it to tell
	}
	t := flv.Tag{Type: flv.Type(b[0]), Body: b[flv.TagHeaderSize:]}
	// Many lists begin with the sequence header.
	return t.Type == flv.Video && (len(t.Body) < 5 || t.IsKeyframe() || t.IsSequenceHeader()), nil
}

// lastTime returns the timestamp of the last whole tag.
func (f *file) lastTime() (uint32, bool, error) {
	if f.size < flv.HeaderSize+flv.TagOverhead {
		return 0, false, nil
	}
	b, err := f.read(f.size-4, 4)
	if err != nil {
		return 0, false, err
	}
	before := int64(binary.BigEndian.Uint32(b)) // 0 where a file is cut after a tag's header, which ends with zeros
	if at := f.size - 4 - before; before >= flv.TagHeaderSize && at >= flv.HeaderSize {
		if b, err = f.read(at, flv.TagHeaderSize); err != nil {
			return 0, false, err
		}
		if n, ok := plausible(b); ok && at+flv.TagOverhead+int64(n) == f.size {
			return timestamp(b), true, nil
		}
	}
	from := max(f.size-tail, flv.HeaderSize)
	if b, err = f.read(from, int(f.size-from)); err != nil {
		return 0, false, err
	}
	at, ok := NextTag(b)
	if !ok {
		return 0, false, nil
	}
	last := uint32(0)
	for b = b[at:]; len(b) >= flv.TagHeaderSize; {
		n, ok := plausible(b)
		if !ok || len(b) < flv.TagHeaderSize+n {
			break
		}
		last = timestamp(b)
		b = b[min(len(b), flv.TagOverhead+n):]
	}
	return last, true, nil
}

// plausible tells whether b may begin a tag, and of which body size.
func plausible(b []byte) (n int, ok bool) {
	if len(b) < flv.TagHeaderSize || b[8]|b[9]|b[10] != 0 {
		return 0, false
	}
	switch flv.Type(b[0]) {
	case flv.Audio, flv.Video, flv.Script:
	default:
		return 0, false
	}
	n = int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	return n, n <= flv.DefaultMaxTag
}

// chain is how many tags after one another make it sure that they are tags.
const chain = 3

// NextTag returns where in b, a piece of an FLV file, the first tag begins whose size agrees with the previous-tag-size after it, and
// so on for two tags more, or one tag more at the end of b. False if there is none: then a larger piece may have one.
func NextTag(b []byte) (int, bool) {
	for i := 0; i+flv.TagHeaderSize <= len(b); i++ {
		if linked(b[i:]) {
			return i, true
		}
	}
	return 0, false
}

func linked(b []byte) bool {
	for links := 0; links < chain; links++ {
		n, ok := plausible(b)
		switch end := n + flv.TagHeaderSize; {
		case !ok && len(b) < flv.TagHeaderSize:
			return links == chain-1 || links > 0 && len(b) == 0
		case !ok:
			return false
		case len(b) < end+4:
			return links == chain-1
		default:
			// Some encoders leave the header out of it.
			if before := int64(binary.BigEndian.Uint32(b[end:])); before != int64(end) && before != int64(n) {
				return false
			}
			b = b[end+4:]
		}
	}
	return true
}

// reach is how far FindKeyframe looks, in bytes.
const reach = 32 << 20

// FindKeyframe returns the first keyframe's tag of an FLV file of size bytes that begins at or after from, which may be any place
// within a tag. The time is the tag's own.
//
// Errors: those of r, and fault.SourceInvalid if there is none within 32 MiB.
func FindKeyframe(r io.ReaderAt, size, from int64) (Point, error) {
	f := &file{r: r, size: size, options: Options{}.withDefaults()}
	at, err := f.resync(max(from, flv.HeaderSize))
	for end := at + reach; err == nil && at < end; {
		var t flv.Tag
		var n int64
		if t, n, err = f.tag(at, false); err == nil && t.IsKeyframe() {
			return Point{milliseconds(t.Timestamp), at}, nil
		}
		at += n
	}
	var failed *readError
	if errors.As(err, &failed) {
		return Point{}, failed.error
	}
	return Point{}, damage("the FLV file has no keyframe near that place; start earlier")
}

// resync returns the beginning of the first tag at or after off.
func (f *file) resync(off int64) (int64, error) {
	for n := int64(256 << 10); ; n *= 4 {
		b, err := f.read(off, int(min(n, max(f.size-off, 0))))
		if err != nil {
			return 0, err
		}
		if at, ok := NextTag(b); ok {
			return off + int64(at), nil
		}
		if n >= reach || int64(len(b)) < n {
			return 0, damage("the FLV file has no tag near that place; start earlier")
		}
	}
}

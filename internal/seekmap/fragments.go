package seekmap

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
)

// maxMoof is the largest moof that is read, in bytes.
const maxMoof = 4 << 20

// probes is how many fragments are looked at to learn the bit rate.
const probes = 8

// readFragments makes points from sidx or mfra, or else from the bit rate of the first fragments. off is where moov ends.
func (f *file) readFragments(m *Map, v *movie, off int64) error {
	g := v.guide()
	if g == nil {
		return damage("the MP4 file has neither video nor audio, so times in it can only be guessed")
	}
	m.named(g)
	indexes, body, err := f.sidxes(m, off)
	if err != nil {
		return err
	}
	m.Points = []Point{{0, body}}
	random, end, err := f.mfra(g)
	if err != nil {
		return err
	}
	m.End = end
	index := g.fromSidx(indexes, m, end)
	if len(index) == 0 && g.timescale > 0 {
		index = v.fromMfra(random, g, body)
	}
	rate, err := f.probe(m, g, body)
	if err != nil {
		return err
	}
	if len(index) > 1 || len(index) == 1 && index[0].Offset == body {
		if m.settle(slices.DeleteFunc(index, func(p Point) bool { return p.Offset < body }), end) {
			if m.Duration == 0 && rate > 0 { // of the last fragment only the beginning is known
				last := m.Points[len(m.Points)-1]
				m.Duration = last.Time + time.Duration(float64(end-last.Offset)/rate)
			}
			return nil
		}
	}
	if m.Duration == 0 && rate > 0 {
		m.Duration = time.Duration(min(float64(end-body)/rate, maxTime))
	}
	return nil
}

// sidxes returns the sidx boxes between moov and the first fragment, which belong to the head, and where that begins.
func (f *file) sidxes(m *Map, off int64) (all []*mp4.SidxBox, body int64, err error) {
	for n := 0; off < f.size; n++ {
		if n == f.options.MaxBoxes {
			return nil, 0, errMany
		}
		b, err := f.box(off)
		if errors.Is(err, errCut) && (b.name == "moof" || b.name == "mdat") {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		if b.name == "moof" || b.name == "mdat" || b.name == "styp" {
			break
		}
		if b.name == "sidx" && b.size <= int64(f.options.MaxIndex) {
			whole, err := f.read(b.at, int(b.size))
			if err != nil {
				return nil, 0, err
			}
			m.Head = append(m.Head, Range{b.at, b.size})
			if x, err := decode[*mp4.SidxBox](whole); err == nil {
				x.AnchorPoint += uint64(b.at) // it was decoded as if it stood at 0
				all = append(all, x)
			}
		}
		off = b.end()
	}
	if off >= f.size {
		return nil, 0, damage("the MP4 file has no fragment, so there is nothing to play; look at its origin's copy")
	}
	return all, off, nil
}

// fromSidx returns the points of the sidx of track g, or of the first one, if it is a plain list of all fragments until end. It
// sets the duration, if that is unknown.
func (g *track) fromSidx(all []*mp4.SidxBox, m *Map, end int64) []Point {
	if len(all) == 0 {
		return nil
	}
	x := all[0]
	for _, other := range all {
		if other.ReferenceID == g.id {
			x = other
			break
		}
	}
	if x.Timescale == 0 || x.AnchorPoint > uint64(end) {
		return nil
	}
	var points []Point
	at, off := x.EarliestPresentationTime, int64(x.AnchorPoint)
	for _, r := range x.SidxRefs {
		if r.ReferenceType != 0 { // a sidx of further sidx
			return nil
		}
		points = append(points, Point{duration(at-x.EarliestPresentationTime, x.Timescale), off})
		at += uint64(r.SubSegmentDuration)
		off += int64(r.ReferencedSize)
	}
	// Some writers put a sidx before each fragment, for that fragment alone.
	if off < end-end/8 && off != end {
		return nil
	}
	if m.Duration == 0 {
		m.Duration = duration(at-x.EarliestPresentationTime, x.Timescale)
	}
	return points
}

// fromMfra returns the points of an mfra. What was cut out of a live stream does not begin at time 0: the first fragment tells.
func (v *movie) fromMfra(entries []mp4.TfraEntry, g *track, body int64) []Point {
	var points []Point
	shift := v.shift(g)
	if len(entries) > 0 && entries[0].MoofOffset <= uint64(body) {
		shift = -duration(entries[0].Time, g.timescale)
	}
	for _, e := range entries {
		points = append(points, Point{max(duration(e.Time, g.timescale)+shift, 0), int64(min(e.MoofOffset, 1<<62))})
	}
	return points
}

// mfra returns the entries of the index at the end of the file for track g, and where it begins; none and the size if there is none.
func (f *file) mfra(g *track) (entries []mp4.TfraEntry, end int64, err error) {
	end = f.size
	tail, err := f.read(max(end-16, 0), int(min(end, 16)))
	if err != nil {
		return nil, end, err
	}
	if len(tail) < 16 || string(tail[4:8]) != "mfro" {
		return nil, end, nil
	}
	size := int64(binary.BigEndian.Uint32(tail[12:]))
	if size < 24 || size > min(end, int64(f.options.MaxIndex)) {
		return nil, end, nil
	}
	b, err := f.box(end - size)
	if failed := (*readError)(nil); errors.As(err, &failed) {
		return nil, end, err
	}
	if err != nil || b.name != "mfra" || b.size != size {
		return nil, end, nil
	}
	whole, err := f.read(b.at, int(size))
	if err != nil {
		return nil, end, err
	}
	_ = f.children(whole[b.content-b.at:], func(name string, whole, _ []byte) error {
		if name == "tfra" {
			if x, err := decode[*mp4.TfraBox](whole); err == nil && (entries == nil || x.TrackID == g.id) {
				entries = x.Entries
			}
		}
		return nil
	})
	return entries, b.at, nil
}

// probe returns the bytes a nanosecond of the first fragments, 0 if that cannot be told.
func (f *file) probe(m *Map, g *track, off int64) (float64, error) {
	if m.Duration > 0 || g.timescale == 0 {
		return 0, nil
	}
	var firstTime, lastTime uint64
	begin, last, seen := off, off, 0
	for n := 0; off < f.size && seen < probes && n < 8*probes; n++ {
		b, err := f.box(off)
		if failed := (*readError)(nil); errors.As(err, &failed) {
			return 0, err
		}
		if err != nil {
			break // it is enough that there is no more
		}
		if b.name == "moof" && b.size <= maxMoof {
			whole, err := f.read(b.at, int(b.size))
			if err != nil {
				return 0, err
			}
			if at, ok := f.decodeTime(whole[b.content-b.at:], g.id); ok {
				if seen == 0 {
					begin, firstTime = b.at, at
				}
				last, lastTime = b.at, at
				seen++
			}
		}
		off = b.end()
	}
	if seen < 2 || lastTime <= firstTime {
		return 0, nil
	}
	d := duration(lastTime-firstTime, g.timescale)
	if d <= 0 {
		return 0, nil
	}
	return float64(last-begin) / float64(d), nil
}

// decodeTime returns when the samples of a track in the content of a moof are decoded, in its ticks.
func (f *file) decodeTime(moof []byte, id uint32) (at uint64, ok bool) {
	_ = f.children(moof, func(name string, _, content []byte) error {
		if name != "traf" || ok {
			return nil
		}
		mine := false
		return f.children(content, func(name string, whole, content []byte) error {
			switch {
			case name == "tfhd" && len(content) >= 8:
				mine = binary.BigEndian.Uint32(content[4:]) == id
			case name == "tfdt" && mine && !ok:
				if x, err := decode[*mp4.TfdtBox](whole); err == nil {
					at, ok = x.BaseMediaDecodeTime(), true
				}
			}
			return nil
		})
	})
	return at, ok
}

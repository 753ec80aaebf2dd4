package seekmap

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
)

// movie is what moov says.
type movie struct {
	timescale  uint32
	duration   time.Duration
	fragmented bool
	tracks     []track
}

// track is a trak. Tables that are missing are nil.
type track struct {
	id        uint32
	handler   string // vide, soun, …
	codec     string // FourCC of the first sample entry
	timescale uint32
	elst      *mp4.ElstBox
	stts      *mp4.SttsBox
	ctts      *mp4.CttsBox
	stsc      *mp4.StscBox
	stsz      *mp4.StszBox
	stss      *mp4.StssBox
	chunks    []uint64
}

// readMP4 walks the boxes of the file by their headers, over the media, until it has moov.
func (f *file) readMP4(m *Map) error {
	for off, n := int64(0), 0; off < f.size; n++ {
		if n == f.options.MaxBoxes {
			return errMany
		}
		b, err := f.box(off)
		if err != nil {
			return err
		}
		switch b.name {
		case "ftyp":
			m.Head = append(m.Head, Range{b.at, b.size})
		case "moov":
			return f.readMoov(m, b)
		case "moof":
			return damage("the MP4 file has fragments but no moov before them, so times in it can only be guessed")
		}
		off = b.end()
	}
	return damage("the MP4 file has no moov, so times in it can only be guessed; look at its origin's copy")
}

func (f *file) readMoov(m *Map, b box) error {
	if b.size > int64(f.options.MaxIndex) {
		return damage("the moov of the MP4 file is larger than the limit, so times in it can only be guessed")
	}
	m.Head = append(m.Head, Range{b.at, b.size})
	whole, err := f.read(b.at, int(b.size))
	if err != nil {
		return err
	}
	v, err := f.parseMoov(whole[b.content-b.at:])
	if v.duration > 0 {
		m.Duration = v.duration
	}
	for i := range v.tracks {
		switch t := &v.tracks[i]; {
		case t.handler == "vide" && m.Video == "":
			m.Video = t.codec
		case t.handler == "soun" && m.Audio == "":
			m.Audio = t.codec
		}
	}
	if err != nil {
		return err
	}
	if v.fragmented {
		m.Kind = Fragmented
		return f.readFragments(m, &v, b.end())
	}
	err = f.readTables(m, &v)
	if m.Exact && m.Points[len(m.Points)-1].Offset < b.at {
		m.End = b.at
	}
	return err
}

// parseMoov reads the content of moov; after an error it returns what came before.
func (f *file) parseMoov(b []byte) (movie, error) {
	var v movie
	var fragmentDuration uint64
	err := f.children(b, func(name string, whole, content []byte) error {
		switch name {
		case "mvhd":
			h, err := decode[*mp4.MvhdBox](whole)
			if err != nil {
				return err
			}
			v.timescale = h.Timescale
			if h.Duration != math.MaxUint32 && h.Duration != math.MaxUint64 { // these mean unknown
				v.duration = duration(h.Duration, h.Timescale)
			}
		case "trak":
			var t track
			err := f.parseTrak(&t, content, 0)
			v.tracks = append(v.tracks, t)
			return err
		case "mvex":
			v.fragmented = true
			return f.children(content, func(name string, whole, _ []byte) error {
				if name != "mehd" {
					return nil
				}
				h, err := decode[*mp4.MehdBox](whole)
				if err == nil && h.FragmentDuration > 0 {
					fragmentDuration = uint64(h.FragmentDuration)
				}
				return err
			})
		}
		return nil
	})
	if v.fragmented && fragmentDuration > 0 {
		v.duration = duration(fragmentDuration, v.timescale)
	}
	return v, err
}

// maxDepth is how deep the tables of a track stand: mdia, minf, stbl.
const maxDepth = 3

func (f *file) parseTrak(t *track, b []byte, depth int) error {
	if depth > maxDepth {
		return damage("the boxes of the MP4 file nest too deep; look at its origin's copy")
	}
	return f.children(b, func(name string, whole, content []byte) (err error) {
		switch name {
		case "mdia", "minf", "stbl", "edts":
			return f.parseTrak(t, content, depth+1)
		case "tkhd":
			if at := 12 + 8*int(first(content)&1); len(content) >= at+4 {
				t.id = binary.BigEndian.Uint32(content[at:])
			}
		case "hdlr":
			if len(content) >= 12 && t.handler == "" {
				t.handler = string(content[8:12])
			}
		case "mdhd":
			var h *mp4.MdhdBox
			if h, err = decode[*mp4.MdhdBox](whole); err == nil {
				t.timescale = h.Timescale
			}
		case "stsd":
			if len(content) >= 16 {
				t.codec = fourCC(content[12:16])
			}
		case "elst":
			t.elst, err = decode[*mp4.ElstBox](whole)
		case "stts":
			t.stts, err = decode[*mp4.SttsBox](whole)
		case "ctts":
			t.ctts, err = decode[*mp4.CttsBox](whole)
		case "stsc":
			t.stsc, err = decode[*mp4.StscBox](whole)
		case "stsz":
			t.stsz, err = decode[*mp4.StszBox](whole)
		case "stss":
			t.stss, err = decode[*mp4.StssBox](whole)
		case "stco":
			var c *mp4.StcoBox
			if c, err = decode[*mp4.StcoBox](whole); err == nil {
				t.chunks = make([]uint64, len(c.ChunkOffset))
				for i, v := range c.ChunkOffset {
					t.chunks[i] = uint64(v)
				}
			}
		case "co64":
			var c *mp4.Co64Box
			if c, err = decode[*mp4.Co64Box](whole); err == nil {
				t.chunks = c.ChunkOffset
			}
		}
		return err
	})
}

func first(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// fourCC returns b as text if it is such, else "".
func fourCC(b []byte) string {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	return string(b)
}

// guide returns the track by whose samples a player starts: the video with the most samples (others are cover pictures), else the
// first audio; nil if there is neither.
func (v *movie) guide() *track {
	var best *track
	for i := range v.tracks {
		t := &v.tracks[i]
		switch {
		case t.handler != "vide" && t.handler != "soun":
		case best == nil, best.handler == "soun" && t.handler == "vide":
			best = t
		case t.handler == "vide" && samplesOf(t) > samplesOf(best):
			best = t
		}
	}
	return best
}

func samplesOf(t *track) uint32 {
	if t.stsz == nil {
		return 0
	}
	return t.stsz.SampleNumber
}

// shift is what an edit list adds to the times of t: what plays before it, less what is skipped of it. Lists of more than one edit
// of media are taken for their first.
func (v *movie) shift(t *track) time.Duration {
	var d time.Duration
	if t.elst == nil {
		return 0
	}
	for _, e := range t.elst.Entries {
		if e.MediaTime >= 0 {
			return min(d, maxTime) - signed(e.MediaTime, t.timescale)
		}
		d = min(d+duration(e.SegmentDuration, v.timescale), maxTime)
	}
	return d
}

// readTables makes points from sample tables.
func (f *file) readTables(m *Map, v *movie) error {
	g := v.guide()
	if g == nil {
		return damage("the MP4 file has neither video nor audio, so times in it can only be guessed")
	}
	m.named(g)
	points, err := f.keyframes(v, g)
	if err != nil {
		return err
	}
	for i := range v.tracks {
		if t := &v.tracks[i]; t != g && t.handler == "soun" {
			if err := f.join(points, v, t); err != nil {
				return err
			}
		}
	}
	if !m.settle(points, f.size) {
		return damage("no sample of the MP4 file lies within it, so times in it can only be guessed; look at its origin's copy")
	}
	return nil
}

// named has the codec of the guide, which may not be the first video.
func (m *Map) named(g *track) {
	if g.handler == "vide" {
		m.Video = g.codec
	}
}

// keyframes returns a point for each sample of g at which a decoder can start; each has the first place of what is needed until the
// next one.
func (f *file) keyframes(v *movie, g *track) ([]Point, error) {
	c, err := f.cursor(g, false)
	if err != nil {
		return nil, err
	}
	shift := v.shift(g)
	spacing := time.Duration(0)
	if g.stss == nil { // each sample is one: of those, some are enough
		spacing = time.Second
	}
	var points []Point
	key, ctts := 0, 0
	for c.next() {
		is := g.stss == nil
		if !is {
			for key < len(g.stss.SampleNumber) && g.stss.SampleNumber[key] <= c.sample {
				is = is || g.stss.SampleNumber[key] == c.sample
				key++
			}
		}
		if is {
			at := duration(c.time, g.timescale) + shift
			if g.ctts != nil {
				for ctts < len(g.ctts.SampleOffset) && g.ctts.EndSampleNr[ctts+1] < c.sample {
					ctts++
				}
				if ctts < len(g.ctts.SampleOffset) {
					at += signed(int64(g.ctts.SampleOffset[ctts]), g.timescale)
				}
			}
			if n := len(points); n == 0 || at > points[n-1].Time && at-points[n-1].Time >= spacing {
				points = append(points, Point{max(at, 0), math.MaxInt64})
			}
		}
		if n := len(points); n > 0 {
			points[n-1].Offset = min(points[n-1].Offset, c.offset)
		}
	}
	if len(points) == 0 {
		return nil, damage("the MP4 file has no keyframe in its tables, so times in it can only be guessed")
	}
	return points, nil
}

// join lowers points to where t has what is played from them on.
func (f *file) join(points []Point, v *movie, t *track) error {
	c, err := f.cursor(t, true)
	if err != nil {
		return err
	}
	shift, k := v.shift(t), 0
	for c.next() {
		end := duration(c.time+c.length, t.timescale) + shift
		for k+1 < len(points) && points[k+1].Time < end {
			k++
		}
		if points[k].Time < end {
			points[k].Offset = min(points[k].Offset, c.offset)
		}
	}
	return nil
}

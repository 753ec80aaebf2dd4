package remux

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/Eyevinn/mp4ff/mp4"
)

const (
	// maxMoof is the largest moof accepted, in bytes, if MaxMovie is not smaller.
	maxMoof = 8 << 20
	// maxFragment is how many samples a fragment may have: half an hour of audio and video.
	maxFragment = 1 << 18
)

// fragments reads fragmented MP4.
type fragments struct {
	tags
	options Options
	r       *bufio.Reader
	at      int64 // the position of r
	tracks  []*track
	clock   map[uint32]int64 // per track, where its last fragment ended, in its time scale
	configs [2][]byte        // that came last
	hasSent [2]bool
	units   interleaver
	samples []fragmentSample // of the moof that came last, in the order of the file
	mdatEnd int64            // where the mdat ends whose samples are being read; -1 if it lasts until the end, 0 for none
	any     bool             // a box has come
	got     bool             // a sample has come
	ended   error
}

// fragmentSample is a sample of a fragment.
type fragmentSample struct {
	unit
	track  *track
	offset int64
	size   uint32
}

// NewFragmentReader returns a reader of fragmented MP4 (CMAF, HLS and DASH segments): init holds ftyp and moov, or is
// empty if they are in the stream; there may be more of them in it. The error is of an init that cannot be used.
func NewFragmentReader(init []byte, r io.Reader, o Options) (TagReader, error) {
	f := newFragments(r, 0, o.withDefaults())
	if len(init) == 0 {
		return f, nil
	}
	b := bytes.NewReader(init)
	for {
		at := int64(len(init) - b.Len())
		h, err := readBoxHeader(b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if h.name == "moov" {
			if err := f.readMovie(b, h, at); err != nil {
				return nil, err
			}
			continue
		}
		if n := h.size - h.header; h.size < 0 || n > int64(b.Len()) {
			return nil, truncated(io.ErrUnexpectedEOF, "the box "+h.name)
		}
		_, _ = b.Seek(h.size-h.header, io.SeekCurrent)
	}
	if f.tracks == nil {
		return nil, invalid("the MP4's init segment has no moov; check the playlist's EXT-X-MAP")
	}
	return f, nil
}

// newFragments returns a reader of what begins at position at of a file.
func newFragments(r io.Reader, at int64, o Options) *fragments {
	f := &fragments{options: o, r: bufio.NewReaderSize(r, 64<<10), at: at, clock: map[uint32]int64{}}
	f.units.options = &f.options
	f.tags.next = f.nextUnit
	return f
}

// Read counts the bytes.
func (f *fragments) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	f.at += int64(n)
	return n, err
}

// skip goes forward to a position.
func (f *fragments) skip(to int64) error {
	for f.at < to {
		n, err := f.r.Discard(int(min(to-f.at, 1<<30)))
		f.at += int64(n)
		if err != nil {
			return truncated(err, "a box")
		}
	}
	return nil
}

func (f *fragments) nextUnit() (unit, error) {
	for {
		if u, ok := f.units.pop(f.ended != nil); ok {
			return u, nil
		}
		if f.ended != nil {
			return unit{}, f.ended
		}
		f.ended = f.step()
	}
}

// step reads a sample, or a box.
func (f *fragments) step() error {
	if f.mdatEnd != 0 {
		if len(f.samples) > 0 && (f.mdatEnd < 0 || f.samples[0].offset < f.mdatEnd) {
			return f.readSample()
		}
		if f.mdatEnd < 0 {
			return f.end(io.EOF)
		}
		end := f.mdatEnd
		f.mdatEnd = 0
		return f.skip(end)
	}
	at := f.at
	h, err := readBoxHeader(f)
	if err != nil {
		return f.end(err)
	}
	if !f.any && !h.begins() {
		return invalid("the bytes are no MP4; check that the URL leads to an MP4 file or segment")
	}
	f.any = true
	switch h.name {
	case "moov":
		return f.readMovie(f, h, at)
	case "moof":
		if len(f.samples) > 0 {
			return invalid("a fragment of the MP4 lacks samples; fetch it again, or check its source")
		}
		box, err := readBox(f, h, at, min(f.options.MaxMovie, maxMoof))
		if err != nil {
			return err
		}
		return guard("the MP4's box moof", func() error { return f.readFragment(box.(*mp4.MoofBox), at) })
	case "mdat":
		if f.mdatEnd = -1; h.size >= 0 {
			f.mdatEnd = at + h.size
		}
		return nil
	}
	if h.size < 0 {
		return f.end(io.EOF)
	}
	return f.skip(at + h.size)
}

// end returns what to end with where the stream does.
func (f *fragments) end(err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case len(f.samples) > 0:
		return truncated(io.ErrUnexpectedEOF, "a fragment")
	case f.got:
		return io.EOF
	case !f.any:
		return invalid("the MP4 is empty; check its source")
	case f.tracks == nil:
		return invalid("the MP4 has no moov; give the init segment that belongs to it")
	}
	return invalid("the MP4 has no fragment with audio or video; check its source")
}

// readMovie takes a moov; one in the stream replaces what was known.
func (f *fragments) readMovie(r io.Reader, h boxHeader, at int64) error {
	box, err := readBox(r, h, at, f.options.MaxMovie)
	if err != nil {
		return err
	}
	found, err := tracks(box.(*mp4.MoovBox), &f.options)
	if err != nil {
		return err
	}
	f.setTracks(found)
	return nil
}

func (f *fragments) setTracks(found []*track) {
	f.tracks, f.units.expected = found, [2]bool{}
	for _, t := range found {
		f.units.expected[t.queue()] = true
	}
}

// readFragment lists the samples of a moof at position at.
func (f *fragments) readFragment(moof *mp4.MoofBox, at int64) error {
	if f.tracks == nil {
		return invalid("the MP4 has fragments before its moov; give the init segment that belongs to it")
	}
	next := at // where the data of the next run begins unless it says so
	for i, traf := range moof.Trafs {
		if traf.Tfhd == nil {
			return invalid("a fragment of the MP4 lacks its tfhd; the file is damaged")
		}
		base := next
		switch {
		case traf.Tfhd.HasBaseDataOffset():
			base = int64(min(traf.Tfhd.BaseDataOffset, 1<<62))
		case traf.Tfhd.DefaultBaseIfMoof() || i == 0:
			base = at
		}
		n := slices.IndexFunc(f.tracks, func(t *track) bool { return t.id == traf.Tfhd.TrackID })
		var t *track
		var dts int64
		if n >= 0 {
			t = f.tracks[n]
			dts = f.clock[t.id]
			if traf.Tfdt != nil {
				dts = int64(min(traf.Tfdt.BaseMediaDecodeTime(), 1<<62))
			}
		}
		next = base
		if t != nil {
			t.lead(func(yield func(int32) bool) {
				for _, run := range traf.Truns {
					for _, s := range run.Samples {
						if !yield(s.CompositionTimeOffset) {
							return
						}
					}
				}
			})
		}
		for _, run := range traf.Truns {
			if run.HasDataOffset() {
				next = base + int64(run.DataOffset)
			}
			var trex *mp4.TrexBox
			if t != nil {
				trex = t.trex
			}
			run.AddSampleDefaultValues(traf.Tfhd, trex)
			if len(f.samples)+len(run.Samples) > maxFragment {
				return invalid("a fragment of the MP4 has more than %d samples, the limit; the file is damaged", maxFragment)
			}
			for k := range run.Samples {
				s := &run.Samples[k]
				if t != nil {
					f.list(t, s, dts, next)
				}
				dts += int64(s.Dur)
				next += int64(s.Size)
			}
		}
		if t != nil {
			f.clock[t.id] = dts
		}
	}
	slices.SortStableFunc(f.samples, func(a, b fragmentSample) int { return int(max(-1, min(1, a.offset-b.offset))) })
	return nil
}

func (f *fragments) list(t *track, s *mp4.Sample, dts, offset int64) {
	u := unit{video: t.video, codec: t.codec}
	t.times(&u, dts, int64(s.CompositionTimeOffset))
	u.key = t.video && !mp4.DecodeSampleFlags(s.Flags).SampleIsNonSync
	f.samples = append(f.samples, fragmentSample{unit: u, track: t, offset: offset, size: s.Size})
}

// readSample reads the sample that comes next in the mdat.
func (f *fragments) readSample() error {
	s := &f.samples[0]
	if s.offset < f.at || f.mdatEnd > 0 && s.offset+int64(s.size) > f.mdatEnd {
		return invalid("a fragment of the MP4 names a sample outside its data; the file is damaged")
	}
	if int64(s.size) > int64(f.options.MaxSample) {
		return invalid("a sample of the MP4 has more than %d bytes; the file is damaged or the limit too low", f.options.MaxSample)
	}
	if err := f.skip(s.offset); err != nil {
		return err
	}
	var err error
	if s.data, err = readAll(f, int(s.size)); err != nil {
		return truncated(err, "a sample")
	}
	if c, ok := s.track.configUnit(s.dts); ok && (!f.hasSent[s.queue()] || !bytes.Equal(f.configs[s.queue()], c.data)) {
		f.hasSent[s.queue()], f.configs[s.queue()] = true, c.data
		f.units.push(c)
	}
	f.got = true
	f.units.push(s.unit)
	f.samples = f.samples[1:]
	return nil
}

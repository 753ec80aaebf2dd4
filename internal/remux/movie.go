package remux

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"github.com/superp2p/superp2p/internal/fault"
)

// MovieReader reads an MP4 file, also a fragmented one, at any place.
type MovieReader struct {
	tags
	options   Options
	r         io.ReaderAt
	size      int64
	cursors   []*cursor
	send      [2]bool // whether the track's configuration is to be sent
	duration  time.Duration
	fragments *fragments // of a fragmented file, else nil
	found     []*track
	body      int64         // where a fragmented file's fragments begin
	index     []indexEntry  // of the fragments that were looked at
	indexed   int64         // how far they were
	start     time.Duration // of the first frame
	started   bool          // start is known
}

// indexEntry is a fragment that begins with a keyframe.
type indexEntry struct {
	pts time.Duration
	at  int64
}

// NewMovieReader opens an MP4 file of size bytes, whose moov may stand before or behind its media. Of the file are read
// the headers of its boxes, its moov, and then the frames one by one.
func NewMovieReader(r io.ReaderAt, size int64, o Options) (*MovieReader, error) {
	m := &MovieReader{options: o.withDefaults(), r: r, size: size}
	m.next = m.nextUnit
	if size <= 0 {
		return nil, invalid("the MP4 is empty; check its source")
	}
	moov, after, err := m.findMovie()
	if err != nil {
		return nil, err
	}
	if m.found, err = tracks(moov, &m.options); err != nil {
		return nil, err
	}
	if moov.Mvhd != nil && moov.Mvhd.Timescale > 0 {
		m.duration = fromScale(int64(min(moov.Mvhd.Duration, 1<<50)), moov.Mvhd.Timescale)
	}
	err = guard("the MP4's box moov", func() error { return m.open(moov, after) })
	if err != nil {
		return nil, err
	}
	return m, nil
}

// findMovie goes from box to box until the moov, and returns where the box after it begins.
func (m *MovieReader) findMovie() (*mp4.MoovBox, int64, error) {
	for at := int64(0); at < m.size; {
		s := io.NewSectionReader(m.r, at, m.size-at)
		h, err := readBoxHeader(s)
		if err != nil {
			return nil, 0, err
		}
		if at == 0 && !h.begins() {
			return nil, 0, invalid("the bytes are no MP4; check that the URL leads to an MP4 file")
		}
		if h.size < 0 {
			h.size = m.size - at
		}
		if h.name == "moov" {
			if h.size > m.size-at {
				return nil, 0, truncated(io.ErrUnexpectedEOF, "the box moov")
			}
			box, err := readBox(s, h, at, m.options.MaxMovie)
			if err != nil {
				return nil, 0, err
			}
			return box.(*mp4.MoovBox), at + h.size, nil
		}
		if h.size > m.size-at {
			return nil, 0, truncated(io.ErrUnexpectedEOF, "the box "+h.name+", before any moov")
		}
		at += h.size
	}
	return nil, 0, invalid("the MP4 has no moov; it was cut off, or its recording was not finished")
}

// open takes the tables.
func (m *MovieReader) open(moov *mp4.MoovBox, after int64) error {
	samples := false
	for _, t := range m.found {
		samples = samples || t.tables.Stsz != nil && t.tables.Stsz.SampleNumber > 0
	}
	if moov.Mvex != nil && !samples {
		m.body, m.indexed = after, after
		if moov.Mvex.Mehd != nil && moov.Mvhd != nil && moov.Mvhd.Timescale > 0 && moov.Mvex.Mehd.FragmentDuration > 0 {
			m.duration = fromScale(moov.Mvex.Mehd.FragmentDuration, moov.Mvhd.Timescale)
		}
		m.fragmentsFrom(after)
		return nil
	}
	if !samples {
		return invalid("the MP4 has no samples of audio or video; its recording was not finished, or the media is in another file")
	}
	for _, t := range m.found {
		c, err := newCursor(t, &m.options)
		if err != nil {
			return err
		}
		if t.tables.Ctts != nil {
			t.lead(slices.Values(t.tables.Ctts.SampleOffset))
		}
		if !c.done() {
			m.cursors = append(m.cursors, c)
			m.send[t.queue()] = true
		}
	}
	m.start, m.started = m.first().unit().dts, true
	return nil
}

// Duration returns how long the file says that it lasts; 0 if it does not say.
func (m *MovieReader) Duration() time.Duration { return m.duration }

// first returns the cursor whose sample comes next, nil at the end.
func (m *MovieReader) first() *cursor {
	var next *cursor
	for _, c := range m.cursors {
		if c.done() {
			continue
		}
		if next == nil || c.unit().dts < next.unit().dts || c.video && c.unit().dts == next.unit().dts {
			next = c
		}
	}
	return next
}

func (m *MovieReader) nextUnit() (u unit, err error) {
	if m.fragments != nil {
		u, err = m.fragments.unit()
		if err == nil && !m.started {
			m.start, m.started = u.dts, true
		}
		return u, err
	}
	err = guard("a sample table of the MP4", func() error {
		u, err = m.nextSample()
		return err
	})
	return u, err
}

func (m *MovieReader) nextSample() (unit, error) {
	c := m.first()
	if c == nil {
		return unit{}, io.EOF
	}
	u := c.unit()
	if m.send[u.queue()] {
		m.send[u.queue()] = false
		if config, ok := c.configUnit(u.dts); ok {
			return config, nil
		}
	}
	size := int64(c.size())
	if size > int64(m.options.MaxSample) {
		return unit{}, invalid("a sample of the MP4 has more than %d bytes; the file is damaged or the limit too low", m.options.MaxSample)
	}
	if c.offset < 0 || c.offset > m.size-size {
		return unit{}, truncated(io.ErrUnexpectedEOF, "a sample")
	}
	u.data = make([]byte, size)
	if n, err := m.r.ReadAt(u.data, c.offset); n < len(u.data) {
		return unit{}, truncated(err, "a sample")
	}
	c.advance()
	return u, nil
}

// Seek goes to the keyframe at or before a time since the beginning, or to the first one, and returns that frame's
// time, from which ReadTag goes on, with the decoder configurations first. Without video it goes to the frame of audio.
// It also works after the end.
func (m *MovieReader) Seek(to time.Duration) (at time.Duration, err error) {
	m.begun, m.origin, m.err = true, m.start, nil
	if m.fragments != nil {
		err = guard("a fragment of the MP4", func() error {
			at, err = m.seekFragment(to)
			return err
		})
		return at, err
	}
	err = guard("a sample table of the MP4", func() error {
		at = m.seekSample(to + m.start)
		return nil
	})
	return at - m.start, err
}

func (m *MovieReader) seekSample(to time.Duration) time.Duration {
	lead := m.cursors[0]
	for _, c := range m.cursors {
		if c.video {
			lead = c
		}
	}
	lead.rewind()
	best := *lead
	for ; !lead.done(); lead.advance() {
		u := lead.unit()
		if u.dts > to {
			break
		}
		if u.pts <= to && (u.key || !u.video) {
			best = *lead
		}
	}
	*lead = best
	at := lead.unit()
	for _, c := range m.cursors {
		m.send[c.queue()] = true
		if c == lead {
			continue
		}
		for c.rewind(); !c.done() && c.unit().dts < at.dts; {
			c.advance()
		}
	}
	return at.dts
}

func (m *MovieReader) fragmentsFrom(at int64) {
	m.fragments = newFragments(io.NewSectionReader(m.r, at, m.size-at), at, m.options)
	m.fragments.options.OnIgnored = nil
	m.fragments.setTracks(m.found)
}

// seekFragment looks at fragments from where the last look ended, until one begins after the time.
func (m *MovieReader) seekFragment(to time.Duration) (time.Duration, error) {
	if !m.started {
		u, err := m.nextUnit()
		if err != nil {
			return 0, err
		}
		m.origin = u.dts
	}
	to += m.start
	for m.indexed < m.size && (len(m.index) == 0 || m.index[len(m.index)-1].pts <= to) {
		if err := m.look(); err != nil {
			return 0, err
		}
	}
	best := indexEntry{m.start, m.body}
	for _, e := range m.index {
		if e.pts <= to {
			best = e
		}
	}
	m.fragmentsFrom(best.at)
	return max(0, best.pts-m.start), nil
}

// look reads the header of one box, and a moof whole.
func (m *MovieReader) look() error {
	at := m.indexed
	s := io.NewSectionReader(m.r, at, m.size-at)
	h, err := readBoxHeader(s)
	if errors.Is(err, io.EOF) || fault.CodeOf(err) == fault.SourceInvalid {
		m.indexed = m.size // what is cut off holds no keyframe
		return nil
	}
	if err != nil {
		return err
	}
	if h.size < 0 {
		h.size = m.size - at
	}
	m.indexed = at + min(h.size, m.size-at)
	if h.name != "moof" || h.size > m.size-at {
		return nil
	}
	box, err := readBox(s, h, at, min(m.options.MaxMovie, maxMoof))
	if err != nil {
		return err
	}
	// A reader of its own lists the samples, which tells their times.
	probe := newFragments(nil, at, m.options)
	probe.setTracks(m.found)
	if err := probe.readFragment(box.(*mp4.MoofBox), at); err != nil {
		return err
	}
	var first *fragmentSample
	for i := range probe.samples {
		if s := &probe.samples[i]; (s.video || len(m.found) == 1 && !m.found[0].video) && (first == nil || s.dts < first.dts) {
			first = s
		}
	}
	if first != nil && (first.key || !first.video) {
		m.index = append(m.index, indexEntry{first.pts, at})
	}
	return nil
}

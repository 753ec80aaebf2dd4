package hls

import (
	"math"
	"strings"
	"time"
)

// mediaParser gathers a media playlist.
type mediaParser struct {
	m      Media
	limits Limits
	target bool

	// What the tags said of the segment that comes next.
	next      Segment
	announced bool // by EXTINF
	ranged    bool
	stated    []int // indexes of the segments whose ProgramTime is stated

	keys           []Key
	mapped         *Map
	sawKey, sawMap bool
	parts          int

	// Where the last byte range ended, for one that does not say where it begins.
	segmentURI, partURI string
	segmentEnd, partEnd int64
}

// tag reads a tag of a media playlist; one that is not known is not looked into.
func (p *mediaParser) tag(l *line) error {
	switch l.tag {
	case tagInf:
		return p.inf(l)
	case tagTarget:
		return p.targetDuration(l)
	case tagSequence:
		return number(l, &p.m.Sequence)
	case tagDiscSequence:
		return number(l, &p.m.DiscontinuitySequence)
	case tagPlaylistType:
		switch t := PlaylistType(strings.TrimSpace(l.value)); t {
		case Event, VOD:
			p.m.Type = t
		}
	case tagEndList:
		p.m.EndList = true
	case tagIFramesOnly:
		p.m.IFramesOnly = true
	case tagDiscontinuity:
		p.next.Discontinuity = true
	case tagGap:
		p.next.Gap = true
	case tagByteRange:
		r, ok := parseByteRange(l.value)
		if !ok {
			return badRange(l)
		}
		p.next.Range, p.ranged = r, true
	case tagDateTime:
		if t, ok := parseDateTime(l.value); ok { // a damaged date is no reason to stop playing
			p.next.ProgramTime = t
		}
	case tagKey:
		k, err := parseKey(l)
		if err != nil {
			return err
		}
		var ok bool
		if p.keys, ok = withKey(p.keys, k); !ok {
			return invalid(ErrTooLarge, l.number, "has too many keys at once; check what makes the playlist")
		}
		p.sawKey = true
	case tagMap:
		return p.mapTag(l)
	default:
		return p.lowLatency(l)
	}
	return nil
}

func badRange(l *line) error {
	return invalid(ErrByteRange, l.number, "has a byte range that is damaged or does not say where it begins; "+
		"check what makes the playlist")
}

func number(l *line, n *int64) error {
	v, ok := parseNumber(l.value)
	if !ok {
		return invalid(ErrGarbage, l.number, "has a sequence number that is none; check what makes the playlist")
	}
	*n = v
	return nil
}

func (p *mediaParser) inf(l *line) error {
	duration, title, _ := strings.Cut(l.value, ",")
	d, ok := parseSeconds(duration, false)
	if !ok || d > maxSegment {
		return invalid(ErrGarbage, l.number, "has a duration that is none; check what makes the playlist")
	}
	p.next.Duration, p.next.Title, p.announced = d, title, true
	return nil
}

// targetDuration takes whole seconds, as the RFC wants it, and fractions, as some write it.
func (p *mediaParser) targetDuration(l *line) error {
	d, ok := parseSeconds(l.value, false)
	if !ok || d > p.limits.MaxTargetDuration {
		return invalid(ErrTargetDuration, l.number, "has an absurd target duration; check what makes the playlist")
	}
	if d == 0 {
		d = time.Second // segments under half a second, rounded
	}
	p.m.TargetDuration, p.target = d, true
	return nil
}

func (p *mediaParser) mapTag(l *line) error {
	m := &Map{URI: l.url(), Keys: p.keys}
	if m.URI == "" {
		return invalid(ErrGarbage, l.number, "has an #EXT-X-MAP without a URI; check what makes the playlist")
	}
	if s := l.attributes.get("BYTERANGE"); s != "" {
		r, ok := parseByteRange(s)
		if !ok {
			return badRange(l)
		}
		r.Offset = max(r.Offset, 0)
		m.Range = r
	}
	p.mapped, p.sawMap = m, true
	return nil
}

// segment takes the URI of the segment that the tags announced.
func (p *mediaParser) segment(l *line) error {
	if len(p.m.Segments) == p.limits.MaxSegments {
		return invalid(ErrTooLarge, l.number, "has more segments than allowed; check the URL, or raise the limit")
	}
	s := p.next
	s.URI = l.url()
	if p.ranged {
		var ok bool
		if s.Range, ok = follow(s.Range, s.URI, p.segmentURI, p.segmentEnd); !ok {
			return badRange(l)
		}
		p.segmentURI, p.segmentEnd = s.URI, s.Range.Offset+s.Range.Length
	} else {
		p.segmentURI = ""
	}
	p.add(s)
	return nil
}

// add appends a segment with what applies to it.
func (p *mediaParser) add(s Segment) {
	s.Keys, s.Map = p.keys, p.mapped
	if !s.ProgramTime.IsZero() {
		p.stated = append(p.stated, len(p.m.Segments))
	}
	if !p.sawKey {
		p.m.inheritKeys++
	}
	if !p.sawMap {
		p.m.inheritMap++
	}
	p.m.Segments = append(p.m.Segments, s)
	p.next, p.announced, p.ranged = Segment{}, false, false
}

// follow gives a byte range that does not say where it begins the place after the one before, if that was of the same
// resource (RFC 8216, 4.3.2.2).
func follow(r ByteRange, uri, lastURI string, lastEnd int64) (ByteRange, bool) {
	if r.Offset < 0 {
		if uri != lastURI {
			return r, false
		}
		r.Offset = lastEnd
	}
	return r, r.Offset+r.Length < maxNumber
}

// finish numbers the segments and reckons their times.
func (p *mediaParser) finish() (*Media, error) {
	if !p.target {
		return nil, invalid(ErrTargetDuration, 0, "has no #EXT-X-TARGETDURATION; check what makes it")
	}
	if p.announced {
		return nil, invalid(ErrGarbage, 0, "ends after #EXTINF; load it again")
	}
	m := &p.m
	whole := len(m.Segments)
	if len(p.next.Parts) > 0 {
		open := p.next
		for i := range open.Parts {
			open.Duration += min(open.Parts[i].Duration, maxSegment-open.Duration)
		}
		open.Range = ByteRange{} // the tag's, which is the whole segment's
		p.add(open)
	}
	if m.Sequence+m.Skipped >= maxNumber {
		return nil, invalid(ErrGarbage, 0, "has an absurd sequence number; check what makes it")
	}
	discontinuities := m.DiscontinuitySequence
	for i := range m.Segments {
		s := &m.Segments[i]
		s.Sequence = m.Sequence + m.Skipped + int64(i)
		s.Start = m.Duration
		if m.Duration > math.MaxInt64-2*maxSegment {
			return nil, invalid(ErrGarbage, 0, "is longer than 290 years; check what makes it")
		}
		m.Duration += s.Duration
		if s.Discontinuity {
			discontinuities++
		}
		s.DiscSequence = discontinuities
	}
	p.programTimes()
	m.Segments, m.Open = splitOpen(m.Segments, whole)
	return m, nil
}

// splitOpen takes the segment after the first n, if there is one, off their end.
func splitOpen(segments []Segment, n int) ([]Segment, *Segment) {
	if n == len(segments) {
		return segments, nil
	}
	open := segments[n]
	return segments[:n:n], &open
}

func (p *mediaParser) programTimes() {
	if len(p.stated) == 0 {
		return
	}
	segments, from := p.m.Segments, p.stated[0]
	for i := range segments {
		if !segments[i].ProgramTime.IsZero() {
			from = i
			continue
		}
		segments[i].ProgramTime = segments[from].ProgramTime.Add(segments[i].Start - segments[from].Start)
	}
}

// parseDateTime reads an ISO 8601 date; ffmpeg writes its zone without a colon.
func parseDateTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

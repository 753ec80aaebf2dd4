package film

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/remux"
)

const (
	// maxMissing is how many segments in a row may be missing before it is no film any more.
	maxMissing = 3
)

// segmentReader reads the segments of a playlist one after the other as FLV tags.
type segmentReader struct {
	ctx    context.Context
	viewer Source
	log    *slog.Logger
	start  time.Duration
	base   time.Duration // where in a complete playlist reading began
	joiner remux.Joiner
	keys   keyRing

	list    []hls.Segment // of a complete playlist; what a live one listed last
	next    int           // in list, of a complete one
	loaded  bool
	played  uint64 // number of what was read last of a live one
	missing int    // segments in a row
	maps    map[string][]byte
	reading bool
}

func newSegmentReader(ctx context.Context, v Source, start time.Duration) *segmentReader {
	return &segmentReader{
		ctx: ctx, viewer: v, start: start, log: v.Logger(), keys: keyRing{viewer: v}, maps: map[string][]byte{},
	}
}

// ReadTag returns the next tag. At the end it returns io.EOF.
func (r *segmentReader) ReadTag() (flv.Tag, error) {
	for {
		if r.reading {
			t, err := r.joiner.ReadTag()
			if err == nil {
				r.missing = 0
				return t, nil
			}
			r.reading = false
			if !errors.Is(err, io.EOF) {
				if err := r.miss(err); err != nil {
					return flv.Tag{}, err
				}
			}
		}
		s, err := r.nextSegment()
		if err != nil {
			return flv.Tag{}, err
		}
		if err := r.open(s); err != nil {
			if err := r.miss(err); err != nil {
				return flv.Tag{}, err
			}
		}
	}
}

// miss takes note that a segment cannot be read, and returns why nothing more can be, if so.
func (r *segmentReader) miss(err error) error {
	var f *fault.Error
	switch {
	case r.ctx.Err() != nil:
		return context.Canceled
	case !errors.As(err, &f), fault.CodeOf(err) == fault.Closed, errors.Is(err, errUnplayable):
		return err
	}
	select {
	case <-r.viewer.Done():
		return err
	default:
	}
	r.log.Warn("a segment is left out", "err", err)
	if r.missing++; r.missing >= maxMissing {
		return err
	}
	return nil
}

// nextSegment returns the segment that comes next.
func (r *segmentReader) nextSegment() (*hls.Segment, error) {
	if r.viewer.Live() {
		return r.nextLive()
	}
	if !r.loaded {
		list, err := r.viewer.Segments(r.ctx)
		if err != nil {
			return nil, err
		}
		r.list, r.loaded = list, true
		for r.next+1 < len(r.list) && r.list[r.next+1].Start <= r.start {
			r.next++
		}
		if r.next < len(r.list) {
			r.base = r.list[r.next].Start
		}
	}
	if r.next == len(r.list) {
		return nil, io.EOF
	}
	r.next++
	return &r.list[r.next-1], nil
}

// nextLive waits for what playback comes to next, and finds it in the playlist.
func (r *segmentReader) nextLive() (*hls.Segment, error) {
	for {
		p, err := r.viewer.NextPlayed(r.ctx, r.played)
		if err != nil {
			return nil, err
		}
		if r.played > 0 && p.Number != r.played+1 {
			r.log.Info("the reader is slow, segments are left out", "segments", p.Number-r.played-1)
		}
		r.played = p.Number
		s := hls.Find(r.list, p.Sequence)
		if s == nil {
			if r.list, err = r.viewer.Segments(r.ctx); err != nil {
				return nil, err
			}
			s = hls.Find(r.list, p.Sequence)
		}
		if s != nil {
			one := *s
			one.Gap = one.Gap || p.Gap
			one.Discontinuity = one.Discontinuity || p.Discontinuity
			return &one, nil
		}
		missing := fault.New(fault.SourceInvalid, "the playlist does not list what is played; check that its URL is the same for all viewers")
		if err := r.miss(missing); err != nil {
			return nil, err
		}
	}
}

// open begins to read a segment.
func (r *segmentReader) open(s *hls.Segment) error {
	if s.Discontinuity {
		r.joiner.Discontinuity()
	}
	if s.Gap {
		return fault.New(fault.SourceInvalid, "the origin does not have the segment; try again later")
	}
	data, err := r.viewer.Segment(r.ctx, s)
	if err != nil {
		return err
	}
	if data, err = r.keys.decrypt(r.ctx, data, s.Keys, s.Sequence); err != nil {
		return err
	}
	var start []byte
	if s.Map != nil {
		if start, err = r.mapOf(s); err != nil {
			return err
		}
	}
	tags, err := newTagReader(start, data)
	if err != nil {
		return err
	}
	r.joiner.Next(tags)
	r.reading = true
	return nil
}

// mapOf returns the initialization segment of a segment.
func (r *segmentReader) mapOf(s *hls.Segment) ([]byte, error) {
	name := s.Map.Range.Header() + " " + s.Map.URI
	if b := r.maps[name]; b != nil {
		return b, nil
	}
	b, err := r.viewer.Resource(r.ctx, s.Map.URI, s.Map.Range, hls.MaxMap)
	if err != nil {
		return nil, err
	}
	if b, err = r.keys.decrypt(r.ctx, b, s.Map.Keys, s.Sequence); err != nil {
		return nil, err
	}
	if len(r.maps) > 16 { // of a playlist that has a new one again and again
		clear(r.maps)
	}
	r.maps[name] = b
	return b, nil
}

// errUnplayable marks what no other segment will change.
var errUnplayable = errors.New("film: no segment of this playlist can be played")

// newTagReader tells what a segment is in and returns what reads it.
func newTagReader(start, data []byte) (remux.TagReader, error) {
	const tsPacket, sync = 188, 0x47
	switch {
	case start != nil || isBox(data):
		return remux.NewFragmentReader(start, bytes.NewReader(data), remux.Options{})
	case len(data) > tsPacket && (data[0] == sync || bytes.IndexByte(data[:tsPacket], sync) >= 0 && !isPackedAudio(data)):
		return remux.NewTSReader(bytes.NewReader(data), remux.Options{}), nil
	case isPackedAudio(data):
		return nil, fault.Wrap(fault.SourceInvalid, "the playlist's segments are audio without a container, which is not read here; "+
			"play a variant with MPEG-TS or MP4 segments", errUnplayable)
	}
	return nil, fault.New(fault.SourceInvalid, "a segment is neither MPEG-TS nor MP4; check what makes the playlist")
}

// isBox tells whether data begins with a box of those that segments have.
func isBox(data []byte) bool {
	if len(data) < 8 {
		return false
	}
	switch string(data[4:8]) {
	case "ftyp", "styp", "moof", "sidx", "moov", "prft", "emsg", "free":
		return true
	}
	return false
}

// isPackedAudio tells whether data is audio by itself (RFC 8216, 3.4): ID3, ADTS, MP3, AC-3.
func isPackedAudio(data []byte) bool {
	return len(data) > 2 && (string(data[:3]) == "ID3" || data[0] == 0xff && data[1]&0xe0 == 0xe0 || data[0] == 0x0b && data[1] == 0x77)
}

// pair reads audio and video from segments of their own, in the order of their times.
type pair struct {
	readers [2]*segmentReader
	tags    [2]*flv.Tag
	ended   [2]bool
}

// ReadTag returns the next tag of the two. It ends when the video does.
func (p *pair) ReadTag() (flv.Tag, error) {
	for i, r := range p.readers {
		if p.tags[i] != nil || p.ended[i] {
			continue
		}
		t, err := r.ReadTag()
		switch {
		case err == nil:
			p.tags[i] = &t
		case errors.Is(err, io.EOF):
			p.ended[i] = true
		default:
			return flv.Tag{}, err
		}
	}
	i := 0
	switch {
	case p.tags[0] == nil && p.tags[1] == nil:
		return flv.Tag{}, io.EOF
	case p.tags[0] == nil || p.tags[1] != nil && p.tags[1].Timestamp < p.tags[0].Timestamp:
		i = 1
	}
	t := *p.tags[i]
	p.tags[i] = nil
	return t, nil
}

package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/slicer"
)

const (
	// downloadsAtOnce is how many segments of one stream come at the same time.
	downloadsAtOnce = 3
	// segmentLeast is how long a segment may take at the least.
	segmentLeast = 5 * time.Second
	// leastSlice is how many bytes a slice of a segment has at the least, but the last.
	leastSlice = 4 << 10
	// maxJSON is the size of the largest body that is looked at for whether it is JSON, in bytes.
	maxJSON = 64 << 10
)

// download is a segment that is to be cut.
type download struct {
	segment hls.Segment
	epoch   int
	target  time.Duration
	begun   bool
	done    chan struct{} // closed when data or err is there
	data    []byte
	err     error
}

// start begins to fetch a segment, once.
func (c *chase) start(d *download) {
	if d.begun {
		return
	}
	d.begun = true
	c.tasks.Go(func() {
		defer close(d.done)
		// Viewers are some segments behind live: one that comes later is of no use.
		ctx, cancel := context.WithTimeout(c.ctx, max(startTargets*d.target, segmentLeast))
		defer cancel()
		d.data, d.err = fetchSegment(ctx, c.client, &d.segment, maxSegment)
	})
}

// cut publishes a segment as a group, or that it is missing.
func (c *chase) cut(d *download) {
	if c.ctx.Err() != nil {
		return
	}
	s, g := c.stream, &d.segment
	lost := int64(0)
	broken := c.begun && d.epoch != c.epoch
	if c.begun && !broken {
		lost = max(0, g.Sequence-c.next)
	}
	if d.err != nil {
		c.missing++
		c.reason = d.err
		s.log.Warn("a segment is missing", "sequence", g.Sequence, "error", d.err)
		if !c.begun {
			return
		}
	} else {
		c.missing = 0
	}
	c.begun, c.epoch, c.next = true, d.epoch, g.Sequence+1
	if lost > 0 {
		// Numbers that jump far mean another encoder, and not that so much went by.
		c.at += time.Duration(min(lost, int64(s.edge.config.Window/max(d.target, time.Millisecond)))) * d.target
		s.log.Info("segments went by unseen", "lost", lost)
	}
	begin := c.at
	c.at += g.Duration
	about := edgeapi.Segment{
		Sequence: g.Sequence, Path: pathOf(g.URI), Offset: g.Range.Offset, Length: g.Range.Length, Size: int64(len(d.data)),
		Discontinuity: g.Discontinuity || broken || lost > 0, Gap: d.err != nil,
	}
	s.publish(cutSegment(about, d.data, begin, c.at))
	c.cutAny = c.cutAny || d.err == nil
}

// pathOf returns the path of a URL, escaped.
func pathOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

// fetchSegment returns the bytes of a segment.
//
// Errors: those of object.Client.Get; fault.SourceInvalid if it is missing, empty, larger than limit or obviously no media.
func fetchSegment(ctx context.Context, client *object.Client, g *hls.Segment, limit int) (data []byte, err error) {
	switch {
	case g.Gap:
		return nil, fault.New(fault.SourceInvalid, "the playlist says that the segment is missing; go on with the next")
	case g.Range.Length > int64(limit):
		return nil, fault.New(fault.SourceInvalid, "the segment is larger than can be shared; fetch it from the origin")
	case g.Range.Length > 0:
		f, err := client.Known(g.URI, object.Meta{Size: -1})
		if err != nil {
			return nil, err
		}
		if data, err = f.ReadRange(ctx, g.Range.Offset, int(g.Range.Length)); err != nil {
			return nil, err
		}
	default:
		if data, _, err = client.Get(ctx, g.URI, limit); err != nil {
			return nil, err
		}
	}
	switch {
	case len(data) == 0:
		return nil, fault.New(fault.SourceInvalid, "the segment is empty; check what makes the playlist")
	case isPage(data):
		return nil, fault.New(fault.SourceInvalid, "the origin sent a page or a message instead of the segment; check the URL and its signature")
	}
	return data, nil
}

// isPage tells whether what an origin sent is a page for people or a message for programs, and no media. What type the origin
// calls it says nothing: many call media by a name that caches like.
func isPage(data []byte) bool {
	if strings.HasPrefix(http.DetectContentType(data), "text/html") {
		return true
	}
	text := bytes.TrimSpace(data[:min(len(data), maxJSON)])
	return len(data) <= maxJSON && len(text) > 0 && (text[0] == '{' || text[0] == '[') && json.Valid(text)
}

// cutSegment cuts a segment that lasts from begin to end on the track's line of time, as edgeapi.Segment says. It fills in
// what of about depends on that.
func cutSegment(about edgeapi.Segment, data []byte, begin, end time.Duration) []slicer.Cut {
	begin, end = begin.Truncate(time.Millisecond), end.Truncate(time.Millisecond)
	about.Duration = (end - begin).Milliseconds()
	head := slicer.Cut{StartsGroup: true, Time: begin}
	if about.Discontinuity {
		head.Flags = slice.Discontinuity
	}
	if len(data) == 0 {
		head.Duration = end - begin
	} else {
		count := max(1, int((end-begin+slice.MaxDuration-1)/slice.MaxDuration))
		about.Slice = min(max((len(data)+count-1)/count, leastSlice), slice.LivePayload)
	}
	head.Payload = headOf(about)
	cuts := append(make([]slicer.Cut, 0, about.Slices()), head)
	at, length := begin, (end - begin).Milliseconds()
	for from := 0; from < len(data); {
		to := min(from+about.Slice, len(data))
		until := begin + time.Duration(length*int64(to)/int64(len(data)))*time.Millisecond
		cuts = append(cuts, slicer.Cut{Payload: data[from:to], Time: at, Duration: until - at})
		at, from = until, to
	}
	return cuts
}

// headOf encodes the first slice of a group.
func headOf(about edgeapi.Segment) []byte {
	if len(about.Path) > slice.LivePayload { // absurd, and more than a slice should have
		about.Path = ""
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(&about) // of strings and numbers: it cannot fail
	return bytes.TrimSpace(b.Bytes())
}

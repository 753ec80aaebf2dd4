package peer

import (
	"context"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/playlist"
	"github.com/superp2p/superp2p/internal/slice"
)

// newVODOrigin returns where the slices of a complete playlist come from.
func newVODOrigin(v *Viewer, res *edgeclient.Resolution) *origin {
	o := &origin{
		edge: v.edge, res: res, proofs: map[slice.Number]*slice.Signed{}, asks: map[slice.Number]*asking{},
		another: map[slice.Number]bool{}, close: func() {}, client: v.hls.client,
		place: &vodPlace{h: v.hls, about: &res.File.File, sequence: res.Playlist.Sequence},
	}
	group := slice.Number(res.File.Group)
	o.differs = func(g slice.Number, first bool) {
		if first {
			v.log.Warn("the origin gives this viewer other bytes than the server saw; they are played, and not shared")
		}
		v.inbox.post(func() { v.refuseReaders(g, g+group) })
	}
	o.unproved = func(g slice.Number, err error) {
		v.log.Info("the server cannot prove a segment, it is read from the origin", "segment", g/group, "err", err)
		v.inbox.post(func() { v.refuseReaders(g, g+group) })
	}
	return o
}

// vodPlace is the segments of a complete playlist, each in equal parts.
type vodPlace struct {
	h        *hlsPlay
	about    *edgeapi.File
	sequence int64

	mu       sync.Mutex
	list     []hls.Segment
	failed   error
	segments map[int]*object.File
}

func (*vodPlace) blind() bool { return false }

func (p *vodPlace) locate(ctx context.Context, proof *slice.Signed, n slice.Number) (spot, error) {
	k := p.about.Group
	i := int(n) / k
	size := int64(0)
	for _, e := range proof.Entries {
		size += int64(e.Size)
	}
	if len(proof.Entries) != k || proof.First != slice.Number(i*k) {
		return spot{}, fault.New(fault.ServerInvalid, "the server's proof does not speak of a whole segment")
	}
	f, r, err := p.segment(ctx, i)
	if err != nil {
		return spot{}, err
	}
	part := hls.EqualPart(size, int(n)%k, k)
	if r.Length > 0 && r.Length != size {
		return spot{}, fault.New(fault.SourceChanged, "the playlist names other bytes than the server saw")
	}
	return spot{f, r.Offset + part.Offset, int(part.Length)}, nil
}

// segment returns what segment i is part of at the origin.
func (p *vodPlace) segment(ctx context.Context, i int) (*object.File, hls.ByteRange, error) {
	list, err := p.segmentsOf(ctx)
	if err != nil {
		return nil, hls.ByteRange{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.segments[i]
	if f == nil {
		if f, err = p.h.client.Known(list[i].URI, object.Meta{Size: -1}); err != nil {
			return nil, hls.ByteRange{}, err
		}
		if p.segments == nil {
			p.segments = map[int]*object.File{}
		}
		p.segments[i] = f
	}
	return f, list[i].Range, nil
}

// segmentsOf returns the segments of the first playlist that is the one that the server saw: the viewer's own, or the server's
// copy. There is one load for all who ask; it goes on when they give up.
func (p *vodPlace) segmentsOf(ctx context.Context) ([]hls.Segment, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list == nil && p.failed == nil {
		p.list, p.failed = p.load(ctx)
		if ctx.Err() != nil {
			p.failed = nil
			return nil, ctx.Err()
		}
	}
	return p.list, p.failed
}

func (p *vodPlace) load(ctx context.Context) ([]hls.Segment, error) {
	l, err := p.h.load(ctx, "")
	if err == nil && agrees(l, p.about) {
		return l.Playlist.Media.Segments, nil
	}
	if l, err = p.h.loadCopy(ctx, ""); err != nil {
		return nil, err
	}
	if !agrees(l, p.about) {
		return nil, fault.New(fault.SourceChanged, "the origin gives this viewer another playlist than the server saw")
	}
	return l.Playlist.Media.Segments, nil
}

// agrees tells whether a playlist has as many segments, each as long, as the server saw.
func agrees(l *playlist.Load, about *edgeapi.File) bool {
	m := l.Playlist.Media
	if m == nil || len(m.Segments) != len(about.Times) {
		return false
	}
	for i := range m.Segments {
		if !lasts(about, i, m.Segments[i].Duration) {
			return false
		}
	}
	return true
}

// lasts tells whether segment i is as long as that, but for rounding.
func lasts(about *edgeapi.File, i int, d time.Duration) bool {
	end := about.Duration
	if i+1 < len(about.Times) {
		end = about.Times[i+1]
	}
	off := d - time.Duration(end-about.Times[i])*time.Millisecond
	return off >= -rounding && off <= rounding
}

// rounding is by how much a duration may differ from that between two times in whole milliseconds.
const rounding = 2 * time.Millisecond

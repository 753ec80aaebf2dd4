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
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// newLiveOrigin returns where the slices of a live playlist come from.
func newLiveOrigin(v *Viewer, res *edgeclient.Resolution) *origin {
	o := &origin{edge: v.edge, res: res, another: map[slice.Number]bool{}, close: func() {}}
	if v.hls.own != "" && res.Playlist.Proofs != "" {
		o.client = v.hls.client
	}
	o.place = &livePlace{h: v.hls, res: res, heads: map[slice.Number]*liveHead{}}
	o.differs = func(_ slice.Number, first bool) {
		if first {
			v.log.Warn("the origin gives this viewer other bytes than the server saw; the server's are played")
		}
	}
	return o
}

// learn takes note of what a group's first slice says.
func (o *origin) learn(n slice.Number, head *edgeapi.Segment) {
	if p, ok := o.place.(*livePlace); ok {
		p.learn(n, head)
	}
}

// livePlace is the segments of a live playlist, which the viewer's own lists.
type livePlace struct {
	h   *hlsPlay
	res *edgeclient.Resolution

	mu    sync.Mutex
	heads map[slice.Number]*liveHead
	order []slice.Number // of heads, oldest first
}

type liveHead struct {
	head *edgeapi.Segment
	file *object.File // nil before it is needed
	base int64        // where in file the segment begins
}

// maxLiveHeads is of how many segments it is known where they are.
const maxLiveHeads = 64

func (*livePlace) blind() bool { return false }

func (p *livePlace) learn(n slice.Number, head *edgeapi.Segment) *liveHead {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.heads[n]; l != nil {
		return l
	}
	l := &liveHead{head: head}
	p.heads[n] = l
	p.order = append(p.order, n)
	if k := len(p.order) - maxLiveHeads; k > 0 {
		for _, old := range p.order[:k] {
			delete(p.heads, old)
		}
		p.order = p.order[k:]
	}
	return l
}

func (p *livePlace) locate(ctx context.Context, proof *slice.Signed, n slice.Number) (spot, error) {
	p.mu.Lock()
	l := p.heads[proof.Group]
	p.mu.Unlock()
	if l == nil {
		first, err := p.h.v.edge.Slice(ctx, p.res, proof.Group, 0, 0)
		if err != nil {
			return spot{}, err
		}
		if p.res.Verifier.Statement(first.Proof) != nil ||
			p.res.Verifier.Payload(&first.Proof.Statement, proof.Group, first.Payload) != nil {
			return spot{}, fault.New(fault.ServerInvalid, "the server's first slice of a segment is not proved")
		}
		head := parseHead(first.Payload)
		if head == nil {
			return spot{}, fault.New(fault.ServerInvalid, "the server's first slice of a segment says nothing that can be")
		}
		l = p.learn(proof.Group, head)
	}
	p.mu.Lock()
	f, base := l.file, l.base
	p.mu.Unlock()
	if f == nil {
		s, err := p.h.findOwn(ctx, l.head.Sequence)
		if err != nil {
			return spot{}, err
		}
		if !isSegment(l.head, s) {
			return spot{}, fault.New(fault.SourceChanged, "the viewer's own playlist has another segment than the server saw")
		}
		if f, err = p.h.client.Known(s.URI, object.Meta{Size: -1}); err != nil {
			return spot{}, err
		}
		base = s.Range.Offset
		p.mu.Lock()
		l.file, l.base = f, base
		p.mu.Unlock()
	}
	return spot{f, base + int64(n-proof.Group-1)*int64(l.head.Slice), int(proof.Entry(n).Size)}, nil
}

// findOwn returns what the viewer's own playlist lists under a number, loading it anew if it may have come meanwhile.
func (h *hlsPlay) findOwn(ctx context.Context, n int64) (*hls.Segment, error) {
	s := h.find(n)
	h.mu.Lock()
	age := h.v.cfg.Now().Sub(h.loaded)
	h.mu.Unlock()
	if target := time.Duration(h.v.playlist.Target) * time.Millisecond; s == nil && age >= target/4 {
		if _, err := h.load(ctx, ""); err != nil {
			return nil, err
		}
		s = h.find(n)
	}
	if s == nil {
		return nil, fault.New(fault.SliceNotYet, "the viewer's own playlist does not list the segment yet")
	}
	return s, nil
}

// askLive asks the server for the proof of a slice of a live playlist, and the origin for its bytes.
func (o *origin) askLive(ctx context.Context, a *swarm.Action) (func(e *swarm.Engine, now time.Time), error) {
	proof := a.Proof
	if proof == nil {
		s, err := o.edge.LiveProof(ctx, o.res, a.Number, a.Wait, a.Copies)
		switch {
		case err != nil:
			return nil, err
		case len(s.Payload) > 0: // the first of a group, which no origin has
			return func(e *swarm.Engine, now time.Time) { e.Fetched(now, s) }, nil
		}
		proof = s.Proof
	}
	b, err := o.readLive(ctx, proof, a)
	if err != nil { // the server has counted this copy already
		return ask(ctx, o.edge, o.res, &swarm.Action{Number: a.Number, Offset: a.Offset, Proof: a.Proof})
	}
	if a.Proof != nil {
		return func(e *swarm.Engine, now time.Time) { e.FetchedRest(now, a.Number, a.Offset, b) }, nil
	}
	return func(e *swarm.Engine, now time.Time) {
		e.Fetched(now, &slice.Slice{Number: a.Number, Proof: proof, Payload: b})
	}, nil
}

// readLive reads a slice from the origin and checks it as far as it can be.
func (o *origin) readLive(ctx context.Context, proof *slice.Signed, a *swarm.Action) ([]byte, error) {
	if a.Number == proof.Group {
		return nil, fault.New(fault.SourceUnranged, "the first slice of a segment is the server's own")
	}
	inTime, cancel := context.WithTimeout(ctx, liveRead)
	defer cancel()
	b, err := o.read(inTime, proof, a.Number, a.Offset)
	switch {
	case fault.CodeOf(err) == fault.SliceNotYet: // it is not listed there yet, which says nothing of the origin
		return nil, err
	case err != nil:
		o.refused(ctx, err)
		return nil, err
	case a.Offset == 0 && o.res.Verifier.Payload(&proof.Statement, a.Number, b) != nil:
		o.differ(proof.Group)
		return nil, fault.New(fault.SourceChanged, "the origin gives other bytes than those proved")
	}
	o.gave()
	return b, nil
}

// liveRead is how long an origin may take for a slice of a live playlist.
const liveRead = 2 * time.Second

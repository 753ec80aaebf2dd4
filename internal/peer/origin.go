package peer

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// origin is where slices come from that peers do not give: their bytes from the viewer's own URL, their proofs from the
// server, which gives the bytes too where the origin does not.
type origin struct {
	edge   *edgeclient.Client
	res    *edgeclient.Resolution
	client *object.Client // nil: the origin is not to be asked
	close  func()
	place  place

	// differs is called when the origin gives other bytes than were proved, with the first slice of the group.
	differs func(group slice.Number, first bool)
	// unproved is called when the server cannot prove a group.
	unproved func(group slice.Number, err error)

	mu      sync.Mutex
	proofs  map[slice.Number]*slice.Signed // by the first slice of a group
	asks    map[slice.Number]*asking       // proofs that are under way
	away    bool                           // the origin is not asked any more
	failed  int                            // answers missing in a row
	others  int                            // groups in a row whose bytes are others
	told    bool                           // that they are
	another map[slice.Number]bool          // groups whose bytes are others, or cannot be proved
}

// place tells where slices are at an origin.
type place interface {
	// locate returns where slice n is. proof speaks of it; nil where blind.
	locate(ctx context.Context, proof *slice.Signed, n slice.Number) (spot, error)
	// blind tells that no proof is needed to know.
	blind() bool
}

// spot is a part of what an origin has.
type spot struct {
	object *object.File
	offset int64
	size   int
}

// asking is a request for a proof that several wait for.
type asking struct {
	done  chan struct{}
	proof *slice.Signed
	err   error
}

const (
	// maxOthers is how many groups in a row may have other bytes before the origin is not asked any more.
	maxOthers = 3
	// maxFailed is the same of answers that do not come.
	maxFailed = 3
)

func newOrigin(v *Viewer, res *edgeclient.Resolution) *origin {
	o := &origin{
		edge: v.edge, res: res, proofs: map[slice.Number]*slice.Signed{}, asks: map[slice.Number]*asking{},
		another: map[slice.Number]bool{}, close: func() {},
	}
	o.unproved = func(slice.Number, error) {}
	if strings.Contains(v.target, "://") {
		o.client = object.New(object.Options{Dial: newDirectDialer(v).Dial, Logger: v.log, Retries: 1, FirstBlock: 1})
		o.close = func() { _ = o.client.Close() }
	}
	place := &filePlace{about: &res.File.File, client: o.client, url: v.target}
	o.place = place
	o.differs = func(_ slice.Number, first bool) {
		if first {
			v.playOwn(place)
		}
	}
	return o
}

// ask makes the request that a wants and returns how its answer is given to the engine.
func (o *origin) ask(ctx context.Context, a *swarm.Action) (func(e *swarm.Engine, now time.Time), error) {
	if _, live := o.place.(*livePlace); live {
		if o.asksOrigin() {
			return o.askLive(ctx, a)
		}
		return ask(ctx, o.edge, o.res, a)
	}
	if o.asksOrigin() {
		give, err := o.askOrigin(ctx, a)
		if err == nil || ctx.Err() != nil || fault.CodeOf(err) == fault.TrackUnknown {
			return give, err
		}
	}
	give, err := ask(ctx, o.edge, o.res, a)
	if err != nil && unprovable(err) {
		o.fails(o.group(a.Number), err)
	}
	return give, err
}

func (o *origin) asksOrigin() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.client != nil && !o.away
}

// group returns the first slice of the group of slice n of a file.
func (o *origin) group(n slice.Number) slice.Number { return n - n%slice.Number(o.res.File.Group) }

// unprovable tells whether the server will not prove a group however often it is asked.
func unprovable(err error) bool {
	switch fault.CodeOf(err) {
	case fault.SourceInvalid, fault.SourceRefused, fault.SourceChanged, fault.SourceUnranged, fault.OriginNotAllowed,
		fault.AddressPrivate, fault.RequestInvalid:
		return true
	}
	return false
}

// fails takes note that the server cannot prove a group.
func (o *origin) fails(group slice.Number, err error) {
	o.mu.Lock()
	known := o.another[group]
	o.another[group] = true
	o.mu.Unlock()
	if !known {
		o.unproved(group, err)
	}
}

// isAnother tells whether the viewer's own bytes of a group are to be played, since they are others than the swarm's or the
// server cannot prove it.
func (o *origin) isAnother(group slice.Number) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.another[group] || o.others >= maxOthers
}

func (o *origin) askOrigin(ctx context.Context, a *swarm.Action) (func(e *swarm.Engine, now time.Time), error) {
	type read struct {
		bytes []byte
		err   error
	}
	got := make(chan read, 1)
	if o.place.blind() {
		go func() { // ctx ends it
			b, err := o.read(ctx, nil, a.Number, a.Offset)
			got <- read{b, err}
		}()
	}
	proof, err := a.Proof, error(nil)
	if proof == nil {
		proof, err = o.proof(ctx, a.Number)
	}
	if !o.place.blind() && err == nil {
		b, err := o.read(ctx, proof, a.Number, a.Offset)
		got <- read{b, err}
	}
	var r read
	if o.place.blind() || err == nil {
		r = <-got
	}
	switch {
	case err != nil:
		return nil, err
	case r.err != nil:
		o.refused(ctx, proof.Group, r.err)
		return nil, r.err
	case a.Offset == 0 && o.res.Verifier.Payload(&proof.Statement, a.Number, r.bytes) != nil:
		o.differ(proof.Group)
		return nil, fault.New(fault.SourceChanged, "the origin gives other bytes than those proved")
	}
	o.gave()
	if a.Proof != nil {
		return func(e *swarm.Engine, now time.Time) { e.FetchedRest(now, a.Number, a.Offset, r.bytes) }, nil
	}
	s := &slice.Slice{Number: a.Number, Proof: proof, Payload: r.bytes}
	return func(e *swarm.Engine, now time.Time) { e.Fetched(now, s) }, nil
}

// refused takes note of why the origin gave nothing. A file is asked no more once it is refused, and what has many parts
// after a few.
func (o *origin) refused(ctx context.Context, group slice.Number, err error) {
	if ctx.Err() != nil {
		return
	}
	if fault.CodeOf(err) == fault.SourceChanged && !o.place.blind() { // the segment has another size, or another is listed
		o.differ(group)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch fault.CodeOf(err) {
	case fault.SourceChanged, fault.SourceRefused, fault.SourceInvalid, fault.SourceUnranged:
		o.failed++
		o.away = o.away || o.place.blind() || o.failed >= maxFailed
	default:
		o.failed++
		o.away = o.away || !o.place.blind() && o.failed >= maxFailed
	}
}

// gave takes note that the origin gave what was proved.
func (o *origin) gave() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed = 0
	if !o.away {
		o.others = 0
	}
}

// differ takes note that the origin's bytes of a group are others than those proved.
func (o *origin) differ(group slice.Number) {
	o.mu.Lock()
	first := !o.told
	o.told = true
	if !o.another[group] {
		o.another[group] = true
		o.others++
	}
	o.away = o.away || o.place.blind() || o.others >= maxOthers
	o.mu.Unlock()
	o.differs(group, first)
}

// read reads slice n from offset on from the origin.
func (o *origin) read(ctx context.Context, proof *slice.Signed, n slice.Number, offset int) ([]byte, error) {
	at, err := o.place.locate(ctx, proof, n)
	if err != nil {
		return nil, err
	}
	return at.object.ReadRange(ctx, at.offset+int64(offset), at.size-offset)
}

// proof returns the proof of slice n of a file, asking the server once for each group.
func (o *origin) proof(ctx context.Context, n slice.Number) (*slice.Signed, error) {
	group := o.group(n)
	o.mu.Lock()
	if p := o.proofs[group]; p != nil {
		o.mu.Unlock()
		return p, nil
	}
	a := o.asks[group]
	mine := a == nil
	if mine {
		a = &asking{done: make(chan struct{})}
		o.asks[group] = a
	}
	o.mu.Unlock()
	if mine {
		a.proof, a.err = o.edge.Proof(ctx, o.res, n)
		o.mu.Lock()
		if a.err == nil {
			o.proofs[group] = a.proof
		}
		delete(o.asks, group)
		o.mu.Unlock()
		close(a.done)
		return a.proof, a.err
	}
	select {
	case <-a.done:
		if a.err != nil && ctx.Err() == nil { // who asked may have been cancelled
			return o.edge.Proof(ctx, o.res, n)
		}
		return a.proof, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// filePlace is a file at its own URL.
type filePlace struct {
	about  *edgeapi.File
	client *object.Client
	url    string

	mu   sync.Mutex
	file *object.File
}

func (*filePlace) blind() bool { return true }

func (p *filePlace) locate(ctx context.Context, _ *slice.Signed, n slice.Number) (spot, error) {
	f, err := p.open(ctx)
	return spot{f, int64(n) * int64(p.about.Slice), p.about.SliceSize(n)}, err
}

// open opens the file at its origin, which must be the one that the server saw.
func (p *filePlace) open(ctx context.Context) (*object.File, error) {
	p.mu.Lock()
	f := p.file
	p.mu.Unlock()
	if f != nil {
		return f, nil
	}
	f, err := p.client.Open(ctx, p.url)
	if err != nil {
		return nil, err
	}
	if !f.Ranged || f.Size != p.about.Size {
		return nil, fault.New(fault.SourceChanged, "the origin gives this viewer another file than the server saw")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		p.file = f
	}
	return p.file, nil
}

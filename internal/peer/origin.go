package peer

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// origin is where a file comes from that peers do not give: its bytes from its own URL, their proofs from the server, which
// gives the bytes too where the origin does not.
type origin struct {
	edge   *edgeclient.Client
	res    *edgeclient.Resolution
	client *object.Client // nil: the origin is not to be asked
	url    string
	differ func() // called once, when the origin gives other bytes than were proved

	mu     sync.Mutex
	file   *object.File
	proofs map[slice.Number]*slice.Signed // by the first slice of a group
	asks   map[slice.Number]*asking       // proofs that are under way
	away   bool                           // the origin is not asked any more
}

// asking is a request for a proof that several wait for.
type asking struct {
	done  chan struct{}
	proof *slice.Signed
	err   error
}

func newOrigin(v *Viewer, res *edgeclient.Resolution) *origin {
	o := &origin{
		edge: v.edge, res: res, proofs: map[slice.Number]*slice.Signed{}, asks: map[slice.Number]*asking{},
		differ: func() {
			v.log.Warn("the origin gives this viewer other bytes than the server saw; the server's are played")
		},
	}
	if strings.Contains(v.target, "://") {
		o.url, o.client = v.target, object.New(object.Options{Dial: v.cfg.Dial, Logger: v.log, Retries: 1, FirstBlock: 1})
	}
	return o
}

func (o *origin) close() {
	if o.client != nil {
		_ = o.client.Close()
	}
}

// ask makes the request that a wants and returns how its answer is given to the engine.
func (o *origin) ask(ctx context.Context, a *swarm.Action) (func(e *swarm.Engine, now time.Time), error) {
	if o.asksOrigin() {
		give, err := o.askOrigin(ctx, a)
		if err == nil || ctx.Err() != nil || fault.CodeOf(err) == fault.TrackUnknown {
			return give, err
		}
	}
	return ask(ctx, o.edge, o.res, a)
}

func (o *origin) asksOrigin() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.client != nil && !o.away
}

func (o *origin) askOrigin(ctx context.Context, a *swarm.Action) (func(e *swarm.Engine, now time.Time), error) {
	type read struct {
		bytes []byte
		err   error
	}
	got := make(chan read, 1)
	go func() { // ctx ends it
		b, err := o.read(ctx, a.Number, a.Offset)
		got <- read{b, err}
	}()
	proof, err := a.Proof, error(nil)
	if proof == nil {
		proof, err = o.proof(ctx, a.Number)
	}
	r := <-got
	switch {
	case err != nil:
		return nil, err
	case r.err != nil:
		o.mu.Lock()
		switch fault.CodeOf(r.err) {
		case fault.SourceChanged, fault.SourceRefused, fault.SourceInvalid, fault.SourceUnranged:
			o.away = true
		}
		o.mu.Unlock()
		return nil, r.err
	case a.Offset == 0 && o.res.Verifier.Payload(&proof.Statement, a.Number, r.bytes) != nil:
		o.mu.Lock()
		first := !o.away
		o.away = true
		o.mu.Unlock()
		if first {
			o.differ()
		}
		return nil, fault.New(fault.SourceChanged, "the origin gives other bytes than those proved")
	case a.Proof != nil:
		return func(e *swarm.Engine, now time.Time) { e.FetchedRest(now, a.Number, a.Offset, r.bytes) }, nil
	}
	s := &slice.Slice{Number: a.Number, Proof: proof, Payload: r.bytes}
	return func(e *swarm.Engine, now time.Time) { e.Fetched(now, s) }, nil
}

// read reads slice n from offset on from the origin.
func (o *origin) read(ctx context.Context, n slice.Number, offset int) ([]byte, error) {
	f, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	about := &o.res.File.File
	return f.ReadRange(ctx, int64(n)*int64(about.Slice)+int64(offset), about.SliceSize(n)-offset)
}

// open opens the file at its origin, which must be the one that the server saw.
func (o *origin) open(ctx context.Context) (*object.File, error) {
	o.mu.Lock()
	f := o.file
	o.mu.Unlock()
	if f != nil {
		return f, nil
	}
	f, err := o.client.Open(ctx, o.url)
	if err != nil {
		return nil, err
	}
	about := &o.res.File.File
	if !f.Ranged || f.Size != about.Size {
		return nil, fault.New(fault.SourceChanged, "the origin gives this viewer another file than the server saw")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file == nil {
		o.file = f
	}
	return o.file, nil
}

// proof returns the proof of slice n, asking the server once for each group.
func (o *origin) proof(ctx context.Context, n slice.Number) (*slice.Signed, error) {
	group := n - n%slice.Number(o.res.File.Group)
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

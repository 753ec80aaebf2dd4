package bench

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/peer"
)

// viewer is one of the audience with what it measures.
type viewer struct {
	run *run1

	mu       sync.Mutex
	peer     *peer.Viewer
	closed   bool
	last     peer.Stats // at the end
	start    time.Duration
	err      error
	follower *follower
	late     lateness
}

// watch opens the viewer and reads what comes out until it is closed or fails.
func (v *viewer) watch(ctx context.Context) {
	opened := time.Now()
	p, err := peer.Open(ctx, peer.Config{
		Server: v.run.stage.ServerURL(), Delay: v.run.c.Delay, Loopback: true, Logger: v.run.c.Logger,
	}, v.run.stage.Channel())
	v.mu.Lock()
	closed := v.closed
	v.peer, v.err = p, err
	v.mu.Unlock()
	if err != nil {
		return
	}
	if closed || ctx.Err() != nil {
		_ = p.Close()
		return
	}
	defer context.AfterFunc(ctx, func() { _ = p.Close() })()
	reader := p.NewReader()
	defer reader.Close() //nolint:errcheck // it returns nil, always
	for {
		t, err := reader.ReadTag()
		at := time.Now()
		v.mu.Lock()
		switch {
		case err == nil:
			if v.start == 0 && counts(&t) {
				v.start = at.Sub(opened)
			}
			v.follower.got(&t, at)
			v.late.got(&t, at)
		case !v.closed && !errors.Is(err, io.EOF):
			v.err = err
		case !v.closed && ctx.Err() == nil:
			v.err = fault.New(fault.SourceEnded, "the stream ended in the middle of the run")
		}
		v.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// stats returns the counts of now, those of the end once closed.
func (v *viewer) stats() peer.Stats {
	v.mu.Lock()
	p, closed, last := v.peer, v.closed, v.last
	v.mu.Unlock()
	if p == nil || closed {
		return last
	}
	return p.Stats()
}

// totals adds up the counts of all viewers.
func totals(audience []*viewer) (t peer.Stats) {
	for _, v := range audience {
		s := v.stats()
		addTo(&t, &s)
	}
	return t
}

// addTo adds counts to a sum.
func addTo(t, s *peer.Stats) {
	t.PeerBytes += s.PeerBytes
	t.ServerBytes += s.ServerBytes
	t.DuplicateBytes += s.DuplicateBytes
	t.BadBytes += s.BadBytes
	t.ProofBytes += s.ProofBytes
	t.ControlIn += s.ControlIn
	t.ControlOut += s.ControlOut
	t.TrackerIn += s.TrackerIn
	t.TrackerOut += s.TrackerOut
	t.HTTPIn += s.HTTPIn
	t.HTTPOut += s.HTTPOut
	t.Stalls += s.Stalls
	t.Stall += s.Stall
}

// closeAll takes the last counts of all viewers, then closes them at the same time.
func closeAll(audience []*viewer) {
	for _, v := range audience {
		last := v.stats()
		v.mu.Lock()
		v.last, v.closed = last, true
		v.mu.Unlock()
	}
	var all sync.WaitGroup
	for _, v := range audience {
		if v.peer != nil {
			all.Go(func() { _ = v.peer.Close() })
		}
	}
	all.Wait()
}

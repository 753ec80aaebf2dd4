package bench

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// viewer is one of the audience with what it measures.
type viewer struct {
	run *run1

	mu       sync.Mutex
	stream   *superp2p.P2PNetStream // nil before it is opened
	closed   bool
	last     superp2p.Stats // at the end
	start    time.Duration
	err      error
	follower *follower
	late     lateness
}

// watch opens the viewer and reads what comes out until it is closed or fails.
func (v *viewer) watch(ctx context.Context) {
	opened := time.Now()
	stream, err := superp2p.NewP2PNetStream(superp2p.Config{
		Server: v.run.stage.ServerURL(), Loopback: true, Logger: v.run.c.Logger,
		Unpaced: true, // what the swarm does is measured, not the clock of a player
	})
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return
	}
	if err == nil {
		stream.SetBackBufferTime(0) // nobody seeks
		err = stream.Play(v.run.stage.Channel(), &superp2p.PlayConfig{Delay: v.run.c.Delay})
	}
	v.stream, v.err = stream, err
	v.mu.Unlock()
	if err != nil {
		return
	}
	end := sync.OnceFunc(func() { _ = stream.Close() }) // who comes second waits too
	defer end()
	defer context.AfterFunc(ctx, end)()
	tags := flv.NewReader(stream, flv.Limits{})
	for {
		t, err := tags.ReadTag()
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
func (v *viewer) stats() superp2p.Stats {
	v.mu.Lock()
	stream, closed, last := v.stream, v.closed, v.last
	v.mu.Unlock()
	if stream == nil || closed {
		return last
	}
	return stream.Stats()
}

// totals adds up the counts of all viewers.
func totals(audience []*viewer) (t superp2p.Stats) {
	for _, v := range audience {
		s := v.stats()
		addTo(&t, &s)
	}
	return t
}

// addTo adds counts to a sum, in which the share of peers is not: see offload.
func addTo(t, s *superp2p.Stats) {
	t.PeerBytes += s.PeerBytes
	t.ServerBytes += s.ServerBytes
	t.DuplicateBytes += s.DuplicateBytes
	t.BadBytes += s.BadBytes
	t.ProofBytes += s.ProofBytes
	t.ControlBytes += s.ControlBytes
	t.ControlSentBytes += s.ControlSentBytes
	t.Stalls += s.Stalls
	t.Stall += s.Stall
}

// media returns the media bytes of counts.
func media(s *superp2p.Stats) uint64 { return s.PeerBytes + s.ServerBytes }

// offload returns the share of media bytes from peers.
func offload(s *superp2p.Stats) float64 { return share(s.PeerBytes, media(s)) }

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
		if v.stream != nil {
			all.Go(func() { _ = v.stream.Close() })
		}
	}
	all.Wait()
}

package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// deliver hands out what is here and due, and keeps account of stalls: playback stalls when the player, which started
// with the first slice and plays at the stream's pace, needs a slice that has not come.
func (e *Engine) deliver(now time.Time) {
	p := &e.playout
	for !p.ended && !p.held {
		s := e.store.get(p.position)
		if s == nil {
			e.runDry(now)
			return
		}
		at := p.trackTime(p.position)
		if p.stalled {
			p.rebuffer(&s.Proof.Statement, e.cfg.ClockOffset)
			if p.file != nil {
				p.base = now.Add(-at)
			}
		}
		if p.due(p.position).After(now) || e.crowded(now) && !e.ready() {
			return
		}
		start := startWith
		if p.file != nil {
			start = fileStartWith
		}
		if p.stalled && !e.covered(resumeWith) || !p.started && !e.covered(start) {
			return
		}
		if p.stalled {
			p.stalled = false
			stall := now.Sub(p.stalledAt)
			e.stats.Stall += stall
			p.player = now.Add(-at)
			e.act(Action{Kind: Resumed, Wait: stall})
		}
		if !p.started {
			p.started = true
			p.player = now.Add(-at)
			e.act(Action{Kind: Started})
		}
		p.position++
		e.act(Action{Kind: Deliver, Slice: s})
		if s.Proof.Flags&slice.Final != 0 && p.position > s.Proof.First+slice.Number(len(s.Proof.Entries))-1 {
			p.ended = true
			e.act(Action{Kind: Ended})
		}
	}
}

// ready tells whether there is enough to start with where what follows is to come from peers as well.
func (e *Engine) ready() bool {
	return e.holdsAll(e.playout.position, e.playout.position+e.policy.CrowdStart)
}

const (
	// startWith is how much must be here for playback to start: a frame, which may be in several slices.
	startWith = 40 * time.Millisecond
	// fileStartWith is the same of a file, whose first slices are asked for together and come one after the other.
	fileStartWith = 200 * time.Millisecond
	// resumeWith is the same after a stall, so that it does not stall again at once.
	resumeWith = 400 * time.Millisecond
)

// covered tells whether so much is here from the play position on, or all there is.
func (e *Engine) covered(lasts time.Duration) bool {
	p := &e.playout
	for n := p.position; p.trackTime(n)-p.trackTime(p.position) < lasts && (!p.hasLast || n <= p.last); n++ {
		if e.store.has(n) {
			continue
		}
		return n > max(p.newest, p.seen) && p.availableAt(n).After(e.now)
	}
	return true
}

// runDry notes that the next slice is not here.
func (e *Engine) runDry(now time.Time) {
	p := &e.playout
	if p.hasLast && p.position > p.last {
		p.ended = true
		e.act(Action{Kind: Ended})
		return
	}
	needed := p.player.Add(p.trackTime(p.position))
	if p.started && !p.stalled && now.After(needed) {
		p.stalled = true
		p.stalledAt = needed
		e.stats.Stalls++
		e.act(Action{Kind: Stalled})
	}
}

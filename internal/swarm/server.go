package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// server keeps account of what is asked from the server.
type server struct {
	open   int           // fetches under way
	fails  int           // answers missing in a row
	resume time.Time     // after a failure: nothing is asked before
	took   time.Duration // smoothed: how long answers take that need not wait
}

const (
	maxFetches   = 8
	fetchWait    = 10 * time.Second
	serverPause  = 250 * time.Millisecond // after the first failure, twice as long after each further one
	serverPauses = 4                      // doublings at the most: 4 s
)

// fetch asks the server for w and tells whether it could.
func (e *Engine) fetch(now time.Time, w *want) bool {
	if e.server.open >= maxFetches || now.Before(e.server.resume) || now.Before(w.retry) || e.lost {
		return false
	}
	switch {
	case !e.settled(now):
		e.stats.FetchedStart++
	case e.held(w.number):
		e.stats.FetchedLate++
		e.late(true)
	default:
		e.stats.FetchedFirst++
	}
	w.fetching, w.fetched = true, now
	e.server.open++
	e.act(Action{Kind: Fetch, Number: w.number, Wait: fetchWait})
	return true
}

// Fetched takes a slice that the server gave. The engine checks its proof.
func (e *Engine) Fetched(now time.Time, s *slice.Slice) {
	e.now = now
	if e.left {
		return
	}
	e.stats.ProofBytes += uint64(len(s.Proof.Encoded) + len(s.Proof.Signature))
	w := e.wants.get(s.Number)
	if w == nil || !w.fetching {
		e.stats.DuplicateBytes += uint64(len(s.Payload))
		return
	}
	w.fetching = false
	e.server.open--
	if took := now.Sub(w.fetched); s.Proof.Cut.Add(e.cfg.ClockOffset).Before(w.fetched) {
		if e.server.took == 0 {
			e.server.took = took
		}
		e.server.took += (took - e.server.took) / 4
	}
	err := e.cfg.Verifier.Statement(s.Proof)
	if err == nil && s.Proof.Track == e.cfg.Track && s.Proof.Covers(s.Number) {
		err = e.cfg.Verifier.Payload(&s.Proof.Statement, s.Number, s.Payload)
	}
	if err != nil {
		e.stats.BadBytes += uint64(len(s.Payload))
		e.stats.DuplicateBytes += uint64(len(s.Payload))
		e.pauseServer(now)
		return
	}
	e.server.fails = 0
	e.stats.ServerBytes += uint64(len(s.Payload))
	e.stats.ServerSlices++
	e.observe(&s.Proof.Statement)
	e.accept(now, s)
}

// FetchFailed takes note that the server did not give slice n.
func (e *Engine) FetchFailed(now time.Time, n slice.Number, why FetchError) {
	e.now = now
	w := e.wants.get(n)
	if w == nil || !w.fetching || e.left {
		return
	}
	w.fetching, w.next = false, time.Time{}
	e.server.open--
	switch why {
	case NotYet:
		w.retry = now.Add(serverPause)
	case Unreachable:
		e.pauseServer(now)
	case SourceEnded:
		if n > e.playout.newest && (!e.playout.hasLast || n <= e.playout.last) {
			e.playout.hasLast, e.playout.last = true, n-1
		}
		w.retry = now.Add(time.Second)
		e.deliver(now)
	case Gone:
		w.retry = now.Add(time.Second)
		if n == e.playout.position && w.from == nil && !e.held(n) {
			e.lose()
		}
	case TrackUnknown:
		e.lose()
	}
}

func (e *Engine) pauseServer(now time.Time) {
	e.server.resume = now.Add(serverPause << min(e.server.fails, serverPauses))
	e.server.fails++
}

// lose says once that playback cannot go on from here by itself.
func (e *Engine) lose() {
	if !e.lost {
		e.lost = true
		e.act(Action{Kind: Lost})
	}
}

// held tells whether a neighbour that serves holds slice n.
func (e *Engine) held(n slice.Number) bool {
	for _, p := range e.order {
		if p.holds.has(n) && !p.noUpload {
			return true
		}
	}
	return false
}

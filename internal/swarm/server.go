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
	took   time.Duration // an answer for what was cut already, smoothed; 0 while unknown
}

const (
	maxFetches = 8
	// maxEarly is how many fetches may be under way for another to be made before its time is short: what is needed
	// first is not to wait behind it.
	maxEarly  = 4
	fetchWait = 10 * time.Second
	// serverPatience is how long the server may take for a slice that a neighbour could give.
	serverPatience = time.Second
	serverPause    = 250 * time.Millisecond // after the first failure, twice as long after each further one
	serverPauses   = 4                      // doublings at the most: 4 s
)

// serverFree tells whether the server can be asked for w now.
func (e *Engine) serverFree(now time.Time, w *want) bool {
	most := maxFetches
	if !e.cfg.NoPeers && !e.cfg.NoDownload && e.playout.deadline(w.number).Sub(now) > e.policy.Guard(e.playout.delay) {
		most = maxEarly
	}
	return e.server.open < most && !now.Before(e.server.resume) && !now.Before(w.retry) && !e.lost
}

// fetch asks the server for w, if it has given fewer copies than that or copies is 0, and tells whether it could be
// asked. It counts in count.
func (e *Engine) fetch(now time.Time, w *want, count *uint64, copies int) bool {
	if w.fetching || !e.serverFree(now, w) {
		return false
	}
	w.fetching, w.fetched = true, now
	*count++
	if count == &e.stats.FetchedLate {
		e.late(true)
	}
	e.server.open++
	a := Action{Kind: Fetch, Number: w.number, Wait: fetchWait, Copies: copies}
	w.rest, w.base = false, nil
	if w.proof != nil && !w.whole {
		if begun := w.begun(); len(begun) < w.size() {
			w.base = begun
		}
		if w.rest = len(w.base) > 0 || e.cfg.File != nil; w.rest {
			a.Offset, a.Proof = len(w.base), w.proof
		}
	}
	e.act(a)
	return true
}

// unfetch takes back what was asked of the server, if anything was.
func (e *Engine) unfetch(w *want) {
	if w.fetching {
		w.fetching = false
		e.server.open--
		e.act(Action{Kind: CancelFetch, Number: w.number})
	}
}

// FetchedRest takes the payload of slice n from offset on, as the server gave it. What is before came from a peer.
func (e *Engine) FetchedRest(now time.Time, n slice.Number, offset int, rest []byte) {
	e.now = now
	w := e.wants.get(n)
	if e.left {
		return
	}
	if w == nil || !w.fetching || !w.rest || len(w.base) != offset {
		e.stats.DuplicateBytes += uint64(len(rest))
		return
	}
	e.answered(now, w)
	payload := joined(w.base, rest)
	if e.cfg.Verifier.Payload(&w.proof.Statement, n, payload) != nil {
		// The peer's part is wrong or the server's: it is seen when the server gives all of it.
		e.stats.DuplicateBytes += uint64(len(rest))
		w.whole = true
		e.fetch(now, w, &e.stats.FetchedLate, 0)
		return
	}
	e.server.fails = 0
	e.stats.DuplicateBytes -= uint64(offset)
	e.stats.PeerBytes += uint64(offset)
	if w.pushed {
		e.stats.PushedBytes += uint64(offset)
	}
	e.stats.ServerBytes += uint64(len(rest))
	e.stats.ServerSlices++
	e.accept(now, &slice.Slice{Number: n, Proof: w.proof, Payload: payload})
}

// answered takes note that the server has given what was asked for.
func (e *Engine) answered(now time.Time, w *want) {
	w.fetching = false
	e.server.open--
	if !w.fetched.Before(e.playout.availableAt(w.number)) {
		if took := now.Sub(w.fetched); e.server.took == 0 {
			e.server.took = took
		} else {
			e.server.took += (took - e.server.took) / 8
		}
	}
}

// check returns a slice with the proof that is known already, if it is, and whether it is proved.
func (e *Engine) check(s *slice.Slice) (*slice.Slice, error) {
	var err error
	if known := e.proofs.known(s.Proof); known != nil {
		s = &slice.Slice{Number: s.Number, Proof: known, Payload: s.Payload}
	} else {
		err = e.cfg.Verifier.Statement(s.Proof)
	}
	if err == nil && s.Proof.Track == e.cfg.Track && s.Proof.Covers(s.Number) {
		err = e.cfg.Verifier.Payload(&s.Proof.Statement, s.Number, s.Payload)
	}
	return s, err
}

// Restore takes a slice that was kept elsewhere, such as on a disk, as if it had never left. False says that it is not
// proved, and not taken.
func (e *Engine) Restore(now time.Time, s *slice.Slice) bool {
	e.now = now
	if e.left || e.store.has(s.Number) {
		return true
	}
	s, err := e.check(s)
	if err != nil || s.Proof.Track != e.cfg.Track || !s.Proof.Covers(s.Number) {
		return false
	}
	e.observe(&s.Proof.Statement)
	e.accept(now, s)
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
	e.answered(now, w)
	s, err := e.check(s)
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
	if e.cfg.File != nil {
		e.prove(s.Proof)
	}
	e.accept(now, s)
}

// FetchFailed takes note that the server did not give slice n.
func (e *Engine) FetchFailed(now time.Time, n slice.Number, why FetchError) {
	e.now = now
	w := e.wants.get(n)
	if w == nil || !w.fetching || e.left {
		return
	}
	w.fetching = false
	e.server.open--
	switch why {
	case NotYet:
		w.retry = now.Add(serverPause)
	case Enough:
		w.enough, w.next = true, time.Time{}
		e.stats.FetchedFirst--
	case Unreachable:
		w.whole = w.whole || w.rest // perhaps it cannot give parts
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

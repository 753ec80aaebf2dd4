package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// pass looks at every slice from the play position to just beyond the live edge, or to as far ahead as a file is loaded.
func (e *Engine) pass(now time.Time) {
	p := &e.playout
	if p.ended {
		return
	}
	e.dropBelow(p.position)
	news := p.newest != e.newest // what was not known to exist now is
	e.newest = p.newest
	for n, end := p.position, e.horizon(now); n < end; n++ {
		if e.store.has(n) {
			continue
		}
		w := e.wants.get(n)
		if w == nil || !now.Before(w.next) || news && w.from == nil && !w.fetching {
			e.consider(now, n)
			w = e.wants.get(n)
		}
		if w != nil && w.next.Before(e.nextPass) {
			e.nextPass = w.next
		}
	}
	if soonest := now.Add(passAtMost); e.nextPass.Before(soonest) {
		e.nextPass = soonest
	}
}

// soon is how long before its deadline a slice is looked at more often.
const soon = 1500 * time.Millisecond

// guessMargin is by how much earlier a slice may be needed whose time is only guessed.
const guessMargin = 100 * time.Millisecond

// observe takes in what a proved statement says. Where it ends, the next slice begins, which was only guessed before.
func (e *Engine) observe(st *slice.Statement) {
	e.playout.observe(st, e.cfg.ClockOffset)
	if w := e.wants.get(st.First + slice.Number(len(st.Entries))); w != nil && w.from == nil && !w.fetching {
		e.consider(e.now, w.number)
	}
}

// reconsider has the next pass look at every slice.
func (e *Engine) reconsider(now time.Time) {
	for n := e.wants.low; n < e.wants.high; n++ {
		if w := e.wants.get(n); w != nil {
			w.next = time.Time{}
		}
	}
	e.nextPass = now
}

const (
	// maxAhead limits how many slices are looked at, whatever the clocks say.
	maxAhead = 1024
	// maxGuess is how many slices beyond those known to exist are thought of: the source may have stopped.
	maxGuess = 8
	// fileAhead is how far ahead a file is loaded unless configured.
	fileAhead = 30 * time.Second
)

// horizon returns the first slice that is too far ahead to think of.
func (e *Engine) horizon(now time.Time) slice.Number {
	p := &e.playout
	end := p.newest + 1
	if p.file != nil {
		end = min(p.position+slice.Number(e.ahead()/p.mean)+1, p.last+1)
	}
	for ; p.file == nil && end <= max(p.newest, p.seen)+maxGuess; end++ {
		if p.availableAt(end).Add(-e.policy.Ahead).After(now) {
			break
		}
	}
	if p.hasLast {
		end = min(end, p.last+1)
	}
	return min(end, p.position+maxAhead)
}

// wanted tells whether slice n is needed and not here.
func (e *Engine) wanted(n slice.Number) bool {
	p := &e.playout
	return n >= p.position && n < p.position+maxAhead && (!p.hasLast || n <= p.last) && !e.store.has(n) && !p.ended
}

// consider decides what to do about slice n now.
func (e *Engine) consider(now time.Time, n slice.Number) {
	if !e.wanted(n) || e.left {
		return
	}
	w := e.want(n)
	deadline := e.playout.deadline(n)
	if n <= e.playout.newest && !e.playout.knows(n) {
		deadline = deadline.Add(-guessMargin)
	}
	slack := deadline.Sub(now)
	w.next = now.Add(passEvery)
	if slack < soon {
		w.next = now.Add(passEvery / 2)
	}
	if w.from != nil && e.giveUp(now, w, slack) {
		e.cancel(w)
	}
	switch hurry := e.hurry(); {
	case w.from != nil && slack > hurry:
		w.next = earliest(w.progress.Add(e.policy.Patience(slack, e.answers.usual())), deadline.Add(-hurry))
		return
	case w.fetching:
		e.hedge(now, w, slack)
		return
	case w.from != nil:
		if !w.inTime(now, slack-margin) && e.serverFree(now, w) {
			e.cancel(w)
			e.fetch(now, w, e.lateCount(now), 0)
		}
		return
	}
	if slack < e.tooLate() && !e.unseen(n) && e.fetch(now, w, e.lateCount(now), 0) {
		return // too late to rely on anybody else
	}
	if e.asked < e.policy.MaxAsked && !now.Before(w.pull) && !(e.crowded(now) && n >= e.playout.position+e.policy.CrowdStart) {
		if slack > proofWithin && e.proofComes(w) {
			return // with another slice; who is asked afterwards leaves it out
		}
		if q := e.source(now, w); q != nil {
			e.ask(now, w, q, slack)
			return
		}
	}
	held := e.held(n)
	turn, count, copies := e.serverTurn(now, w, slack, held)
	switch {
	case !now.Before(turn):
		e.fetch(now, w, count, copies)
	case held:
		w.next = earliest(turn, w.next)
	default:
		w.next = earliest(turn, now.Add(5*passEvery)) // whoever gets it will tell
	}
	if now.Before(w.pull) {
		w.next = earliest(turn, w.pull)
	}
}

// begunPatience is for how long nothing more may come of a slice that is here in part: it would be for nothing.
const begunPatience = 2 * time.Second

// crowded tells whether this viewer, which has come in a crowd and not started, still waits for peers.
func (e *Engine) crowded(now time.Time) bool {
	return !e.playout.started && now.Before(e.playout.hold)
}

// giveUp tells whether to stop waiting for what was asked from a peer, and takes note of why.
func (e *Engine) giveUp(now time.Time, w *want, slack time.Duration) bool {
	patience := e.policy.Patience(slack, e.answers.usual())
	if len(w.buf) > 0 {
		patience = max(patience, begunPatience)
	}
	if now.Sub(e.progress(w, slack)) <= patience {
		return false
	}
	e.stats.Timeouts++
	if w.buf == nil {
		e.answers.add(now.Sub(w.asked))
	}
	e.rest(now, w.from)
	w.from.holds.remove(w.number)
	return true
}

// progress returns when something last came that gives hope for w. While there is time, anything from who was asked
// does, since it serves requests in turn; near the end only w itself does.
func (e *Engine) progress(w *want, slack time.Duration) time.Time {
	if slack > 2*e.policy.Guard(e.playout.delay) && w.from.data.After(w.progress) {
		return w.from.data
	}
	return w.progress
}

// hedge asks a neighbour for w, which the server was asked for and does not give although it was cut long ago.
func (e *Engine) hedge(now time.Time, w *want, slack time.Duration) {
	w.next = now.Add(serverPatience)
	if now.Sub(w.fetched) < serverPatience || now.Before(e.playout.availableAt(w.number).Add(serverPatience)) {
		return
	}
	if q := e.source(now, w); q != nil {
		e.unfetch(w)
		e.pauseServer(now)
		e.ask(now, w, q, slack)
	}
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// pullAt returns from when on slice n is asked from neighbours.
func (e *Engine) pullAt(n slice.Number) time.Time {
	p := &e.playout
	if p.file != nil || e.policy.OfferFor <= 0 {
		return time.Time{}
	}
	at := p.availableAt(n)
	return at.Add(e.policy.Pull(max(0, p.deadline(n).Sub(at)-e.policy.Guard(p.delay))))
}

// source chooses a neighbour to ask for w, nil if there is none to ask now.
func (e *Engine) source(now time.Time, w *want) *neighbour {
	if e.cfg.NoDownload {
		return nil
	}
	cs, ps := &e.choice.candidates, &e.choice.neighbours
	k, tried, mine := 0, 0, score(e.key, w.number)
	for _, q := range e.order {
		if k == len(cs) {
			break
		}
		if !q.holds.has(w.number) || q.noUpload || !q.greeted || now.Before(q.rests) || !q.mayAsk() {
			continue
		}
		if w.tried&q.bit() != 0 {
			tried++
			continue
		}
		cs[k], ps[k] = q.candidate(w.number, mine), q
		k++
	}
	choose := e.policy.Source
	if e.cfg.File != nil {
		choose = e.policy.FileSource
	}
	if i := choose(cs[:k]); i >= 0 {
		return ps[i]
	}
	if tried > 0 && k == 0 {
		w.tried = 0 // all have refused once: they may be asked again, from the next look on
	}
	return nil
}

// serverTurn returns when w, which no neighbour can be asked for, is to be taken from the server as things are, what
// that counts as, and how many copies the server may have given.
func (e *Engine) serverTurn(now time.Time, w *want, slack time.Duration, held bool) (time.Time, *uint64, int) {
	p, n := &e.playout, w.number
	if e.cfg.NoPeers || e.cfg.NoDownload || p.eager && !held {
		return now, &e.stats.FetchedFirst, 0
	}
	settled := e.settled(now)
	guard := e.guard(settled)
	if settled {
		// Spread by a fifth, so that those who lack the same slice do not all turn to the server at once.
		guard -= time.Duration(float64(guard/5) * unit(score(e.key, n)))
	}
	late := e.lateCount(now)
	if !p.started && !e.crowded(now) && n < p.position+e.policy.Burst && !held {
		return now, late, 0
	}
	unseen := n > p.newest && !held
	if !unseen && slack <= guard {
		return now, late, 0
	}
	last := now.Add(slack - guard)
	if held || p.file != nil {
		return last, late, 0 // its holders are busy or resting
	}
	view, before := e.view(n)
	if !settled && slack > guard && (view.Viewers > 1 || e.size == 0) {
		return last, late, 0 // there may be holders that we do not know yet
	}
	at := p.availableAt(n)
	view.Span = max(0, p.deadline(n).Sub(at)-guard)
	view.Spread = p.delay - e.policy.Guard(p.delay) - p.mean
	view.Refused, view.Short = w.enough, e.short
	if e.cfg.NoUpload {
		view.Short = 0
	}
	turn := e.policy.FirstCopy(view)
	if turn.After == 0 {
		return at.Add(-e.policy.Ahead), &e.stats.FetchedFirst, turn.Copies
	}
	at = at.Add(turn.After + e.policy.Stagger<<min(before, 6) - e.policy.Stagger)
	if !unseen {
		at = earliest(at, last)
	}
	return at, &e.stats.FetchedFirst, turn.Copies
}

// lateCount returns what a slice counts as that is taken from the server because time ran out.
func (e *Engine) lateCount(now time.Time) *uint64 {
	if e.settled(now) && now.Sub(e.sought) > e.policy.Settle {
		return &e.stats.FetchedLate
	}
	return &e.stats.FetchedStart
}

// late keeps account of how many slices have to be taken from the server although peers were hoped for.
func (e *Engine) late(isLate bool) {
	const step = 0.02
	switch {
	case e.now.Sub(e.began) < youngFor || e.policy.Late <= 0:
	case isLate:
		e.short = min(0.9, e.short+step)
	default:
		e.short = max(0, e.short-step*e.policy.Late)
	}
}

// youngFor is how long what a viewer has to take late says nothing of the swarm.
const youngFor = 12 * time.Second

// unseen tells whether nobody around has shown that slice n exists. When the source stops, all viewers lack the same
// next slices; if all asked the server for them, all would get them there when the source is back.
func (e *Engine) unseen(n slice.Number) bool {
	return n > e.playout.newest && !e.cfg.NoPeers && !e.held(n)
}

// held tells whether a neighbour that serves holds slice n.
func (e *Engine) held(n slice.Number) bool {
	if n > e.highest {
		return false // as of most slices that are thought of
	}
	for _, p := range e.order {
		if p.holds.has(n) && !p.noUpload {
			return true
		}
	}
	return false
}

// settled tells whether there are neighbours enough to go by what they hold.
func (e *Engine) settled(now time.Time) bool {
	if now.Sub(e.began) >= e.policy.Settle {
		return true
	}
	return e.size > 0 && 10*e.greeted() >= 7*min(e.size-1, e.cfg.MaxPeers)
}

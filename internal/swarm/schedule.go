package swarm

import (
	"math"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// pass looks at every slice from the play position to just beyond the live edge.
func (e *Engine) pass(now time.Time) {
	p := &e.playout
	if p.ended {
		return
	}
	e.dropBelow(p.position)
	news := p.newest != e.newest // what was not known to exist now is
	e.newest = p.newest
	for n, end := p.position, e.horizon(now); n < end; n++ {
		if w := e.wants.get(n); w == nil || !now.Before(w.next) || news && w.from == nil && !w.fetching {
			e.consider(now, n)
		}
	}
}

// observe takes in what a proved statement says. Where it ends, the next slice begins, which was only guessed before.
func (e *Engine) observe(st *slice.Statement) {
	e.playout.observe(st, e.cfg.ClockOffset)
	if w := e.wants.get(st.First + slice.Number(len(st.Entries))); w != nil {
		w.next = time.Time{}
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
)

// horizon returns the first slice that is too far ahead of the live edge to think of.
func (e *Engine) horizon(now time.Time) slice.Number {
	p := &e.playout
	end := p.newest + 1
	for ; end <= max(p.newest, p.seen)+maxGuess; end++ {
		if p.availableAt(end).Add(-e.policy.Ahead).After(now) {
			break
		}
	}
	if p.hasLast {
		end = min(end, p.last+1)
	}
	return min(end, p.position+maxAhead)
}

// consider decides what to do about slice n now.
func (e *Engine) consider(now time.Time, n slice.Number) {
	p := &e.playout
	if n < p.position || n >= p.position+maxAhead || p.hasLast && n > p.last || e.store.has(n) || e.left {
		return
	}
	w := e.want(n)
	deadline := p.deadline(n)
	slack := deadline.Sub(now)
	w.next = now.Add(passEvery)
	if w.from != nil {
		if patience := e.policy.Patience(slack, e.answers.usual()); now.Sub(w.progress) > patience {
			e.stats.Timeouts++
			if w.buf == nil {
				e.answers.add(now.Sub(w.asked))
			}
			e.rest(now, w.from)
			w.from.holds.remove(n)
			e.cancel(w)
		} else if hurry := e.hurry(); slack > hurry {
			w.next = earliest(w.progress.Add(patience), deadline.Add(-hurry))
			return
		}
	}
	if w.fetching {
		w.next = now.Add(time.Second) // an answer is owed
		return
	}
	if w.from != nil {
		if (slack < e.lastCall() || !w.intime(now, slack)) && e.fetch(now, w) && !w.half() {
			e.cancel(w)
		}
		return
	}
	if slack < e.tooLate() && !e.unseen(n) && e.fetch(now, w) {
		return // too late to rely on anybody else
	}
	held := false
	if e.asked < e.policy.MaxAsked {
		var q *neighbour
		if q, held = e.source(now, n); q != nil {
			e.ask(now, w, q, slack)
			return
		}
	} else {
		held = e.held(n)
	}
	turn := e.serverTurn(now, n, slack, held)
	if !now.Before(turn) {
		e.fetch(now, w)
	} else if !held {
		w.next = earliest(turn, now.Add(5*passEvery)) // whoever gets it will tell
	}
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// tooLate is how long before its deadline no peer is asked for a slice any more: about as long as peers take.
func (e *Engine) tooLate() time.Duration {
	guard := e.policy.Guard(e.playout.delay)
	return min(max(e.peerTook, guard/2), e.playout.delay/3)
}

// youngFor is how long what a viewer has to take late says nothing of the swarm.
const youngFor = 12 * time.Second

// late keeps account of how many slices have to be taken from the server although peers were hoped for.
func (e *Engine) late(isLate bool) {
	const step = 0.01
	if e.now.Sub(e.began) < youngFor {
		return // who has just come has what it has
	}
	if isLate {
		e.short = min(1, e.short+step)
	} else {
		e.short = max(0, e.short-step*e.policy.LateShare)
	}
}

// hurry is how long before its deadline a slice that a peer is sending is asked from the server as well, if it will
// not be here in time.
func (e *Engine) hurry() time.Duration {
	return min(max(3*e.server.took, 250*time.Millisecond), e.policy.Guard(e.playout.delay)/2)
}

// lastCall is how long before its deadline a slice is asked from the server even if a peer seems to send it in time.
func (e *Engine) lastCall() time.Duration { return e.server.took*3/2 + passEvery }

// source chooses a neighbour to ask for slice n, nil if there is none to ask now, and tells whether any holds it.
func (e *Engine) source(now time.Time, n slice.Number) (chosen *neighbour, held bool) {
	if e.cfg.NoDownload {
		return nil, false
	}
	var cs [64]Candidate
	var ps [64]*neighbour
	k, mine := 0, score(e.key, n)
	for _, q := range e.order {
		if k == len(cs) {
			break
		}
		if !q.holds.has(n) || q.noUpload || !q.greeted {
			continue
		}
		held = true
		if now.Before(q.rests) {
			continue
		}
		cs[k] = Candidate{Asked: q.asked, Failures: q.failures, Refusals: q.refusals, RTT: q.rttMin, Chance: score(q.key, n) ^ mine}
		ps[k] = q
		k++
	}
	if i := e.policy.Source(cs[:k]); i >= 0 {
		chosen = ps[i]
	}
	return chosen, held
}

// serverTurn returns when slice n, which no neighbour can be asked for, is to be taken from the server as things are.
func (e *Engine) serverTurn(now time.Time, n slice.Number, slack time.Duration, held bool) time.Time {
	p := &e.playout
	if e.cfg.NoPeers || e.cfg.NoDownload {
		return now
	}
	settled := e.settled(now)
	guard := e.policy.Guard(p.delay)
	if !settled {
		guard = min(guard, max(e.policy.YoungGuard, 3*e.server.took))
	}
	// Spread by a fifth, so that those who lack the same slice do not all turn to the server at once.
	guard -= time.Duration(float64(guard/5) * unit(score(e.key, n)))
	unseen := n > p.newest && !held
	if !unseen && slack <= guard {
		return now
	}
	last := now.Add(slack - guard)
	if held {
		return last // its holders are busy or resting
	}
	view, before := e.view(n)
	if !settled && slack > guard && (view.Viewers > 1 || e.size == 0) {
		return last // there may be holders that we do not know yet
	}
	at := p.availableAt(n)
	view.Span = max(0, p.deadline(n).Sub(at)-guard)
	view.Spread = p.delay - e.policy.Guard(p.delay) - p.mean
	wait := e.policy.FirstCopy(view)
	if wait == 0 {
		return at.Add(-e.policy.Ahead)
	}
	at = at.Add(wait + e.policy.Stagger<<min(before, 6) - e.policy.Stagger)
	if !unseen {
		at = earliest(at, last)
	}
	return at
}

// unseen tells whether nobody around has shown that slice n exists. When the source stops, all viewers lack the same
// next slices; if all asked the server for them, all would get them there when the source is back.
func (e *Engine) unseen(n slice.Number) bool {
	return n > e.playout.newest && !e.cfg.NoPeers && !e.held(n)
}

// settled tells whether there are neighbours enough to go by what they hold.
func (e *Engine) settled(now time.Time) bool {
	if now.Sub(e.began) >= e.policy.Settle {
		return true
	}
	return e.size > 0 && 10*e.greeted() >= 7*min(e.size-1, e.cfg.MaxPeers)
}

func (e *Engine) greeted() int {
	k := 0
	for _, q := range e.order {
		if q.greeted {
			k++
		}
	}
	return k
}

// view ranks this viewer for slice n. Every viewer of a fully connected swarm finds the same order, so that exactly
// one is first; in a larger swarm each only knows how likely it is to be among the first. The second result is how
// many neighbours come before this viewer.
func (e *Engine) view(n slice.Number) (f FirstCopy, before int) {
	mine := score(e.key, n)
	around := 1
	for _, q := range e.order {
		if !q.greeted {
			continue
		}
		around++
		if !q.noUpload && q.failures < 3 && score(q.key, n) < mine {
			before++
		}
	}
	f.Viewers = max(e.size, around)
	f.Exact = 100*around >= 85*f.Viewers
	f.Rank, f.Short = float64(before), e.short
	if !f.Exact {
		f.Rank = unit(mine) * float64(f.Viewers)
	}
	if e.cfg.NoUpload {
		f.Rank = float64(f.Viewers) // whoever does not pass copies on takes none early
	}
	return f, before
}

// keyOf condenses a name for score.
func keyOf(id PeerID) uint64 {
	x := uint64(0x632be59bd9b4e019)
	for i := 0; i < len(id); i += 4 {
		x = mix(x ^ uint64(id[i])<<24 ^ uint64(id[i+1])<<16 ^ uint64(id[i+2])<<8 ^ uint64(id[i+3]))
	}
	return x
}

// score is the same for the same peer and slice at every viewer of the track.
func score(key uint64, n slice.Number) uint64 { return mix(key ^ uint64(n)*0x9e3779b97f4a7c15) }

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit turns a score into a number from 0 to 1.
func unit(x uint64) float64 { return float64(x) / math.MaxUint64 }

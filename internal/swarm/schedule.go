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
	for n, w := range e.wants {
		if n < p.position {
			e.drop(n, w)
		}
	}
	for n, end := p.position, e.horizon(now); n < end; n++ {
		e.consider(now, n)
	}
}

const (
	// maxWindow limits how many slices are looked at, whatever the clocks say.
	maxWindow = 1024
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
	return min(end, p.position+maxWindow)
}

// consider decides what to do about slice n now.
func (e *Engine) consider(now time.Time, n slice.Number) {
	p := &e.playout
	if n < p.position || n >= p.position+maxWindow || p.hasLast && n > p.last || e.store.has(n) || e.left {
		return
	}
	w := e.want(n)
	slack := p.due(n).Sub(now)
	if w.from != nil && (e.hopeless(now, w, slack) || now.Sub(e.progress(w, slack)) > e.policy.Patience(slack, e.answers.usual())) {
		e.stats.Timeouts++
		if w.buf == nil {
			e.answers.add(now.Sub(w.asked))
		}
		e.rest(now, w.from)
		w.from.holds.remove(n)
		e.cancel(w)
	}
	if w.fetching {
		e.hedge(now, w, slack)
	}
	if w.from != nil || w.fetching {
		return
	}
	if slack < e.policy.Guard(p.delay)/2 && !e.unseen(n) && e.fetch(now, w) {
		return // too late to rely on anybody else
	}
	if q := e.source(now, n); q != nil {
		e.ask(now, w, q, slack)
		return
	}
	if e.serverTurn(now, n, slack) {
		e.fetch(now, w)
	}
}

// hedge asks a neighbour for w, which the server was asked for and does not give although it was cut long ago.
func (e *Engine) hedge(now time.Time, w *want, slack time.Duration) {
	if now.Sub(w.asked) < serverPatience || now.Before(e.playout.availableAt(w.number).Add(serverPatience)) {
		return
	}
	if q := e.source(now, w.number); q != nil {
		e.unfetch(w)
		e.pauseServer(now)
		e.ask(now, w, q, slack)
	}
}

// progress returns when something last came that gives hope for w. While there is time, anything from who was asked
// does, since it serves requests in turn; near the end only w itself does.
func (e *Engine) progress(w *want, slack time.Duration) time.Time {
	if slack > 2*e.policy.Guard(e.playout.delay) && w.from.data.After(w.progress) {
		return w.from.data
	}
	return w.progress
}

// hopeless tells whether w, which is due very soon, was asked for long ago and has hardly come, while the server can
// be asked instead.
func (e *Engine) hopeless(now time.Time, w *want, slack time.Duration) bool {
	soon := e.policy.Guard(e.playout.delay) / 2
	return slack < soon && now.Sub(w.asked) > soon && e.serverFree(now, w) &&
		(w.proof == nil || 4*len(w.buf) < 3*int(w.proof.Entry(w.number).Size))
}

// source chooses a neighbour to ask for slice n, nil if there is none to ask now.
func (e *Engine) source(now time.Time, n slice.Number) *neighbour {
	if e.cfg.NoDownload {
		return nil
	}
	var cs [64]Candidate
	var ps [64]*neighbour
	k := 0
	for _, q := range e.order {
		if k == len(cs) {
			break
		}
		if !q.greeted || q.noUpload || !q.holds.has(n) || now.Before(q.rests) {
			continue
		}
		cs[k] = Candidate{Asked: q.asked, Failures: q.failures, RTT: q.rtt, Chance: e.score(q.id, n) ^ e.score(e.cfg.Self, n)}
		ps[k] = q
		k++
	}
	if i := e.policy.Source(cs[:k]); i >= 0 {
		return ps[i]
	}
	return nil
}

// serverTurn tells whether slice n, which no neighbour can be asked for, is to be taken from the server now.
func (e *Engine) serverTurn(now time.Time, n slice.Number, slack time.Duration) bool {
	p := &e.playout
	guard := e.policy.Guard(p.delay)
	// Spread by a fifth, so that those who lack the same slice do not all turn to the server at once.
	guard -= time.Duration(float64(guard/5) * unit(e.score(e.cfg.Self, n)))
	if e.cfg.NoPeers || e.cfg.NoDownload {
		return true
	}
	if slack <= guard && !e.unseen(n) {
		return true
	}
	if e.held(n) {
		return false // its holders are busy or resting
	}
	view, before := e.view(n)
	if view.Viewers > 1 && !e.settled(now) && slack > guard {
		return false // there may be holders that we do not know yet
	}
	at := p.availableAt(n)
	view.Span = max(0, p.due(n).Sub(at)-guard)
	switch wait := e.policy.FirstCopy(view); {
	case wait == 0:
		at = at.Add(-e.policy.Ahead)
	default:
		at = at.Add(wait + e.policy.Stagger<<min(before, 6) - e.policy.Stagger)
	}
	return !now.Before(at)
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
	mine := e.score(e.cfg.Self, n)
	around := 1
	for _, q := range e.order {
		if !q.greeted {
			continue
		}
		around++
		if !q.noUpload && q.failures < 3 && e.score(q.id, n) < mine {
			before++
		}
	}
	f.Viewers = max(e.size, around)
	f.Exact = 100*around >= 85*f.Viewers
	f.Rank = float64(before)
	if !f.Exact {
		f.Rank = unit(mine) * float64(f.Viewers)
	}
	if e.cfg.NoUpload {
		f.Rank = float64(f.Viewers) // whoever does not pass copies on takes none early
	}
	return f, before
}

// score is the same for the same peer and slice at every viewer of the track.
func (e *Engine) score(id PeerID, n slice.Number) uint64 {
	x := uint64(n)*0x9e3779b97f4a7c15 + 0x632be59bd9b4e019
	for i := 0; i < len(id); i += 4 {
		x = mix(x ^ uint64(id[i])<<24 ^ uint64(id[i+1])<<16 ^ uint64(id[i+2])<<8 ^ uint64(id[i+3]))
	}
	return x
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit turns a score into a number from 0 to 1.
func unit(x uint64) float64 { return float64(x) / math.MaxUint64 }

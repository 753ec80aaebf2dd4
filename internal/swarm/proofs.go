package swarm

import (
	"bytes"
	"slices"
	"sort"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// proofs are the statements about a file that were proved, in order. One speaks of a whole group and is long, so it is
// to come once, whoever gives the slices: what is held here neighbours are asked to leave out. Therefore nothing is let
// go of as long as there may be requests; a film of two hours has 2.5 MB.
type proofs struct {
	kept []*slice.Signed
}

// after returns the index of the first statement that begins after n.
func (p *proofs) after(n slice.Number) int {
	return sort.Search(len(p.kept), func(i int) bool { return p.kept[i].First > n })
}

// of returns the statement that covers slice n, nil if none is here.
func (p *proofs) of(n slice.Number) *slice.Signed {
	if i := p.after(n); i > 0 && p.kept[i-1].Covers(n) {
		return p.kept[i-1]
	}
	return nil
}

// keep takes in a statement that was proved.
func (p *proofs) keep(s *slice.Signed) {
	if p.of(s.First) == nil {
		p.kept = slices.Insert(p.kept, p.after(s.First), s)
	}
}

// known returns the statement that is here already, if s is the same: it need not be proved, nor be held, twice.
func (p *proofs) known(s *slice.Signed) *slice.Signed {
	if k := p.of(s.First); k != nil && k.Track == s.Track && k.Signature == s.Signature && bytes.Equal(k.Encoded, s.Encoded) {
		return k
	}
	return nil
}

// proofWithin is how long before its deadline a slice does not wait any more for its proof to come with another.
const proofWithin = 5 * time.Second

// proofComes tells whether the proof of w is not here but on its way from a peer, with another slice of the group.
func (e *Engine) proofComes(w *want) bool {
	f := e.cfg.File
	if f == nil || w.proof != nil {
		return false
	}
	group, next := f.around(w.number)
	for n := group.Number; n < next.Number; n++ {
		if o := e.wants.get(n); o != nil && o.from != nil && o.proof == nil {
			return true
		}
	}
	return false
}

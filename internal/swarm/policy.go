package swarm

import (
	"math"
	"time"
)

// Policy holds the rules by which the engine chooses. Each is a pure function of what it is given, so that a test or
// a simulation can put another in its place.
type Policy struct {
	// FirstCopy says how long after slice n could be had at the edge this viewer waits until it takes the slice from
	// the server, if no neighbour holds it by then.
	FirstCopy func(FirstCopy) time.Duration
	// Guard is how long before it is due a slice is taken from the server, whatever else was hoped for.
	Guard func(delay time.Duration) time.Duration
	// YoungGuard is the same for a viewer that has just come and whose neighbours are only being found.
	YoungGuard time.Duration
	// Source chooses one of the neighbours that hold a slice: its index, or -1 for none of them now.
	Source func([]Candidate) int
	// MaxAsked is how many requests may be under way in all; those due first go first.
	MaxAsked int
	// Patience is how long a request may go without progress when its slice is due after slack and answers have
	// lately taken up to usual.
	Patience func(slack, usual time.Duration) time.Duration
	// MaxWait is how long a request may have to wait here before it is refused, so that it goes to somebody else; the
	// asker needs it within that time.
	MaxWait func(within time.Duration) time.Duration
	// Urgent requests, those within less, are served before others.
	Urgent time.Duration
	// OfferFor is how much work, at the uplink's pace, announcements may make: more are held back.
	OfferFor time.Duration
	// Hold is for how long neighbours that we could not serve soon are not told of a slice.
	Hold func(delay time.Duration) time.Duration
	// Stagger is how much later than the neighbour before it a viewer turns to the server for a slice that nobody has
	// shown to exist; the time doubles from neighbour to neighbour.
	Stagger time.Duration
	// KeepBehind is for how long slices are kept for others after they were played.
	KeepBehind time.Duration
	// LateShare is the share of slices that may come from the server late. A viewer with more takes so many more first
	// copies, which serve others too, until it has as many.
	LateShare float64
	// Settle is how long a viewer that has just come trusts that neighbours will bring what it lacks, before it
	// counts itself among those who take first copies.
	Settle time.Duration
	// Ahead is how long before a slice is cut the server is asked for it, by who takes its first copy.
	Ahead time.Duration
}

// FirstCopy is what the rule of that name decides by.
type FirstCopy struct {
	// Rank is how many viewers come before this one for this slice: exact where all are neighbours, else expected.
	Rank float64
	// Exact tells which.
	Exact bool
	// Viewers is the size of the swarm.
	Viewers int
	// Spread is the time that a slice has to spread among all: the delay without the guard.
	Spread time.Duration
	// Short is the share of slices that this viewer takes at once because too many came late lately.
	Short float64
	// Span is the time from when the slice can be had until its guard begins.
	Span time.Duration
}

// Candidate is a neighbour that holds the slice in question.
type Candidate struct {
	Asked    int           // requests of ours under way there
	Failures int           // failures in a row
	Refusals int           // refusals in a row, because it was busy
	RTT      time.Duration // 0 while unknown
	Chance   uint64        // differs by viewer, slice and neighbour: spreads the load
}

// DefaultPolicy returns the rules that the figures in docs/swarm.md were measured with.
func DefaultPolicy() Policy {
	return Policy{
		FirstCopy:  RankedFirstCopy(3, 0.6),
		Guard:      func(delay time.Duration) time.Duration { return min(max(delay/4, 400*time.Millisecond), time.Second) },
		YoungGuard: 200 * time.Millisecond,
		Source:     LeastAsked,
		Patience:   patience,
		MaxAsked:   16,
		MaxWait:    maxWait,
		OfferFor:   400 * time.Millisecond,
		Hold: func(delay time.Duration) time.Duration {
			return min(max(delay/12, 150*time.Millisecond), 500*time.Millisecond)
		},
		Urgent:     1500 * time.Millisecond,
		Stagger:    250 * time.Millisecond,
		KeepBehind: 10 * time.Second,
		Settle:     4 * time.Second,
		LateShare:  0.01,
		Ahead:      400 * time.Millisecond,
	}
}

// doubling is in what time holders of a slice become twice as many, at the uplinks of homes. Where the delay leaves
// little time, more copies have to be there from the start.
const doubling = 280 * time.Millisecond

// RankedFirstCopy lets the first in rank take the slice as soon as it can be had. The others wait, each a little
// longer, so that a copy that did not come about is made up for by few, and none by all. Where ranks are only expected
// ones, about so many takers as given take it at once, and the next after a share of the time that there is.
func RankedFirstCopy(takers, rest float64) func(FirstCopy) time.Duration {
	return func(f FirstCopy) time.Duration {
		if f.Exact {
			if f.Rank < 1 {
				return 0
			}
			return min(f.Span, time.Duration(float64(f.Span)*(0.35+0.1*f.Rank)))
		}
		takers := max(takers, float64(f.Viewers)*math.Exp2(-f.Spread.Seconds()/doubling.Seconds()))
		if f.Rank < takers+f.Short*float64(f.Viewers) {
			return 0
		}
		late := math.Log2(max(1, f.Rank/takers)) / math.Log2(max(2, float64(f.Viewers)/takers))
		return time.Duration(float64(f.Span) * min(1, rest+(1-rest)*late))
	}
}

// LeastAsked chooses the neighbour with the fewest requests of ours under way, among equals by chance with a
// preference for short round trips.
func LeastAsked(cs []Candidate) int {
	best, least := -1, 0.0
	for i, c := range cs {
		if c.Asked >= maxAsked {
			continue
		}
		cost := 0.1*float64(c.Asked+2*c.Failures+c.Refusals) + (0.02+c.RTT.Seconds())*(0.25+unit(c.Chance))
		if best < 0 || cost < least {
			best, least = i, cost
		}
	}
	return best
}

// maxAsked is how many requests may be under way at one neighbour.
const maxAsked = 2

func patience(slack, usual time.Duration) time.Duration {
	return min(max(slack/3, usual, 400*time.Millisecond), 2*time.Second)
}

// maxWait lets those wait longer who have no time to ask others.
func maxWait(within time.Duration) time.Duration {
	if within < 1500*time.Millisecond {
		return 700 * time.Millisecond
	}
	return 500 * time.Millisecond
}

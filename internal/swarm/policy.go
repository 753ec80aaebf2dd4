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
	// Source chooses one of the neighbours that hold a slice: its index, or -1 for none of them now.
	Source func([]Candidate) int
	// Patience is how long a request may go without progress when its slice is due after slack and answers have
	// lately taken up to usual.
	Patience func(slack, usual time.Duration) time.Duration
	// MaxWait is how long a request may have to wait here before it is refused, so that it goes to somebody else.
	MaxWait time.Duration
	// Stagger is how much later than the neighbour before it a viewer turns to the server for a slice that nobody has
	// shown to exist; the time doubles from neighbour to neighbour.
	Stagger time.Duration
	// KeepBehind is for how long slices are kept for others after they were played.
	KeepBehind time.Duration
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
	// Span is the time from when the slice can be had until its guard begins.
	Span time.Duration
}

// Candidate is a neighbour that holds the slice in question.
type Candidate struct {
	Asked    int           // requests of ours under way there
	Failures int           // failures in a row
	RTT      time.Duration // 0 while unknown
	Chance   uint64        // differs by viewer, slice and neighbour: spreads the load
}

// DefaultPolicy returns the rules that the figures in docs/swarm.md were measured with.
func DefaultPolicy() Policy {
	return Policy{
		FirstCopy:  RankedFirstCopy,
		Guard:      func(delay time.Duration) time.Duration { return min(max(delay/4, 400*time.Millisecond), time.Second) },
		Source:     LeastAsked,
		Patience:   patience,
		MaxWait:    300 * time.Millisecond,
		Stagger:    250 * time.Millisecond,
		KeepBehind: 10 * time.Second,
		Settle:     4 * time.Second,
		Ahead:      400 * time.Millisecond,
	}
}

// RankedFirstCopy lets the first in rank take the slice as soon as it can be had. The others wait, each a little
// longer, so that a copy that did not come about is made up for by few, and none by all.
func RankedFirstCopy(f FirstCopy) time.Duration {
	if f.Exact {
		if f.Rank < 1 {
			return 0
		}
		return min(f.Span, time.Duration(float64(f.Span)*(0.35+0.1*f.Rank)))
	}
	// With about 1.2 takers expected, three slices in ten find none at once.
	const takers = 1.2
	if f.Rank < takers {
		return 0
	}
	late := math.Log2(f.Rank/takers) / math.Log2(max(2, float64(f.Viewers)/takers))
	return time.Duration(float64(f.Span) * min(1, 0.35+0.65*late))
}

// LeastAsked chooses the neighbour with the fewest requests of ours under way, chance among equals.
func LeastAsked(cs []Candidate) int {
	best := -1
	for i, c := range cs {
		if c.Asked >= maxAsked {
			continue
		}
		if best < 0 || c.Asked+2*c.Failures < cs[best].Asked+2*cs[best].Failures ||
			c.Asked+2*c.Failures == cs[best].Asked+2*cs[best].Failures && c.Chance < cs[best].Chance {
			best = i
		}
	}
	return best
}

// maxAsked is how many requests may be under way at one neighbour.
const maxAsked = 12

func patience(slack, usual time.Duration) time.Duration {
	return min(max(slack/3, usual, 300*time.Millisecond), 2*time.Second)
}

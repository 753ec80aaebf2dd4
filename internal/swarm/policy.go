package swarm

import (
	"math"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// Policy holds the rules by which the engine chooses. Each is a pure function or a plain value, so that a test or a
// simulation can put another in its place.
type Policy struct {
	// FirstCopy says when this viewer takes a slice from the server that no neighbour holds by then.
	FirstCopy func(FirstCopy) Turn
	// Guard is how long before its deadline a slice is taken from the server, whatever else was hoped for.
	Guard func(delay time.Duration) time.Duration
	// YoungGuard is the same for a viewer that has just come and whose neighbours are only being found.
	YoungGuard time.Duration
	// Burst is how many slices a viewer takes from the server at once to start with, if it knows nobody who holds them:
	// no links are there before those are played.
	Burst slice.Number
	// Crowd is how long a viewer that comes in a crowd waits for peers before it turns to the server to start with.
	Crowd time.Duration
	// CrowdStart is with how many slices it starts earlier. It asks for no more before.
	CrowdStart slice.Number
	// Settle is how long a viewer counts as one that has just come unless it is linked to most of the neighbours that
	// it will have. It takes no first copies so long.
	Settle time.Duration
	// Ahead is how long before a slice is cut the server is asked for it, by who takes its first copy.
	Ahead time.Duration
	// Stagger is how much later than the neighbour before it a viewer turns to the server for a slice that nobody has
	// shown to exist; the time doubles from neighbour to neighbour.
	Stagger time.Duration

	// Late is the share of slices that may have to be taken from the server late. A viewer with more takes so many more
	// first copies, which serve others too, until it has as many. If zero, it never does.
	Late float64

	// Target chooses the neighbour to offer a slice to: its index, or -1 for none of them now.
	Target func([]Candidate) int
	// Tell is for how long announcements may wait to go in one message. If zero, they do not.
	Tell time.Duration
	// FileTell is Tell for a file, of which nobody waits for just what has come here.
	FileTell time.Duration
	// OfferFor is for how long, at the uplink's pace, what waits to be sent should last: with less, more is offered. If
	// zero, nothing is offered.
	OfferFor time.Duration

	// Pull says how long after slice n could be had at the edge it is asked from neighbours that hold it, rather than
	// waited for until one offers it; span is the time from then until the guard.
	Pull func(span time.Duration) time.Duration
	// Source chooses one of the neighbours that hold a slice: its index, or -1 for none of them now.
	Source func([]Candidate) int
	// FileSource is Source for a file.
	FileSource func([]Candidate) int
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

	// KeepBehind is for how long slices of a live track are kept for others after they were played.
	KeepBehind time.Duration
}

// FirstCopy is what the rule of that name decides by.
type FirstCopy struct {
	// Rank is how many viewers come before this one for this slice: exact where all are neighbours, else expected.
	Rank float64
	// Exact tells which.
	Exact bool
	// Viewers is the size of the swarm.
	Viewers int
	// Short is the share of slices that this viewer takes at once because too many came late of late.
	Short float64
	// Refused tells that the server had given enough copies when this viewer asked.
	Refused bool
	// Span is the time from when the slice can be had until its guard begins.
	Span time.Duration
	// Spread is the same for a viewer that plays just the delay behind: the time in which all must have it.
	Spread time.Duration
}

// Turn is when a viewer takes a slice from the server.
type Turn struct {
	// After is how long after the slice could be had at the edge.
	After time.Duration
	// Copies, if not 0, is how many copies the server gives at once: with fewer given it gives this viewer one.
	Copies int
}

// Candidate is a neighbour in a choice: one that holds a slice and might be asked, or lacks it and might be offered it.
type Candidate struct {
	Asked    int           // requests of ours under way there
	Failures int           // failures in a row
	Refusals int           // refusals in a row, because it was busy
	Serving  int           // requests and offers of ours to it that are not done
	NoUpload bool          // it serves nobody
	RTT      time.Duration // the shortest seen; 0 while unknown
	Chance   uint64        // differs by viewer, slice and neighbour: spreads the load
}

// DefaultPolicy returns the rules that the figures in docs/swarm.md were measured with.
func DefaultPolicy() Policy {
	return Policy{
		FirstCopy:  RankedFirstCopy(3, 0.6),
		Guard:      func(delay time.Duration) time.Duration { return min(max(delay/4, 400*time.Millisecond), time.Second) },
		YoungGuard: 250 * time.Millisecond,
		Burst:      5,
		Crowd:      1360 * time.Millisecond,
		CrowdStart: 16,
		Settle:     4 * time.Second,
		Ahead:      400 * time.Millisecond,
		Stagger:    250 * time.Millisecond,
		Late:       0.25,
		Target:     NearestGiver,
		Tell:       200 * time.Millisecond,
		FileTell:   time.Second,
		OfferFor:   300 * time.Millisecond,
		Pull:       func(span time.Duration) time.Duration { return span * 3 / 4 },
		Source:     LeastAsked(2),
		FileSource: LeastAsked(4),
		MaxAsked:   16,
		Patience:   patience,
		MaxWait:    maxWait,
		Urgent:     1500 * time.Millisecond,
		KeepBehind: 10 * time.Second,
	}
}

// doubling is in what time holders of a slice become twice as many, at the uplinks of homes. Where the delay leaves
// little time, more copies have to be there from the start.
const doubling = 280 * time.Millisecond

// bidders is how many viewers are expected to ask for each copy that the server gives at once. So it hardly ever happens
// that nobody asks, and the server sees to it that no more copies go out than are needed.
const bidders = 2.5

// RankedFirstCopy lets the first in rank take the slice as soon as it can be had. The others wait, each a little
// longer, so that a copy that did not come about is made up for by few, and none by all. Where ranks are only expected
// ones, the server gives so many copies at once as given here, to the first few in rank who ask, and the next ask after
// a share of the time that there is.
func RankedFirstCopy(copies, rest float64) func(FirstCopy) Turn {
	return func(f FirstCopy) Turn {
		if f.Rank < f.Short*float64(f.Viewers) {
			return Turn{}
		}
		if f.Exact {
			if f.Rank < 1 {
				return Turn{}
			}
			return Turn{After: min(f.Span, time.Duration(float64(f.Span)*(0.35+0.1*f.Rank)))}
		}
		copies := max(copies, float64(f.Viewers)*math.Exp2(-f.Spread.Seconds()/doubling.Seconds()))
		first := bidders * copies
		if f.Rank < first && !f.Refused {
			return Turn{Copies: int(copies + 0.5)}
		}
		late := math.Log2(max(1, f.Rank/first)) / math.Log2(max(2, float64(f.Viewers)/first))
		return Turn{After: time.Duration(float64(f.Span) * min(1, rest+(1-rest)*late))}
	}
}

// LeastAsked chooses the neighbour with the fewest requests of ours under way, fewer than most, among equals by chance
// with a preference for short round trips.
func LeastAsked(most int) func([]Candidate) int {
	return func(cs []Candidate) int {
		best, least := -1, 0.0
		for i := range cs {
			c := &cs[i]
			if c.Asked >= most {
				continue
			}
			cost := 0.1*float64(c.Asked+2*c.Failures+c.Refusals) + far(c)
			if best < 0 || cost < least {
				best, least = i, cost
			}
		}
		return best
	}
}

// far is what the length of the way to a neighbour costs, with some chance in it. A link that loses packets is as slow
// as its round trip is long.
func far(c *Candidate) float64 {
	rtt := c.RTT.Seconds()
	return 10 * (0.0004 + rtt*rtt) * (0.25 + unit(c.Chance))
}

// NearestGiver chooses a neighbour that passes on what it gets before one that does not, one on whose link nothing of
// ours is under way before others, and else by chance with a preference for short round trips.
func NearestGiver(cs []Candidate) int {
	best, least := -1, 0.0
	for i := range cs {
		c := &cs[i]
		if c.Serving >= maxServing {
			continue
		}
		cost := far(c) + 0.2*float64(c.Serving)
		if c.NoUpload {
			cost += 10
		}
		if best < 0 || cost < least {
			best, least = i, cost
		}
	}
	return best
}

// maxServing is how many slices are on offer or under way to one neighbour before it is offered no more.
const maxServing = 2

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

package sim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/superp2p/superp2p/internal/swarm"
)

// policy returns the engine's rules with those of the scenario in their place.
func (sc *Scenario) policy() (*swarm.Policy, error) {
	p := swarm.DefaultPolicy()
	takers, rest := 0.0, 0.6
	for _, key := range slices.Sorted(maps.Keys(sc.Policy)) {
		value := sc.Policy[key]
		d, notTime := time.ParseDuration(value)
		f, notNumber := strconv.ParseFloat(value, 64)
		wrong := notTime
		switch key {
		case "max_wait":
			urgent := p.MaxWait(0)
			p.MaxWait = func(within time.Duration) time.Duration {
				if within < p.Urgent {
					return max(urgent, d)
				}
				return d
			}
		case "urgent_wait":
			other := p.MaxWait(time.Hour)
			p.MaxWait = func(within time.Duration) time.Duration {
				if within < p.Urgent {
					return d
				}
				return other
			}
		case "urgent":
			p.Urgent = d
		case "offer_for":
			p.OfferFor = d
		case "hold":
			p.Hold = func(time.Duration) time.Duration { return d }
		case "guard":
			p.Guard = func(time.Duration) time.Duration { return d }
		case "settle":
			p.Settle = d
		case "patience":
			p.Patience = func(slack, usual time.Duration) time.Duration { return min(max(slack/3, usual, d), 2*time.Second) }
		case "max_asked":
			wrong, p.MaxAsked = notNumber, int(f)
		case "takers":
			wrong, takers = notNumber, f
		case "rest":
			wrong, rest = notNumber, f
		case "young_guard":
			p.YoungGuard = d
		default:
			return nil, fmt.Errorf("%q is no rule", key)
		}
		if wrong != nil {
			return nil, fmt.Errorf("%s: %w", key, wrong)
		}
	}
	if takers > 0 {
		p.FirstCopy = swarm.RankedFirstCopy(takers, rest)
	}
	return &p, nil
}

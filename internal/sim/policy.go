package sim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// rule puts a value, as a scenario or a flag gives it, in the place of one of the engine's rules.
type rule func(p *swarm.Policy, value string) error

// rules are those that can be replaced, by the names that scenarios use.
var rules = map[string]rule{
	"takers": number(func(p *swarm.Policy, f float64) { p.FirstCopy = swarm.RankedFirstCopy(f, 0.6) }),
	"first_rest": number(func(p *swarm.Policy, f float64) {
		p.FirstCopy = swarm.RankedFirstCopy(3, f)
	}),
	"guard": span(func(p *swarm.Policy, d time.Duration) {
		p.Guard = func(time.Duration) time.Duration { return d }
	}),
	"young_guard": span(func(p *swarm.Policy, d time.Duration) { p.YoungGuard = d }),
	"crowd":       span(func(p *swarm.Policy, d time.Duration) { p.Crowd = d }),
	"crowd_start": number(func(p *swarm.Policy, f float64) { p.CrowdStart = slice.Number(f) }),
	"settle":      span(func(p *swarm.Policy, d time.Duration) { p.Settle = d }),
	"ahead":       span(func(p *swarm.Policy, d time.Duration) { p.Ahead = d }),
	"tell":        span(func(p *swarm.Policy, d time.Duration) { p.Tell = d }),
	"file_tell":   span(func(p *swarm.Policy, d time.Duration) { p.FileTell = d }),
	"offer_for":   span(func(p *swarm.Policy, d time.Duration) { p.OfferFor = d }),
	"pull_share": number(func(p *swarm.Policy, f float64) {
		p.Pull = func(span time.Duration) time.Duration { return time.Duration(f * float64(span)) }
	}),
	"max_asked":  number(func(p *swarm.Policy, f float64) { p.MaxAsked = int(f) }),
	"file_asked": number(func(p *swarm.Policy, f float64) { p.FileSource = swarm.LeastAsked(int(f)) }),
	"patience": span(func(p *swarm.Policy, d time.Duration) {
		p.Patience = func(slack, usual time.Duration) time.Duration { return min(max(slack/3, usual, d), 2*time.Second) }
	}),
	"max_wait": span(func(p *swarm.Policy, d time.Duration) {
		p.MaxWait = func(time.Duration) time.Duration { return d }
	}),
	"urgent": span(func(p *swarm.Policy, d time.Duration) { p.Urgent = d }),
	"late":   number(func(p *swarm.Policy, f float64) { p.Late = f }),
}

func span(set func(*swarm.Policy, time.Duration)) rule {
	return func(p *swarm.Policy, value string) error {
		d, err := time.ParseDuration(value)
		if err == nil {
			set(p, d)
		}
		return err
	}
}

func number(set func(*swarm.Policy, float64)) rule {
	return func(p *swarm.Policy, value string) error {
		f, err := strconv.ParseFloat(value, 64)
		if err == nil {
			set(p, f)
		}
		return err
	}
}

// policy returns the engine's rules with those of the scenario in their place.
func (sc *Scenario) policy() (*swarm.Policy, error) {
	p := swarm.DefaultPolicy()
	for _, name := range slices.Sorted(maps.Keys(sc.Policy)) {
		set, ok := rules[name]
		if !ok {
			return nil, fmt.Errorf("%q is no rule; there are %s", name,
				strings.Join(slices.Sorted(maps.Keys(rules)), ", "))
		}
		if err := set(&p, sc.Policy[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return &p, nil
}

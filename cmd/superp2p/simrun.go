package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/superp2p/superp2p/internal/sim"
)

// plan is one simulation: a scenario with a seed, and, where a bar asks for it, the same audience without peers.
type plan struct {
	scenario *sim.Scenario
	seed     uint64

	started atomic.Bool
	plain   atomic.Bool  // it has come to the audience without peers
	at      atomic.Int64 // simulated time of both
	present atomic.Int64
	result  *sim.Result // guarded by the one who runs plans
}

// whole is the time that is to be simulated.
func (p *plan) whole() time.Duration {
	if p.twice() {
		return 2 * time.Duration(p.scenario.Duration)
	}
	return time.Duration(p.scenario.Duration)
}

// twice tells whether the audience is simulated without peers as well.
func (p *plan) twice() bool { return p.scenario.Bars.PlainCDN && !p.scenario.NoPeers }

func (p *plan) String() string { return fmt.Sprintf("%s, seed %d", p.scenario.Name, p.seed) }

// run simulates.
func (p *plan) run(ctx context.Context) (*sim.Result, error) {
	p.started.Store(true)
	progress := func(at time.Duration, present int) {
		if p.plain.Load() {
			at += time.Duration(p.scenario.Duration)
		}
		p.at.Store(int64(at))
		p.present.Store(int64(present))
	}
	r, err := sim.Run(ctx, p.scenario, p.seed, progress)
	if err != nil {
		return nil, err
	}
	if p.scenario.Bars.PlainCDN {
		plain := r
		if p.twice() {
			p.plain.Store(true)
			if plain, err = sim.Run(ctx, p.scenario.Plain(), p.seed, progress); err != nil {
				return nil, err
			}
		}
		stalls := plain.Stalls
		r.PlainStalls = &stalls
	}
	return r, nil
}

// simulate runs plans, some at a time, and hands their results to ready in the order of the plans. What goes on is
// shown on w. The first error ends it.
func simulate(ctx context.Context, w io.Writer, plans []*plan, parallel int, ready func(*sim.Result) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	terminal := isTerminal(w)
	lines := startProgress(w, terminal, func() string { return state(plans) })
	defer lines.end()

	var mu sync.Mutex // holds what follows, and the plans' results
	next := 0
	finished := func(p *plan, r *sim.Result, took time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		p.result = r
		if !terminal {
			_, _ = fmt.Fprintf(w, "%s: %.0f s simulated in %.1f s\n", p, p.whole().Seconds(), took.Seconds())
		}
		for ; next < len(plans) && plans[next].result != nil; next++ {
			if err := ready(plans[next].result); err != nil {
				return err
			}
		}
		return nil
	}
	todo := make(chan *plan, len(plans))
	for _, p := range plans {
		todo <- p
	}
	close(todo)
	var workers sync.WaitGroup
	for range min(parallel, len(plans)) {
		workers.Go(func() {
			for p := range todo {
				began := time.Now()
				r, err := p.run(ctx)
				if err == nil {
					err = finished(p, r, time.Since(began))
				}
				if err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// state is the line that shows how far things are.
func state(plans []*plan) string {
	const width = 30
	var done, whole time.Duration
	ended := 0
	var running []*plan
	for _, p := range plans {
		at := time.Duration(p.at.Load())
		done += at
		whole += p.whole()
		if at >= p.whole() {
			ended++
		} else if p.started.Load() {
			running = append(running, p)
		}
	}
	share := float64(done) / float64(whole)
	full := min(int(share*width), width)
	line := fmt.Sprintf("[%s%s] %3.0f %%", strings.Repeat("#", full), strings.Repeat(".", width-full), 100*share)
	if len(plans) > 1 {
		line += fmt.Sprintf("  %d of %d done", ended, len(plans))
	}
	for _, p := range running {
		line += "  " + p.String()
		if p.plain.Load() {
			line += " without peers"
		}
		if len(running) == 1 {
			line += fmt.Sprintf(": %d viewers", p.present.Load())
		}
	}
	return line
}

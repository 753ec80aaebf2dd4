package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"time"

	"github.com/superp2p/superp2p/internal/sim"
	"github.com/superp2p/superp2p/scenarios"
)

type simCommand struct {
	Scenarios []string `arg:"" name:"scenario" help:"Names of scenarios, or YAML files."`

	Seed    uint64            `default:"1" help:"Where all chance comes from: the same seed gives the same figures."`
	Seeds   int               `default:"1" help:"Simulate so many times, with this seed and the ones after it."`
	JSON    bool              `help:"Print one JSON object a simulation instead of the table."`
	Plot    string            `placeholder:"FILE.svg" type:"path" help:"Draw offload, delays and buffers of the first simulation."`
	Profile string            `placeholder:"FILE" type:"path" hidden:"" help:"Write a CPU profile."`
	Viewers int               `help:"Instead of the scenario's number."`
	For     seconds           `name:"duration" help:"Simulated time instead of the scenario's."`
	Delay   seconds           `help:"Delay behind the live edge instead of the scenario's."`
	Bitrate float64           `placeholder:"BIT/S" help:"Instead of the scenario's."`
	Policy  map[string]string `placeholder:"RULE=VALUE" help:"Put another rule in an engine's place, to compare variants."`
	NoPeers bool              `help:"Take everything from the server: the plain CDN to compare with."`
}

// Help is shown below the flags by --help.
func (simCommand) Help() string {
	var names []string
	files, err := scenarios.Files.ReadDir(".")
	if err != nil {
		return ""
	}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return "The simulation drives the engine that viewers run through links, a tracker and a server of its own, in virtual time.\n" +
		"docs/simulator.md says what is modelled and what the columns mean.\n\nScenarios: " + strings.Join(names, ", ") +
		"\n\nExamples:\n\n  superp2p sim live-1000 --seeds 3\n  superp2p sim my.yaml --viewers 200 --json --plot my.svg"
}

// Run simulates.
func (c *simCommand) Run(ctx context.Context, std stdio) error {
	if c.Seeds < 1 {
		return &exitError{exitUsage, errors.New("--seeds must be at least 1")}
	}
	var all []*sim.Scenario
	for _, name := range c.Scenarios {
		sc, err := c.load(name)
		if err != nil {
			return &exitError{exitUsage, err}
		}
		all = append(all, sc)
	}
	if c.Profile != "" {
		f, err := os.Create(c.Profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var results []*sim.Result
	for _, sc := range all {
		for i := range c.Seeds {
			r, err := c.simulate(ctx, std, sc, c.Seed+uint64(i))
			if err != nil {
				return err
			}
			if c.JSON {
				if err := json.NewEncoder(std.Out).Encode(r); err != nil {
					return err
				}
			}
			results = append(results, r)
		}
	}
	if c.Plot != "" {
		if err := c.plot(results[0]); err != nil {
			return err
		}
	}
	if c.JSON {
		return nil
	}
	_, err := io.WriteString(std.Out, sim.Table(results))
	return err
}

// load reads a scenario by name or from a file, and puts the flags over it.
func (c *simCommand) load(name string) (*sim.Scenario, error) {
	var r io.ReadCloser
	r, err := scenarios.Files.Open(name + ".yaml")
	if err != nil {
		if r, err = os.Open(name); err != nil {
			return nil, fmt.Errorf("%s is neither a scenario that superp2p knows (superp2p sim --help) nor a file: %w", name, err)
		}
	}
	defer func() { _ = r.Close() }()
	sc, err := sim.Parse(name, r)
	if err != nil {
		return nil, err
	}
	if sc.Name == "" {
		sc.Name = strings.TrimSuffix(filepath.Base(name), ".yaml")
	}
	if c.Viewers != 0 {
		sc.Viewers = c.Viewers
	}
	if c.For != 0 {
		sc.Duration = sim.Duration(c.For)
	}
	if c.Delay != 0 {
		sc.Delay = sim.Duration(c.Delay)
	}
	if c.Bitrate != 0 {
		sc.Bitrate = c.Bitrate
	}
	if c.Policy != nil {
		sc.Policy = c.Policy
	}
	sc.NoPeers = sc.NoPeers || c.NoPeers
	return sc, sc.Check()
}

func (c *simCommand) simulate(ctx context.Context, std stdio, sc *sim.Scenario, seed uint64) (*sim.Result, error) {
	var at, present atomic.Int64
	whole := time.Duration(sc.Duration)
	lines := startProgress(std.Err, !c.JSON, func() string {
		const width = 30
		share := float64(at.Load()) / float64(whole)
		full := int(share * width)
		return fmt.Sprintf("%s, seed %d  [%s%s] %3.0f %%  %d viewers", sc.Name, seed, strings.Repeat("#", full),
			strings.Repeat(".", width-full), 100*share, present.Load())
	})
	defer lines.end()
	return sim.Run(ctx, sc, seed, func(now time.Duration, viewers int) {
		at.Store(int64(now))
		present.Store(int64(viewers))
	})
}

func (c *simCommand) plot(r *sim.Result) error {
	if ext := filepath.Ext(c.Plot); ext != ".svg" {
		return &exitError{exitUsage, fmt.Errorf("--plot draws .svg, not %q", ext)}
	}
	return os.WriteFile(c.Plot, r.SVG(), 0o644)
}

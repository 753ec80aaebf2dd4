package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"

	"github.com/superp2p/superp2p/internal/sim"
	"github.com/superp2p/superp2p/scenarios"
)

type simCommand struct {
	Scenarios []string `arg:"" optional:"" name:"scenario" help:"Names of scenarios (--list), or YAML files."`

	List     bool   `help:"List the scenarios that superp2p knows, and what each shows."`
	Seed     uint64 `default:"1" placeholder:"N" help:"Where all chance comes from. (default: ${default})"`
	Seeds    int    `default:"1" placeholder:"N" help:"Simulate each so often, with --seed and those after it."`
	Parallel int    `default:"1" placeholder:"N" help:"How many simulations run at a time. (default: ${default})"`
	JSON     bool   `name:"json" help:"Print one JSON object a simulation."`
	Check    bool   `help:"Exit with status 3 if a figure misses a bar of its scenario."`
	Plot     string `placeholder:"FILE.svg|png" type:"path" help:"Draw offload, delay and buffers of the first one."`
	Markdown string `placeholder:"FILE" type:"path" help:"Put the table between <!-- sim --> and <!-- /sim -->."`
	Profile  string `placeholder:"FILE" type:"path" hidden:"" help:"Write a CPU profile."`

	Viewers *int              `placeholder:"N" help:"How many watch at a time, instead of the scenario's number."`
	For     *seconds          `name:"duration" placeholder:"TIME" help:"Simulated time, instead of the scenario's."`
	Delay   *seconds          `placeholder:"TIME" help:"How far behind live they play, instead of the scenario's."`
	Bitrate *bitrate          `placeholder:"RATE" help:"In bit/s (2M, 800k), instead of the scenario's."`
	Loss    *float64          `placeholder:"SHARE" help:"Share of packets lost, instead of the scenario's."`
	Churn   *float64          `placeholder:"SHARE" help:"Share that leaves each minute, instead of the scenario's."`
	NoPeers bool              `help:"Take everything from the server: the plain CDN to compare with."`
	Policy  map[string]string `placeholder:"RULE=VALUE" help:"Put another rule in the place of an engine's."`
}

// Help is shown below the flags by --help.
func (simCommand) Help() string {
	return "The engine that viewers run is driven in virtual time; links, tracker and server around it are simulated.\n" +
		"The same scenario and seed give the same figures, byte for byte. A scenario's bars are what its figures must\n" +
		"reach; flags that change the scenario leave them as they are. docs/simulator.md says what is modelled and what\n" +
		"the figures mean.\n\n" +
		"Examples:\n\n" +
		"  superp2p sim --list\n" +
		"  superp2p sim live-1000 --seeds 3 --check\n" +
		"  superp2p sim my.yaml --viewers 200 --duration 1m --json --plot my.svg"
}

// Run simulates and prints.
func (c *simCommand) Run(ctx context.Context, std stdio) error {
	if c.List {
		return c.list(std.Out)
	}
	plans, err := c.plans()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if c.Profile != "" {
		stop, err := profile(c.Profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	var results []*sim.Result
	err = simulate(ctx, std.Err, plans, c.Parallel, func(r *sim.Result) error {
		results = append(results, r)
		if c.JSON {
			return json.NewEncoder(std.Out).Encode(r)
		}
		return nil
	})
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return errors.New("interrupted; fewer --viewers or a shorter --duration give figures sooner")
		}
		return err
	}
	if !c.JSON {
		if _, err := io.WriteString(std.Out, sim.Table(results)); err != nil {
			return err
		}
	}
	return c.finish(results)
}

// finish writes files and checks bars.
func (c *simCommand) finish(results []*sim.Result) error {
	if c.Plot != "" {
		if err := plotTo(c.Plot, results[0]); err != nil {
			return err
		}
	}
	if c.Markdown != "" {
		if err := fillIn(c.Markdown, sim.Markdown(results)); err != nil {
			return err
		}
	}
	if !c.Check {
		return nil
	}
	var missed strings.Builder
	for _, r := range results {
		for _, bar := range r.Missed() {
			fmt.Fprintf(&missed, "\n  %s, seed %d: %s", r.Scenario, r.Seed, bar)
		}
	}
	if missed.Len() > 0 {
		return &exitError{exitMissed, errors.New("missed:" + missed.String())}
	}
	return nil
}

// plans returns what is to be simulated, in order. All that can be wrong with flags and files is found here, before
// anything takes long.
func (c *simCommand) plans() ([]*plan, error) {
	switch {
	case len(c.Scenarios) == 0:
		return nil, errors.New("name a scenario or a YAML file; superp2p sim --list shows the scenarios")
	case c.Seeds < 1:
		return nil, fmt.Errorf("--seeds must be at least 1, not %d", c.Seeds)
	case c.Parallel < 1:
		return nil, fmt.Errorf("--parallel must be at least 1, not %d", c.Parallel)
	case c.Viewers != nil && *c.Viewers < 1:
		return nil, fmt.Errorf("--viewers must be at least 1, not %d", *c.Viewers)
	case c.For != nil && *c.For <= 0, c.Delay != nil && *c.Delay <= 0:
		return nil, errors.New("--duration and --delay must be more than 0")
	}
	if c.Plot != "" {
		if _, err := sim.PlotFormatOf(c.Plot); err != nil {
			return nil, fmt.Errorf("--plot: %w", err)
		}
	}
	if c.Markdown != "" {
		if _, _, err := around(c.Markdown); err != nil {
			return nil, fmt.Errorf("--markdown: %w", err)
		}
	}
	var plans []*plan
	from := map[string]string{}
	for _, arg := range c.Scenarios {
		sc, err := load(arg)
		if err != nil {
			return nil, err
		}
		if other, ok := from[sc.Name]; ok {
			return nil, fmt.Errorf("%s and %s are both named %s; give one of them another name", other, arg, sc.Name)
		}
		from[sc.Name] = arg
		c.change(sc)
		if err := sc.Check(); err != nil {
			return nil, err
		}
		for i := range c.Seeds {
			plans = append(plans, &plan{scenario: sc, seed: c.Seed + uint64(i)})
		}
	}
	return plans, nil
}

// change puts the flags over a scenario.
func (c *simCommand) change(sc *sim.Scenario) {
	if c.Viewers != nil {
		sc.Viewers = *c.Viewers
	}
	if c.For != nil {
		sc.Duration = sim.Duration(*c.For)
	}
	if c.Delay != nil {
		sc.Delay = sim.Duration(*c.Delay)
	}
	if c.Bitrate != nil {
		sc.Bitrate = float64(*c.Bitrate)
	}
	if c.Loss != nil {
		sc.Loss = *c.Loss
	}
	if c.Churn != nil {
		sc.Churn = *c.Churn
	}
	sc.NoPeers = sc.NoPeers || c.NoPeers
	if len(c.Policy) > 0 {
		rules := maps.Clone(sc.Policy)
		if rules == nil {
			rules = map[string]string{}
		}
		maps.Copy(rules, c.Policy)
		sc.Policy = rules
	}
}

// load reads a scenario of the library by its name, or else a file.
func load(arg string) (*sim.Scenario, error) {
	file, err := scenarios.Files.Open(arg + ".yaml")
	if err != nil {
		if file, err = os.Open(arg); err != nil {
			return nil, fmt.Errorf("%s is neither a scenario that superp2p knows (superp2p sim --list shows them) nor a file "+
				"that can be read: %w", arg, err)
		}
	}
	defer func() { _ = file.Close() }()
	sc, err := sim.Parse(arg, file)
	if err != nil {
		return nil, err
	}
	if sc.Name == "" {
		sc.Name = strings.TrimSuffix(filepath.Base(arg), filepath.Ext(arg))
	}
	return sc, nil
}

// list prints the library.
func (c *simCommand) list(w io.Writer) error {
	files, err := scenarios.Files.ReadDir(".")
	if err != nil {
		return err
	}
	for _, f := range files {
		sc, err := load(strings.TrimSuffix(f.Name(), ".yaml"))
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%-15s %s\n", sc.Name, sc.About); err != nil {
			return err
		}
	}
	return nil
}

// plotTo draws a result into a file.
func plotTo(path string, r *sim.Result) error {
	format, err := sim.PlotFormatOf(path)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("the plot cannot be written: %w", err)
	}
	err = r.Plot(f, format)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("the plot cannot be written: %w", err)
	}
	return nil
}

// The lines between which --markdown writes.
const (
	tableBegins = "<!-- sim -->"
	tableEnds   = "<!-- /sim -->"
)

// around returns what stands before and after the table in a file, with the lines that mark its place.
func around(path string) (before, after string, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", "", fmt.Errorf("a page that is there is needed, with the lines %s and %s: %w", tableBegins, tableEnds, err)
	}
	text := "\n" + string(b)
	i := strings.Index(text, "\n"+tableBegins+"\n")
	if i >= 0 {
		i += len("\n" + tableBegins + "\n")
		if j := strings.Index(text[i-1:], "\n"+tableEnds); j >= 0 {
			return text[1:i], text[i+j:], nil
		}
	}
	return "", "", fmt.Errorf("%s does not say where the table goes; put the lines %s and %s there", path, tableBegins,
		tableEnds)
}

// fillIn replaces the table in a file.
func fillIn(path, table string) error {
	before, after, err := around(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(before+"\n"+table+"\n"+after), 0o644)
}

// profile writes a CPU profile until stop is called.
func profile(path string) (stop func(), err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/bench"
)

type benchCommand struct {
	Source   string        `enum:"live,hls,mp4" default:"live" placeholder:"KIND" help:"What they watch: live; hls, a live playlist of 2 s segments; or mp4, a file at an origin that each plays from its start. (default: ${default})"`
	Viewers  int           `default:"20" placeholder:"N" help:"How many watch. (default: ${default})"`
	Delay    seconds       `default:"6s" placeholder:"TIME" help:"How far behind live they play, 2 to 30 s. (default: ${default})"`
	Duration time.Duration `default:"60s" placeholder:"TIME" help:"From the first viewer's coming to the end. (default: ${default})"`
	Bitrate  bitrate       `default:"2M" placeholder:"RATE" help:"Of the stream, in bit/s: 2M, 800k. (default: ${default})"`
	Stagger  time.Duration `default:"5s" placeholder:"TIME" help:"The time over which viewers come, evenly. (default: ${default})"`
	JSON     bool          `name:"json" help:"Print one JSON object."`
	Check    bool          `help:"Exit with status 3 if a figure misses its bar."`
	Verbose  bool          `short:"v" help:"Log what server and viewers do to standard error."`
}

// exitMissed is bench's status when --check finds a figure that misses its bar.
const exitMissed = 3

// Help is shown below the flags by --help.
func (benchCommand) Help() string {
	return "An origin, a server and viewers run in this process and talk over loopback: real WebRTC, the real tracker,\n" +
		"real HTTP. The stream is on the air for delay + 4 s before the first viewer comes. Beside them a plain HTTP-FLV\n" +
		"client of the origin measures the delay without P2P. The whole machine is measured: let nothing else run.\n\n" +
		"offload, steady: from 15 s after the last viewer's coming to the end, payload from peers of all payload.\n" +
		"offload, session: the same from the first byte on. With N viewers (N-1)/N is the ceiling.\n" +
		"docs/benchmark.md says exactly what each figure is.\n\n" +
		"Examples:\n\n" +
		"  superp2p bench --delay 2s\n" +
		"  superp2p bench --duration 5m --json --check"
}

// Run measures and prints.
func (c *benchCommand) Run(ctx context.Context, std stdio) error {
	config := bench.Config{
		Source: c.Source, Viewers: c.Viewers, Delay: time.Duration(c.Delay), Duration: c.Duration, Bitrate: int(c.Bitrate),
		Stagger: c.Stagger,
	}
	if c.Viewers == 0 || c.Delay == 0 || c.Duration == 0 { // which to bench.Config would mean the default
		return &exitError{exitUsage, errors.New("--viewers, --delay and --duration must be more than 0")}
	}
	if c.Stagger == 0 {
		config.Stagger = -1 // all at once, not the default
	}
	if c.Verbose {
		config.Logger = slog.New(slog.NewTextHandler(std.Err, nil))
	}
	if err := config.Check(); err != nil {
		return &exitError{exitUsage, err}
	}
	var mu sync.Mutex
	state := "starting"
	if isTerminal(std.Err) {
		config.Progress = func(line string) {
			mu.Lock()
			defer mu.Unlock()
			state = line
		}
		lines := startProgress(std.Err, true, func() string {
			mu.Lock()
			defer mu.Unlock()
			return state
		})
		defer lines.end()
	} else {
		config.Progress = func(line string) { _, _ = fmt.Fprintln(std.Err, line) }
	}
	result, err := bench.Run(ctx, config)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return errors.New("interrupted, so there are no figures")
		}
		return fmt.Errorf("the benchmark could not run: %w", err)
	}
	return c.print(result, std)
}

func (c *benchCommand) print(result *bench.Result, std stdio) error {
	var err error
	if c.JSON {
		err = json.NewEncoder(std.Out).Encode(result)
	} else {
		err = result.WriteTable(std.Out)
	}
	if err != nil || !c.Check {
		return err
	}
	var missed []string
	for _, bar := range result.Bars() {
		if bar.Missed() {
			missed = append(missed, bar.String())
		}
	}
	if len(missed) > 0 {
		return &exitError{exitMissed, errors.New("missed: " + strings.Join(missed, "; "))}
	}
	return nil
}

// bitrate is a number of bits per second on the command line.
type bitrate int

// UnmarshalText reads "2M", "800k" and "1500000".
func (b *bitrate) UnmarshalText(text []byte) error {
	s, factor := string(text), 1.0
	if n := len(s); n > 0 {
		switch s[n-1] {
		case 'k', 'K':
			s, factor = s[:n-1], 1e3
		case 'm', 'M':
			s, factor = s[:n-1], 1e6
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f*factor < 1 || f*factor > 1e9 {
		return fmt.Errorf("%q is no bit rate; write 2M, 800k or 1500000", text)
	}
	*b = bitrate(f * factor)
	return nil
}

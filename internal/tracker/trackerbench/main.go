package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// options is what the command line says.
type options struct {
	connections, swarm, offers, rounds int
	duration                           time.Duration
	json                               bool
	serve                              bool
	npm, profile                       string
}

// figures is what a tracker reached, over all rounds.
type figures struct {
	Responses  uint64  `json:"responses"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
	PerSecond  float64 `json:"responses_per_second"`
	PerCPU     float64 `json:"responses_per_cpu_second"`
	Announces  uint64  `json:"announces"`
	Offers     uint64  `json:"offers"`
	Answers    uint64  `json:"answers"`
}

func (f *figures) add(r result, cpu time.Duration) {
	f.Announces += r.announces
	f.Offers += r.offers
	f.Answers += r.answers
	f.Responses += r.responses()
	f.Seconds += r.time.Seconds()
	f.CPUSeconds += cpu.Seconds()
	f.PerSecond = float64(f.Responses) / f.Seconds
	f.PerCPU = float64(f.Responses) / f.CPUSeconds
}

func main() {
	var o options
	flag.IntVar(&o.connections, "connections", 400, "connections, one peer each")
	flag.IntVar(&o.swarm, "swarm", 50, "peers in a swarm")
	flag.IntVar(&o.offers, "offers", 5, "offers in an announce")
	flag.IntVar(&o.rounds, "rounds", 3, "turns that each tracker gets")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "length of a turn")
	flag.BoolVar(&o.json, "json", false, "print one JSON object")
	flag.StringVar(&o.npm, "npm", "", "folder of the npm packages (if empty, test/npm of this repository)")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of our tracker to this file")
	flag.BoolVar(&o.serve, "serve", false, "be our tracker: used by the command itself")
	flag.Parse()
	if o.serve {
		serve(o.profile)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "trackerbench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	ourCommand, theirCommand, err := commands(o)
	if err != nil {
		return err
	}
	var ours, theirs figures
	for round := range o.rounds {
		for _, side := range []struct {
			name    string
			command []string
			sum     *figures
		}{{"superp2p", ourCommand, &ours}, {"bittorrent-tracker", theirCommand, &theirs}} {
			r, cpu, err := turn(ctx, side.command, o)
			if err != nil {
				return fmt.Errorf("%s: %w", side.name, err)
			}
			side.sum.add(r, cpu)
			if !o.json {
				fmt.Printf("round %d  %-19s %8.0f responses/s  %8.0f per CPU second\n", round+1, side.name,
					float64(r.responses())/r.time.Seconds(), float64(r.responses())/cpu.Seconds())
			}
		}
	}
	ratio, cpuRatio := ours.PerSecond/theirs.PerSecond, ours.PerCPU/theirs.PerCPU
	if o.json {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{
			"superp2p": ours, "bittorrent_tracker": theirs, "ratio": ratio, "cpu_ratio": cpuRatio,
			"connections": o.connections, "swarm": o.swarm, "offers": o.offers,
		})
	}
	fmt.Printf("\n%d connections, swarms of %d, %d offers an announce\n", o.connections, o.swarm, o.offers)
	fmt.Printf("%-22s %14s %14s %8s\n", "", "superp2p", "bt-tracker", "ratio")
	fmt.Printf("%-22s %14.0f %14.0f %7.1fx\n", "responses/s", ours.PerSecond, theirs.PerSecond, ratio)
	fmt.Printf("%-22s %14.0f %14.0f %7.1fx\n", "responses/CPU second", ours.PerCPU, theirs.PerCPU, cpuRatio)
	fmt.Printf("%-22s %13.1f%% %13.1f%%\n", "cores used by server",
		100*ours.CPUSeconds/ours.Seconds, 100*theirs.CPUSeconds/theirs.Seconds)
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.pages, "pages", 8, "pages that play")
	flag.IntVar(&o.window, "window", 20, "segments in the playlist, of 2 s each")
	flag.IntVar(&o.kbit, "kbit", 1000, "bit rate of the stream, kbit/s")
	flag.DurationVar(&o.stagger, "stagger", time.Second, "time between the opening of two pages")
	flag.DurationVar(&o.warm, "warm", 15*time.Second, "time from the last page's opening to the measured time")
	flag.DurationVar(&o.time, "time", time.Minute, "length of the measured time")
	flag.StringVar(&o.superp2p, "superp2p", filepath.Join("bin", "superp2p"), "the superp2p to measure")
	flag.StringVar(&o.npm, "npm", "", "folder of the npm packages (if empty, test/npm of this repository)")
	flag.StringVar(&o.tracker, "tracker", "superp2p", "where pages of p2p-media-loader meet: superp2p or npm")
	flag.StringVar(&o.variants, "variants", "", "ways to play, separated by commas (if empty, those of the table)")
	flag.BoolVar(&o.json, "json", false, "print a JSON object per way to play")
	flag.BoolVar(&o.verbose, "v", false, "show what superp2p logs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "hlsbench:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

// measure plays the stream in each way and prints the table.
func measure(ctx context.Context, o options) error {
	if o.npm == "" {
		_, file, _, _ := runtime.Caller(0)
		o.npm = filepath.Join(filepath.Dir(file), "..", "..", "..", "test", "npm")
		if _, err := os.Stat(o.npm); err != nil { // built with -trimpath
			o.npm = filepath.Join("test", "npm")
		}
	}
	if o.pages < 1 || o.window < 5 || o.kbit < 200 || o.time < 10*time.Second || o.warm < 0 || o.stagger < 0 {
		return fmt.Errorf("at least one page, 5 segments, 200 kbit/s and 10 s are needed")
	}
	chosen, err := choose(o.variants)
	if err != nil {
		return err
	}
	if err := checkTools(o); err != nil {
		return err
	}
	// As long as a run and the window before it, so that it does not begin anew in the middle.
	length := time.Duration(o.pages)*o.stagger + o.warm + o.time + time.Duration(o.window)*segmentTime + 20*time.Second
	clip, err := makeClip(ctx, 2*int(length/segmentTime+1), o.kbit)
	if err != nil {
		return err
	}
	var outcomes []*outcome
	for i, v := range chosen {
		fmt.Fprintf(os.Stderr, "%d/%d %s: %v\n", i+1, len(chosen), v.title,
			(time.Duration(o.pages)*o.stagger + o.warm + o.time).Round(time.Second))
		r, err := run(ctx, o, v, clip)
		if err != nil {
			return fmt.Errorf("%s: %w", v.title, err)
		}
		outcomes = append(outcomes, r)
		for _, e := range r.Errors {
			fmt.Fprintln(os.Stderr, "   ", e)
		}
		if o.json {
			if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
				return err
			}
		}
	}
	if !o.json {
		fmt.Print(table(o, outcomes))
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/chromium"
	"github.com/superp2p/superp2p/internal/stage"
)

// firstFrame opens the two players in turn.
type firstFrame struct {
	pairs   int
	kbit    int
	rate    int
	trip    time.Duration
	delay   float64
	natives int
	linger  time.Duration
	verbose bool
}

// newFirstFrame reads the settings and returns what measures by them.
func newFirstFrame(flags *flag.FlagSet) func(context.Context) error {
	var c firstFrame
	flags.IntVar(&c.pairs, "pairs", 10, "how often each is opened")
	flags.IntVar(&c.kbit, "kbit", 4000, "bit rate of the stream, kbit/s")
	flags.IntVar(&c.rate, "rate", 10000, "of the way to the server, kbit/s in each direction")
	flags.DurationVar(&c.trip, "trip", 40*time.Millisecond, "round trip time to the server")
	flags.Float64Var(&c.delay, "delay", 6, "how far behind live the SDK plays, in seconds")
	flags.IntVar(&c.natives, "natives", 0, "native peers that play too")
	flags.DurationVar(&c.linger, "linger", 3*time.Second, "how long each is watched after its first frame")
	flags.BoolVar(&c.verbose, "v", false, "print what happened in each page")
	return c.run
}

// opening is what one page showed.
type opening struct {
	figures
	Moving float64  `json:"moving"` // ms from navigation until the picture has moved on by a tenth of a second
	Loads  []string `json:"loads"`  // what was loaded, and when: begun, first byte, last byte
}

// run opens them and prints.
func (c *firstFrame) run(ctx context.Context) error {
	if c.pairs < 1 || c.kbit < 400 || c.rate < 100 || c.trip < 0 {
		return errors.New("at least one pair, 400 kbit/s of a stream and 100 of a way are needed")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	st, err := stage.Start(ctx, stage.Config{
		Bitrate: 1000 * c.kbit, Past: 8 * time.Second, Handlers: map[string]http.Handler{pagePath: http.HandlerFunc(servePage)},
	})
	if err != nil {
		return err
	}
	defer st.Close() //nolint:errcheck // the end
	way, err := openNarrow(ctx, strings.TrimPrefix(st.ServerURL(), "http://"), c.rate, c.trip)
	if err != nil {
		return err
	}
	for range max(1, c.natives) { // somebody always watches: the server does not open its source for each page
		end, err := playNative(ctx, st, time.Duration(c.delay*float64(time.Second)), c.natives == 0)
		if err != nil {
			return err
		}
		defer end()
	}
	b, err := chromium.Start(ctx)
	if err != nil {
		return err
	}
	defer b.End()
	fmt.Printf("%d kbit/s over a way of %d kbit/s and %v, %d native peers, %d pairs\n", c.kbit, c.rate, c.trip, c.natives, c.pairs)
	if err := until(ctx, time.Now().Add(5*time.Second)); err != nil {
		return err
	}
	first, moving, stalled := [2][]float64{}, [2][]float64{}, [2]int{}
	for n := range 1 + c.pairs { // what comes first is not counted: the browser has its own things to load
		for i, name := range []string{"superp2p", "mpegts.js"} {
			o, err := c.open(b, way, st.Channel(), i == 0)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if c.verbose {
				fmt.Printf("%s: first frame %.0f ms, moving %.0f ms, %d stalls, held %.1f s; %s\n  %s\n", name, o.First, o.Moving, o.Stalls, o.Ahead,
					strings.Join(o.Codes, ", "), strings.Join(o.Loads, "\n  "))
			}
			for _, e := range o.Errors {
				fmt.Println(name+":", e)
			}
			if n == 0 {
				continue
			}
			first[i], moving[i], stalled[i] = append(first[i], o.First), append(moving[i], o.Moving), stalled[i]+o.Stalls
		}
	}
	fmt.Println("\n| | superp2p | mpegts.js | difference of medians |\n|---|---|---|---|")
	for _, row := range []struct {
		name string
		of   [2][]float64
	}{{"first frame, ms (quartiles)", first}, {"moving, ms (quartiles)", moving}} {
		a, b := quartiles(row.of[0]), quartiles(row.of[1])
		fmt.Printf("| %s | %.0f (%.0f to %.0f) | %.0f (%.0f to %.0f) | %+.0f |\n", row.name, a[1], a[0], a[2], b[1], b[0], b[2], a[1]-b[1])
	}
	fmt.Printf("| stalls in the %v after | %d | %d | |\n", c.linger, stalled[0], stalled[1])
	return nil
}

// open shows one page until its picture moves.
func (c *firstFrame) open(b *chromium.Browser, way *narrow, channel string, ours bool) (*opening, error) {
	tab, end, err := openViewer(b, way.url(), map[string]any{
		"ours": ours, "sdk": "/sdk/superp2p.js", "library": "/sdk/mpegts.mjs", "flv": "/live/" + channel + ".flv",
		"play": []any{channel, map[string]any{"delay": c.delay}},
	})
	defer end()
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		o, err := read[opening](tab, "figures()")
		switch {
		case err != nil:
			return nil, err
		case o.Moving > 0:
			if err := until(tab, time.Now().Add(c.linger)); err != nil {
				return nil, err
			}
			o, err = read[opening](tab, "figures()")
			return &o, err
		case time.Now().After(deadline):
			return nil, fmt.Errorf("no picture moves within 30 s: %s", strings.Join(append(o.Codes, o.Errors...), ", "))
		}
		if err := until(tab, time.Now().Add(200*time.Millisecond)); err != nil {
			return nil, err
		}
	}
}

// quartiles returns the three of them.
func quartiles(all []float64) [3]float64 {
	all = slices.Sorted(slices.Values(all))
	at := func(share float64) float64 {
		place := share * float64(len(all)-1)
		low := int(place)
		high := min(low+1, len(all)-1)
		return all[low] + (place-float64(low))*(all[high]-all[low])
	}
	return [3]float64{at(0.25), at(0.5), at(0.75)}
}

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// quarters is into how many parts the measured time is cut, of which the first and the last are compared.
const quarters = 4

// reading is what one browser showed at a time.
type reading struct {
	at time.Time
	figures
	kept
	rss float64
}

// series is what both browsers showed, and spent, over the measured time.
type series struct {
	all      []*contender
	duration time.Duration
	begun    time.Time

	since    time.Time               // when usage was taken last
	readings [][]reading             // by browser, all
	held     []kept                  // by browser, of the last collection
	cost     [quarters][]spent       // by quarter and browser
	counted  [quarters]time.Duration // how long that was
	row      struct {                // of what the next line tells
		cost    []spent
		counted time.Duration
	}
}

// sample reads the figures of both, and what they spent since the last time.
func (s *series) sample() error {
	now := time.Now()
	q := min(quarters-1, int(quarters*now.Sub(s.begun)/s.duration))
	took := now.Sub(s.since)
	s.since = now
	s.counted[q] += took
	s.row.counted += took
	for i, one := range s.all {
		used := one.usage.take()
		s.cost[q][i].add(used)
		s.row.cost[i].add(used)
	}
	for i, one := range s.all {
		f, err := read[figures](one.tab, "figures()")
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		if one.control != nil { // it does in the next interval what the SDK did in this one
			list := s.readings[0]
			if n := len(list); n > 1 {
				one.control.follow(list[n-2].figures, list[n-1].figures, list[n-1].at.Sub(list[n-2].at))
			}
		}
		s.readings[i] = append(s.readings[i], reading{at: now, figures: f, kept: s.held[i], rss: resident(one.browser.PID)})
	}
	return nil
}

// collect collects garbage in both. What that costs is not counted.
func (s *series) collect() error {
	if s.readings == nil {
		s.readings, s.held = make([][]reading, len(s.all)), make([]kept, len(s.all))
		for q := range quarters {
			s.cost[q] = s.none()
		}
		s.row.cost = s.none()
	}
	var errs []error
	for i, one := range s.all {
		k, err := collect(one.tab)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", one.name, err))
		}
		s.held[i] = k
	}
	s.since = time.Now()
	for _, one := range s.all {
		one.usage.take()
	}
	return errors.Join(errs...)
}

func (s *series) none() []spent {
	all := make([]spent, len(s.all))
	for i := range all {
		all[i] = spent{}
	}
	return all
}

// head prints the head of the table.
func (s *series) head() {
	fmt.Println("| minute | | heap, buffers, browser's objects | wasm | resident | connections, channels | nodes | peers | behind live | held | rate | stalls | from peers | from server | to peers | core |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
}

// line prints what both showed last, with rates since the line before.
func (s *series) line() {
	if s.row.counted == 0 {
		return
	}
	for i, one := range s.all {
		list := s.readings[i]
		r := list[len(list)-1]
		before := list[max(0, len(list)-1-int(s.row.counted/(s.duration/time.Duration(max(1, len(list))))))]
		rate := func(now, then float64) string {
			return fmt.Sprintf("%.0f kB/s", (now-then)/1000/max(1, r.at.Sub(before.at).Seconds()))
		}
		fmt.Printf("| %.0f | %s | %s, %s, %s | %s | %s | %.0f, %.0f | %.0f | %d | %.1f s | %.1f s | %.2f | %d, %.1f s | %s | %s | %s | %.1f %% |\n",
			r.at.Sub(s.begun).Minutes(), one.name, megabytes(s.held[i].heap), megabytes(s.held[i].bytes), megabytes(s.held[i].dom), megabytes(r.Wasm), megabytes(r.rss), s.held[i].conns, s.held[i].chans,
			s.held[i].nodes, r.Peers, r.Delay, r.Ahead, r.Rate, r.Stalls, r.StalledMS/1000, rate(r.FromPeers, before.FromPeers),
			rate(r.FromServer, before.FromServer), rate(r.Uploaded, before.Uploaded), 100*s.row.cost[i].all("")/s.row.counted.Seconds())
		for _, e := range r.Errors {
			fmt.Println(one.name+":", e)
		}
	}
	s.row.cost, s.row.counted = s.none(), 0
}

// verdict compares the first with the last quarter, and the two browsers over all of it.
func (s *series) verdict() {
	fmt.Println("\nFirst and last quarter, medians:")
	for i, one := range s.all {
		list := s.readings[i]
		n := len(list) / quarters
		first, last := list[:n], list[len(list)-n:]
		for _, what := range []struct {
			name  string
			value func(r reading) float64
			show  func(float64) string
		}{
			{"heap after collection", func(r reading) float64 { return r.heap }, megabytes},
			{"array buffers", func(r reading) float64 { return r.bytes }, megabytes},
			{"browser's objects", func(r reading) float64 { return r.dom }, megabytes},
			{"wasm memory", func(r reading) float64 { return r.Wasm }, megabytes},
			{"resident (renderer)", func(r reading) float64 { return r.rss }, megabytes},
			{"RTCPeerConnection objects", func(r reading) float64 { return r.conns }, count},
			{"RTCDataChannel objects", func(r reading) float64 { return r.chans }, count},
			{"nodes", func(r reading) float64 { return r.nodes }, count},
			{"peers", func(r reading) float64 { return float64(r.Peers) }, count},
			{"seconds held", func(r reading) float64 { return r.Ahead }, func(n float64) string { return fmt.Sprintf("%.2f", n) }},
			{"seconds behind live", func(r reading) float64 { return r.Delay }, func(n float64) string { return fmt.Sprintf("%.2f", n) }},
		} {
			a, b := median(first, what.value), median(last, what.value)
			if a == 0 && b == 0 {
				continue
			}
			fmt.Printf("  %-10s %-26s %10s → %10s (%+.1f %%)\n", one.name, what.name, what.show(a), what.show(b), 100*(b-a)/max(a, 1e-9))
		}
		r := list[len(list)-1]
		fmt.Printf("  %-10s first frame %.0f ms, %d stalls (%.1f s), %d of %d frames dropped, %s from peers, %s from server, %s to peers\n",
			one.name, r.First, r.Stalls, r.StalledMS/1000, r.Dropped, r.Frames, megabytes(r.FromPeers), megabytes(r.FromServer), megabytes(r.Uploaded))
		if len(r.Codes) > 0 {
			fmt.Printf("  %-10s told, by ms: %s\n", one.name, strings.Join(r.Codes, ", "))
		}
	}
	fmt.Println("\nProcessor time, % of a core, all of the measured time (first quarter → last quarter):")
	names := map[string]bool{}
	total, seconds := s.none(), 0.0
	for q := range quarters {
		seconds += s.counted[q].Seconds()
		for i := range s.all {
			total[i].add(s.cost[q][i])
			for name := range s.cost[q][i] {
				names[name] = true
			}
		}
	}
	share := func(i int, prefix string) float64 { return 100 * total[i].all(prefix) / seconds }
	row := func(name, prefix string) {
		fmt.Printf("  %-42s", name)
		for i, one := range s.all {
			fmt.Printf(" %s %6.2f (%.2f → %.2f) ", one.name, share(i, prefix), s.quarter(0, i, prefix), s.quarter(quarters-1, i, prefix))
		}
		fmt.Printf(" beyond the player %+.2f", share(0, prefix)-share(1, prefix))
		if len(s.all) > 2 {
			fmt.Printf(", the control %+.2f", share(2, prefix)-share(1, prefix))
		}
		fmt.Println()
	}
	row("all", "")
	kinds := map[string]bool{}
	for name := range names {
		kind, _, _ := strings.Cut(name, " ")
		kinds[kind] = true
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		row(kind, kind+" ")
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if strings.HasPrefix(name, kind+" ") && (share(0, name) >= 0.1 || share(1, name) >= 0.1) {
				row("  "+strings.TrimPrefix(name, kind+" "), name)
			}
		}
	}
	fmt.Printf("\nbeyond the player's own: %.2f %% of a core\n", share(0, "")-share(1, ""))
	if len(s.all) > 2 {
		fmt.Printf("a bare data channel with as many bytes: %.2f %%\n", share(2, "")-share(1, ""))
	}
}

// quarter is what one spent in a quarter, in per cent of a core.
func (s *series) quarter(q, i int, prefix string) float64 {
	return 100 * s.cost[q][i].all(prefix) / max(1, s.counted[q].Seconds())
}

// text is so many shares, the largest first.
func (s spent) text(most int) string {
	names := slices.SortedFunc(maps.Keys(s), func(a, b string) int {
		if s[a] > s[b] {
			return -1
		}
		return 1
	})
	var parts []string
	for _, name := range names[:min(most, len(names))] {
		parts = append(parts, fmt.Sprintf("%s %.2f %%", name, 100*s[name]))
	}
	return strings.Join(parts, ", ")
}

func median(list []reading, value func(reading) float64) float64 {
	var all []float64
	for _, r := range list {
		all = append(all, value(r))
	}
	slices.Sort(all)
	if len(all) == 0 {
		return 0
	}
	return all[len(all)/2]
}

func megabytes(n float64) string { return fmt.Sprintf("%.2f MB", n/1e6) }

func count(n float64) string { return fmt.Sprintf("%.0f", n) }

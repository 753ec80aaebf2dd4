package main

import (
	"fmt"
	"strings"
)

// table is the outcomes as a table in Markdown.
func table(o options, all []*outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d pages, %d kbit/s, a playlist of %d segments of %v; opened %v apart, measured for %v from %v after the last\n\n",
		o.pages, o.kbit, o.window, segmentTime, o.stagger, o.time, o.warm)
	row := func(name string, cell func(r *outcome) string) {
		b.WriteString("| " + name)
		for _, r := range all {
			b.WriteString(" | " + cell(r))
		}
		b.WriteString(" |\n")
	}
	row("", func(r *outcome) string { return r.Title })
	b.WriteString(strings.Repeat("|---", len(all)+1) + "|\n")
	row("offload, steady", func(r *outcome) string { return fmt.Sprintf("%.1f %%", 100*r.Steady.Offload) })
	row("offload, session", func(r *outcome) string { return fmt.Sprintf("%.1f %%", 100*r.Session.Offload) })
	row("copies from all servers, steady", func(r *outcome) string { return fmt.Sprintf("%.2f", r.Steady.Copies) })
	row("delay mean (least to most)", func(r *outcome) string {
		return fmt.Sprintf("%.1f s (%.1f to %.1f)", float64(r.DelayMean)/1000, float64(r.DelayMin)/1000, float64(r.DelayMax)/1000)
	})
	row("delay at the end", func(r *outcome) string { return fmt.Sprintf("%.1f s", float64(r.DelayEnd)/1000) })
	row("stalls, session", func(r *outcome) string { return stalls(r.Session) })
	row("stalls, steady", func(r *outcome) string { return stalls(r.Steady) })
	row("start p50 / slowest", func(r *outcome) string { return fmt.Sprintf("%d / %d ms", r.StartP50, r.StartMax) })
	row("from peers, session", func(r *outcome) string { return megabytes(r.Session.P2P) })
	row("from servers, session", func(r *outcome) string { return megabytes(r.Session.Servers) })
	row("played, session", func(r *outcome) string { return megabytes(r.Session.Needed) })
	row("machine busy, steady", func(r *outcome) string {
		if r.CPU < 0 {
			return "–"
		}
		return fmt.Sprintf("%.0f %%", 100*r.CPU)
	})
	return b.String()
}

func stalls(p period) string {
	if p.Stalls == 0 {
		return "0"
	}
	return fmt.Sprintf("%d, %.1f s", p.Stalls, p.StalledMS/1000)
}

func megabytes(n float64) string { return fmt.Sprintf("%.1f MB", n/1e6) }

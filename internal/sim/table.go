package sim

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Table writes results for people: a line for each, and under these lines what they are too short for.
func Table(results []*Result) string {
	rows := [][]string{{"scenario", "seed", "viewers", "offload", "stall-free", "start p95", "delay p95", "seek p95",
		"control", "duplicates", "proofs", "server peak", "bars"}}
	percent := inShares.text
	for _, r := range results {
		rows = append(rows, []string{
			r.Scenario, fmt.Sprint(r.Seed), thousands(r.Viewers), percent(r.Offload, true), percent(r.StallFree, true),
			inMS.text(r.StartP95, false), r.delay(), r.seek(), percent(r.ControlShare, false),
			percent(r.DuplicateShare, false), percent(r.ProofShare, false), inStreams.text(r.ServerPeak, false),
			r.verdict(),
		})
	}
	var b strings.Builder
	align(&b, rows)
	for _, r := range results {
		b.WriteByte('\n')
		r.details(&b)
	}
	return b.String()
}

// align writes rows with their columns under each other: the first to the left, the others to the right. A column that
// has nothing below its head is left out.
func align(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for i := range widths {
		empty := true
		for j, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
			empty = empty && (j == 0 || row[i] == nothing)
		}
		if empty {
			widths[i] = 0
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			blank := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(cell)))
			switch {
			case i == 0:
				b.WriteString(cell + blank)
			case widths[i] > 0:
				b.WriteString("  " + blank + cell)
			}
		}
		b.WriteByte('\n')
	}
}

// nothing stands where a figure does not apply.
const nothing = "–"

func thousands[T int | uint64](n T) string { return grouped(fmt.Sprint(n)) }

// delay is how far behind live viewers were; a file has no live edge.
func (r *Result) delay() string {
	if r.onDemand() {
		return nothing
	}
	return fmt.Sprintf("%.2f s", r.DelayP95/1000)
}

func (r *Result) seek() string {
	if r.Seeks == 0 {
		return nothing
	}
	return inMS.text(r.SeekP95, false)
}

// onDemand tells whether a file was watched: there are seeks or, at the least, no delays.
func (r *Result) onDemand() bool { return r.Seeks > 0 || r.DelayP95 == 0 && r.Sessions > r.NotStarted }

// verdict says in a word or two whether the scenario's bars hold.
func (r *Result) verdict() string {
	switch missed := len(r.Missed()); {
	case len(r.Bars()) == 0:
		return nothing
	case missed == 0:
		return "hold"
	default:
		return fmt.Sprintf("%d missed", missed)
	}
}

// steadyFrom is how many seconds a simulation must last to have a steady part, which begins after a minute.
const steadyFrom = 90

// details writes a block of what a line is too short for.
func (r *Result) details(b *strings.Builder) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(b, "  %-11s "+format+"\n", append([]any{name}, args...)...)
	}
	percent := inShares.text
	up := func(v float64) string { return inMS.text(v, false) }

	fmt.Fprintf(b, "%s, seed %d: %s viewers at a time, %s sessions in %.0f s\n", r.Scenario, r.Seed, thousands(r.Viewers),
		thousands(r.Sessions), r.Seconds)
	if row("offload", "%s of whole sessions", percent(r.Offload, true)); r.Seconds >= steadyFrom {
		row("", "%s after the first minute, with %.2f first copies a slice", percent(r.SteadyOffload, true), r.Copies)
	}
	row("start", "p50 %s, p95 %s, longest %s; %s never started", up(r.StartP50), up(r.StartP95), up(r.StartMax),
		thousands(r.NotStarted))
	if r.onDemand() {
		row("seeks", "%s; to the picture p50 %s, p95 %s", thousands(r.Seeks), up(r.SeekP50), up(r.SeekP95))
	} else {
		row("delay", "p50 %.2f s, p95 %.2f s behind live", r.DelayP50/1000, r.DelayP95/1000)
	}
	row("stalls", "%s, %.1f s in all; %s of sessions without one", thousands(r.Stalls), r.StallSeconds,
		percent(r.StallFree, true))
	if r.StallFreeAfter != r.StallFree || r.bars.StallFreeAfter > 0 {
		row("", "%s without one from the event on", percent(r.StallFreeAfter, true))
	}
	if r.PlainStalls != nil {
		row("", "%s where the same audience has no peers", thousands(*r.PlainStalls))
	}
	row("server", "%.1f streams in the mean, %s in its busiest second", r.ServerMean, inStreams.text(r.ServerPeak, false))
	row("its slices", "%s first copies, %s for want of time, %s at starts", thousands(r.FetchedFirst),
		thousands(r.FetchedLate), thousands(r.FetchedStart))
	row("peers", "%.1f a viewer; %s slices, %s requests timed out, %s refused", r.MeanPeers, thousands(r.Requests),
		thousands(r.Timeouts), thousands(r.Refused))
	row("uplinks", "%s used, fairness %.2f; %s of what was sent was of no use", percent(r.UplinkUsed, false), r.Jain,
		percent(r.Wasted, false))
	row("way", "p50 %s, p99 %s from the cut; hops p50 %d, p99 %d, most %d, bound %d", up(r.SpreadP50), up(r.SpreadP99),
		r.HopsP50, r.HopsP99, r.HopsMax, r.HopsBound)
	row("overhead", "control %s, duplicates %s, proofs %s", percent(r.ControlShare, false),
		percent(r.DuplicateShare, false), percent(r.ProofShare, false))
	if r.Barred > 0 || r.WrongReceived > 0 || r.BadBytes > 0 {
		row("bad peers", "barred %s times, after at most %s; %s wrong bytes received, %s played or passed on",
			thousands(r.Barred), up(r.BarredMax), thousands(r.WrongReceived), thousands(r.BadBytes))
	}
	for _, bar := range r.Missed() {
		row("missed", "%s", bar)
	}
}

// Markdown writes the table of docs/swarm.md: a line a scenario, with the worst of its seeds for each figure, the bar
// beside it where there is one, and whether all hold.
func Markdown(results []*Result) string {
	var names []string
	seeds := map[string][]*Result{}
	for _, r := range results {
		if seeds[r.Scenario] == nil {
			names = append(names, r.Scenario)
		}
		seeds[r.Scenario] = append(seeds[r.Scenario], r)
	}
	var b strings.Builder
	b.WriteString("| scenario | seeds | offload | without a stall | start p95 | delay or seek p95 | control | " +
		"duplicates | proofs | server peak | besides | bars |\n|" + strings.Repeat("---|", 12) + "\n")
	for _, name := range names {
		of := seeds[name]
		delay := worst(of, false, func(r *Result) float64 { return r.DelayP95 }).delay()
		cells := map[string]string{}
		var besides, missed []string
		for _, f := range figures() {
			cell, hit, on := f.cell(of)
			if cells[f.key] = cell; !hit {
				missed = append(missed, "`"+f.key+"`")
			}
			switch f.key {
			case "stall_free_after", "barred_within_ms", "no_bad_bytes", "plain_cdn":
				if on {
					besides = append(besides, brief(f.key)+" "+cell)
				}
			case "seek_p95_ms":
				if of[0].Seeks > 0 || on {
					delay = "seek " + cell
				}
			}
		}
		verdict := "hold"
		if len(missed) > 0 {
			verdict = "**missed**: " + strings.Join(missed, ", ")
		} else if len(of[0].Bars()) == 0 {
			verdict = nothing
		}
		if len(besides) == 0 {
			besides = []string{nothing}
		}
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", name, len(of), cells["offload"],
			cells["stall_free"], cells["start_p95_ms"], delay, cells["control"], cells["duplicates"], cells["proofs"],
			cells["server_peak"], strings.Join(besides, "; "), verdict)
	}
	return b.String()
}

// brief is what the column «besides» calls a figure.
func brief(key string) string {
	switch key {
	case "stall_free_after":
		return "from the event on without a stall"
	case "barred_within_ms":
		return "barred within"
	case "no_bad_bytes":
		return "wrong bytes played or passed on"
	}
	return "stalls (plain CDN's)"
}

// cell writes the worst of the seeds and the bar, if there is one, and tells whether it is reached.
func (f figure) cell(of []*Result) (text string, hit, on bool) {
	r := worst(of, f.atLeast, func(r *Result) float64 {
		limit, _ := f.limit(r)
		return f.of(r) - limit
	})
	v := f.of(r)
	limit, on := f.limit(r)
	if text = f.unit.text(v, f.atLeast); math.IsNaN(v) {
		text = nothing
	}
	if !on {
		return text, true, false
	}
	sign := "≤"
	if f.atLeast {
		sign = "≥"
	}
	hit = !Bar{Figure: v, Limit: limit, AtLeast: f.atLeast}.Missed()
	if !hit {
		text = "**" + text + "**"
	}
	return fmt.Sprintf("%s (%s %s)", text, sign, f.unit.limit(limit)), hit, true
}

// worst returns the result with the least of a figure of which more is better, or the most of another. What could not
// be measured is worse than all.
func worst(of []*Result, atLeast bool, figure func(*Result) float64) *Result {
	found := of[0]
	for _, r := range of[1:] {
		v, so := figure(r), figure(found)
		if math.IsNaN(v) || atLeast && v < so || !atLeast && v > so {
			found = r
		}
	}
	return found
}

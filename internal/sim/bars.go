package sim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// unit is what a figure counts.
type unit uint8

const (
	inShares  unit = iota // from 0 to 1, written in percent
	inMS                  // milliseconds
	inStreams             // of the bit rate
	inNumber              // of things
)

// text writes a figure. What is rounded is rounded up, or down for figures of which more is better, so that a miss
// never looks like a hit.
func (u unit) text(v float64, down bool) string {
	factor, digits, after := 1.0, 0, ""
	switch u {
	case inShares:
		v, factor, digits, after = 100*v, 100, 2, " %"
	case inMS:
		after = " ms"
	case inStreams:
		factor, digits = 10, 1
	}
	const exact = 1e-6 // for what binary fractions cannot hold
	if down {
		v = math.Floor(v*factor+exact) / factor
	} else {
		v = math.Ceil(v*factor-exact) / factor
	}
	v += 0 // -0 becomes 0
	return grouped(strconv.FormatFloat(v, 'f', digits, 64)) + after
}

// limit writes a limit, without digits that it does not need.
func (u unit) limit(v float64) string {
	after := ""
	switch u {
	case inShares:
		v, after = 100*v, " %"
	case inMS:
		after = " ms"
	}
	return grouped(strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)) + after
}

// grouped puts commas between the thousands of a decimal number.
func grouped(text string) string {
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return whole
}

// figure is one that a scenario may set a bar to.
type figure struct {
	key     string // of the scenario's bars
	what    string
	unit    unit
	atLeast bool // else at most
	of      func(*Result) float64
	limit   func(*Result) (limit float64, on bool)
}

// figures returns all, in the order in which they are shown.
func figures() []figure {
	set := func(v float64) (float64, bool) { return v, v != 0 }
	return []figure{
		{"offload", "offload", inShares, true,
			func(r *Result) float64 { return r.Offload },
			func(r *Result) (float64, bool) { return set(r.bars.Offload) }},
		{"stall_free", "share of sessions without a stall", inShares, true,
			func(r *Result) float64 { return r.StallFree },
			func(r *Result) (float64, bool) { return set(r.bars.StallFree) }},
		{"stall_free_after", "share of sessions without a stall from the event on", inShares, true,
			func(r *Result) float64 { return r.StallFreeAfter },
			func(r *Result) (float64, bool) { return set(r.bars.StallFreeAfter) }},
		{"start_p95_ms", "start, p95,", inMS, false,
			func(r *Result) float64 { return r.StartP95 },
			func(r *Result) (float64, bool) { return set(r.bars.StartP95) }},
		{"seek_p95_ms", "seek to picture, p95,", inMS, false,
			(*Result).seekP95,
			func(r *Result) (float64, bool) { return set(r.bars.SeekP95) }},
		{"control", "share of control bytes", inShares, false,
			func(r *Result) float64 { return r.ControlShare },
			func(r *Result) (float64, bool) { return set(r.bars.Control) }},
		{"duplicates", "share of duplicate bytes", inShares, false,
			func(r *Result) float64 { return r.DuplicateShare },
			func(r *Result) (float64, bool) { return set(r.bars.Duplicates) }},
		{"proofs", "share of proof bytes", inShares, false,
			func(r *Result) float64 { return r.ProofShare },
			func(r *Result) (float64, bool) { return set(r.bars.Proofs) }},
		{"server_peak", "the server's busiest second, in streams,", inStreams, false,
			func(r *Result) float64 { return r.ServerPeak },
			func(r *Result) (float64, bool) { return set(r.bars.ServerPeak) }},
		{"barred_within_ms", "longest time until a polluter was barred", inMS, false,
			(*Result).barredMax,
			func(r *Result) (float64, bool) { return set(r.bars.BarredWithin) }},
		{"no_bad_bytes", "number of wrong bytes played or passed on", inNumber, false,
			func(r *Result) float64 { return float64(r.BadBytes) },
			func(r *Result) (float64, bool) { return 0, r.bars.NoBadBytes }},
		{"plain_cdn", "number of stalls, beside that of the plain CDN,", inNumber, false,
			func(r *Result) float64 { return float64(r.Stalls) },
			func(r *Result) (float64, bool) { return r.plainStalls(), r.bars.PlainCDN }},
	}
}

// seekP95 is NaN if nobody sought.
func (r *Result) seekP95() float64 {
	if r.Seeks == 0 {
		return math.NaN()
	}
	return r.SeekP95
}

// barredMax is NaN if wrong bytes came and nobody was barred for them.
func (r *Result) barredMax() float64 {
	if r.Barred == 0 && r.WrongReceived > 0 {
		return math.NaN()
	}
	return r.BarredMax
}

// plainStalls is NaN if the plain CDN was not simulated.
func (r *Result) plainStalls() float64 {
	if r.PlainStalls == nil {
		return math.NaN()
	}
	return float64(*r.PlainStalls)
}

// Bar is one limit of a scenario, and what was measured. Shares are from 0 to 1; NaN is what could not be measured.
type Bar struct {
	Name    string // the key in the scenario's bars
	Figure  float64
	Limit   float64
	AtLeast bool // otherwise at most
	what    string
	unit    unit
}

// Missed tells whether the figure does not reach the limit. What could not be measured misses.
func (b Bar) Missed() bool {
	if b.AtLeast {
		return !(b.Figure >= b.Limit)
	}
	return !(b.Figure <= b.Limit)
}

// String says in words what was measured and what was wanted.
func (b Bar) String() string {
	if math.IsNaN(b.Figure) || math.IsNaN(b.Limit) {
		return b.what + " could not be measured"
	}
	side := "at most"
	if b.AtLeast {
		side = "at least"
	}
	return fmt.Sprintf("%s is %s, wanted %s %s", b.what, b.unit.text(b.Figure, b.AtLeast), side, b.unit.limit(b.Limit))
}

// Bars returns the limits that the scenario sets, with what was measured.
func (r *Result) Bars() []Bar {
	var bars []Bar
	for _, f := range figures() {
		if limit, on := f.limit(r); on {
			bars = append(bars, Bar{f.key, f.of(r), limit, f.atLeast, strings.TrimSuffix(f.what, ","), f.unit})
		}
	}
	return bars
}

// Missed returns those of the scenario's bars that the result does not reach.
func (r *Result) Missed() []Bar {
	var missed []Bar
	for _, b := range r.Bars() {
		if b.Missed() {
			missed = append(missed, b)
		}
	}
	return missed
}

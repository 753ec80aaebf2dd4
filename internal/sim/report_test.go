package sim

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
)

// measured returns a result as a live scenario gives it.
func measured(seed uint64) *Result {
	r := &Result{
		Scenario: "live-1000", Seed: seed, Viewers: 1000, Seconds: 300, Sessions: 2004, Offload: 0.98412, StallFree: 0.9995,
		StallFreeAfter: 0.9995, StartP50: 301, StartP95: 512.2, StartMax: 1204, DelayP50: 5870, DelayP95: 6010,
		ControlShare: 0.0101, DuplicateShare: 0.0012, ProofShare: 0.0021, ServerPeak: 20.31, SteadyOffload: 0.99,
	}
	for i := range 300 {
		at := time.Duration(i+1) * time.Second
		r.samples = append(r.samples, sample{
			at: at, peers: uint64(i) * 1000, server: uint64(i) * 20, buffered: 4, bufferedLow: 3, present: 1000,
		})
		r.delays = append(r.delays, 5000+float32(i))
	}
	return r
}

// watched returns a result as a scenario with a file gives it.
func watched() *Result {
	return &Result{
		Scenario: "vod-500", Seed: 1, Viewers: 500, Seconds: 1200, Sessions: 500, Offload: 0.9, StallFree: 1,
		StallFreeAfter: 1, StartP95: 400, Seeks: 4301, SeekP50: 212, SeekP95: 1040.5,
		bars: Bars{Offload: 0.85, SeekP95: 1000},
	}
}

func TestTheTableHasALineAndABlockForEachResult(t *testing.T) {
	live := measured(3)
	live.bars = Bars{Offload: 0.98}
	text := Table([]*Result{live, watched()})
	lines := strings.Split(text, "\n")
	require.Regexp(t, `^scenario +seed +viewers +offload .*delay p95 +seek p95 .*bars$`, lines[0])
	require.Regexp(t, `^live-1000 +3 +1,000 +98\.41 % .* 513 ms +6\.01 s +– .* hold$`, lines[1])
	require.Regexp(t, `^vod-500 +1 +500 +90\.00 % .* 400 ms +– +1,041 ms .* 1 missed$`, lines[2])
	require.Len(t, lines[1], len(lines[2]))
	require.Contains(t, text, "\nlive-1000, seed 3: 1,000 viewers at a time, 2,004 sessions in 300 s\n")
	require.Contains(t, text, "\n  delay       p50 5.87 s, p95 6.01 s behind live\n")
	require.Contains(t, text, "\n  seeks       4,301; to the picture p50 212 ms, p95 1,041 ms\n")
	require.Contains(t, text, "\n  missed      seek to picture, p95 is 1,041 ms, wanted at most 1,000 ms\n")
	require.NotContains(t, Table([]*Result{live}), "seek")
	for _, line := range lines {
		require.LessOrEqual(t, len([]rune(line)), 140)
		require.Equal(t, strings.TrimRight(line, " "), line)
	}
}

func TestBarsThatHold(t *testing.T) {
	r := measured(1)
	require.Empty(t, r.Bars(), "none is set")
	plain := uint64(3)
	r.Stalls, r.PlainStalls, r.Barred, r.BarredMax = 3, &plain, 5, 900
	r.StallFreeAfter = 1
	r.Seeks, r.SeekP95 = 1, 1000
	r.bars = Bars{
		Offload: 0.98412, StallFree: 0.995, StallFreeAfter: 1, Control: 0.015, Duplicates: 0.005, Proofs: 0.005,
		StartP95: 1500, SeekP95: 1000, ServerPeak: 100, BarredWithin: 10_000, NoBadBytes: true, PlainCDN: true,
	}
	require.Len(t, r.Bars(), 12)
	require.Empty(t, r.Missed())
}

func TestBarsThatAreMissedSayWhatWasMeasuredAndWanted(t *testing.T) {
	r := measured(1)
	plain := uint64(2)
	r.Stalls, r.PlainStalls, r.Barred, r.BarredMax, r.BadBytes = 1300, &plain, 5, 20_000, 7
	r.Seeks, r.SeekP95 = 1, 1500
	r.bars = Bars{
		Offload: 0.985, StallFree: 1, StallFreeAfter: 1, Control: 0.01, Duplicates: 0.001, Proofs: 0.001, StartP95: 512,
		SeekP95: 1000, ServerPeak: 20.3, BarredWithin: 10_000, NoBadBytes: true, PlainCDN: true,
	}
	var said []string
	for _, bar := range r.Missed() {
		said = append(said, bar.Name+": "+bar.String())
	}
	require.Equal(t, []string{
		"offload: offload is 98.41 %, wanted at least 98.5 %",
		"stall_free: share of sessions without a stall is 99.95 %, wanted at least 100 %",
		"stall_free_after: share of sessions without a stall from the event on is 99.95 %, wanted at least 100 %",
		"start_p95_ms: start, p95 is 513 ms, wanted at most 512 ms",
		"seek_p95_ms: seek to picture, p95 is 1,500 ms, wanted at most 1,000 ms",
		"control: share of control bytes is 1.01 %, wanted at most 1 %",
		"duplicates: share of duplicate bytes is 0.12 %, wanted at most 0.1 %",
		"proofs: share of proof bytes is 0.21 %, wanted at most 0.1 %",
		"server_peak: the server's busiest second, in streams is 20.4, wanted at most 20.3",
		"barred_within_ms: longest time until a polluter was barred is 20,000 ms, wanted at most 10,000 ms",
		"no_bad_bytes: number of wrong bytes played or passed on is 7, wanted at most 0",
		"plain_cdn: number of stalls, beside that of the plain CDN is 1,300, wanted at most 2",
	}, said)
}

func TestWhatCouldNotBeMeasuredMissesItsBar(t *testing.T) {
	r := measured(1)
	r.WrongReceived = 1
	r.bars = Bars{SeekP95: 1000, BarredWithin: 10_000, PlainCDN: true}
	missed := r.Missed()
	require.Len(t, missed, 3)
	require.Equal(t, "seek to picture, p95 could not be measured", missed[0].String())
}

func TestAMissNeverLooksLikeAHit(t *testing.T) {
	require.Equal(t, "97.99 %", inShares.text(0.97999, true))
	require.Equal(t, "98.00 %", inShares.text(0.98, true))
	require.Equal(t, "0.29 %", inShares.text(0.0029, false))
	require.Equal(t, "0.30 %", inShares.text(0.00291, false))
	require.Equal(t, "1,001 ms", inMS.text(1000.2, false))
	require.Equal(t, "0 ms", inMS.text(0, false))
	require.Equal(t, "1,234,567", grouped("1234567"))
	require.Equal(t, "-123.25", grouped("-123.25"))
	require.Equal(t, "98.5 %", inShares.limit(0.985))
}

func TestMarkdownShowsTheWorstOfTheSeedsBesideTheBars(t *testing.T) {
	first, second, third := measured(1), measured(2), measured(3)
	second.Offload, second.StartP95 = 0.9799, 300
	third.DelayP95, third.ServerPeak = 6300, 31
	for _, r := range []*Result{first, second, third} {
		r.bars = Bars{Offload: 0.98, StallFree: 0.995}
	}
	some, none, plain := measured(1), measured(2), uint64(12)
	for i, r := range []*Result{some, none} {
		r.Scenario, r.bars = "half-mute", Bars{PlainCDN: true, NoBadBytes: true}
		r.PlainStalls, r.Stalls = &plain, uint64(3*i)
	}
	free := measured(1)
	free.Scenario = "free"
	lines := strings.Split(strings.TrimSpace(Markdown([]*Result{first, some, second, third, none, watched(), free})), "\n")
	require.Equal(t, []string{
		"| scenario | seeds | offload | without a stall | start p95 | delay or seek p95 | control | duplicates | proofs | " +
			"server peak | besides | bars |",
		"|---|---|---|---|---|---|---|---|---|---|---|---|",
		"| `live-1000` | 3 | **97.99 %** (≥ 98 %) | 99.95 % (≥ 99.5 %) | 513 ms | 6.30 s | 1.01 % | 0.12 % | 0.21 % | " +
			"31.0 | – | **missed**: `offload` |",
		"| `half-mute` | 2 | 98.41 % | 99.95 % | 513 ms | 6.01 s | 1.01 % | 0.12 % | 0.21 % | 20.4 | " +
			"wrong bytes played or passed on 0 (≤ 0); stalls (plain CDN's) 3 (≤ 12) | hold |",
		"| `vod-500` | 1 | 90.00 % (≥ 85 %) | 100.00 % | 400 ms | seek **1,041 ms** (≤ 1,000 ms) | 0.00 % | 0.00 % | " +
			"0.00 % | 0.0 | – | **missed**: `seek_p95_ms` |",
		"| `free` | 1 | 98.41 % | 99.95 % | 513 ms | 6.01 s | 1.01 % | 0.12 % | 0.21 % | 20.4 | – | – |",
	}, lines)
}

// drawn returns a plot's bytes.
func drawn(t *testing.T, r *Result, format PlotFormat) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.Plot(&b, format))
	return b.Bytes()
}

// texts returns what is written in an SVG.
func texts(t *testing.T, svg []byte) string {
	t.Helper()
	var all strings.Builder
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all.String()
		}
		require.NoError(t, err)
		if text, ok := token.(xml.CharData); ok {
			all.Write(text)
		}
	}
}

func TestPlotsAreSVG(t *testing.T) {
	live := texts(t, drawn(t, measured(1), SVG))
	require.Contains(t, live, "live-1000, seed 1, 1,000 viewers")
	require.Contains(t, live, "delay behind live")
	require.Contains(t, live, "a tenth has less")

	file := texts(t, drawn(t, watched(), SVG))
	require.Contains(t, file, "vod-500", "a result without samples is drawn too")
	require.NotContains(t, file, "delay behind live", "a file has no live edge")

	named := measured(1)
	named.Scenario = "<a & b>"
	require.Contains(t, texts(t, drawn(t, named, SVG)), "<a & b>")
}

func TestPlotsArePNG(t *testing.T) {
	picture, err := png.Decode(bytes.NewReader(drawn(t, measured(1), PNG)))
	require.NoError(t, err)
	require.Greater(t, picture.Bounds().Dy(), picture.Bounds().Dx())
}

func TestTheSameResultGivesTheSamePlot(t *testing.T) {
	for _, format := range []PlotFormat{SVG, PNG} {
		require.Equal(t, drawn(t, measured(1), format), drawn(t, measured(1), format))
	}
}

func TestPlotFormats(t *testing.T) {
	for path, want := range map[string]PlotFormat{"a.svg": SVG, "b/c.d.PNG": PNG} {
		got, err := PlotFormatOf(path)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, path := range []string{"a.gif", "svg", "a", ""} {
		_, err := PlotFormatOf(path)
		require.ErrorContains(t, err, ".svg or .png")
		require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
	}
	require.ErrorContains(t, measured(1).Plot(io.Discard, "gif"), "svg or png")
}

package bench

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// Result holds the figures of one run. Shares are from 0 to 1, times in milliseconds, bytes in bytes.
//
// A session is a viewer's life from the call that opens it to the end of the run. The steady part of the run begins
// 15 s after the last viewer was opened and ends with the run.
type Result struct {
	// Viewers is how many were asked for; FailedViewers of them did not start or broke on the way.
	Viewers       int `json:"viewers"`
	FailedViewers int `json:"failed_viewers"`
	// DelaySetting, Duration and Bitrate are what the run was told; StreamBitrate is what the stream really had.
	DelaySetting  float64 `json:"delay_setting_ms"`
	Duration      float64 `json:"duration_s"`
	Bitrate       int64   `json:"bitrate"`
	StreamBitrate int64   `json:"stream_bitrate"`

	// OffloadSteady is payload from peers / payload from peers and server, of all viewers, in the steady part.
	OffloadSteady float64 `json:"offload_steady"`
	// OffloadSession is the same over whole sessions, starts included.
	OffloadSession float64 `json:"offload_session"`
	// Ceiling is what N viewers can reach when the server sends each slice once: (N-1)/N.
	Ceiling float64 `json:"ceiling"`

	// Start is the time from opening a viewer to the first media tag that its reader could read.
	StartP50 float64 `json:"start_p50_ms"`
	StartP95 float64 `json:"start_p95_ms"`
	StartMax float64 `json:"start_max_ms"`

	// Delay is the time from the origin's sending of a video frame to its coming out of a viewer; quantiles over every
	// video frame of every viewer: each carries the time at which the origin sent it. DirectDelay is the same for the
	// plain HTTP-FLV client.
	DelayP50       float64 `json:"delay_p50_ms"`
	DelayP95       float64 `json:"delay_p95_ms"`
	DirectDelayP50 float64 `json:"direct_delay_p50_ms"`
	DirectDelayP95 float64 `json:"direct_delay_p95_ms"`

	// Stalls counts how often a viewer had nothing to play at its play position after its start, StalledViewers whom
	// that befell, StallTotal how long in all. LateOutputs is the check from outside: how often a player that shows
	// the output with a buffer of half a second, and again after each interruption, would have run dry.
	Stalls         int     `json:"stalls"`
	StalledViewers int     `json:"stalled_viewers"`
	StallTotal     float64 `json:"stall_total_ms"`
	LateOutputs    int     `json:"late_outputs"`

	// ControlShare is every byte on its way between viewers, tracker and server that is neither media payload nor proof,
	// over the media payload used: messages between peers; tracker messages in both directions, with their framing,
	// handshakes and TLS; requests to the server, the headers of its answers, and its JSON. Each byte counts once, as each
	// media byte does: what one viewer says to another is counted where it arrives. The overhead of transports (SCTP,
	// DTLS, UDP; TCP) is not in it.
	ControlShare float64 `json:"control_share"`
	// ControlShareBoth counts the same as seen by the viewers, so that messages between peers count at both ends.
	ControlShareBoth float64 `json:"control_share_both_ends"`
	// DuplicateShare is payload received and not used (twice, too late, cut off, wrong), over the payload used.
	DuplicateShare float64 `json:"duplicate_share"`
	// ProofShare is statements and signatures received, over the payload used.
	ProofShare float64 `json:"proof_share"`

	// CPUPerGB is CPU time, user and system, of the whole process (origin, server, all viewers, the measuring), in
	// seconds over 10^9 bytes of payload delivered to viewers, from the first viewer's opening to the end of the run.
	CPUPerGB float64 `json:"cpu_s_per_gb"`
	// EgressCopies is what the server's HTTP side sent of slices, with their proofs and without HTTP headers, over one copy
	// of the stream's payload, in the steady part. EgressSession is the same over the whole run.
	EgressCopies  float64 `json:"egress_copies"`
	EgressSession float64 `json:"egress_copies_session"`

	// BadTags counts media tags that came out of a viewer other than the origin sent them, or out of order; BadBytes
	// the payload bytes that failed their proof.
	BadTags  int64 `json:"bad_tags"`
	BadBytes int64 `json:"bad_bytes"`
	// SkippedTags counts tags that a viewer left out.
	SkippedTags int64 `json:"skipped_tags"`

	DeliveredBytes int64   `json:"delivered_bytes"`
	PeerBytes      int64   `json:"peer_bytes"`
	ServerBytes    int64   `json:"server_bytes"`
	PeersP50       float64 `json:"peers_p50"`
	// MemoryBytes is what the Go runtime had taken from the system at the end of the run, HeapBytes the live heap.
	MemoryBytes int64 `json:"memory_bytes"`
	HeapBytes   int64 `json:"heap_bytes"`
	// Goroutines is their number at the end of the run, GoroutinesLeft how many were left after everything was closed,
	// above those before it began.
	Goroutines     int `json:"goroutines"`
	GoroutinesLeft int `json:"goroutines_left"`

	// Errors are the distinct reasons of failed viewers.
	Errors []string `json:"errors,omitempty"`
}

// share returns part/whole, 0 of nothing.
func share[T int64 | uint64](part, whole T) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Quantile returns the q-quantile of values by nearest rank, 0 of none. It sorts values.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	rank := int(math.Ceil(q*float64(len(values)))) - 1
	return values[max(0, min(rank, len(values)-1))]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// WriteTable writes the figures for people.
func (r *Result) WriteTable(w io.Writer) error {
	percent := func(x float64) string { return fmt.Sprintf("%.2f %%", 100*x) }
	ms := func(x float64) string { return fmt.Sprintf("%.0f ms", x) }
	rows := [][2]string{
		{"viewers", fmt.Sprintf("%d (%d failed), %.0f s at %.2f Mbit/s, %.1f s behind live", r.Viewers, r.FailedViewers,
			r.Duration, float64(r.StreamBitrate)/1e6, r.DelaySetting/1000)},
		{"offload, steady", percent(r.OffloadSteady) +
			fmt.Sprintf("  (after the first 15 s; ceiling %.2f %%)", 100*r.Ceiling)},
		{"offload, session", percent(r.OffloadSession) + "  (starts included)"},
		{"start p50 / p95 / max", ms(r.StartP50) + " / " + ms(r.StartP95) + " / " + ms(r.StartMax)},
		{"delay p50 / p95", ms(r.DelayP50) + " / " + ms(r.DelayP95)},
		{"direct delay p50 / p95", ms(r.DirectDelayP50) + " / " + ms(r.DirectDelayP95) +
			"  (plain HTTP-FLV from the origin)"},
		{"stalls", fmt.Sprintf("%d, in %d viewers, %.0f ms in all; late outputs %d", r.Stalls, r.StalledViewers, r.StallTotal,
			r.LateOutputs)},
		{"control bytes", percent(r.ControlShare) +
			fmt.Sprintf("  (%.2f %% if messages between peers count at both ends)", 100*r.ControlShareBoth)},
		{"duplicate bytes", percent(r.DuplicateShare)},
		{"proof bytes", percent(r.ProofShare)},
		{"CPU", fmt.Sprintf("%.1f s per GB delivered", r.CPUPerGB)},
		{"server egress", fmt.Sprintf("%.2f copies steady, %.2f over the session", r.EgressCopies, r.EgressSession)},
		{"wrong tags / bytes", fmt.Sprintf("%d / %d; %d tags skipped", r.BadTags, r.BadBytes, r.SkippedTags)},
		{"delivered", fmt.Sprintf("%.1f MB from peers, %.1f MB from the server", float64(r.PeerBytes)/1e6,
			float64(r.ServerBytes)/1e6)},
		{"memory", fmt.Sprintf("%.0f MB, heap %.0f MB; %d goroutines, %d left after closing", float64(r.MemoryBytes)/1e6,
			float64(r.HeapBytes)/1e6, r.Goroutines, r.GoroutinesLeft)},
	}
	if r.DirectDelayP95 > busy {
		rows = append(rows,
			[2]string{"note", "even the plain client was served late: the machine was busy with something else,"},
			[2]string{"", "which stalls and delays include; measure again when it is idle"})
	}
	for _, row := range rows {
		if _, err := fmt.Fprintf(w, "%-23s %s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	for _, e := range r.Errors {
		if _, err := fmt.Fprintf(w, "%-23s %s\n", "failed", e); err != nil {
			return err
		}
	}
	return nil
}

// busy is the delay of a plain client on loopback, in milliseconds, above which the machine is not able to keep up.
const busy = 60

// Bar is one figure that a run must reach.
type Bar struct {
	Name    string
	Figure  float64
	Limit   float64
	AtLeast bool // otherwise at most
}

// Missed tells whether the figure does not reach the limit.
func (b Bar) Missed() bool {
	if b.AtLeast {
		return b.Figure < b.Limit
	}
	return b.Figure > b.Limit
}

// String says what was wanted and what it was.
func (b Bar) String() string {
	sign := "≤"
	if b.AtLeast {
		sign = "≥"
	}
	return fmt.Sprintf("%s is %.4g, wanted %s %.4g", b.Name, b.Figure, sign, b.Limit)
}

// The bars for 20 viewers, from the design. A smaller audience has a lower ceiling, so those for offload are relative
// to it: 0.93 of 0.95, 0.91 of 0.95, 0.90 of 0.95.
const ceilingOf20 = 0.95

// Bars returns what this run must reach.
func (r *Result) Bars() []Bar {
	steady := 0.93
	if r.DelaySetting < 6000 {
		steady = 0.90
	}
	bars := []Bar{
		{"offload_steady", r.OffloadSteady, steady / ceilingOf20 * r.Ceiling, true},
		{"failed_viewers", float64(r.FailedViewers), 0, false},
		{"start_p95_ms", r.StartP95, 1000, false},
		{"stalls", float64(r.Stalls), 0, false},
		{"control_share", r.ControlShare, 0.015, false},
		{"duplicate_share", r.DuplicateShare, 0.005, false},
		{"proof_share", r.ProofShare, 0.005, false},
		{"bad_tags", float64(r.BadTags), 0, false},
		{"bad_bytes", float64(r.BadBytes), 0, false},
		{"goroutines_left", float64(r.GoroutinesLeft), 0, false},
	}
	if r.Duration >= 300 && r.DelaySetting >= 6000 {
		bars = append(bars, Bar{"offload_session", r.OffloadSession, 0.91 / ceilingOf20 * r.Ceiling, true})
	}
	return bars
}

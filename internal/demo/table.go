package demo

import (
	"fmt"
	"strings"
	"time"
)

// Table returns the status for a terminal, a line for each viewer.
func (s *Status) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-7s %8s %8s %8s %7s %6s %10s %10s %10s\n",
		"viewer", "offload", "start", "behind", "stalls", "peers", "from peers", "server", "to peers")
	for i := range s.Viewers {
		v := &s.Viewers[i]
		if v.State != "playing" {
			fmt.Fprintf(&b, "%-7d %s\n", v.Viewer, strings.TrimSpace(v.State+" "+v.Error))
			continue
		}
		fmt.Fprintf(&b, "%-7d %6.1f %% %6d ms %6.2f s %7d %6d %10s %10s %10s\n", v.Viewer, 100*v.Offload, v.Start,
			float64(v.Delay)/1000, v.Stalls, v.Peers, size(v.PeerBytes), size(v.ServerBytes), size(v.UploadBytes))
	}
	t := &s.Total
	fmt.Fprintf(&b, "%-7s %6.1f %% %6.0f ms %6.2f s %7d %6s %10s %10s %10s\n", "all", 100*t.Offload, t.StartP95,
		t.DelayP50/1000, t.Stalls, "", size(t.PeerBytes), size(t.ServerBytes), size(t.UploadBytes))
	fmt.Fprintf(&b, "up %s, offload at most %.1f %%, memory %s (heap %s), %d goroutines\n",
		s.lasted(), 100*t.Ceiling, size(s.Memory.Total), size(s.Memory.Heap), s.Memory.Goroutines)
	return b.String()
}

// Line returns the status in one line, for logs.
func (s *Status) Line() string {
	t := &s.Total
	return fmt.Sprintf("up %s: %d of %d viewers play, offload %.1f %%, start p95 %.0f ms, %.2f s behind live, stalls %d, "+
		"%s from peers, %s from the server, memory %s (heap %s)", s.lasted(), t.Playing, t.Viewers,
		100*t.Offload, t.StartP95, t.DelayP50/1000, t.Stalls, size(t.PeerBytes), size(t.ServerBytes),
		size(s.Memory.Total), size(s.Memory.Heap))
}

func (s *Status) lasted() time.Duration {
	return time.Duration(s.Uptime * float64(time.Second)).Round(time.Second)
}

// size writes a number of bytes in powers of 1000.
func size(n uint64) string {
	f, unit := float64(n), 0
	for f >= 999.95 && unit < 4 {
		f /= 1000
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %cB", f, "_kMGT"[unit])
}

// Summary returns what a demo ends with.
func (s *Status) Summary() string {
	t := &s.Total
	copies := 0.0
	if played := float64(s.Bitrate) / 8 * s.Uptime; played > 0 {
		copies = float64(t.ServerBytes) / played
	}
	return fmt.Sprintf("In %s the server sent %s, about %.1f times the stream, to %d viewers; %s came from other viewers: "+
		"offload %.1f %%.\nStart p50 %.0f ms, p95 %.0f ms; %.2f s behind live; stalls: %d; memory %s.\n", s.lasted(),
		size(t.ServerBytes), copies, t.Viewers, size(t.PeerBytes), 100*t.Offload, t.StartP50, t.StartP95, t.DelayP50/1000, t.Stalls, size(s.Memory.Total))
}

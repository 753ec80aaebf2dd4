package sim

import (
	"fmt"
	"strings"
)

// Table writes results for people, a line each, and under them what a line is too short for.
func Table(results []*Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-16s %4s %7s %8s  %8s %10s %9s %8s %8s %7s %7s %7s %6s\n", "scenario", "seed", "viewers", "sessions", "offload",
		"stall-free", "start p95", "delay", "control", "dupl.", "proofs", "copies", "peak")
	for _, r := range results {
		fmt.Fprintf(&b, "%-16s %4d %7d %8d  %6.2f %% %8.2f %% %6.0f ms %5.1f s  %5.2f %% %5.2f %% %5.2f %% %7.1f %6.1f\n",
			r.Scenario, r.Seed, r.Viewers, r.Sessions, 100*r.Offload, 100*r.StallFree, r.StartP95, r.DelayP95/1000,
			100*r.ControlShare, 100*r.DuplicateShare, 100*r.ProofShare, r.Copies, r.ServerPeak)
	}
	for _, r := range results {
		fmt.Fprintf(&b, "%s %d: %d stalls of %.1f s in all, %d not started, after the event %.2f %% stall-free; start p50 %.0f ms, max %.0f ms; "+
			"steady offload %.2f %%; hops p50 %d p99 %d max %d, bound %d; uplinks used %.0f %%, fairness %.2f; %.1f peers; "+
			"%d slices from peers, from the server %d first copies, %d late, %d at start, %d timeouts, %d refused; barred %d within %.0f ms, wrong bytes received %d, played or passed on %d\n",
			r.Scenario, r.Seed, r.Stalls, r.StallSeconds, r.NotStarted, 100*r.StallFreeAfter, r.StartP50, r.StartMax, 100*r.SteadyOffload,
			r.HopsP50, r.HopsP99, r.HopsMax, r.HopsBound, 100*r.UplinkUsed, r.Jain, r.MeanPeers, r.Requests, r.FetchedFirst, r.FetchedLate, r.FetchedStart, r.Timeouts, r.Refused,
			r.Barred, r.BarredMax, r.WrongReceived, r.BadBytes)
	}
	return b.String()
}

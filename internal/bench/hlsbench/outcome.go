package main

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// outcome is what came of a way to play. Bytes are media; steady is the measured time at the end, session all of it.
type outcome struct {
	Variant string `json:"variant"`
	Title   string `json:"title"`
	Pages   int    `json:"pages"`

	Steady  period `json:"steady"`
	Session period `json:"session"`

	StartP50  int `json:"start_p50_ms"` // from opening a page to its first frame
	StartMax  int `json:"start_max_ms"`
	DelayMean int `json:"delay_mean_ms"` // behind live, in the steady time
	DelayMin  int `json:"delay_min_ms"`
	DelayMax  int `json:"delay_max_ms"`
	DelayEnd  int `json:"delay_end_ms"` // the mean of all pages at the end

	Peers   float64           `json:"peers"` // connections per page at the end, as p2p-media-loader counts
	CPU     float64           `json:"cpu"`   // how busy the machine was in the steady time, 0 to 1; -1: unknown
	Dropped int               `json:"dropped_frames"`
	Hidden  int               `json:"hidden_pages"`
	Agents  map[string]uint64 `json:"origin_bytes_by_agent"`
	Errors  []string          `json:"errors,omitempty"`
}

// period is what happened in a time.
type period struct {
	Seconds   float64 `json:"seconds"`
	Needed    float64 `json:"needed_bytes"`      // of segments that all players got
	Origin    float64 `json:"origin_bytes"`      // that the origin gave
	Edge      float64 `json:"edge_bytes"`        // that the superp2p server gave viewers
	Servers   float64 `json:"from_server_bytes"` // that viewers took from servers, as the servers count
	Offload   float64 `json:"offload"`           // 1 - Servers / Needed
	Copies    float64 `json:"copies"`            // all that origin and server gave, over one copy of the stream
	P2P       float64 `json:"p2p_bytes"`         // from peers, as the viewers count
	HTTP      float64 `json:"http_bytes"`        // from servers, as the viewers count
	Stalls    int     `json:"stalls"`
	StalledMS float64 `json:"stalled_ms"`
	Waits     int     `json:"waiting_events"`
	Seeks     int     `json:"seeks"`
}

func newOutcome(v variant, o *origin, opened time.Time, first, last *moment) *outcome {
	r := &outcome{Variant: v.name, Title: v.title, Pages: len(last.pages), Agents: o.agents(), CPU: -1}
	none := &moment{at: opened, pages: make([]figures, len(last.pages))}
	r.Steady, r.Session = newPeriod(v, o, first, last), newPeriod(v, o, none, last)
	if last.all > first.all {
		r.CPU = (last.busy - first.busy) / (last.all - first.all)
	}
	var starts, delays, ends []int
	for i, page := range last.pages {
		starts = append(starts, int(page.Start))
		delays = append(delays, page.Delays[min(len(first.pages[i].Delays), len(page.Delays)):]...)
		if n := len(page.Delays); n > 0 {
			ends = append(ends, page.Delays[n-1])
		}
		r.Peers += float64(page.Peers) / float64(len(last.pages))
		r.Dropped += page.Dropped
		if page.Hidden {
			r.Hidden++
		}
		for _, e := range page.Errors {
			r.Errors = append(r.Errors, "page "+strconv.Itoa(i+1)+" "+e)
		}
	}
	slices.Sort(starts)
	r.StartP50, r.StartMax = starts[len(starts)/2], starts[len(starts)-1]
	if slices.Contains(starts, 0) {
		r.Errors = append(r.Errors, "a page never showed a frame")
	}
	if len(delays) > 0 {
		r.DelayMin, r.DelayMax = slices.Min(delays), slices.Max(delays)
	}
	r.DelayMean, r.DelayEnd = mean(delays), mean(ends)
	return r
}

func newPeriod(v variant, o *origin, from, to *moment) period {
	p := period{
		Seconds: to.at.Sub(from.at).Seconds(), Origin: float64(to.origin - from.origin), Edge: float64(to.edge - from.edge),
		P2P: float64(to.flow.P2P - from.flow.P2P), HTTP: float64(to.flow.CDN - from.flow.CDN),
	}
	for i := range to.pages {
		a, b := &from.pages[i], &to.pages[i]
		p.Needed += b.Needed - a.Needed
		p.P2P += b.P2P - a.P2P
		p.HTTP += b.HTTP - a.HTTP
		p.Stalls += b.Stalls - a.Stalls
		p.StalledMS += b.StalledMS - a.StalledMS
		p.Waits += b.Waits - a.Waits
		p.Seeks += b.Seeks - a.Seeks
	}
	p.Servers = p.Origin
	if v.ours {
		// The first copy of each segment is our server's, which no viewer gets. Others went to viewers.
		p.Servers = p.Edge + float64(to.again-from.again)
	}
	if p.Needed > 0 {
		p.Offload = 1 - p.Servers/p.Needed
	}
	p.Copies = (p.Origin + p.Edge) / o.copySize(to.at.Sub(from.at))
	return p
}

func mean(all []int) int {
	if len(all) == 0 {
		return 0
	}
	sum := 0
	for _, n := range all {
		sum += n
	}
	return sum / len(all)
}

// cpuTimes returns how long the machine's cores were busy and how long they were there, in ticks; zeros where the
// system does not say so as Linux does.
func cpuTimes() (busy, all float64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil || i > 8 { // guest time is part of user time
			continue
		}
		all += n
		if i != 4 && i != 5 { // idle, waiting for disks
			busy += n
		}
	}
	return busy, all
}

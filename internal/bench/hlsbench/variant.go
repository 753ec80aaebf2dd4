package main

import (
	"fmt"
	"strings"
)

// variant is a way to play the stream.
type variant struct {
	name, title string
	ours        bool           // through superp2p; else with p2p-media-loader
	plain       bool           // neither: what the stream costs without P2P
	hls         map[string]any // settings of hls.js beside its defaults
	p2p         map[string]any // settings of p2p-media-loader beside its defaults
	args        []string       // of superp2p proxy
	extra       bool           // only if named
}

// variants are all ways, in the order of the table. What is extra was tried to find the best settings of p2p-media-loader.
func variants() []variant {
	live := func(segments int) map[string]any { return map[string]any{"liveSyncDurationCount": segments} }
	return []variant{
		{name: "plain", title: "hls.js alone", plain: true},
		{name: "p2pml", title: "p2p-media-loader, defaults"},
		{name: "a", title: "a", p2p: map[string]any{"highDemandTimeWindow": 2}},
		{name: "b", title: "b", hls: live(19)},
		{name: "c", title: "c", hls: live(10), p2p: map[string]any{"highDemandTimeWindow": 4}},
		{name: "d", title: "d", hls: live(6), p2p: map[string]any{"highDemandTimeWindow": 2}},
		{name: "e", title: "e", hls: live(6), p2p: map[string]any{"highDemandTimeWindow": 1, "httpDownloadInitialTimeoutMs": 3000}},
		{name: "h", title: "h", hls: live(10), p2p: map[string]any{"highDemandTimeWindow": 2, "httpDownloadInitialTimeoutMs": 3000}},
		{name: "i", title: "i", hls: live(6), p2p: map[string]any{"highDemandTimeWindow": 2, "httpDownloadInitialTimeoutMs": 1500, "simultaneousP2PDownloads": 6}},
		{name: "j", title: "j", hls: live(3), p2p: map[string]any{"highDemandTimeWindow": 1, "httpDownloadInitialTimeoutMs": 1500}},
		{name: "g", title: "g", p2p: map[string]any{"highDemandTimeWindow": 1, "httpDownloadInitialTimeoutMs": 3000, "simultaneousHttpDownloads": 1}},
	}
}

// choose returns the variants of that names, all but the extra ones if there are none.
func choose(names string) ([]variant, error) {
	var chosen []variant
	all := variants()
	if names == "" {
		for _, v := range all {
			if !v.extra {
				chosen = append(chosen, v)
			}
		}
		return chosen, nil
	}
	known := make([]string, 0, len(all))
	for _, v := range all {
		known = append(known, v.name)
	}
next:
	for name := range strings.SplitSeq(names, ",") {
		for _, v := range all {
			if v.name == name {
				chosen = append(chosen, v)
				continue next
			}
		}
		return nil, fmt.Errorf("no variant %q; there are %s", name, strings.Join(known, ", "))
	}
	return chosen, nil
}

package main

import (
	"fmt"
	"strings"
)

// variant is a way to play the stream.
type variant struct {
	name, title string
	ours        bool           // by superp2p; else with p2p-media-loader
	query       string         // behind the address of the playlist at the proxy
	page        map[string]any // by the page SDK's loader, with these settings; the proxy is not used
	plain       bool           // neither: what the stream costs without P2P
	hls         map[string]any // settings of hls.js beside its defaults
	p2p         map[string]any // settings of p2p-media-loader beside its defaults
	extra       bool           // only if named
}

// variants are all ways, in the order of the table. The extra ones were tried to find the best settings of p2p-media-loader.
func variants() []variant {
	type settings = map[string]any
	behind := func(segments int) settings { return settings{"liveSyncDurationCount": segments} }
	return []variant{
		{name: "plain", title: "hls.js alone", plain: true},
		{name: "p2pml", title: "p2p-media-loader, defaults"},
		{name: "p2pml-near", title: "p2p-media-loader, best as near to live", hls: behind(3), p2p: settings{
			"highDemandTimeWindow": 2, "simultaneousHttpDownloads": 1, "httpDownloadInitialTimeoutMs": 1500,
		}},
		{name: "p2pml-far", title: "p2p-media-loader, best further behind", hls: behind(6), p2p: settings{
			"highDemandTimeWindow": 2, "httpDownloadInitialTimeoutMs": 3000,
		}},
		{name: "superp2p", title: "superp2p, defaults", ours: true},
		{name: "superp2p-far", title: "superp2p, further behind", ours: true, hls: behind(6), query: "?superp2p_delay=14"},
		{name: "page", title: "superp2p page SDK, defaults", ours: true, page: settings{}},
		{name: "page-far", title: "superp2p page SDK, further behind", ours: true, hls: behind(6), page: settings{"delay": 14}},

		{name: "p2pml-window", title: "2 s of high demand", extra: true, p2p: settings{"highDemandTimeWindow": 2}},
		{name: "p2pml-window-1", title: "1 s, 1 HTTP, 3 s to begin", extra: true, p2p: settings{
			"highDemandTimeWindow": 1, "simultaneousHttpDownloads": 1, "httpDownloadInitialTimeoutMs": 3000,
		}},
		{name: "p2pml-wait", title: "1 s, 1.5 s to begin", extra: true, p2p: settings{
			"highDemandTimeWindow": 1, "httpDownloadInitialTimeoutMs": 1500,
		}},
		{name: "p2pml-6", title: "12 s behind, 2 s", extra: true, hls: behind(6), p2p: settings{"highDemandTimeWindow": 2}},
		{name: "p2pml-6-wait", title: "12 s behind, 1 s, 3 s to begin", extra: true, hls: behind(6), p2p: settings{
			"highDemandTimeWindow": 1, "httpDownloadInitialTimeoutMs": 3000,
		}},
		{name: "p2pml-10", title: "20 s behind, 4 s", extra: true, hls: behind(10), p2p: settings{"highDemandTimeWindow": 4}},
		{name: "p2pml-10-wait", title: "20 s behind, 2 s, 3 s to begin", extra: true, hls: behind(10), p2p: settings{
			"highDemandTimeWindow": 2, "httpDownloadInitialTimeoutMs": 3000,
		}},
		{name: "p2pml-19", title: "38 s behind", extra: true, hls: behind(19)},
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

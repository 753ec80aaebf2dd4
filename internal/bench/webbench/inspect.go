package main

import (
	"context"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/profiler"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// kept is what a page holds after its garbage was collected.
type kept struct {
	heap  float64 // bytes of JavaScript objects
	bytes float64 // of the ArrayBuffers that these refer to, the engine's memory included
	dom   float64 // bytes of the browser's own objects: of the DOM, of WebRTC, of fetch
	nodes float64 // of the DOM
	conns float64 // RTCPeerConnection objects, closed ones that something refers to included
	chans float64 // RTCDataChannel objects
}

// collect collects garbage and counts what is left.
func collect(tab context.Context) (kept, error) {
	ctx, cancel := context.WithTimeout(tab, time.Minute)
	defer cancel()
	var k kept
	var err error
	if k.conns, err = alive(ctx, "RTCPeerConnection"); err != nil {
		return k, err
	}
	if k.chans, err = alive(ctx, "RTCDataChannel"); err != nil {
		return k, err
	}
	if _, err = chromedp.Call(ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
		return k, err
	}
	usage, err := chromedp.Call(ctx, runtime.GetHeapUsage, cdp.Empty{})
	if err != nil {
		return k, err
	}
	k.heap, k.dom, k.bytes = usage.UsedSize, usage.EmbedderHeapUsedSize, usage.BackingStorageSize
	if _, err = chromedp.Call(ctx, performance.Enable, performance.EnableParams{}); err != nil {
		return k, err
	}
	got, err := chromedp.Call(ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		return k, err
	}
	for _, m := range got.Metrics {
		if m.Name == "Nodes" {
			k.nodes = m.Value
		}
	}
	_, err = chromedp.Call(ctx, performance.Disable, cdp.Empty{})
	return k, err
}

// unwatch ends what the driver of the browser has a page record of itself, such as the bodies of all that it loads: it would cost
// memory and time.
func unwatch(tab context.Context) error {
	for _, end := range []cdp.Command[cdp.Empty, cdp.Empty]{network.Disable, css.Disable, log.Disable} {
		if _, err := chromedp.Call(tab, end, cdp.Empty{}); err != nil {
			return err
		}
	}
	return nil
}

// alive counts the objects of a class that are reachable.
func alive(ctx context.Context, class string) (float64, error) {
	const group = "webbench"
	prototype, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: class + ".prototype", ObjectGroup: group})
	if err != nil {
		return 0, err
	}
	found, err := chromedp.Call(ctx, runtime.QueryObjects, runtime.QueryObjectsParams{
		PrototypeObjectID: prototype.Result.ObjectID, ObjectGroup: group,
	})
	if err != nil {
		return 0, err
	}
	n, err := chromedp.CallFunctionOn[float64]("function () { return this.length; }", func(p *runtime.CallFunctionOnParams) {
		p.ObjectID = found.Objects.ObjectID
	})(ctx, chromedp.FromContext(ctx).Target)
	if err != nil {
		return 0, err
	}
	_, err = chromedp.Call(ctx, runtime.ReleaseObjectGroup, runtime.ReleaseObjectGroupParams{ObjectGroup: group})
	return n, err
}

// profile samples what the page's main thread does, for so long, and returns its time as shares of a core, by what ran: engine,
// SDK, player (mpegts.js), page, browser, built in (what of the browser JavaScript calls), collector; and by function.
func profile(tab context.Context, lasts time.Duration) (by, functions spent, err error) {
	if _, err := chromedp.Call(tab, profiler.Enable, cdp.Empty{}); err != nil {
		return nil, nil, err
	}
	_, err = chromedp.Call(tab, profiler.SetSamplingInterval, profiler.SetSamplingIntervalParams{Interval: 1000})
	if err != nil {
		return nil, nil, err
	}
	if _, err := chromedp.Call(tab, profiler.Start, cdp.Empty{}); err != nil {
		return nil, nil, err
	}
	if err := until(tab, time.Now().Add(lasts)); err != nil {
		return nil, nil, err
	}
	got, err := chromedp.Call(tab, profiler.Stop, cdp.Empty{})
	if err != nil {
		return nil, nil, err
	}
	if _, err := chromedp.Call(tab, profiler.Disable, cdp.Empty{}); err != nil {
		return nil, nil, err
	}
	p := got.Profile
	where, names := map[int64]string{}, map[int64]string{}
	for _, node := range p.Nodes {
		where[node.ID] = ran(node.CallFrame)
		names[node.ID] = where[node.ID] + " " + node.CallFrame.FunctionName
	}
	by, functions = spent{}, spent{}
	all := p.EndTime - p.StartTime
	for i, id := range p.Samples {
		// A sample's delta is the time since the one before it, so what was on top lasts until the next one.
		if i+1 < len(p.TimeDeltas) {
			share := float64(p.TimeDeltas[i+1]) / all
			by[where[id]] += share
			if where[id] != "" {
				functions[names[id]] += share
			}
		}
	}
	delete(by, "")
	return by, functions, nil
}

// ran says whose code a frame is; "" is nobody's.
func ran(f *runtime.CallFrame) string {
	switch {
	case f.FunctionName == "(idle)" || f.FunctionName == "(root)":
		return ""
	case f.FunctionName == "(garbage collector)":
		return "collector"
	case f.FunctionName == "(program)":
		return "browser"
	case strings.HasPrefix(f.URL, "wasm:") || strings.Contains(f.URL, "core.wasm"):
		return "engine"
	case strings.Contains(f.URL, "/superp2p."):
		return "SDK"
	case strings.Contains(f.URL, "mpegts"):
		return "player"
	case f.URL == "":
		return "built in"
	}
	return "page"
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/chromium"
)

// options is what the command line says.
type options struct {
	pages, window, kbit int
	stagger, warm, time time.Duration
	superp2p, npm       string
	tracker             string
	variants            string
	json                bool
	verbose             bool
}

// moment is all that is counted at one time, since the run began.
type moment struct {
	at        time.Time
	pages     []figures
	origin    uint64 // media bytes that the origin gave
	again     uint64 // those of them that it had given before
	edge      uint64 // bytes that our server gave viewers
	flow      flow   // what our proxies say, all together
	busy, all float64
}

// run plays the stream in one way and returns what came of it.
func run(ctx context.Context, o options, v variant, clip [][]byte) (*outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	live := newOrigin(clip, o.window)
	originServer := httptest.NewServer(live)
	defer originServer.Close()
	site := httptest.NewServer(pages(o.npm))
	defer site.Close()

	p := &processes{log: io.Discard}
	if o.verbose {
		p.log = os.Stderr
	}
	defer p.end()
	host := strings.TrimPrefix(originServer.URL, "http://")
	server, tracker := "", ""
	if !v.plain {
		var err error
		if server, err = p.startServer(ctx, o.superp2p, host); err != nil {
			return nil, err
		}
		tracker = "ws" + strings.TrimPrefix(server, "http") + "/announce"
		if o.tracker == "npm" && !v.ours {
			url, end, err := startNPMTracker(ctx, o.npm)
			if err != nil {
				return nil, err
			}
			defer end()
			tracker = url
		}
	}

	browser, err := chromium.Start(ctx)
	if err != nil {
		return nil, err
	}
	defer browser.End()

	w := &watching{origin: live, server: server}
	opened := time.Now()
	for i := range o.pages {
		if err := until(ctx, opened.Add(time.Duration(i)*o.stagger)); err != nil {
			return nil, err
		}
		settings := map[string]any{"playlist": originServer.URL + "/" + v.name + "/live.m3u8", "hls": v.hls}
		switch {
		case v.page != nil:
			settings["sdk"], settings["superp2p"] = server+"/sdk/superp2p.js", v.page
		case v.ours:
			proxy, err := p.startProxy(ctx, o.superp2p, server)
			if err != nil {
				return nil, err
			}
			w.proxies = append(w.proxies, proxy)
			settings["playlist"] = proxy + "/" + host + "/" + v.name + "/live.m3u8" + v.query
		case !v.plain:
			core := map[string]any{"announceTrackers": []string{tracker}, "rtcConfig": map[string]any{"iceServers": []any{}}}
			for key, value := range v.p2p {
				core[key] = value
			}
			settings["p2p"] = core
		}
		tab, err := openPage(browser.Context, site.URL, settings)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", i+1, err)
		}
		w.tabs = append(w.tabs, tab)
	}
	begin := time.Now().Add(o.warm)
	if err := until(ctx, begin); err != nil {
		return nil, err
	}
	first, err := w.look(ctx)
	if err != nil {
		return nil, err
	}
	if err := until(ctx, begin.Add(o.time)); err != nil {
		return nil, err
	}
	last, err := w.look(ctx)
	if err != nil {
		return nil, err
	}
	return newOutcome(v, live, opened, first, last), nil
}

// watching is where a run's figures are read.
type watching struct {
	origin  *origin
	server  string
	proxies []string
	tabs    []context.Context
}

func (w *watching) look(ctx context.Context) (*moment, error) {
	m := &moment{at: time.Now()}
	m.origin, m.again = w.origin.given()
	m.busy, m.all = cpuTimes()
	if w.server != "" {
		var status struct {
			Out uint64 `json:"bytes_out"`
		}
		if err := ask(ctx, w.server+"/v1/status", &status); err != nil {
			return nil, err
		}
		m.edge = status.Out
	}
	for _, proxy := range w.proxies {
		var stat struct {
			Flow flow `json:"flow"`
		}
		if err := ask(ctx, proxy+"/stat", &stat); err != nil {
			return nil, err
		}
		m.flow.P2P += stat.Flow.P2P
		m.flow.CDN += stat.Flow.CDN
		m.flow.Upload += stat.Flow.Upload
	}
	var err error
	m.pages, err = look(w.tabs)
	return m, err
}

// until waits for a time.
func until(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checkTools says early what is missing.
func checkTools(o options) error {
	if _, err := os.Stat(o.superp2p); err != nil {
		return fmt.Errorf("no superp2p at %s: call make build", o.superp2p)
	}
	site := httptest.NewServer(pages(o.npm))
	defer site.Close()
	for _, file := range []string{"hls.js/dist/hls.min.mjs", "p2p-media-loader-hlsjs/dist/p2p-media-loader-hlsjs.es.min.js"} {
		answer, err := http.Head(site.URL + "/npm/" + file) //nolint:gosec,noctx // our own server
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return errors.New("the npm packages in " + o.npm + " are missing: call make tools")
		}
	}
	return nil
}

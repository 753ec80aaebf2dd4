package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

//go:embed viewer.html
var viewerPage []byte

// figures is what viewer.html counts since it was opened.
type figures struct {
	Start     float64  `json:"start"`     // ms to the first frame; 0: there was none
	Needed    float64  `json:"needed"`    // bytes of segments that hls.js was handed
	Segments  int      `json:"segments"`  // how many those were
	P2P       float64  `json:"p2p"`       // bytes from peers, as p2p-media-loader or the page SDK counts
	HTTP      float64  `json:"http"`      // bytes by HTTP, likewise
	Uploaded  float64  `json:"uploaded"`  // bytes to peers, likewise
	Peers     int      `json:"peers"`     // connected now
	Stalls    int      `json:"stalls"`    // how often there was nothing to play for a quarter of a second and more
	StalledMS float64  `json:"stalledMs"` // how long in all
	Waits     int      `json:"waits"`     // waiting events of the video
	Seeks     int      `json:"seeks"`     // jumps, as hls.js makes when it is too far behind
	Delays    []int    `json:"delays"`    // ms behind live, twice a second
	Position  float64  `json:"position"`  // of playback, seconds
	Dropped   int      `json:"dropped"`   // frames that came too late for the screen
	Hidden    bool     `json:"hidden"`    // the browser took the page for one nobody sees
	Errors    []string `json:"errors"`
}

// pages serves viewer.html and the npm packages in a folder.
func pages(npm string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/npm/", http.StripPrefix("/npm/", http.FileServer(http.Dir(filepath.Join(npm, "node_modules")))))
	mux.HandleFunc("/viewer", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(viewerPage)
	})
	return mux
}

// openPage opens a viewer in a tab and browser context of its own.
func openPage(browser context.Context, site string, settings map[string]any) (context.Context, error) {
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	tab, _ := chromedp.NewContext(browser, chromedp.WithNewBrowserContext()) //nolint:govet // ends with the browser
	return tab, chromedp.Do(tab, chromedp.Navigate(site+"/viewer#"+url.PathEscape(string(text))))
}

// look reads the figures of all tabs at once.
func look(tabs []context.Context) ([]figures, error) {
	all, errs := make([]figures, len(tabs)), make([]error, len(tabs))
	var wait sync.WaitGroup
	for i, tab := range tabs {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(tab, 10*time.Second)
			defer cancel()
			all[i], errs[i] = chromedp.Run(ctx, chromedp.Evaluate[figures]("window.figures"))
			if errs[i] != nil {
				errs[i] = fmt.Errorf("page %d: %w", i+1, errs[i])
			}
		})
	}
	wait.Wait()
	return all, errors.Join(errs...)
}

package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/superp2p/superp2p/internal/chromium"
)

//go:embed viewer.html
var viewerPage []byte

// pagePath is where the server shows viewer.html.
const pagePath = "/webbench"

func servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(viewerPage)
}

// openViewer shows viewer.html with settings in a tab and browser context of its own, and returns what ends them.
func openViewer(b *chromium.Browser, site string, settings map[string]any) (context.Context, func(), error) {
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, nil, err
	}
	tab, cancel := chromedp.NewContext(b.Context, chromedp.WithNewBrowserContext())
	end := func() { _ = chromedp.Cancel(tab); cancel() }
	if err := chromedp.Do(tab); err != nil { // an empty page
		return tab, end, err
	}
	if err := unwatch(tab); err != nil {
		return tab, end, err
	}
	_, err = chromedp.Call(tab, page.Navigate, page.NavigateParams{URL: site + pagePath + "#" + url.PathEscape(string(text))})
	if err != nil {
		return tab, end, err
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		there, err := read[bool](tab, "typeof figures === 'function'")
		if there || time.Now().After(deadline) {
			return tab, end, err
		}
		if err := until(tab, time.Now().Add(50*time.Millisecond)); err != nil {
			return tab, end, err
		}
	}
}

// read evaluates JavaScript in a page.
func read[T any](tab context.Context, script string) (T, error) {
	ctx, cancel := context.WithTimeout(tab, 20*time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](script))
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

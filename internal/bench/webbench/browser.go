package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed viewer.html
var viewerPage []byte

// pagePath is where the server shows viewer.html.
const pagePath = "/webbench"

func servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(viewerPage)
}

// browser is a Chromium with a profile of its own.
type browser struct {
	ctx context.Context
	pid int
	end func()
}

// startBrowser starts Chromium. Its pages reach peers on this machine.
func startBrowser(ctx context.Context) (*browser, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, errors.New("no Chromium here: call make tools")
	}
	dir, err := os.MkdirTemp("", "webbench-")
	if err != nil {
		return nil, err
	}
	b := &browser{}
	allocator, cancel := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(dir),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("allow-loopback-in-peer-connection", true),
		chromedp.Flag("disable-background-timer-throttling", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-features", "site-per-process,Translate,BlinkGenPropertyTrees,WebRtcHideLocalIpsWithMdns"),
	)...)
	tab, cancelTab := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	b.ctx = tab
	b.end = func() {
		_ = chromedp.Cancel(tab) // waits until it is gone
		cancelTab()
		cancel()
		_ = os.RemoveAll(dir)
	}
	if err := chromedp.Do(tab); err != nil {
		b.end()
		return nil, fmt.Errorf("chromium does not start: %w", err)
	}
	if p := chromedp.FromContext(tab).Browser.Process(); p != nil {
		b.pid = p.Pid
	}
	return b, nil
}

// open shows viewer.html with settings in a tab and browser context of its own, and returns what ends them.
func (b *browser) open(site string, settings map[string]any) (context.Context, func(), error) {
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, nil, err
	}
	tab, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
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

package chromium

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"

	"github.com/chromedp/chromedp"
)

// Browser is one that runs.
type Browser struct {
	// Context is what tabs are made of (chromedp.NewContext). It is done when the browser has ended.
	Context context.Context
	// PID is its process, whose children are the others.
	PID int

	end func()
}

// Find returns the path of the browser.
func Find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errors.New("chromium: there is none here: call make tools")
}

// Start starts a browser that ends with ctx, or by End. More options come after those that each browser has.
func Start(ctx context.Context, more ...chromedp.ExecAllocatorOption) (*Browser, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "superp2p-chromium-")
	if err != nil {
		return nil, fmt.Errorf("chromium: no folder for its profile: %w", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(profile),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("allow-loopback-in-peer-connection", true),
		chromedp.Flag("disable-background-timer-throttling", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		// Else addresses in offers are names that only multicast DNS resolves, which machines without a network lack.
		chromedp.Flag("disable-features", "Translate,WebRtcHideLocalIpsWithMdns"))
	allocator, freeAllocator := chromedp.NewExecAllocator(ctx, append(options, more...)...)
	first, freeFirst := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	b := &Browser{Context: first}
	b.end = sync.OnceFunc(func() {
		_ = chromedp.Cancel(first) // waits until it is gone
		freeFirst()
		freeAllocator()
		_ = os.RemoveAll(profile)
	})
	if err := chromedp.Do(first); err != nil {
		b.end()
		return nil, fmt.Errorf("chromium: it does not start: %w", err)
	}
	if p := chromedp.FromContext(first).Browser.Process(); p != nil {
		b.PID = p.Pid
	}
	return b, nil
}

// End ends the browser and waits until it is gone. It may be called twice.
func (b *Browser) End() { b.end() }

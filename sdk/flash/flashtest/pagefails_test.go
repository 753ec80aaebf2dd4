package flashtest

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// stopWorkers does what browsers do to Service Workers that seem idle.
func (p *page) stopWorkers() {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, serviceworker.Enable, cdp.Empty{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, serviceworker.StopAllWorkers, cdp.Empty{})
		return err
	})))
}

// TestAWorkerThatIsStopped stops the Service Worker in the middle: what it brings begins anew.
func TestAWorkerThatIsStopped(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	target, _ := openFLV(t)
	p := b.watch(t, inPage(s.ServerURL(), target, `{"requireP2P":true}`))
	p.see("s.time > 3")
	p.stopWorkers()
	at := p.text("String(look().time)")
	t.Log(at, p.text("JSON.stringify(look())"))
	p.see("s.time > "+at+" + 8")
	t.Log(p.text("JSON.stringify([look(), lines.filter((l) => !l.startsWith('log %c'))])"))
	require.Empty(t, errorsOf(p.told()))
}

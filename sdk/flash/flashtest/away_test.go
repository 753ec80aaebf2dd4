package flashtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// TestAPublisherThatLeavesAndComesBackIsToldByTheSWF waits for longer than stallTimeout, by the server and by a proxy.
func TestAPublisherThatLeavesAndComesBackIsToldByTheSWF(t *testing.T) {
	b := openBrowser(t)
	for _, by := range []string{"server", "proxy"} {
		t.Run(by, func(t *testing.T) {
			s := serve(t, func(c *config.Config) { c.GiveUp = time.Minute })
			cast := func() func() {
				return stagetest.Cast(t, append(picture(600), "-f", "flv", "rtmp://"+s.Server.RTMPAddr()+"/live/away")...)
			}
			end := cast()
			stagetest.OnAir(t, s.ServerURL(), "live/away")
			proxy := "off"
			if by == "proxy" {
				proxy = openProxy(t, s.ServerURL()).URL
			}
			p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf", "url": "live/away",
				"config": `{"stallTimeout":3,"proxy":"` + proxy + `"}`})
			p.see("s.time > 3 && s.stat.route === '" + by + "'")
			p.act("forget", "0")
			end()
			p.see("s.told.includes('Play.UnpublishNotify')")
			p.number("window.since = performance.now()")
			p.see("performance.now() - since > 5000")
			require.Empty(t, errorsOf(p.told()))
			cast()
			p.see("s.told.includes('Play.PublishNotify')")
			at := p.number("shown.clear(); loudest = 0; look().time")
			p.see(fmt.Sprintf("s.time > %f && shown.size > 10 && loudest > 0.01", at+3))
			told := p.told()
			require.Equal(t, []string{"Play.UnpublishNotify", "Play.PublishNotify"},
				slices.DeleteFunc(told, func(code string) bool { return code == "Buffer.Empty" || code == "Buffer.Full" }))
		})
	}
}

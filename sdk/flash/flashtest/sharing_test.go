package flashtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAPlayerSwitchesWhatItGivesAtTheProxy switches giving to peers off and on, by its session: the proxy trusts no site here.
func TestAPlayerSwitchesWhatItGivesAtTheProxy(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	live, _ := openFLV(t)
	local := openProxy(t, s.ServerURL())
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=" + local.URL, "url": live, "config": `{"requireP2P":true}`})
	p.see("s.time > 1")
	for range 3 {
		watchNatively(t, s.ServerURL(), live)
	}
	p.see("s.stat.uploadBytes > 0 && s.multicastInfo.upload > 0")
	p.act("pauseP2P", "0")
	p.number("window.given = 0; window.since = 0; setInterval(() => { const n = look().stat.uploadBytes; " +
		"if (n !== given) { given = n; since = performance.now() } }, 100); 0")
	p.see("performance.now() - since > 3000") // so long nothing was given
	at := p.number("given")
	p.act("resumeP2P", "0")
	p.see("s.stat.uploadBytes > given")
	require.Greater(t, p.number("look().stat.uploadBytes"), at)
	require.Empty(t, errorsOf(p.told()))
}

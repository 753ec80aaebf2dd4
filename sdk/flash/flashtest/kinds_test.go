package flashtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// plays sees that the picture moves and that sound is there.
func (p *page) plays() {
	p.t.Helper()
	p.see("shown.size > 20 && loudest > 0.01 && s.time > 5")
}

// TestTheExamplePlaysEachKind runs the interface document's example, without a proxy: from the server.
func TestTheExamplePlaysEachKind(t *testing.T) {
	b := openBrowser(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			s := serve(t)
			target, end := k.open(t)
			p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf", "url": target, "config": `{"proxy":"off"}`})
			p.plays()
			p.shoot(k.name)
			want := []string{"Play.Start", "Buffer.Full"}
			if k.film { // all of it is here, a minute
				want = append(want, "Buffer.Flush")
			}
			require.Equal(t, want, p.told(), p.text("JSON.stringify(lines)"))
			require.Equal(t, "server", p.text("look().stat.route"))
			t.Log(p.text("JSON.stringify(look())"))
			if end != nil {
				end()
				p.see("s.told.includes('Play.Complete')")
				require.Equal(t, 1.0, p.number("look().told.filter((c) => c === 'Play.Stop').length"))
				require.NotContains(t, p.told(), "Play.Failed")
			}
		})
	}
}

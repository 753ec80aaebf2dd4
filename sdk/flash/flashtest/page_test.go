package flashtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// inPage are the vars of a page that has the page SDK of a server.
func inPage(server, target, config string) vars {
	return vars{"sdk": server + "/sdk/superp2p.swf?proxy=off", "url": target, "config": config, "pagesdk": server}
}

// TestThePagePlaysEachKind runs the example in a page that has the page SDK, whose engine FLV comes from.
func TestThePagePlaysEachKind(t *testing.T) {
	b := openBrowser(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			s := serve(t)
			target, end := k.open(t)
			p := b.watch(t, inPage(s.ServerURL(), target, `{"requireP2P":true}`))
			p.plays()
			p.shoot("page-" + k.name)
			require.Equal(t, []string{"Play.Start", "Buffer.Full"}, p.told(), p.text("JSON.stringify(lines)"))
			require.Equal(t, "page", p.text("look().stat.route"))
			require.Equal(t, 1.0, p.number("sources.length"))
			t.Log(p.text("JSON.stringify([look(), lines])"))
			if end != nil {
				end()
				p.see("s.told.includes('Play.Complete')")
				require.Equal(t, 1.0, p.number("look().told.filter((c) => c === 'Play.Stop').length"))
				require.NotContains(t, p.told(), "Play.Failed")
			}
		})
	}
}

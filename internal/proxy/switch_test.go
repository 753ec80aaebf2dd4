package proxy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/proxy"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// TestSwitchingRenditionsKeepsTheConnection has two players go from one variant to the other, as players do whose network
// gets better.
func TestSwitchingRenditionsKeepsTheConnection(t *testing.T) {
	origin := stagetest.HLS(t)
	nodes := []*superp2p.Node{superp2p.NewNode(0), superp2p.NewNode(0)}
	at1 := func(n *superp2p.Node) proxy.Config {
		return proxy.Config{Media: superp2p.Config{Node: n, Unpaced: true}}
	}
	s := start(t, at1(nodes[0]), allowLoopback)
	proxies := []string{s.url, s.proxy(at1(nodes[1]))}
	for _, variant := range []string{"/variant1.m3u8", "/variant2.m3u8"} {
		for _, url := range proxies {
			s.url = url
			list, _ := s.whole200(at(origin) + variant)
			s.whole200(uris(list)[0])
		}
		for _, url := range proxies {
			s.url = url
			s.eventually("they are connected", func() bool {
				for _, stream := range s.object(200, "/stat")["streams"].([]any) {
					stream := stream.(map[string]any)
					if stream["url"] == origin.URL+variant {
						return stream["peers"].(float64) == 1
					}
				}
				return false
			})
		}
	}
	for _, n := range nodes {
		require.Equal(t, uint64(1), n.Connections())
	}
}

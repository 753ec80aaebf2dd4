package tracker

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/tracker/message"
)

func TestNetworkOf(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.0.0/16", "192.0.255.1": "192.0.0.0/16", "192.1.2.1": "192.1.0.0/16",
		"10.2.3.4": "10.2.0.0/16", "::ffff:192.0.2.1": "192.0.0.0/16",
		"2001:db8:1:2::3": "2001:db8::/32", "2001:db9::": "2001:db9::/32",
		"fe80::1%eth0": "fe80::/32",
		"127.0.0.1":    "", "127.9.9.9": "", "::1": "", "::ffff:127.0.0.1": "", "0.0.0.0": "", "::": "",
	} {
		got := networkOf(netip.MustParseAddr(address))
		if want == "" {
			require.Equal(t, netip.Prefix{}, got, address)
		} else {
			require.Equal(t, netip.MustParsePrefix(want), got, address)
		}
	}
	require.Equal(t, netip.Prefix{}, networkOf(netip.Addr{}))
}

// audience announces peers, numbered from 0, from those addresses and returns their boxes.
func audience(t *testing.T, m *Memory, addresses ...string) []*box {
	t.Helper()
	boxes := make([]*box, len(addresses))
	for i, a := range addresses {
		boxes[i] = &box{}
		if a != "" {
			boxes[i].addr = netip.MustParseAddr(a)
		}
		_, err := m.Announce(boxes[i], &Announcement{InfoHash: number(1), Peer: number(i)})
		require.NoError(t, err)
	}
	return boxes
}

// ask has peer 0 announce with n offers and returns how many of them were handed on.
func ask(t *testing.T, m *Memory, boxes []*box, n int) int {
	t.Helper()
	c, err := m.Announce(boxes[0], &Announcement{InfoHash: number(1), Peer: number(0), Offers: offers(n, 0)})
	require.NoError(t, err)
	return c.Relayed
}

// took counts the offers that those got who are from or after first and before end.
func took(boxes []*box, first, end int) (n int) {
	for _, b := range boxes[first:end] {
		n += len(b.got)
	}
	return n
}

// addresses returns n different ones by a format that takes two bytes.
func addresses(n int, format string) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf(format, i/250, 1+i%250))
	}
	return list
}

func TestHalfOfTheOffersGoToTheOwnNetwork(t *testing.T) {
	for _, format := range []string{"198.51.%d.%d", "::ffff:198.51.%d.%d", "2001:db8:%x:%x::1"} {
		m, _ := newMemory(MemoryConfig{})
		// 31 near, then others from as many networks as there are.
		boxes := audience(t, m, append(addresses(31, format), addresses(3000, "20.%d.%d.1")...)...)
		require.Equal(t, 20, ask(t, m, boxes, 20))
		require.InDelta(t, 10, took(boxes, 1, 31), 1, "the rest hits near ones too, but hardly ever here")
		require.Equal(t, 20, ask(t, m, boxes, 20))
		require.Equal(t, 20, ask(t, m, boxes, 20))
		require.InDelta(t, 30, took(boxes, 1, 31), 3)
		require.Equal(t, 60, took(boxes, 0, len(boxes)))
		for _, b := range boxes[1:31] {
			require.LessOrEqual(t, len(b.got), 2)
		}
	}
}

func TestOfOneOfferOrThreeAboutHalfIsNear(t *testing.T) {
	m, clock := newMemory(MemoryConfig{})
	boxes := audience(t, m, append(addresses(500, "198.51.%d.%d"), addresses(3000, "20.%d.%d.1")...)...)
	for range 400 {
		require.Equal(t, 1, ask(t, m, boxes, 1))
		require.Equal(t, 3, ask(t, m, boxes, 3))
		clock.t = clock.t.Add(time.Minute)
	}
	// Half of 1600, and a seventh of the other half by chance.
	require.InDelta(t, 914, took(boxes, 1, 500), 100)
}

func TestFewNearPeersAreNotOfferedAgainBeforeStrangers(t *testing.T) {
	m, clock := newMemory(MemoryConfig{})
	boxes := audience(t, m, append(addresses(4, "198.51.%d.%d"), addresses(30, "20.%d.%d.1")...)...)
	require.Equal(t, 10, ask(t, m, boxes, 10))
	require.Equal(t, 3, took(boxes, 1, 4), "all that there are")
	clock.t = clock.t.Add(time.Minute)
	require.Equal(t, 10, ask(t, m, boxes, 10))
	require.Equal(t, 3, took(boxes, 1, 4), "they were met already, and there are others")
	require.Equal(t, 13+7, ask(t, m, boxes, 20), "all others, then some of those who were met a minute ago")
	for _, b := range boxes[1:] {
		require.NotEmpty(t, b.got)
	}
	clock.t = clock.t.Add(time.Minute)
	require.Equal(t, 20, ask(t, m, boxes, 20), "everybody was met, long enough ago")
}

func TestLoopbackAndUnknownAddressesAreNoNetwork(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "::1", ""} {
		m, _ := newMemory(MemoryConfig{})
		list := addresses(3000, "20.%d.%d.1")
		for i := range 30 {
			list[i] = address
		}
		boxes := audience(t, m, list...)
		require.Equal(t, 20, ask(t, m, boxes, 20))
		require.Less(t, took(boxes, 1, 30), 4)
	}
}

// Whoever comes and goes, a swarm knows exactly its members by network, and each offer goes to one other peer.
func TestNetworksAreExact(t *testing.T) {
	where := []netip.Addr{{}}
	for _, a := range []string{"127.0.0.1", "20.1.0.1", "20.2.0.1", "2001:db8::1"} {
		where = append(where, netip.MustParseAddr(a))
	}
	rapid.Check(t, func(t *rapid.T) {
		m, clock := newMemory(MemoryConfig{})
		boxes := map[int]*box{}
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			n := rapid.IntRange(0, 15).Draw(t, "peer")
			b := boxes[n]
			clock.t = clock.t.Add(rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(t, "pause"))
			if b != nil && rapid.Bool().Draw(t, "leave") {
				m.Leave(b, number(1), number(n))
				delete(boxes, n)
			} else {
				if b == nil {
					b = &box{}
					b.addr = rapid.SampledFrom(where).Draw(t, "address")
					boxes[n] = b
				}
				before := map[int]int{}
				for k, other := range boxes {
					before[k] = len(other.got)
				}
				most := rapid.IntRange(0, message.MaxOffers).Draw(t, "offers")
				c, err := m.Announce(b, &Announcement{InfoHash: number(1), Peer: number(n), Offers: offers(most, 0)})
				require.NoError(t, err)
				require.LessOrEqual(t, c.Relayed, most)
				relayed := 0
				for k, other := range boxes {
					got := len(other.got) - before[k]
					require.LessOrEqual(t, got, 1, "two offers to one peer")
					relayed += got
				}
				require.Equal(t, c.Relayed, relayed)
				require.Equal(t, before[n], len(b.got), "an offer to its sender")
			}
			want := map[netip.Prefix]int{}
			for _, b := range boxes {
				if network := networkOf(b.addr); network.IsValid() {
					want[network]++
				}
			}
			h := number(1)
			sw := m.shard(&h).swarms[h]
			if sw == nil {
				require.Empty(t, boxes)
				continue
			}
			got := map[netip.Prefix]int{}
			for network, list := range sw.networks {
				got[network] = len(list)
				for i, p := range list {
					require.Equal(t, i, p.inside)
					require.Equal(t, network, p.network)
					require.Same(t, p, sw.byPeer[p.peer])
				}
			}
			require.Equal(t, want, got)
		}
	})
}

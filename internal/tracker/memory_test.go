package tracker

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/tracker/message"
)

// box is a Mailbox that keeps what is posted to it.
type box struct {
	got  []message.Response
	addr netip.Addr
}

func (b *box) Post(text []byte) bool {
	var r message.Response
	if err := message.ParseResponse(append([]byte(nil), text...), &r); err != nil {
		panic(err)
	}
	b.got = append(b.got, r)
	return true
}
func (b *box) Probe() bool      { return true }
func (b *box) Addr() netip.Addr { return b.addr }

func number(n int) (id message.ID) {
	id[0], id[1] = byte(n), byte(n>>8)
	return id
}

func offers(n, first int) (list []message.Offer) {
	for i := range n {
		list = append(list, message.Offer{ID: number(first + i), SDP: []byte(`{"sdp":"x"}`)})
	}
	return list
}

// clock is a time that tests move.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newMemory(cfg MemoryConfig) (*Memory, *clock) {
	c := &clock{time.Unix(1000, 0)}
	cfg.Now = c.now
	seed := uint64(0)
	cfg.Rand = func() uint64 { seed++; return seed }
	return NewMemory(cfg), c
}

func TestOffersGoToPeersThatWereNotMetLately(t *testing.T) {
	m, clock := newMemory(MemoryConfig{})
	boxes := make([]*box, 31)
	for i := range boxes {
		boxes[i] = &box{}
		_, err := m.Announce(boxes[i], &Announcement{InfoHash: number(1), Peer: number(i)})
		require.NoError(t, err)
	}
	ask := func(n int) int {
		counts, err := m.Announce(boxes[0], &Announcement{InfoHash: number(1), Peer: number(0), Offers: offers(n, 0)})
		require.NoError(t, err)
		return counts.Relayed
	}
	for range 3 {
		require.Equal(t, 10, ask(10))
	}
	for _, b := range boxes[1:] {
		require.Len(t, b.got, 1, "everybody was met once")
	}
	require.Empty(t, boxes[0].got, "nobody gets his own offers")
	require.Zero(t, ask(10), "all were met just now")
	counts, err := m.Announce(boxes[7], &Announcement{InfoHash: number(1), Peer: number(7), Offers: offers(20, 0)})
	require.NoError(t, err)
	require.Equal(t, 20, counts.Relayed)
	require.Empty(t, boxes[0].got, "who was offered to need not offer back")
	clock.t = clock.t.Add(31 * time.Second)
	require.Equal(t, 10, ask(10), "after a while, again")
}

func TestLargeSwarmsAreSampled(t *testing.T) {
	m, _ := newMemory(MemoryConfig{})
	boxes := make([]*box, 3000)
	for i := range boxes {
		boxes[i] = &box{}
		counts, err := m.Announce(boxes[i], &Announcement{InfoHash: number(1), Peer: number(i), Offers: offers(5, 0)})
		require.NoError(t, err)
		require.Equal(t, min(5, i), counts.Relayed)
	}
	lonely := 0
	for _, b := range boxes {
		if len(b.got) == 0 {
			lonely++
		}
	}
	require.Less(t, lonely, 1500, "offers are spread: only late comers can have got none")
}

func TestAnOfferCanBeAnsweredForAMinute(t *testing.T) {
	m, clock := newMemory(MemoryConfig{})
	a, b := &box{}, &box{}
	enter := func(who *box, n int, list []message.Offer) {
		_, err := m.Announce(who, &Announcement{InfoHash: number(1), Peer: number(n), Offers: list})
		require.NoError(t, err)
	}
	answer := func(id int) error {
		return m.Answer(b, &Answer{InfoHash: number(1), Peer: number(2), To: number(1), OfferID: number(id), SDP: []byte("{}")})
	}
	enter(b, 2, nil)
	enter(a, 1, offers(1, 7))
	clock.t = clock.t.Add(59 * time.Second)
	require.NoError(t, answer(7))
	require.Equal(t, number(7), a.got[0].OfferID)
	enter(a, 1, offers(1, 8))
	clock.t = clock.t.Add(61 * time.Second)
	require.ErrorIs(t, answer(8), ErrNoOffer)
	enter(a, 1, offers(1, 9))
	m.Leave(b, number(1), number(2))
	enter(b, 2, nil)
	require.ErrorIs(t, answer(9), ErrNoOffer, "who comes back is somebody else")
}

// Whatever happens in whatever order, the counts are those of a plain list, and nothing is left in the end.
func TestCountsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, clock := newMemory(MemoryConfig{})
		type key struct{ swarm, peer int }
		boxes := []*box{{}, {}, {}}
		held := map[key]int{}
		complete := map[key]bool{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			k := key{rapid.IntRange(0, 2).Draw(t, "swarm"), rapid.IntRange(0, 5).Draw(t, "peer")}
			by := rapid.IntRange(0, 2).Draw(t, "box")
			clock.t = clock.t.Add(time.Second)
			holder, taken := held[k]
			if rapid.Bool().Draw(t, "leave") {
				m.Leave(boxes[by], number(k.swarm), number(k.peer))
				if taken && holder == by {
					delete(held, k)
					delete(complete, k)
				}
			} else {
				full := rapid.Bool().Draw(t, "complete")
				_, err := m.Announce(boxes[by], &Announcement{
					InfoHash: number(k.swarm), Peer: number(k.peer), Complete: full, Offers: offers(3, 0),
				})
				if taken && holder != by {
					var other *TakenError
					require.ErrorAs(t, err, &other)
					require.Same(t, boxes[holder], other.Holder)
				} else {
					require.NoError(t, err)
					held[k], complete[k] = by, full
				}
			}
			var want [3]Counts
			swarms := map[int]bool{}
			for k := range held {
				swarms[k.swarm] = true
				if complete[k] {
					want[k.swarm].Complete++
				} else {
					want[k.swarm].Incomplete++
				}
			}
			for i := range want {
				require.Equal(t, want[i], m.Swarm(number(i)))
			}
			n, peers := m.Totals()
			require.Equal(t, []int{len(swarms), len(held)}, []int{n, peers})
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("\x81\x82\x01\x02\x03\x04ab\x89\x80\x00\x00\x00\x00"))
	f.Add([]byte("\x81\xfe\x00\x7e"))
	f.Add([]byte("\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			frame, need, err := parseFrame(b)
			if err != nil {
				return
			}
			require.Positive(t, need)
			require.LessOrEqual(t, need, maxBuffer)
			if need > len(b) {
				return
			}
			require.Less(t, len(frame.payload), need)
			b = b[need:]
		}
	})
}

package swarm

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// talk is an engine with one neighbour whose part the test plays.
type talk struct {
	w *world
	e *Engine
	n *node
}

// newTalk returns an engine that plays 6 s behind live, after its neighbour's hello.
func newTalk(t *testing.T, change func(*Config)) *talk {
	w := newWorld(t)
	n := w.join(change)
	k := &talk{w, n.engine, n}
	k.e.LinkOpened(w.now, 1, PeerID{9})
	k.say(&wire.Message{Kind: wire.Hello, Version: wire.Version, Track: w.track})
	k.heard()
	return k
}

func (k *talk) say(m *wire.Message) { k.e.Received(k.w.now, 1, wire.Append(nil, m)) }

// heard returns the messages that the engine sent to its neighbour since the last call.
func (k *talk) heard() (ms []wire.Message) {
	for _, a := range k.e.Actions() {
		if a.Kind == Send && a.Link == 1 {
			m, err := wire.Parse(slices.Concat(a.Data, a.Body))
			require.NoError(k.w.t, err)
			ms = append(ms, m)
		}
	}
	return ms
}

func kindsOf(ms []wire.Message) (ks []wire.Kind) {
	for _, m := range ms {
		ks = append(ks, m.Kind)
	}
	return ks
}

func TestAnOfferIsTakenUpOnce(t *testing.T) {
	k := newTalk(t, nil)
	newest := slice.Number(len(k.w.slices) - 1)
	k.say(&wire.Message{Kind: wire.Offer, Number: newest})
	require.Equal(t, []wire.Kind{wire.Request}, kindsOf(k.heard()))
	k.say(&wire.Message{Kind: wire.Offer, Number: newest})
	require.Equal(t, []wire.Kind{wire.Cancel}, kindsOf(k.heard()), "it is on its way")
	k.say(&wire.Message{Kind: wire.Offer, Number: k.e.playout.position - 1})
	require.Equal(t, []wire.Kind{wire.Cancel}, kindsOf(k.heard()), "played already")
}

func TestWhatTheNeighbourHoldsIsNotOffered(t *testing.T) {
	k := newTalk(t, nil)
	newest := len(k.w.slices) - 1
	k.say(&wire.Message{Kind: wire.Have, Numbers: []slice.Number{slice.Number(newest)}})
	for _, i := range []int{newest - 1, newest} {
		k.e.accept(k.w.now, k.w.slices[i])
	}
	offered := map[slice.Number]int{}
	for _, m := range k.heard() {
		if m.Kind == wire.Offer {
			offered[m.Number]++
		}
	}
	require.Equal(t, map[slice.Number]int{slice.Number(newest - 1): 1}, offered)
	k.say(&wire.Message{Kind: wire.Request, Number: slice.Number(newest - 1), Within: 3 * time.Second})
	require.Contains(t, kindsOf(k.heard()), wire.Data)
}

func TestWhoDoesNotUploadOffersNothing(t *testing.T) {
	k := newTalk(t, func(c *Config) { c.NoUpload = true })
	k.e.accept(k.w.now, k.w.slices[len(k.w.slices)-1])
	k.e.Tick(k.w.now.Add(time.Second))
	require.NotContains(t, kindsOf(k.heard()), wire.Offer)
}

func TestOrderOfRequests(t *testing.T) {
	near, far := &neighbour{rttMin: 20 * time.Millisecond}, &neighbour{rttMin: 80 * time.Millisecond}
	at := func(n slice.Number) *slice.Slice { return &slice.Slice{Number: n, Payload: make([]byte, 100)} }
	now := time.Unix(1, 0)
	inOrder := []*pending{
		{to: far, slice: at(9), rare: true},
		{to: far, slice: at(3), offset: 50},
		{to: far, slice: at(1), urgent: true, deadline: now},
		{to: far, slice: at(2), urgent: true, deadline: now.Add(time.Second)},
		{to: near, slice: at(8)},
		{to: far, slice: at(8)},
		{to: near, slice: at(7)},
	}
	for i, r := range inOrder {
		for _, o := range inOrder[i+1:] {
			require.False(t, o.before(r), "slice %d before slice %d", o.slice.Number, r.slice.Number)
		}
	}
}

func TestTheRestOfASliceIsFetched(t *testing.T) {
	k := newTalk(t, nil)
	s := k.w.slices[len(k.w.slices)-1]
	k.say(&wire.Message{Kind: wire.Offer, Number: s.Number})
	k.say(&wire.Message{Kind: wire.Proof, Sig: s.Proof.Signature, Bytes: s.Proof.Encoded})
	k.say(&wire.Message{Kind: wire.Data, Number: s.Number, Bytes: s.Payload[:1000]})
	w := k.e.wants.get(s.Number)
	require.Len(t, w.buf, 1000)
	late := k.e.playout.deadline(s.Number).Add(-k.e.hurry() / 2)
	k.e.Actions()
	k.e.consider(late, s.Number)
	var fetch Action
	for _, a := range k.e.Actions() {
		if a.Kind == Fetch {
			fetch = a
		}
	}
	require.Equal(t, s.Number, fetch.Number)
	require.Equal(t, 1000, fetch.Offset)
	require.Equal(t, s.Proof.Signature, fetch.Proof.Signature)

	before := k.e.Stats(late)
	wrong := slices.Clone(s.Payload[1000:])
	wrong[5] ^= 1
	k.e.FetchedRest(late, s.Number, 1000, wrong)
	require.False(t, k.e.store.has(s.Number))
	require.True(t, w.fetching, "all of it is asked for")
	require.Empty(t, w.base)
	k.e.Fetched(late, s)
	require.True(t, k.e.store.has(s.Number))
	require.Equal(t, before.Barred, k.e.Stats(late).Barred, "the peer's part was right")
}

func TestAPeersWrongPartIsFoundWhenAllIsHere(t *testing.T) {
	k := newTalk(t, nil)
	s := k.w.slices[len(k.w.slices)-1]
	k.say(&wire.Message{Kind: wire.Offer, Number: s.Number})
	k.say(&wire.Message{Kind: wire.Proof, Sig: s.Proof.Signature, Bytes: s.Proof.Encoded})
	part := slices.Clone(s.Payload[:1000])
	part[7] ^= 1
	k.say(&wire.Message{Kind: wire.Data, Number: s.Number, Bytes: part})
	late := k.e.playout.deadline(s.Number).Add(-k.e.hurry() / 2)
	k.e.consider(late, s.Number)
	k.e.FetchedRest(late, s.Number, 1000, s.Payload[1000:])
	k.e.Fetched(late, s)
	require.EqualValues(t, 1, k.e.Stats(late).Barred)
}

func TestWrongPartsOfSeveralAreFoundWhenAllIsHere(t *testing.T) {
	k := newTalk(t, nil)
	s := k.w.slices[len(k.w.slices)-1]
	wrong := slices.Clone(s.Payload[:1000])
	wrong[7] ^= 1
	w := k.e.want(s.Number)
	for i := range 3 {
		p := &neighbour{link: Link(10 + i), id: PeerID{byte(i)}, slot: maxSlots}
		k.e.links = append(k.e.links, make([]*neighbour, int(p.link)+1-len(k.e.links))...)
		k.e.links[p.link], k.e.ids[p.id] = p, p
		part := wrong
		if i == 1 {
			part = s.Payload[:1000]
		}
		k.e.crossed(k.w.now, p, w, &wire.Message{Kind: wire.Data, Number: s.Number, Bytes: part[:400]})
		k.e.crossed(k.w.now, p, w, &wire.Message{Kind: wire.Data, Number: s.Number, Offset: 400, Bytes: part[400:]})
	}
	require.Len(t, w.doubts, 3)
	k.e.accept(k.w.now, s)
	require.EqualValues(t, 2, k.e.Stats(k.w.now).Barred)
	require.NotNil(t, k.e.linkOf(11), "who sent the right bytes stays")
}

func TestWhoComesInACrowdWaitsForPeers(t *testing.T) {
	k := newTalk(t, func(c *Config) { c.Live.Crowd = true })
	hold := k.e.playout.hold
	require.Equal(t, k.e.policy.Crowd, hold.Sub(k.e.began))
	first := k.e.playout.position
	require.Greater(t, k.e.playout.deadline(first), k.w.now, "it is not needed before playback starts")
	require.NotContains(t, fetchesOf(k.e.Actions()), first, "the server is spared")
	k.say(&wire.Message{Kind: wire.Offer, Number: first + k.e.policy.CrowdStart})
	require.Equal(t, []wire.Kind{wire.Cancel}, kindsOf(k.heard()), "what is needed later comes later")
	k.say(&wire.Message{Kind: wire.Offer, Number: first})
	require.Contains(t, kindsOf(k.heard()), wire.Request)

	k.e.Tick(hold)
	require.Contains(t, fetchesOf(k.e.Actions()), first+1, "it waits no longer")
}

func fetchesOf(actions []Action) (ns []slice.Number) {
	for _, a := range actions {
		if a.Kind == Fetch {
			ns = append(ns, a.Number)
		}
	}
	return ns
}

func TestASliceIsPutTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 1, 2000).Draw(t, "payload")
		shared := slices.Clone(payload)
		w := &want{}
		for at := 0; at < len(payload); {
			n := rapid.IntRange(1, len(payload)-at).Draw(t, "part")
			part := shared[at : at+n]
			if rapid.Bool().Draw(t, "apart") {
				part = slices.Clone(part)
			}
			w.add(part, len(payload))
			at += n
		}
		require.Equal(t, payload, w.buf)
		require.Equal(t, payload, shared, "what others share is not written to")
	})
}

func TestFirstCopies(t *testing.T) {
	rule := RankedFirstCopy(3, 0.6)
	f := FirstCopy{Viewers: 1000, Span: 5 * time.Second, Spread: 5 * time.Second}
	asking, last := 0, time.Duration(0)
	for rank := range 1000 {
		f.Rank = float64(rank)
		turn := rule(f)
		if turn.After == 0 {
			asking++
			require.Equal(t, 3, turn.Copies)
		} else {
			require.GreaterOrEqual(t, turn.After, last)
			require.LessOrEqual(t, turn.After, f.Span)
			last = turn.After
		}
	}
	require.Equal(t, 8, asking)
	f.Rank, f.Refused = 0, true
	require.Equal(t, 3*time.Second, rule(f).After, "who was refused comes back with the next ones")
	f.Short = 0.5
	require.Equal(t, Turn{}, rule(f))
	f = FirstCopy{Viewers: 1000, Span: time.Second, Spread: 1400 * time.Millisecond}
	require.Greater(t, rule(f).Copies, 20, "with little time more copies are there from the start")
}

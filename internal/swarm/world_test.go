package swarm

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
)

// world is a small audience in virtual time: engines, links with a delay and an uplink, a server that cuts slices.
type world struct {
	t      *testing.T
	now    time.Time
	events eventHeap
	seq    int
	rand   *rand.Rand

	signer   *signing.Signer
	track    slice.TrackID
	start    time.Time
	slices   []*slice.Slice
	waiting  map[slice.Number][]func()
	down     bool // the server answers nothing
	final    bool
	pause    bool // the source sends nothing
	served   int  // slice bodies
	copies   map[slice.Number]int
	payload  int
	nodes    []*node
	links    Link
	oneWay   time.Duration
	groupLen int

	neighbours int // how many others a newcomer is linked to; 0: all
}

type node struct {
	w         *world
	id        PeerID
	engine    *Engine
	remotes   map[Link]remote
	uplink    float64 // bytes a second
	free      time.Time
	buffered  map[Link]int
	fetching  map[slice.Number]bool
	delivered []slice.Number
	delays    []time.Duration
	kinds     map[ActionKind]int
	barred    []error
	joined    time.Time
	firstAt   time.Time
	gone      bool
	hangs     bool                // the server accepts its requests and does not answer them
	tamper    func([]byte) []byte // what a bad peer does to its messages; nil result: swallowed
}

type remote struct {
	node *node
	link Link
}

type event struct {
	at  time.Time
	seq int
	do  func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

const sliceEvery = 250 * time.Millisecond

// newWorld returns a world whose stream has been on air for 30 s.
func newWorld(t *testing.T) *world {
	w := &world{
		t: t, now: time.UnixMilli(1_800_000_000_000), rand: rand.New(rand.NewPCG(1, 2)),
		signer: signing.NewSigner([32]byte{1}), track: slice.TrackID{7}, waiting: make(map[slice.Number][]func()),
		copies: make(map[slice.Number]int), payload: 60 << 10, oneWay: 10 * time.Millisecond, groupLen: 8,
	}
	w.start = w.now
	w.at(w.start.Add(sliceEvery), w.cut)
	w.run(30 * time.Second)
	return w
}

func (w *world) at(when time.Time, do func()) {
	w.seq++
	heap.Push(&w.events, event{when, w.seq, do})
}

func (w *world) after(d time.Duration, do func()) { w.at(w.now.Add(d), do) }

// run lets d pass.
func (w *world) run(d time.Duration) {
	end := w.now.Add(d)
	for len(w.events) > 0 && !w.events[0].at.After(end) {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
	w.now = end
}

func (w *world) cut() {
	n := slice.Number(len(w.slices))
	payload := make([]byte, w.payload)
	for i := range payload {
		payload[i] = byte(w.rand.Uint32())
	}
	st := slice.Statement{
		Track: w.track, First: n, Group: n / slice.Number(w.groupLen) * slice.Number(w.groupLen),
		Time: time.Duration(n) * sliceEvery, Duration: sliceEvery, Cut: w.now,
		Entries: []slice.Entry{{Size: uint32(len(payload)), Digest: signing.Sum(payload)}},
	}
	if w.final {
		st.Flags |= slice.Final
	}
	w.slices = append(w.slices, &slice.Slice{Number: n, Proof: w.signer.Sign(st), Payload: payload})
	for _, answer := range w.waiting[n] {
		answer()
	}
	delete(w.waiting, n)
	if !w.final {
		w.after(sliceEvery, func() {
			if !w.pause {
				w.cut()
			}
		})
	}
}

func (w *world) live() Live {
	edge := w.slices[len(w.slices)-1]
	l := Live{Line: w.start, Edge: edge.Number, EdgeTime: edge.Proof.Time, Rate: 4}
	for n := max(0, len(w.slices)-160) / w.groupLen * w.groupLen; n < len(w.slices); n += w.groupLen {
		l.Groups = append(l.Groups, Group{slice.Number(n), w.slices[n].Proof.Time})
	}
	return l
}

// join adds a viewer and links it to everybody after 300 ms.
func (w *world) join(change func(*Config)) *node {
	verifier, _ := signing.NewVerifier(w.signer.PublicKey())
	n := &node{
		w: w, remotes: make(map[Link]remote), fetching: make(map[slice.Number]bool),
		buffered: make(map[Link]int),
		kinds:    make(map[ActionKind]int), uplink: 4 * float64(w.payload) * 4, joined: w.now,
	}
	for i := range n.id {
		n.id[i] = byte(w.rand.Uint32())
	}
	cfg := Config{Self: n.id, Track: w.track, Verifier: verifier, Live: w.live()}
	if change != nil {
		change(&cfg)
	}
	n.engine = New(cfg, w.now)
	others := append([]*node(nil), w.nodes...)
	if w.neighbours > 0 && len(others) > w.neighbours {
		w.rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
		others = others[:w.neighbours]
	}
	w.nodes = append(w.nodes, n)
	w.after(100*time.Millisecond, func() { n.engine.SwarmSize(w.now, len(w.nodes)) })
	w.after(300*time.Millisecond, func() {
		for _, o := range others {
			if !o.gone && !n.gone {
				w.connect(n, o)
			}
		}
	})
	n.tick()
	return n
}

func (w *world) connect(a, b *node) {
	w.links += 2
	la, lb := w.links-1, w.links
	a.remotes[la], b.remotes[lb] = remote{b, lb}, remote{a, la}
	a.engine.LinkOpened(w.now, la, b.id)
	b.engine.LinkOpened(w.now, lb, a.id)
	a.act()
	b.act()
}

func (n *node) tick() {
	if n.gone {
		return
	}
	n.engine.Tick(n.w.now)
	n.act()
	next := n.engine.Next()
	if !next.After(n.w.now) {
		next = n.w.now.Add(time.Millisecond)
	}
	n.w.at(next, n.tick)
}

// leave takes a viewer away without a word.
func (n *node) leave() {
	n.gone = true
	for l, r := range n.remotes {
		delete(n.remotes, l)
		n.w.after(2*time.Second, func() { // that long until the transport notices
			if !r.node.gone {
				delete(r.node.remotes, r.link)
				r.node.engine.LinkClosed(n.w.now, r.link)
				r.node.act()
			}
		})
	}
}

func (n *node) act() {
	for _, a := range append([]Action(nil), n.engine.Actions()...) {
		n.kinds[a.Kind]++
		switch a.Kind {
		case Send:
			n.transmit(a.Link, slices.Concat(a.Data, a.Body))
		case Disconnect:
			if a.Bar {
				n.barred = append(n.barred, a.Err)
			}
			if r, ok := n.remotes[a.Link]; ok {
				delete(n.remotes, a.Link)
				n.w.after(n.w.oneWay, func() {
					if !r.node.gone {
						delete(r.node.remotes, r.link)
						r.node.engine.LinkClosed(n.w.now, r.link)
						r.node.act()
					}
				})
			}
		case Fetch:
			n.fetch(&a)
		case CancelFetch:
			delete(n.fetching, a.Number)
		case Deliver:
			if len(n.delivered) == 0 {
				n.firstAt = n.w.now
			}
			n.delivered = append(n.delivered, a.Slice.Number)
			n.delays = append(n.delays, n.w.now.Sub(n.w.start)-a.Slice.Proof.Time)
			require.Equal(n.w.t, n.w.slices[a.Slice.Number].Proof.Entries, a.Slice.Proof.Entries)
		}
	}
}

// transmit sends one message through the node's uplink.
func (n *node) transmit(l Link, data []byte) {
	r, ok := n.remotes[l]
	if !ok {
		return
	}
	if n.tamper != nil {
		if data = n.tamper(data); data == nil {
			return
		}
	}
	w := n.w
	if n.free.Before(w.now) {
		n.free = w.now
	}
	n.free = n.free.Add(time.Duration(float64(len(data)) / n.uplink * float64(time.Second)))
	sent := n.free
	n.buffered[l] += len(data)
	w.at(sent, func() {
		n.buffered[l] -= len(data)
		if !n.gone {
			n.engine.Drained(w.now, l, n.buffered[l])
			n.act()
		}
	})
	w.at(sent.Add(w.oneWay), func() {
		if n.remotes[l] == r && !r.node.gone {
			r.node.engine.Received(w.now, r.link, data)
			r.node.act()
		}
	})
}

func (n *node) fetch(a *Action) {
	w, num, copies, offset := n.w, a.Number, a.Copies, a.Offset
	n.fetching[num] = true
	answer := func() {
		w.after(w.oneWay, func() {
			if n.gone || !n.fetching[num] {
				return
			}
			delete(n.fetching, num)
			switch {
			case w.down:
				n.engine.FetchFailed(w.now, num, Unreachable)
			case copies > 0 && w.copies[num] >= copies:
				n.engine.FetchFailed(w.now, num, Enough)
			case offset > 0:
				n.engine.FetchedRest(w.now, num, offset, w.slices[num].Payload[offset:])
			default:
				w.served++
				w.copies[num]++
				n.engine.Fetched(w.now, w.slices[num])
			}
			n.act()
		})
	}
	if n.hangs {
		return
	}
	w.after(w.oneWay, func() {
		if w.down || int(num) < len(w.slices) {
			answer()
		} else {
			w.waiting[num] = append(w.waiting[num], answer)
		}
	})
}

// totals sums up the statistics of all nodes still there.
func (w *world) totals() Stats {
	var t Stats
	for _, n := range w.nodes {
		if n.gone {
			continue
		}
		s := n.engine.Stats(w.now)
		t.PeerBytes += s.PeerBytes
		t.ServerBytes += s.ServerBytes
		t.PeerSlices += s.PeerSlices
		t.PushedBytes += s.PushedBytes
		t.PushedSlices += s.PushedSlices
		t.UploadBytes += s.UploadBytes
		t.UploadPushedBytes += s.UploadPushedBytes
		t.UploadSlices += s.UploadSlices
		t.UploadPushedSlices += s.UploadPushedSlices
		t.Taken += s.Taken
		t.Offers += s.Offers
		t.DuplicateBytes += s.DuplicateBytes
		t.ProofBytes += s.ProofBytes
		t.ControlIn += s.ControlIn
		t.ControlOut += s.ControlOut
		t.BadBytes += s.BadBytes
		t.Stalls += s.Stalls
		t.Timeouts += s.Timeouts
		t.Refused += s.Refused
		t.Barred += s.Barred
	}
	return t
}

func share(part, whole uint64) float64 { return float64(part) / float64(whole) }

// inOrder checks that a node delivered slices without a gap.
func (n *node) inOrder() {
	require.NotEmpty(n.w.t, n.delivered)
	for i, num := range n.delivered {
		require.Equal(n.w.t, n.delivered[0]+slice.Number(i), num)
	}
	require.Zero(n.w.t, int(n.delivered[0])%n.w.groupLen, "starts with a group")
}

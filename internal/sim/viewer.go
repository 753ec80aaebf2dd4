package sim

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// hopWindow is for how many slices a viewer remembers over how many others they came.
const hopWindow = 256

// reportEvery is how often the engine hears what waits on links, besides when a large message has left.
const reportEvery = int64(100 * time.Millisecond)

// viewer is one member of the audience: the engine with what internal/peer has around it.
type viewer struct {
	w                *world
	engine           *swarm.Engine // nil until resolved
	up, down         float64       // bytes a second
	upFree, downFree int64         // when the queues are empty
	behaves          behaviour
	gone             bool
	ends             []*end // by link number
	dirty            []*end
	live             []*end // open ones
	fetches          []*fetching
	wakes            int64 // when the next wake event is; 0: none
	swept            int64
	reported         int64

	index      int
	id         swarm.PeerID
	access     int64 // ns, one way
	serverWay  int64 // ns, one way
	region     int
	crowd      bool // it came in one
	symmetric  bool
	firewalled bool

	joined  int64
	left    int64
	started int64 // -1: not yet

	member     int // index at the tracker; -1: not there
	chosen     int // scratch of the tracker
	met        map[int]int64
	connecting map[int]bool
	barred     map[swarm.PeerID]bool
	offers     []int64
	announced  int64
	nextAsk    int64
	askPause   int64

	hops        [hopWindow]uint8
	sender      *viewer
	final       swarm.Stats
	stalledLate bool // since the scenario's event
	fromServer  bool
	sought      int64     // when the seek that is not answered yet was made; 0: none
	seeks       []float64 // ms from each to its first slice
	badPlayed   uint64
	lied        slice.Number
}

func (w *world) newViewer() *viewer {
	r, sc := w.people, w.sc
	v := &viewer{
		w: w, index: len(w.viewers), joined: w.queue.now, started: -1, member: -1,
		met: make(map[int]int64), connecting: make(map[int]bool), barred: make(map[swarm.PeerID]bool),
	}
	for i := range v.id {
		v.id[i] = byte(r.Uint32())
	}
	between := func(x Range) float64 { return x[0] + (x[1]-x[0])*r.Float64() }
	raw := sc.Bitrate / 8 * w.wire // links are given by the payload that they carry
	v.up, v.down = between(sc.Uplink)*raw, between(sc.Downlink)*raw
	v.access = int64(between(Range{float64(sc.Access[0]), float64(sc.Access[1])}))
	v.serverWay = v.access + int64(sc.ServerRTT)/2
	v.region = r.IntN(sc.Regions)
	v.symmetric = r.Float64() < sc.SymmetricNAT
	v.firewalled = r.Float64() < sc.Firewalled
	pick := r.Float64()
	for _, b := range []struct {
		share   float64
		behaves behaviour
	}{{sc.Mute, mute}, {sc.FreeRiders, freeRider}, {sc.Polluters, polluter}, {sc.Liars, liar}, {sc.Stallers, staller}} {
		if pick < b.share && v.behaves == honest {
			v.behaves = b.behaves
		}
		pick -= b.share
	}
	w.viewers = append(w.viewers, v)
	w.present++
	return v
}

// join resolves the stream, which takes three round trips (TCP, TLS, HTTP), and starts the engine.
func (v *viewer) join() {
	w := v.w
	w.after(5*v.serverWay, func() {
		live := w.stream.live()
		live.Crowd = w.server.resolve()
		w.after(v.serverWay, func() {
			if !v.gone {
				v.begin(live)
			}
		})
	})
}

func (v *viewer) begin(live swarm.Live) {
	w := v.w
	v.crowd = live.Crowd
	cfg := swarm.Config{
		Self: v.id, Track: w.stream.track, Verifier: verifier{v}, Live: live, Delay: time.Duration(w.sc.Delay),
		NoUpload: v.behaves == mute, NoPeers: w.sc.NoPeers, MaxPeers: w.sc.MaxPeers, Policy: w.policy,
	}
	if w.stream.file != nil {
		file := *w.stream.file
		file.Start = v.place()
		if w.people.Float64() < w.sc.OnDemand.FromStart {
			file.Start = 0
		}
		cfg.File = &file
	}
	v.engine = swarm.New(cfg, w.time())
	v.swept = w.queue.now
	if !w.sc.NoPeers {
		// The tracker's WebSocket: TCP, TLS, upgrade.
		w.after(6*v.serverWay, v.announceFirst)
	}
	v.turn()
}

// place returns a place of a file to play from, a minute or a tenth before its end at the latest.
func (v *viewer) place() time.Duration {
	length := v.w.stream.file.Duration
	return time.Duration(v.w.people.Float64() * float64(length-min(time.Minute, length/10)))
}

// planSeek has the viewer of a file seek after a while, and again.
func (v *viewer) planSeek() {
	f := v.w.sc.OnDemand
	if f == nil || f.SeekEvery <= 0 {
		return
	}
	v.w.after(int64(v.w.people.ExpFloat64()*float64(f.SeekEvery)), func() {
		if v.gone {
			return
		}
		if v.started >= 0 {
			v.sought = v.w.queue.now
			v.engine.Seek(v.w.time(), v.place())
			v.turn()
		}
		v.planSeek()
	})
}

// received takes a message from a link.
func (v *viewer) received(l *end, m message) {
	now := v.w.time()
	if v.behaves != honest && v.ignores(l, m) {
		return
	}
	if m.body == nil {
		v.engine.Received(now, l.number, m.head)
	} else {
		v.sender = l.other.v
		v.engine.ReceivedPayload(now, l.number, m.head, m.body)
		v.sender = nil
	}
	v.react()
}

// react carries out what follows at once from what the engine was told.
func (v *viewer) react() {
	if v.act() && !v.gone {
		v.rest()
	}
}

// turn lets time pass and carries out what follows, as internal/peer does.
func (v *viewer) turn() {
	if v.gone || v.engine == nil {
		return
	}
	w := v.w
	if w.queue.now >= v.swept {
		v.sweep()
	}
	if w.queue.now >= v.reported {
		v.reported = w.queue.now + reportEvery
		v.reportAll()
	}
	v.engine.Tick(w.time())
	v.act()
	if v.gone {
		return
	}
	v.rest()
}

// reportAll tells the engine how much still waits on the links that it sent on. All links are looked at before it is told
// of any; see touch.
func (v *viewer) reportAll() {
	k, drained := 0, v.w.drained[:0]
	for _, l := range v.dirty {
		if l.open && l.buffered < l.counted {
			l.counted = l.buffered
			drained = append(drained, l)
			v.w.queue.touched += v.engine.Touch(l.number)
		}
		if l.dirty = l.open && l.buffered > 0; l.dirty {
			v.dirty[k] = l
			k++
		}
	}
	clear(v.dirty[k:])
	v.dirty = v.dirty[:k]
	for _, l := range drained {
		v.engine.Drained(v.w.time(), l.number, l.buffered)
	}
	v.w.drained = drained
}

// rest has the viewer woken when its engine wants to be.
func (v *viewer) rest() {
	w := v.w
	next := max(v.engine.Next().Sub(w.epoch).Nanoseconds(), w.queue.now+1e6)
	next = min(next, max(v.swept, w.queue.now+1e6))
	if v.wakes == 0 || next < v.wakes {
		v.wakes = next
		w.queue.add(next, wake).v = v
	}
}

// act carries out what the engine asks for and tells whether there was anything.
func (v *viewer) act() (acted bool) {
	for {
		actions := v.engine.Actions()
		if len(actions) == 0 {
			return acted
		}
		acted = true
		for i := range actions {
			v.carryOut(&actions[i])
		}
	}
}

func (v *viewer) carryOut(a *swarm.Action) {
	switch a.Kind {
	case swarm.Send:
		l := v.ends[a.Link-1]
		m := message{a.Data, a.Body}
		if v.behaves != honest && v.behaves != mute && !v.tampers(l, &m) {
			return
		}
		l.send(m)
	case swarm.Disconnect:
		l := v.ends[a.Link-1]
		if a.Bar {
			v.barred[l.other.v.id] = true
			v.w.counts.barred(v.w, l)
		}
		l.close(l.rtt / 2)
	case swarm.Fetch:
		v.fetch(a)
	case swarm.CancelFetch:
		v.cancelFetch(a.Number)
	case swarm.Started:
		switch now := v.w.queue.now; {
		case v.started < 0:
			v.started = now
		case v.sought > 0:
			v.seeks = append(v.seeks, float64(now-v.sought)/1e6)
			v.sought = 0
		}
	case swarm.Ended:
		v.w.after(0, func() {
			if !v.gone {
				v.leave(true)
				v.w.arrival()
			}
		})
	case swarm.Stalled:
		if v.w.queue.now >= v.w.sc.event() {
			v.stalledLate = true
		}
		v.w.counts.stalls++
	case swarm.Deliver:
		if right := v.w.stream.slices[a.Slice.Number].Payload; !same(right, a.Slice.Payload) {
			v.badPlayed += uint64(len(a.Slice.Payload))
		}
	case swarm.Lost:
		v.w.counts.lost++
		live := v.w.stream.live()
		v.w.after(2*v.serverWay, func() {
			if !v.gone {
				v.engine.Reposition(v.w.time(), live, 0)
				v.turn()
			}
		})
	}
}

// leave takes a viewer away, with goodbye or without.
func (v *viewer) leave(polite bool) {
	if v.gone {
		return
	}
	w := v.w
	silence := int64(10 * time.Second)
	if v.engine != nil {
		v.final = v.engine.Stats(w.time())
		if polite {
			silence = int64(300 * time.Millisecond)
			v.engine.Leave(w.time())
			v.act()
		}
	}
	v.gone, v.left = true, w.queue.now
	w.present--
	w.tracker.remove(v)
	for len(v.live) > 0 {
		v.live[len(v.live)-1].close(silence)
	}
	for _, f := range v.fetches {
		f.cancelled = true
	}
	v.ends, v.dirty, v.fetches, v.engine = nil, nil, nil, nil
	v.met, v.connecting = nil, map[int]bool{}
}

// forget takes a closed link off the list.
func (v *viewer) forget(l *end) {
	for i, o := range v.live {
		if o == l {
			v.live = append(v.live[:i], v.live[i+1:]...)
			return
		}
	}
}

// proved notes that slice n has come and is right.
func (v *viewer) proved(n slice.Number) {
	if v.w.stream.file != nil || !v.counted() {
		return
	}
	hop := uint8(1)
	if !v.fromServer && v.sender != nil {
		hop = v.sender.hops[n%hopWindow] + 1
	}
	v.hops[n%hopWindow] = hop
	if cut := v.w.stream.cuts[n]; cut > v.joined { // others fill their buffer
		v.w.counts.hop(hop)
		v.w.counts.spread(v.w.queue.now - cut)
	}
}

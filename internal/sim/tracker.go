package sim

import "time"

// The tracker and the way links come about, as in internal/tracker and internal/peer.
const (
	maxOffers     = 20
	maxConnecting = 24
	offerLife     = int64(50 * time.Second)
	idleOfferLife = int64(10 * time.Second)
	connectLife   = int64(15 * time.Second)
	announceEvery = int64(30 * time.Second)
	meetAgain     = int64(30 * time.Second)
	minAskPause   = int64(2 * time.Second)
	maxAskPause   = int64(64 * time.Second)
	sweepEvery    = int64(250 * time.Millisecond)
	makeOffer     = int64(50 * time.Millisecond) // to gather candidates and make a description
)

type tracker struct {
	w       *world
	down    bool
	members []*viewer
}

func (t *tracker) init(w *world) { t.w = w }

func (t *tracker) add(v *viewer) {
	if v.member < 0 {
		v.member = len(t.members)
		t.members = append(t.members, v)
	}
}

func (t *tracker) remove(v *viewer) {
	if v.member < 0 {
		return
	}
	last := t.members[len(t.members)-1]
	t.members[v.member] = last
	last.member = v.member
	t.members = t.members[:len(t.members)-1]
	v.member = -1
}

// fail takes the tracker away; it forgets everybody.
func (t *tracker) fail() {
	t.down = true
	for _, v := range t.members {
		v.member = -1
	}
	t.members = t.members[:0]
}

// recover brings it back; clients come back within some seconds.
func (t *tracker) recover() {
	t.down = false
	for _, v := range t.w.viewers {
		if !v.gone && v.engine != nil {
			t.w.after(t.w.net.Int64N(int64(8*time.Second)), func() { v.announce(0) })
		}
	}
}

// announceFirst announces a viewer that has just come. In a crowd its offers were made while it connected, otherwise they
// are made when it knows that there are others.
func (v *viewer) announceFirst() {
	if v.gone {
		return
	}
	n := min(maxOffers, v.engine.WantPeers())
	if v.crowd {
		v.announceWith(n, 0)
		return
	}
	v.announce(0)
	v.w.after(2*v.serverWay, func() { v.announce(n) })
}

// announce tells the tracker of the viewer and of n offers, which are made first.
func (v *viewer) announce(n int) {
	making := int64(0)
	if n > 0 {
		making = makeOffer
	}
	v.announceWith(n, making)
}

func (v *viewer) announceWith(n int, making int64) {
	if v.gone {
		return
	}
	t := &v.w.tracker
	now := v.w.queue.now
	for range n {
		v.offers = append(v.offers, now)
	}
	v.announced = now
	v.w.after(making+v.serverWay, func() {
		if t.down || v.gone {
			return
		}
		t.add(v)
		size := len(t.members)
		v.w.after(v.serverWay, func() {
			if !v.gone {
				v.engine.SwarmSize(v.w.time(), size)
				v.turn()
			}
		})
		for _, o := range t.choose(v, n) {
			v.w.after(o.serverWay, func() { o.offered(v) })
		}
	})
}

// choose returns up to n members that v did not meet lately.
func (t *tracker) choose(v *viewer, n int) []*viewer {
	if n == 0 || len(t.members) < 2 {
		return nil
	}
	want := n
	if !t.w.sc.TrackerBlind {
		want = 4 * n
	}
	now := t.w.queue.now
	var found []*viewer
	for range 8 * want {
		o := t.members[t.w.net.IntN(len(t.members))]
		at, met := v.met[o.index]
		if o == v || met && now-at < meetAgain || o.chosen == v.index+1 {
			continue
		}
		o.chosen = v.index + 1
		if found = append(found, o); len(found) == want {
			break
		}
	}
	if !t.w.sc.TrackerBlind {
		front := 0
		for i := 0; i < len(found) && front < (n+1)/2; i++ {
			if found[i].region == v.region {
				found[front], found[i] = found[i], found[front]
				front++
			}
		}
	}
	for _, o := range found {
		o.chosen = 0
	}
	found = found[:min(n, len(found))]
	for _, o := range found {
		v.met[o.index], o.met[v.index] = now, now
	}
	return found
}

// offered takes an offer of a link from o.
func (v *viewer) offered(o *viewer) {
	if v.gone || v.engine == nil || v.barred[o.id] || v.connecting[o.index] || v.engine.HasPeer(o.id) ||
		!v.engine.Accepts() || len(v.connecting) >= maxConnecting {
		return
	}
	v.connecting[o.index] = true
	v.w.after(connectLife, func() { delete(v.connecting, o.index) })
	v.w.after(makeOffer+v.serverWay+o.serverWay, func() {
		if !v.w.tracker.down {
			o.answered(v)
		}
	})
}

// answered takes the answer of o to an offer.
func (v *viewer) answered(o *viewer) {
	if v.gone || len(v.offers) == 0 {
		return
	}
	v.offers = v.offers[1:]
	if v.barred[o.id] || v.connecting[o.index] || v.engine.HasPeer(o.id) {
		return
	}
	v.connecting[o.index] = true
	v.w.after(connectLife, func() { delete(v.connecting, o.index) })
	if !canLink(v, o) {
		return
	}
	v.w.after(5*v.w.rtt(v, o), func() {
		delete(v.connecting, o.index)
		delete(o.connecting, v.index)
		if v.gone || o.gone || v.engine.HasPeer(o.id) || o.engine.HasPeer(v.id) {
			return
		}
		v.askPause, o.askPause = 0, 0
		v.w.connect(v, o)
	})
}

// usefulOffers is how many more offers could lead to a link that is wanted.
func (v *viewer) usefulOffers() int {
	fresh := 0
	for _, at := range v.offers {
		if v.w.queue.now-at < idleOfferLife {
			fresh++
		}
	}
	n := min(v.engine.WantPeers()-len(v.connecting), maxOffers) - fresh
	return min(n, 2*maxOffers-len(v.offers))
}

// sweep looks after links, as the native peer does.
func (v *viewer) sweep() {
	now := v.w.queue.now
	v.swept = now + sweepEvery
	life := offerLife
	if v.engine.WantPeers() <= 0 {
		life = idleOfferLife
	}
	k := 0
	for k < len(v.offers) && now-v.offers[k] > life {
		k++
	}
	v.offers = v.offers[k:]
	if v.w.sc.NoPeers || now < v.nextAsk || v.announced == 0 {
		return
	}
	if n := v.usefulOffers(); n > 0 {
		v.announce(min(n, maxOffers))
		v.askPause = min(max(2*v.askPause, minAskPause), maxAskPause)
		v.nextAsk = now + v.askPause
	} else if now-v.announced > announceEvery {
		v.announce(0)
	}
}

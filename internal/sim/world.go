package sim

import (
	"context"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/superp2p/superp2p/internal/swarm"
)

// world is one simulation.
type world struct {
	sc     *Scenario
	queue  *queue
	epoch  time.Time // wall time at the start
	stream *stream
	policy *swarm.Policy
	wire   float64    // bytes on the wire for one of payload
	people *rand.Rand // who comes when, and what they have
	net    *rand.Rand // losses, the tracker's choices

	viewers []*viewer // all who ever came
	drained []*end    // scratch of reportAll
	present int
	server  server
	tracker tracker
	counts  counts
	samples []sample
	delays  []float32 // ms behind live, of each viewer at each second
}

func newWorld(sc *Scenario, seed uint64) *world {
	w := &world{
		sc: sc, queue: new(queue), epoch: time.UnixMilli(1_800_000_000_000).UTC(),
		people: rand.New(rand.NewPCG(seed, 2)), net: rand.New(rand.NewPCG(seed, 3)),
	}
	w.wire = w.onWire()
	w.stream = newStream(sc, seed, w.epoch.Add(-history))
	if sc.OnDemand != nil {
		w.stream.load(time.Duration(sc.OnDemand.Length))
	} else {
		for w.stream.end < history {
			w.stream.cut(0)
		}
	}
	w.server.init(w)
	w.tracker.init(w)
	return w
}

// time returns the wall time.
func (w *world) time() time.Time { return w.epoch.Add(time.Duration(w.queue.now)) }

func (w *world) at(at int64, do func())   { w.queue.add(at, call).do = do }
func (w *world) after(d int64, do func()) { w.at(w.queue.now+d, do) }

// Progress is told how far a simulation is: the simulated time, and who watches.
type Progress func(at time.Duration, present int)

// gcPercent trades memory for time: most of what a simulation makes is garbage at once.
const gcPercent = 300

// Run simulates sc with the seed. It calls progress, unless nil, about every simulated second, and gives up when ctx
// ends.
func Run(ctx context.Context, sc *Scenario, seed uint64, progress Progress) (*Result, error) {
	if err := sc.Check(); err != nil {
		return nil, err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	hugePages(sc.Viewers)
	w := newWorld(sc, seed)
	var err error
	if w.policy, err = sc.policy(); err != nil {
		return nil, err
	}
	w.plan()
	end := int64(sc.Duration)
	for at := int64(0); at < end; {
		at = min(at+int64(time.Second), end)
		w.run(at)
		w.sample()
		if progress != nil {
			progress(time.Duration(at), w.present)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return w.result(seed), nil
}

func (w *world) run(end int64) {
	for e := w.queue.next(end); e != nil; e = w.queue.next(end) {
		switch e.kind {
		case call:
			e.do()
		case wake:
			if !e.v.gone && e.v.wakes == e.at {
				e.v.wakes = 0
				e.v.turn()
			}
		case transmit:
			e.l.transmit()
		case reach:
			e.l.reached(e.msg)
		case arrive:
			e.l.passing--
			if e.l.open {
				e.l.v.received(e.l, e.msg)
			}
		case acked:
			e.l.confirmed(len(e.msg.body))
		}
	}
}

// plan sets up what happens when.
func (w *world) plan() {
	sc := w.sc
	var cut func()
	cut = func() {
		w.stream.cut(w.queue.now)
		w.server.wasCut()
		for _, v := range w.viewers {
			if v.behaves == liar && !v.gone {
				v.lie()
			}
		}
		w.after(int64(sliceTime), cut)
	}
	if sc.OnDemand == nil {
		w.after(int64(sliceTime), cut)
	}

	for i := range sc.Viewers {
		at := (float64(i) + w.people.Float64()) / float64(sc.Viewers)
		if sc.Kickoff {
			if at < 0.5 {
				at *= 1.6
			} else {
				at = 0.8 + (at-0.5)*0.4
			}
		}
		w.at(int64(at*float64(sc.Arrive)), w.arrival)
	}
	if sc.Exodus != nil {
		w.at(int64(sc.Exodus.At), func() {
			for _, v := range w.viewers {
				if !v.gone && w.people.Float64() < sc.Exodus.Share {
					w.after(w.people.Int64N(int64(time.Second)), func() { v.leave(false) })
				}
			}
		})
	}
	if o := sc.ServerDown; o != nil {
		w.at(int64(o.At), func() { w.server.down = true })
		w.at(int64(o.At+o.For), func() { w.server.down = false })
	}
	if o := sc.TrackerDown; o != nil {
		w.at(int64(o.At), w.tracker.fail)
		w.at(int64(o.At+o.For), w.tracker.recover)
	}
}

// arrival lets one viewer come, and plans its leaving.
func (w *world) arrival() {
	v := w.newViewer()
	v.join()
	v.planSeek()
	if w.sc.Churn <= 0 {
		return
	}
	stay := int64(w.people.ExpFloat64() / w.sc.Churn * float64(time.Minute))
	polite := w.people.Float64() < 0.5
	w.after(stay, func() {
		if !v.gone {
			v.leave(polite)
			w.arrival()
		}
	})
}

// rtt returns the round trip between two viewers in ns.
func (w *world) rtt(a, b *viewer) int64 {
	way := int64(w.sc.Far)
	if a.region == b.region {
		way = int64(w.sc.Near)
	}
	return way + 2*a.access + 2*b.access
}

// canLink tells whether two viewers can be linked.
func canLink(a, b *viewer) bool {
	return !a.firewalled && !b.firewalled && !(a.symmetric && b.symmetric)
}

package sim

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// server answers requests for slices.
type server struct {
	w       *world
	down    bool
	waiting map[slice.Number][]*fetching // for slices that are not cut
	free    int64                        // when its uplink has sent what it has to
	counted slice.Number                 // slices whose waiting requests were answered
	perSec  []float64                    // bytes sent, by second
	copies  []uint16                     // of each slice
	came    []int                        // viewers by second
}

// tcpPacket is the payload of a packet from the server, in bytes.
const tcpPacket = 1448

// fetching is a request of a viewer.
type fetching struct {
	v         *viewer
	n         slice.Number
	copies    int  // that may have gone out; 0: any number
	rest      bool // without its proof
	offset    int  // and from where on
	cancelled bool
	late      bool // answered: not yet
}

func (s *server) init(w *world) {
	s.w = w
	s.waiting = make(map[slice.Number][]*fetching)
	s.counted = slice.Number(len(w.stream.slices))
}

// resolve takes in a viewer and tells whether it comes in a crowd, by the same rule as internal/edge.
func (s *server) resolve() bool {
	second := int(s.w.queue.now / int64(time.Second))
	for len(s.came) <= second {
		s.came = append(s.came, 0)
	}
	s.came[second]++
	lately := s.came[second]
	if second > 0 {
		lately = max(lately, s.came[second-1])
	}
	return lately > edgeCrowd+len(s.w.tracker.members)/40
}

const edgeCrowd = 40

// fetch asks for a slice.
func (v *viewer) fetch(a *swarm.Action) {
	n := a.Number
	f := &fetching{v: v, n: n, copies: a.Copies, rest: a.Proof != nil, offset: a.Offset}
	wait := a.Wait
	v.fetches = append(v.fetches, f)
	s := &v.w.server
	v.w.after(v.serverWay, func() {
		switch {
		case f.cancelled:
		case s.down:
			s.fail(f, swarm.Unreachable)
		case int(n) < len(v.w.stream.slices):
			s.answer(f)
		default:
			s.waiting[n] = append(s.waiting[n], f)
			v.w.after(int64(wait), func() {
				if !f.cancelled && int(n) >= len(v.w.stream.slices) {
					f.late = true
					s.fail(f, swarm.NotYet)
				}
			})
		}
	})
}

func (v *viewer) cancelFetch(n slice.Number) {
	for i, f := range v.fetches {
		if f.n == n {
			f.cancelled = true
			v.fetches = append(v.fetches[:i], v.fetches[i+1:]...)
			return
		}
	}
}

// wasCut answers those who waited.
func (s *server) wasCut() {
	for ; int(s.counted) < len(s.w.stream.slices); s.counted++ {
		for _, f := range s.waiting[s.counted] {
			switch {
			case f.cancelled, f.late:
			case s.down:
				s.fail(f, swarm.Unreachable)
			default:
				s.answer(f)
			}
		}
		delete(s.waiting, s.counted)
	}
}

func (s *server) answer(f *fetching) {
	w := s.w
	sl := w.stream.slices[f.n]
	if w.stream.file == nil && sl.Proof.Time < w.stream.end-keptFor-2*time.Second {
		s.fail(f, swarm.Gone)
		return
	}
	for len(s.copies) <= int(f.n) {
		s.copies = append(s.copies, 0)
	}
	if f.copies > 0 && int(s.copies[f.n]) >= f.copies {
		s.fail(f, swarm.Enough)
		return
	}
	if f.offset == 0 {
		s.copies[f.n]++
	}
	rest := sl.Payload[f.offset:]
	size := float64(len(rest)) * w.wire
	s.free = max(s.free, w.queue.now) + int64(size/(w.sc.ServerBandwidth/8)*1e9)
	second := int(w.queue.now / int64(time.Second))
	for len(s.perSec) <= second {
		s.perSec = append(s.perSec, 0)
	}
	s.perSec[second] += float64(len(rest))
	v := f.v
	takes := int64(float64(len(rest)) / w.lossRate(2*v.serverWay, tcpPacket) * 1e9)
	w.at(s.free+v.serverWay+takes, func() {
		w.at(v.downloaded(w.queue.now, len(rest)), func() {
			if v.done(f) {
				v.sender, v.fromServer = nil, true
				if f.rest {
					v.engine.FetchedRest(w.time(), f.n, f.offset, rest)
				} else {
					v.engine.Fetched(w.time(), sl)
				}
				v.fromServer = false
				v.turn()
			}
		})
	})
}

func (s *server) fail(f *fetching, why swarm.FetchError) {
	s.w.after(f.v.serverWay, func() {
		if f.v.done(f) {
			f.v.engine.FetchFailed(s.w.time(), f.n, why)
			f.v.turn()
		}
	})
}

// done takes a request off the list and tells whether its answer is still of use.
func (v *viewer) done(f *fetching) bool {
	if f.cancelled || v.gone {
		return false
	}
	for i, g := range v.fetches {
		if g == f {
			v.fetches = append(v.fetches[:i], v.fetches[i+1:]...)
			return true
		}
	}
	return false
}

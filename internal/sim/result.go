package sim

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/superp2p/superp2p/internal/swarm"
)

// Result is what came of one simulation. Shares are from 0 to 1 and, unless said otherwise, of the media bytes that
// honest viewers received; times are in milliseconds.
type Result struct {
	Scenario       string  `json:"scenario"`
	Seed           uint64  `json:"seed"`
	Viewers        int     `json:"viewers"`         // at a time
	Offload        float64 `json:"offload"`         // from peers
	StallFree      float64 `json:"stall_free"`      // of sessions
	StartP95       float64 `json:"start_p95_ms"`    // from coming to the first slice played
	DelayP95       float64 `json:"delay_p95_ms"`    // behind the live edge
	ControlShare   float64 `json:"control_share"`   // of messages between peers besides media and proofs
	DuplicateShare float64 `json:"duplicate_share"` // of payload received and not used
	ProofShare     float64 `json:"proof_share"`
	BadBytes       uint64  `json:"bad_bytes"`           // wrong bytes played or passed on by honest viewers
	ServerPeak     float64 `json:"server_peak_streams"` // the server's busiest second, in streams of the bit rate
	SeekP95        float64 `json:"seek_p95_ms"`         // 0: nobody sought

	Seconds        float64 `json:"seconds"`
	Sessions       int     `json:"sessions"`
	Stalls         uint64  `json:"stalls"`
	StallSeconds   float64 `json:"stall_s"`
	StallFreeAfter float64 `json:"stall_free_after_event"` // of sessions, counted from the scenario's event on; 1 if it has none
	NotStarted     int     `json:"not_started"`            // sessions of over 10 s in which nothing was played
	StartP50       float64 `json:"start_p50_ms"`
	StartMax       float64 `json:"start_max_ms"`
	DelayP50       float64 `json:"delay_p50_ms"`
	SteadyOffload  float64 `json:"offload_steady"` // from a minute after the start on, everybody's starts included
	Copies         float64 `json:"copies_per_slice"`
	ServerMean     float64 `json:"server_mean_streams"`
	Jain           float64 `json:"upload_fairness"` // Jain's index of given bytes per second and uplink
	UplinkUsed     float64 `json:"uplink_used"`     // of what honest viewers' uplinks carry
	HopsP50        int     `json:"hops_p50"`
	HopsP99        int     `json:"hops_p99"`
	HopsMax        int     `json:"hops_max"`
	HopsBound      int     `json:"hops_bound"` // ⌈log2 N⌉ + 1
	Timeouts       uint64  `json:"timeouts"`
	Refused        uint64  `json:"refused"`
	Requests       uint64  `json:"peer_slices"`
	FetchedFirst   uint64  `json:"fetched_first"` // slices from the server: because nobody around held them,
	FetchedLate    uint64  `json:"fetched_late"`  // because time ran out,
	FetchedStart   uint64  `json:"fetched_start"` // because the viewer had just come
	Barred         uint64  `json:"barred"`
	BarredMax      float64 `json:"barred_max_ms"` // from a polluter's first wrong byte to a viewer until that one barred it
	WrongReceived  uint64  `json:"wrong_bytes_received"`
	MeanPeers      float64 `json:"mean_peers"`
	Offers         uint64  `json:"offers"`
	OffersTaken    uint64  `json:"offers_taken"`
	SpreadP50      float64 `json:"spread_p50_ms"` // from a slice's being cut until a viewer holds it
	SpreadP99      float64 `json:"spread_p99_ms"`
	Seeks          int     `json:"seeks"`
	SeekP50        float64 `json:"seek_p50_ms"`
	Wasted         float64 `json:"upload_wasted"`              // of payload that viewers sent, what nobody used
	PlainStalls    *uint64 `json:"plain_cdn_stalls,omitempty"` // of the same audience without peers, where a bar asks for it

	bars    Bars
	samples []sample
	delays  []float32
}

// counts are kept while a simulation runs.
type counts struct {
	stalls    uint64
	lost      uint64
	links     uint64
	hops      [64]uint64
	spreads   [spreadBins]uint64 // by hundredths of a second
	barredMax int64
}

func (c *counts) hop(h uint8) { c.hops[min(int(h), len(c.hops)-1)]++ }

// spreadBins is for how many hundredths of a second spreads are told apart.
const spreadBins = 3000

func (c *counts) spread(took int64) { c.spreads[min(max(0, took/10e6), spreadBins-1)]++ }

// spreadQuantile returns in what time the share q of all copies was there, in ms.
func (c *counts) spreadQuantile(q float64) float64 {
	var all, so uint64
	for _, n := range c.spreads {
		all += n
	}
	for i, n := range c.spreads {
		if so += n; float64(so) >= q*float64(all) && all > 0 {
			return float64(10 * (i + 1))
		}
	}
	return 0
}

// barred notes that the viewer of l bars the one at the other end.
func (c *counts) barred(w *world, l *end) {
	if at := l.other.polluted; at > 0 {
		c.barredMax = max(c.barredMax, w.queue.now-at)
	}
}

// sample is the state of things at one second.
type sample struct {
	at            time.Duration
	peers, server uint64 // bytes received so far
	buffered      float64
	bufferedLow   float64 // the tenth that has least
	present       int
}

func (v *viewer) counted() bool { return v.behaves == honest || v.behaves == mute }

func (v *viewer) stats() swarm.Stats {
	if v.engine == nil {
		return v.final
	}
	return v.engine.Stats(v.w.time())
}

// sample takes down how things are.
func (w *world) sample() {
	s := sample{at: time.Duration(w.queue.now), present: w.present}
	var buffers []float64
	for _, v := range w.viewers {
		if !v.counted() {
			continue
		}
		st := v.stats()
		s.peers += st.PeerBytes
		s.server += st.ServerBytes
		if v.gone || v.started < 0 {
			continue
		}
		buffers = append(buffers, st.Buffered.Seconds())
		s.buffered += st.Buffered.Seconds()
		w.delays = append(w.delays, float32(st.Delay.Milliseconds()))
	}
	if n := len(buffers); n > 0 {
		s.buffered /= float64(n)
		slices.Sort(buffers)
		s.bufferedLow = buffers[n/10]
	}
	w.samples = append(w.samples, s)
}

// event returns when the scenario's extraordinary thing happens; 0 if there is none.
func (sc *Scenario) event() int64 {
	switch {
	case sc.Exodus != nil:
		return int64(sc.Exodus.At)
	case sc.TrackerDown != nil:
		return int64(sc.TrackerDown.At)
	case sc.ServerDown != nil:
		return int64(sc.ServerDown.At)
	}
	return 0
}

func (w *world) result(seed uint64) *Result {
	sc := w.sc
	r := &Result{bars: sc.Bars, SpreadP50: w.counts.spreadQuantile(0.5), SpreadP99: w.counts.spreadQuantile(0.99), Scenario: sc.Name, Seed: seed, Viewers: sc.Viewers, Seconds: time.Duration(sc.Duration).Seconds()}
	var t swarm.Stats
	var starts, shares, seeks []float64
	var sent uint64
	stallFree, later, laterFree, peers, present := 0, 0, 0, 0, 0
	var used, could float64
	for _, v := range w.viewers {
		st := v.stats()
		r.Barred += st.Barred
		end := w.queue.now
		if v.gone {
			end = v.left
		}
		stayed := float64(end-v.joined) / 1e9
		if !v.counted() {
			continue
		}
		if v.started < 0 && stayed < 10 {
			continue // came and went, or has just come
		}
		r.Sessions++
		if v.started < 0 {
			r.NotStarted++
		} else {
			starts = append(starts, float64(v.started-v.joined)/1e6)
			if st.Stalls == 0 {
				stallFree++
			}
			if end > sc.event() {
				later++
				if !v.stalledLate {
					laterFree++
				}
			}
		}
		t.PeerBytes += st.PeerBytes
		t.ServerBytes += st.ServerBytes
		t.DuplicateBytes += st.DuplicateBytes
		t.BadBytes += st.BadBytes
		t.ProofBytes += st.ProofBytes
		t.ControlIn += st.ControlIn
		t.Timeouts += st.Timeouts
		t.Refused += st.Refused
		t.PeerSlices += st.PeerSlices
		r.FetchedFirst += st.FetchedFirst
		r.FetchedLate += st.FetchedLate
		r.FetchedStart += st.FetchedStart
		r.Stalls += st.Stalls
		r.StallSeconds += st.Stall.Seconds()
		r.BadBytes += v.badPlayed
		sent += st.UploadBytes
		r.Offers += st.Offers
		r.OffersTaken += st.Taken
		seeks = append(seeks, v.seeks...)
		if v.behaves == honest && stayed > 5 {
			shares = append(shares, float64(st.UploadBytes)/stayed/v.up)
			used += float64(st.UploadBytes)
			could += v.up / w.wire * stayed
		}
		if !v.gone {
			present++
			peers += st.Peers
		}
	}
	media := float64(t.PeerBytes + t.ServerBytes)
	if media > 0 {
		r.Offload = float64(t.PeerBytes) / media
		r.ControlShare = float64(t.ControlIn) / media
		r.DuplicateShare = float64(t.DuplicateBytes) / media
		r.ProofShare = float64(t.ProofBytes) / media
	}
	r.StallFree = ratio(stallFree, r.Sessions)
	r.StallFreeAfter = ratio(laterFree, later)
	r.StartP50, r.StartP95, r.StartMax = quantile(starts, 0.5), quantile(starts, 0.95), quantile(starts, 1)
	r.Seeks, r.SeekP50, r.SeekP95 = len(seeks), quantile(seeks, 0.5), quantile(seeks, 0.95)
	if sent > 0 {
		r.Wasted = max(0, 1-float64(t.PeerBytes)/float64(sent))
	}
	slices.Sort(w.delays)
	r.delays = w.delays
	if n := len(r.delays); n > 0 {
		r.DelayP50, r.DelayP95 = float64(r.delays[n/2]), float64(r.delays[(n-1)*95/100])
	}
	stream := sc.Bitrate / 8
	for _, b := range w.server.perSec {
		r.ServerPeak = max(r.ServerPeak, b/stream)
		r.ServerMean += b / stream / r.Seconds
	}
	r.Copies = w.copies()
	r.Jain = jain(shares)
	if could > 0 {
		r.UplinkUsed = used / could
	}
	w.counts.hopQuantiles(r)
	r.HopsBound = bits.Len(uint(max(0, sc.Viewers-1))) + 1
	r.Timeouts, r.Refused, r.Requests = t.Timeouts, t.Refused, t.PeerSlices
	r.BarredMax, r.WrongReceived = float64(w.counts.barredMax)/1e6, t.BadBytes
	r.MeanPeers = ratio(peers, present)
	if n := len(w.samples); n > 61 {
		a, b := w.samples[59], w.samples[n-1]
		p, s := float64(b.peers-a.peers), float64(b.server-a.server)
		r.SteadyOffload = p / max(1, p+s)
	}
	r.samples = w.samples
	return r
}

// copies is how many first copies a slice took that everybody wanted: all but the first and last seconds' ones.
func (w *world) copies() float64 {
	sum, n := 0, 0
	for i, sl := range w.stream.slices {
		if sl.Proof.Time > history+60*time.Second && sl.Proof.Time < w.stream.end-10*time.Second && i < len(w.server.copies) {
			sum += int(w.server.copies[i])
			n++
		}
	}
	return float64(sum) / float64(max(1, n))
}

func (c *counts) hopQuantiles(r *Result) {
	var all, so uint64
	for _, n := range c.hops {
		all += n
	}
	for h, n := range c.hops {
		if n == 0 {
			continue
		}
		if so*2 < all {
			r.HopsP50 = h
		}
		if so*100 < all*99 {
			r.HopsP99 = h
		}
		so += n
		r.HopsMax = h
	}
}

// jain returns Jain's index of fairness: 1 where all are equal, 1/n where one has everything.
func jain(xs []float64) float64 {
	var sum, squares float64
	for _, x := range xs {
		sum += x
		squares += x * x
	}
	if squares == 0 {
		return 1
	}
	return sum * sum / (float64(len(xs)) * squares)
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// quantile sorts xs and returns its q-quantile (nearest rank).
func quantile(xs []float64, q float64) float64 {
	if len(xs) == 0 {
		return 0
	}
	slices.Sort(xs)
	return xs[max(0, min(len(xs)-1, int(math.Ceil(q*float64(len(xs))))-1))]
}

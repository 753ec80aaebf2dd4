package sim

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// day is the longest time that a scenario may name.
const day = Duration(24 * time.Hour)

// Check sets every zero field to its default and refuses what makes no sense.
func (sc *Scenario) Check() error {
	ifZero(&sc.Viewers, 100)
	ifZero(&sc.Duration, Duration(5*time.Minute))
	ifZero(&sc.Delay, Duration(6*time.Second))
	ifZero(&sc.Bitrate, 2e6)
	ifZero(&sc.Keyframes, Duration(2*time.Second))
	ifZero(&sc.KeyframeWeight, 2)
	ifZero(&sc.Variation, 0.2)
	ifZero(&sc.Arrive, Duration(30*time.Second))
	ifZero(&sc.Uplink, Range{1, 2})
	ifZero(&sc.Downlink, Range{4, 20})
	ifZero(&sc.Access, Times{Duration(2 * time.Millisecond), Duration(10 * time.Millisecond)})
	ifZero(&sc.Regions, 4)
	ifZero(&sc.Near, Duration(10*time.Millisecond))
	ifZero(&sc.Far, Duration(50*time.Millisecond))
	ifZero(&sc.ServerRTT, Duration(20*time.Millisecond))
	ifZero(&sc.ServerBandwidth, 10e9)

	if sc.OnDemand != nil {
		ifZero(&sc.OnDemand.Length, Duration(20*time.Minute))
	}

	c := &checks{name: cmp.Or(sc.Name, "without a name")}
	if _, err := sc.policy(); err != nil {
		c.refuse("policy: " + err.Error())
	}
	c.between("viewers", float64(sc.Viewers), 1, 1e6)
	c.lasts("duration", sc.Duration, Duration(time.Second), day)
	c.lasts("delay", sc.Delay, Duration(500*time.Millisecond), Duration(time.Minute))
	c.between("max_peers", float64(sc.MaxPeers), 0, 1000)
	c.between("bitrate", sc.Bitrate, 1e4, 1e8)
	c.lasts("keyframes", sc.Keyframes, Duration(sliceTime), Duration(20*time.Second))
	most := max(1, time.Duration(sc.Keyframes).Seconds()/sliceTime.Seconds()-0.5)
	c.between("keyframe_weight", sc.KeyframeWeight, 0.1, most)
	c.between("variation", sc.Variation, 0, 0.9)
	c.lasts("arrive", sc.Arrive, 0, day)
	c.between("churn", sc.Churn, 0, 60)
	c.happenings(sc)

	c.span("uplink", sc.Uplink, 0.01, 1e4)
	c.span("downlink", sc.Downlink, 0.1, 1e4)
	c.lasts("the first of access", sc.Access[0], 0, Duration(time.Minute))
	c.lasts("the second of access", sc.Access[1], sc.Access[0], Duration(time.Minute))
	c.between("regions", float64(sc.Regions), 1, 1000)
	c.lasts("near", sc.Near, 0, Duration(time.Minute))
	c.lasts("far", sc.Far, 0, Duration(time.Minute))
	c.between("loss", sc.Loss, 0, 0.5)
	c.share("symmetric_nat", sc.SymmetricNAT)
	c.share("firewalled", sc.Firewalled)
	c.share("mute", sc.Mute)
	c.share("free_riders", sc.FreeRiders)
	c.share("polluters", sc.Polluters)
	c.share("liars", sc.Liars)
	c.share("stallers", sc.Stallers)
	c.share("mute, free_riders, polluters, liars and stallers together",
		sc.Mute+sc.FreeRiders+sc.Polluters+sc.Liars+sc.Stallers)
	c.lasts("server_rtt", sc.ServerRTT, 0, Duration(time.Minute))
	c.between("server_bandwidth", sc.ServerBandwidth, 1e4, 1e15)
	c.bars(sc)
	return errors.Join(c.errs...)
}

// checks collects what is wrong with a scenario.
type checks struct {
	name string
	errs []error
}

func (c *checks) refuse(what string) {
	c.errs = append(c.errs, fault.New(fault.ConfigInvalid, "scenario "+c.name+": "+what))
}

func (c *checks) between(what string, v, low, high float64) {
	if !(v >= low && v <= high) { // so that NaN is refused
		text := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
		c.refuse(fmt.Sprintf("%s must be from %s to %s, not %s", what, text(low), text(high), text(v)))
	}
}

func (c *checks) share(what string, v float64) { c.between(what, v, 0, 1) }

func (c *checks) span(what string, r Range, low, high float64) {
	c.between("the first of "+what, r[0], low, high)
	c.between("the second of "+what, r[1], max(low, r[0]), high)
}

func (c *checks) lasts(what string, d, low, high Duration) {
	if d < low || d > high {
		c.refuse(fmt.Sprintf("%s must be from %s to %s, not %s", what, low, high, d))
	}
}

// happenings checks what viewers do and what befalls them.
func (c *checks) happenings(sc *Scenario) {
	if o := sc.OnDemand; o != nil {
		c.lasts("on_demand.length", o.Length, Duration(10*time.Second), day)
		c.share("on_demand.from_start", o.FromStart)
		if o.SeekEvery != 0 {
			c.lasts("on_demand.seek_every, where it is not 0,", o.SeekEvery, Duration(5*time.Second), day)
		}
	}
	if e := sc.Exodus; e != nil {
		c.lasts("exodus.at", e.At, 0, day)
		c.share("exodus.share", e.Share)
	}
	if o := sc.ServerDown; o != nil {
		c.lasts("server_down.at", o.At, 0, day)
		c.lasts("server_down.for", o.For, 0, day)
	}
	if o := sc.TrackerDown; o != nil {
		c.lasts("tracker_down.at", o.At, 0, day)
		c.lasts("tracker_down.for", o.For, 0, day)
	}
}

// bars checks that the limits are ones that a result can be held against.
func (c *checks) bars(sc *Scenario) {
	b := &sc.Bars
	c.share("bars.offload", b.Offload)
	c.share("bars.stall_free", b.StallFree)
	c.share("bars.stall_free_after", b.StallFreeAfter)
	c.share("bars.control", b.Control)
	c.share("bars.duplicates", b.Duplicates)
	c.share("bars.proofs", b.Proofs)
	c.between("bars.start_p95_ms", b.StartP95, 0, 1e9)
	c.between("bars.seek_p95_ms", b.SeekP95, 0, 1e9)
	c.between("bars.server_peak", b.ServerPeak, 0, 1e9)
	c.between("bars.barred_within_ms", b.BarredWithin, 0, 1e9)
	if b.SeekP95 != 0 && (sc.OnDemand == nil || sc.OnDemand.SeekEvery == 0) {
		c.refuse("bars.seek_p95_ms needs viewers who seek; set on_demand.seek_every")
	}
	if b.StallFreeAfter != 0 && sc.Exodus == nil && sc.ServerDown == nil && sc.TrackerDown == nil {
		c.refuse("bars.stall_free_after needs an event; set exodus, server_down or tracker_down, or use bars.stall_free")
	}
	if b.BarredWithin != 0 && sc.Polluters == 0 {
		c.refuse("bars.barred_within_ms needs somebody to bar; set polluters")
	}
}

func ifZero[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

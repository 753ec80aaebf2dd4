package sim

import "time"

// Scenario is an audience and what happens to it. Shares are from 0 to 1. docs/simulator.md lists the fields for users.
type Scenario struct {
	// Name and About say what the scenario is for.
	Name  string `yaml:"name"`
	About string `yaml:"about"`

	// Viewers is how many watch at a time. If zero, 100.
	Viewers int `yaml:"viewers"`
	// Duration is the simulated time. If zero, 5m.
	Duration Duration `yaml:"duration"`
	// Delay is how far behind the live edge viewers play. If zero, 6s.
	Delay Duration `yaml:"delay"`
	// NoPeers takes everything from the server: the plain CDN to compare with.
	NoPeers bool `yaml:"no_peers"`
	// MaxPeers is how many neighbours viewers look for. If zero, the engine's own number.
	MaxPeers int `yaml:"max_peers"`

	// Bitrate of the stream in bit/s. If zero, 2,000,000.
	Bitrate float64 `yaml:"bitrate"`
	// Keyframes is the time from one to the next. If zero, 2s.
	Keyframes Duration `yaml:"keyframes"`
	// KeyframeWeight is how many times the mean the eighth of a second with the keyframe has. If zero, 2.
	KeyframeWeight float64 `yaml:"keyframe_weight"`
	// Variation is by which share the others differ from the mean at the most. If zero, 0.2.
	Variation float64 `yaml:"variation"`

	// Arrive is within what time the first Viewers come, evenly and at random. If zero, 30s.
	Arrive Duration `yaml:"arrive"`
	// Kickoff lets half of them come within the last fifth of that time, as before a match.
	Kickoff bool `yaml:"kickoff"`
	// Churn is the share that leaves each minute; for each another one comes. If zero, nobody leaves.
	Churn float64 `yaml:"churn"`
	// OnDemand makes the stream a file instead of a live one.
	OnDemand *OnDemand `yaml:"on_demand"`
	// Exodus lets a share leave in the same second, without goodbye.
	Exodus *Moment `yaml:"exodus"`

	// Uplink and Downlink are payload, in multiples of the bit rate, evenly between. If zero, 1 to 2, and 4 to 20.
	Uplink   Range `yaml:"uplink"`
	Downlink Range `yaml:"downlink"`
	// Access is the way from the home to the net, one way, evenly between. If zero, 2ms to 10ms.
	Access Times `yaml:"access"`
	// Regions is how many of them there are; viewers are spread evenly. If zero, 4.
	Regions int `yaml:"regions"`
	// Near and Far are round trips within and between regions, access not included. If zero, 10ms and 50ms.
	Near Duration `yaml:"near"`
	Far  Duration `yaml:"far"`
	// Loss is the share of packets lost on the way to a viewer, from other viewers and from the server alike.
	Loss float64 `yaml:"loss"`
	// SymmetricNAT and Firewalled are the shares of viewers who do not reach each other, and nobody.
	SymmetricNAT float64 `yaml:"symmetric_nat"`
	Firewalled   float64 `yaml:"firewalled"`
	// TrackerBlind has the tracker choose at random whom it brings together. Else half of them are of one network, as
	// internal/tracker does by addresses; a network here is a region.
	TrackerBlind bool `yaml:"tracker_blind"`

	// Mute do not upload, and say so. FreeRiders say nothing and refuse. Polluters send wrong bytes, Liars announce
	// everything and send nothing, Stallers stop in the middle of a slice.
	Mute       float64 `yaml:"mute"`
	FreeRiders float64 `yaml:"free_riders"`
	Polluters  float64 `yaml:"polluters"`
	Liars      float64 `yaml:"liars"`
	Stallers   float64 `yaml:"stallers"`

	// Policy replaces rules of the engine, to compare variants: see policy.go for the names.
	Policy map[string]string `yaml:"policy"`

	// ServerRTT is the round trip to the server beyond the access. If zero, 20ms.
	ServerRTT Duration `yaml:"server_rtt"`
	// ServerBandwidth in bit/s. If zero, 10 Gbit/s.
	ServerBandwidth float64 `yaml:"server_bandwidth"`
	// ServerDown and TrackerDown are outages.
	ServerDown  *Outage `yaml:"server_down"`
	TrackerDown *Outage `yaml:"tracker_down"`

	// Bars are what the scenario must show.
	Bars Bars `yaml:"bars"`
}

// OnDemand is a file, and how people watch it.
type OnDemand struct {
	// Length of the file. If zero, 20m.
	Length Duration `yaml:"length"`
	// FromStart is the share of viewers who begin at the beginning; the others begin anywhere.
	FromStart float64 `yaml:"from_start"`
	// SeekEvery is the mean time from one seek of a viewer to the next, each to anywhere. If zero, nobody seeks.
	SeekEvery Duration `yaml:"seek_every"`
}

// Bars are limits that a Result must keep. Those that are zero do not count.
type Bars struct {
	Offload        float64 `yaml:"offload"`          // at least
	StallFree      float64 `yaml:"stall_free"`       // at least, of sessions
	StallFreeAfter float64 `yaml:"stall_free_after"` // at least, of sessions, from the scenario's event on
	Control        float64 `yaml:"control"`          // at most
	Duplicates     float64 `yaml:"duplicates"`       // at most
	Proofs         float64 `yaml:"proofs"`           // at most
	StartP95       float64 `yaml:"start_p95_ms"`     // at most, ms
	SeekP95        float64 `yaml:"seek_p95_ms"`      // at most, ms
	ServerPeak     float64 `yaml:"server_peak"`      // at most, streams
	BarredWithin   float64 `yaml:"barred_within_ms"` // at most, ms
	NoBadBytes     bool    `yaml:"no_bad_bytes"`
	// PlainCDN wants no more stalls than the same audience has without peers, which is simulated as well.
	PlainCDN bool `yaml:"plain_cdn"`
}

// Moment is a share of viewers at a time after the start.
type Moment struct {
	At    Duration `yaml:"at"`
	Share float64  `yaml:"share"`
}

// Outage is when something is away, and for how long.
type Outage struct {
	At  Duration `yaml:"at"`
	For Duration `yaml:"for"`
}

// Range is from the first to the second value.
type Range [2]float64

// Times is from the first to the second value.
type Times [2]Duration

// Duration is a time.Duration that YAML writes as in "1m30s".
type Duration time.Duration

// String returns what YAML writes.
func (d Duration) String() string { return time.Duration(d).String() }

// Plain returns the same audience without peers, and without bars: the plain CDN to compare with.
func (sc *Scenario) Plain() *Scenario {
	plain := *sc
	plain.NoPeers, plain.Bars = true, Bars{}
	return &plain
}

package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	yaml "go.yaml.in/yaml/v3"

	"github.com/superp2p/superp2p/internal/fault"
)

// Scenario is an audience and what happens to it. Shares are from 0 to 1.
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
	// KeyframeWeight is how many times the mean the quarter of a second with the keyframe has. If zero, 2.
	KeyframeWeight float64 `yaml:"keyframe_weight"`
	// Variation is by which share the others differ from the mean at the most. If zero, 0.2.
	Variation float64 `yaml:"variation"`

	// Arrive is within what time the first Viewers come, evenly. If zero, 30s.
	Arrive Duration `yaml:"arrive"`
	// Kickoff lets half of them come within the last fifth of that time, as before a match.
	Kickoff bool `yaml:"kickoff"`
	// Churn is the share that leaves each minute; for each another one comes. If zero, nobody leaves.
	Churn float64 `yaml:"churn"`
	// Exodus lets a share leave in the same second, without goodbye.
	Exodus *Moment `yaml:"exodus"`

	// Uplink and Downlink are payload, in multiples of the bit rate, evenly between. If zero, 1 to 2, and 4 to 20.
	Uplink   Range `yaml:"uplink"`
	Downlink Range `yaml:"downlink"`
	// Access is the way from the home to the net, one way, evenly between. If zero, 2ms to 8ms.
	Access Times `yaml:"access"`
	// Regions is how many of them there are; viewers are spread evenly. If zero, 4.
	Regions int `yaml:"regions"`
	// Near and Far are round trips within and between regions, access not included. If zero, 10ms and 40ms.
	Near Duration `yaml:"near"`
	Far  Duration `yaml:"far"`
	// Loss is the share of packets lost between viewers.
	Loss float64 `yaml:"loss"`
	// SymmetricNAT and Firewalled are the shares of viewers who do not reach each other, and nobody.
	SymmetricNAT float64 `yaml:"symmetric_nat"`
	Firewalled   float64 `yaml:"firewalled"`
	// SwarmNear lets the tracker bring viewers of one region together, half of those it names.
	SwarmNear bool `yaml:"swarm_near"`

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

// UnmarshalText reads a Go duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no duration; write 300ms, 6s or 5m", text)
	}
	*d = Duration(v)
	return nil
}

// maxScenario bounds the size of a file, in bytes.
const maxScenario = 1 << 20

// Parse reads a scenario; name is how errors call it.
func Parse(name string, r io.Reader) (*Scenario, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxScenario))
	if err != nil {
		return nil, fault.Wrap(fault.ConfigInvalid, name+" cannot be read", err)
	}
	sc := &Scenario{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(sc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(fault.ConfigInvalid, name+" is not a scenario", err)
	}
	return sc, nil
}

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
	ifZero(&sc.Access, Times{Duration(2 * time.Millisecond), Duration(8 * time.Millisecond)})
	ifZero(&sc.Regions, 4)
	ifZero(&sc.Near, Duration(10*time.Millisecond))
	ifZero(&sc.Far, Duration(40*time.Millisecond))
	ifZero(&sc.ServerRTT, Duration(20*time.Millisecond))
	ifZero(&sc.ServerBandwidth, 10e9)

	bad := func(format string, args ...any) error {
		return fault.New(fault.ConfigInvalid, fmt.Sprintf("scenario %s: ", sc.Name)+fmt.Sprintf(format, args...))
	}
	between := func(what string, v, low, high float64) error {
		if !(v >= low && v <= high) {
			return bad("%s must be from %v to %v, not %v", what, low, high, v)
		}
		return nil
	}
	if _, err := sc.policy(); err != nil {
		return bad("policy: %v", err)
	}
	ill := sc.FreeRiders + sc.Polluters + sc.Liars + sc.Stallers + sc.Mute
	return errors.Join(
		between("viewers", float64(sc.Viewers), 1, 1e6),
		between("duration in s", time.Duration(sc.Duration).Seconds(), 1, 86400),
		between("delay in s", time.Duration(sc.Delay).Seconds(), 0.5, 60),
		between("bitrate", sc.Bitrate, 1e4, 1e8),
		between("keyframes in s", time.Duration(sc.Keyframes).Seconds(), 0.25, 20),
		between("keyframe_weight", sc.KeyframeWeight, 0.1, max(1, time.Duration(sc.Keyframes).Seconds()/sliceTime.Seconds()-0.5)),
		between("variation", sc.Variation, 0, 0.9),
		between("churn", sc.Churn, 0, 60),
		between("uplink", sc.Uplink[0], 0.01, 1e4), between("uplink", sc.Uplink[1], sc.Uplink[0], 1e4),
		between("downlink", sc.Downlink[0], 0.1, 1e4), between("downlink", sc.Downlink[1], sc.Downlink[0], 1e4),
		between("access", float64(sc.Access[1]), float64(sc.Access[0]), float64(time.Minute)),
		between("regions", float64(sc.Regions), 1, 1000),
		between("loss", sc.Loss, 0, 0.5),
		between("symmetric_nat", sc.SymmetricNAT, 0, 1), between("firewalled", sc.Firewalled, 0, 1),
		between("mute, free_riders, polluters, liars and stallers together", ill, 0, 1),
		between("server_bandwidth", sc.ServerBandwidth, 1e4, math.MaxFloat64),
	)
}

func ifZero[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

package sim

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/scenarios"
)

// small returns a scenario of the library with fewer viewers and less time.
func small(t *testing.T, name string, viewers int, lasts time.Duration) *Scenario {
	t.Helper()
	f, err := scenarios.Files.Open(name + ".yaml")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	sc, err := Parse(name, f)
	require.NoError(t, err)
	sc.Viewers, sc.Duration = viewers, Duration(lasts)
	return sc
}

func simulate(t *testing.T, sc *Scenario, seed uint64) *Result {
	t.Helper()
	r, err := Run(t.Context(), sc, seed, nil)
	require.NoError(t, err)
	t.Log("\n" + Table([]*Result{r}))
	require.Zero(t, r.BadBytes)
	return r
}

func TestTheSameSeedGivesTheSameFigures(t *testing.T) {
	var first string
	for range 2 {
		sc := small(t, "polluters", 40, 30*time.Second)
		sc.Liars, sc.Stallers, sc.FreeRiders, sc.Mute = 0.05, 0.05, 0.05, 0.05
		sc.TrackerDown = &Outage{Duration(15 * time.Second), Duration(5 * time.Second)}
		sc.Exodus = &Moment{Duration(20 * time.Second), 0.2}
		r := simulate(t, sc, 7)
		text, err := json.Marshal(r)
		require.NoError(t, err)
		if first == "" {
			first = string(text) + string(r.SVG())
		}
		require.Equal(t, first, string(text)+string(r.SVG()))
	}
	other, err := json.Marshal(simulate(t, small(t, "polluters", 40, 30*time.Second), 8))
	require.NoError(t, err)
	require.NotEqual(t, first, string(other))
}

func TestKeysOfTheResult(t *testing.T) {
	text, err := json.Marshal(simulate(t, small(t, "live-1000", 5, 10*time.Second), 1))
	require.NoError(t, err)
	var keys map[string]any
	require.NoError(t, json.Unmarshal(text, &keys))
	for _, k := range strings.Fields("scenario seed viewers offload stall_free start_p95_ms delay_p95_ms control_share duplicate_share " +
		"proof_share bad_bytes server_peak_streams seek_p95_ms") {
		require.Contains(t, keys, k)
	}
}

func TestSmallAudienceOfHomes(t *testing.T) {
	r := simulate(t, small(t, "live-1000", 100, 60*time.Second), 1)
	require.Greater(t, r.Offload, 0.85, "most of it is starts")
	require.GreaterOrEqual(t, r.StallFree, 0.98)
	require.Less(t, r.ControlShare, 0.015)
	require.Less(t, r.StartP95, 1000.0)
}

func TestPlainCDN(t *testing.T) {
	sc := small(t, "live-1000", 30, 30*time.Second)
	sc.NoPeers = true
	r := simulate(t, sc, 1)
	require.Zero(t, r.Offload)
	require.Zero(t, r.Stalls)
	require.Greater(t, r.ServerPeak, 25.0)
}

func TestPollutersAreBarred(t *testing.T) {
	r := simulate(t, small(t, "polluters", 60, 40*time.Second), 1)
	require.NotZero(t, r.WrongReceived)
	require.NotZero(t, r.Barred)
	require.Less(t, r.BarredMax, 10_000.0)
	require.Greater(t, r.Offload, 0.7)
}

func TestNobodyStallsForOthersWhoLeaveOrLie(t *testing.T) {
	exodus := small(t, "exodus", 80, 60*time.Second)
	exodus.Exodus.At = Duration(35 * time.Second)
	tracker := small(t, "tracker-down", 60, 60*time.Second)
	tracker.TrackerDown = &Outage{Duration(30 * time.Second), Duration(20 * time.Second)}
	for _, sc := range []*Scenario{exodus, tracker, small(t, "liars", 60, 50*time.Second)} {
		t.Run(sc.Name, func(t *testing.T) {
			r := simulate(t, sc, 1)
			require.EqualValues(t, 1, r.StallFreeAfter)
		})
	}
}

func TestScenariosOfTheLibrary(t *testing.T) {
	files, err := scenarios.Files.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".yaml")
		sc := small(t, name, 10, time.Second)
		require.Equal(t, name, sc.Name)
		require.NotEmpty(t, sc.About)
		require.NoError(t, sc.Check())
	}
}

func TestScenariosThatMakeNoSense(t *testing.T) {
	for text, says := range map[string]string{
		"viewers: -1":                 "viewers",
		"delay: 100s":                 "delay",
		"delay: soon":                 "no duration",
		"loss: 2":                     "loss",
		"viewer: 3":                   "viewer",
		"uplink: [2, 1]":              "uplink",
		"mute: 0.6\npolluters: 0.6":   "together",
		"policy: {guess: 1s}":         "no rule",
		"policy: {max_wait: quickly}": "max_wait",
		"keyframe_weight: 50":         "keyframe_weight",
		"[":                           "not a scenario",
	} {
		sc, err := Parse("test", strings.NewReader(text))
		if err == nil {
			err = sc.Check()
		}
		require.ErrorContains(t, err, says, text)
		var f *fault.Error
		require.True(t, errors.As(err, &f), text)
	}
}

func TestThePlotIsXML(t *testing.T) {
	r := simulate(t, small(t, "live-1000", 5, 10*time.Second), 1)
	d := xml.NewDecoder(strings.NewReader(string(r.SVG())))
	for {
		if _, err := d.Token(); err != nil {
			require.ErrorIs(t, err, io.EOF)
			return
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("viewers: 3\nuplink: [1, 2]\nexodus: {at: 1s, share: 0.3}\n")
	f.Add("policy: {takers: 2}")
	f.Fuzz(func(_ *testing.T, text string) {
		if sc, err := Parse("fuzz", strings.NewReader(text)); err == nil {
			_ = sc.Check()
		}
	})
}

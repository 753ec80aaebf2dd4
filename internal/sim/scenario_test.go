package sim

import (
	"encoding/json"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/scenarios"
)

// parse reads and checks a scenario.
func parse(text string) (*Scenario, error) {
	sc, err := Parse("test.yaml", strings.NewReader(text))
	if err == nil {
		err = sc.Check()
	}
	return sc, err
}

func TestScenariosOfTheLibrary(t *testing.T) {
	files, err := scenarios.Files.ReadDir(".")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		text, err := scenarios.Files.ReadFile(f.Name())
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(text), "# "), "%s must open with what it shows", f.Name())
		sc, err := parse(string(text))
		require.NoError(t, err, f.Name())
		require.Equal(t, strings.TrimSuffix(f.Name(), ".yaml"), sc.Name)
		require.NotEmpty(t, sc.About, f.Name())
		for _, line := range strings.Split(string(text), "\n") {
			require.LessOrEqual(t, len(line), 120, f.Name())
		}
	}
}

func TestBarsOfTheLibraryAreThoseOfTheIssue(t *testing.T) {
	for name, want := range map[string]Bars{
		"live-1000":      {Offload: 0.98, StallFree: 0.995, Control: 0.015, Duplicates: 0.005, Proofs: 0.005},
		"live-10000":     {Offload: 0.985, StallFree: 0.995},
		"low-delay-1000": {Offload: 0.95, StallFree: 0.99},
		"scarce-1000":    {Offload: 0.75, PlainCDN: true},
		"flash-crowd":    {StartP95: 1500, ServerPeak: 100},
		"exodus":         {StallFreeAfter: 1},
		"half-mute":      {PlainCDN: true},
		"polluters":      {Offload: 0.9, BarredWithin: 10_000, NoBadBytes: true},
		"liars":          {Offload: 0.95, StallFree: 1},
		"tracker-down":   {StallFreeAfter: 1},
		"vod-500":        {Offload: 0.85, SeekP95: 1000},
	} {
		text, err := scenarios.Files.ReadFile(name + ".yaml")
		require.NoError(t, err)
		sc, err := parse(string(text))
		require.NoError(t, err)
		require.Equal(t, want, sc.Bars, name)
	}
}

func TestAnEmptyScenarioHasDefaults(t *testing.T) {
	sc, err := parse("")
	require.NoError(t, err)
	require.Equal(t, 100, sc.Viewers)
	require.Equal(t, Duration(6*time.Second), sc.Delay)
	require.Equal(t, Range{1, 2}, sc.Uplink)
	require.Equal(t, Times{Duration(2 * time.Millisecond), Duration(10 * time.Millisecond)}, sc.Access)
	again := *sc
	require.NoError(t, again.Check())
	require.Equal(t, *sc, again, "checking twice changes nothing")
}

func TestAScenarioIsReadAsItIsWritten(t *testing.T) {
	sc, err := parse("viewers: 3\nduration: 1m30s\nuplink: [0.4, 1]\naccess: [1ms, 1s]\non_demand: {seek_every: 2m}\n" +
		"exodus: {at: 1s, share: 0.3}\nserver_down: {at: 2s, for: 3s}\nbars: {offload: 0.5, no_bad_bytes: true}\n")
	require.NoError(t, err)
	require.Equal(t, Duration(90*time.Second), sc.Duration)
	require.Equal(t, Range{0.4, 1}, sc.Uplink)
	require.Equal(t, Times{Duration(time.Millisecond), Duration(time.Second)}, sc.Access)
	require.Equal(t, &OnDemand{Length: Duration(20 * time.Minute), SeekEvery: Duration(2 * time.Minute)}, sc.OnDemand)
	require.Equal(t, &Moment{At: Duration(time.Second), Share: 0.3}, sc.Exodus)
	require.Equal(t, &Outage{At: Duration(2 * time.Second), For: Duration(3 * time.Second)}, sc.ServerDown)
	require.Equal(t, Bars{Offload: 0.5, NoBadBytes: true}, sc.Bars)
}

func TestPlainIsTheSameAudienceWithoutPeers(t *testing.T) {
	sc, err := parse("viewers: 3\nbars: {offload: 0.5}")
	require.NoError(t, err)
	plain := sc.Plain()
	require.True(t, plain.NoPeers)
	require.Equal(t, Bars{}, plain.Bars)
	require.Equal(t, 3, plain.Viewers)
	require.False(t, sc.NoPeers)
	require.Equal(t, 0.5, sc.Bars.Offload)
}

func TestScenariosThatMakeNoSense(t *testing.T) {
	for text, says := range map[string]string{
		"viewers: -1":                         "viewers must be from 1 to 1000000, not -1",
		"viewers: many":                       `test.yaml:1: a whole number is wanted, not "many"`,
		"\nno_peers: 3":                       "test.yaml:2: true or false is wanted",
		"loss: [1]":                           "test.yaml:1: a number is wanted",
		"delay: 100s":                         "delay must be from 500ms to 1m0s, not 1m40s",
		"\ndelay: soon":                       `test.yaml:2: "soon" is no duration; write 300ms, 6s or 5m`,
		"delay: -6s":                          "no duration",
		"delay: [6s]":                         "no duration",
		"loss: 2":                             "loss must be from 0 to 0.5, not 2",
		"loss: .nan":                          "loss must be from 0 to 0.5, not NaN",
		"\n\nviewer: 3":                       "test.yaml:3: viewer is no key of a scenario",
		"bars:\n  offlod: 1":                  "test.yaml:2: offlod is no key of a scenario",
		"loss: 0\nloss: 1":                    "test.yaml:2: loss is given twice",
		"uplink: [2, 1]":                      "the second of uplink must be from 2 to",
		"uplink: [1]":                         "test.yaml:1: this must be a list of two numbers",
		"uplink: 1":                           "list of two numbers",
		"access: [5ms, 2ms]":                  "the second of access must be from 5ms",
		"access: 5ms":                         "list of two durations",
		"exodus: 3":                           "test.yaml:1: a mapping of keys to values is wanted",
		"exodus: {at: 1s, share: 3}":          "exodus.share",
		"server_down: {at: 1s, for: 99h}":     "server_down.for",
		"mute: 0.6\npolluters: 0.6":           "together",
		"polluters: -0.1":                     "polluters must",
		"policy: {guess: 1s}":                 "guess",
		"keyframe_weight: 50":                 "keyframe_weight",
		"on_demand: {length: 9s}":             "on_demand.length must be from 10s to 24h0m0s, not 9s",
		"on_demand: {length: 25h}":            "on_demand.length",
		"on_demand: {from_start: 1.1}":        "on_demand.from_start must be from 0 to 1, not 1.1",
		"on_demand: {seek_every: 1s}":         "on_demand.seek_every",
		"bars: {offload: 98}":                 "bars.offload must be from 0 to 1, not 98",
		"bars: {start_p95_ms: -1}":            "bars.start_p95_ms",
		"bars: {seek_p95_ms: 3}":              "set on_demand.seek_every",
		"bars: {stall_free_after: 1}":         "needs an event",
		"bars: {barred_within_ms: 1}":         "set polluters",
		"bars: {plain_cdn: 2}":                "true or false",
		"a: b: c":                             "test.yaml",
		"[":                                   "test.yaml",
		"- a":                                 "a mapping of keys",
		"name: a\n---\nname: b":               "more than one document",
		"name: " + strings.Repeat("a", 2<<20): "larger than 1 MiB",
	} {
		_, err := parse(text)
		require.ErrorContains(t, err, says, "%.80s", text)
		require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err), "%.80s", text)
		require.NotContains(t, err.Error(), " yaml: ", "%.80s", text)
	}
}

func TestEachWrongLineIsNamed(t *testing.T) {
	_, err := parse("viewers: many\ndelay: soon\nviewer: 3\n")
	require.EqualError(t, err, `config_invalid: test.yaml:1: a whole number is wanted, not "many"`+"\n"+
		`test.yaml:2: "soon" is no duration; write 300ms, 6s or 5m`+"\n"+
		"test.yaml:3: viewer is no key of a scenario; docs/simulator.md lists them")
	_, err = parse("loss: 2\nchurn: -1\n")
	require.ErrorContains(t, err, "loss must")
	require.ErrorContains(t, err, "churn must")
}

// TestThePageListsEachKey holds docs/simulator.md against the keys of scenarios and of results.
func TestThePageListsEachKey(t *testing.T) {
	page, err := os.ReadFile("../../docs/simulator.md")
	require.NoError(t, err)
	source, err := os.ReadFile("scenario.go")
	require.NoError(t, err)
	for _, m := range regexp.MustCompile("`yaml:\"(\\w+)\"`").FindAllStringSubmatch(string(source), -1) {
		require.Contains(t, string(page), "`"+m[1]+"`", "a key of scenarios")
	}
	result, err := json.Marshal(&Result{PlainStalls: new(uint64)})
	require.NoError(t, err)
	var keys map[string]any
	require.NoError(t, json.Unmarshal(result, &keys))
	for key := range keys {
		require.Contains(t, string(page), "`"+key+"`", "a key of results")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("viewers: 3\nuplink: [1, 2]\nexodus: {at: 1s, share: 0.3}\n")
	f.Add("policy: {takers: 2}")
	f.Add("on_demand: {length: 20m, seek_every: 2m}\nbars: {offload: .85}\naccess: [1ms, 2ms]")
	f.Fuzz(func(t *testing.T, text string) {
		sc, err := parse(text)
		if err == nil && (math.IsNaN(sc.Loss) || sc.Viewers < 1 || sc.Duration <= 0) {
			t.Errorf("%+v passed", sc)
		}
	})
}

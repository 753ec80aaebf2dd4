package sim

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
		text, err := json.Marshal(simulate(t, sc, 7))
		require.NoError(t, err)
		if first == "" {
			first = string(text)
		}
		require.Equal(t, first, string(text))
	}
	other, err := json.Marshal(simulate(t, small(t, "polluters", 40, 30*time.Second), 8))
	require.NoError(t, err)
	require.NotEqual(t, first, string(other))
}

func TestHomesPassTheStreamOn(t *testing.T) {
	r := simulate(t, small(t, "live-1000", 100, 80*time.Second), 1)
	require.Greater(t, r.SteadyOffload, 0.94)
	require.GreaterOrEqual(t, r.StallFree, 0.99)
	require.Less(t, r.ControlShare, 0.015)
	require.Less(t, r.ProofShare, 0.005)
	require.Less(t, r.StartP95, 1000.0)
}

func TestTwoSecondsBehindLive(t *testing.T) {
	r := simulate(t, small(t, "low-delay-1000", 100, 80*time.Second), 1)
	require.Greater(t, r.SteadyOffload, 0.9)
	require.GreaterOrEqual(t, r.StallFree, 0.97)
}

func TestScarceUplinksAreFilled(t *testing.T) {
	sc := small(t, "scarce-1000", 80, 80*time.Second)
	r, plain := simulate(t, sc, 1), simulate(t, sc.Plain(), 1)
	require.Greater(t, r.SteadyOffload, 0.65)
	require.Zero(t, plain.Offload)
	require.Greater(t, plain.ServerPeak, 60.0)
	require.LessOrEqual(t, r.Stalls, plain.Stalls+2)
}

func TestPollutersAreBarred(t *testing.T) {
	r := simulate(t, small(t, "polluters", 60, 40*time.Second), 1)
	require.NotZero(t, r.WrongReceived)
	require.NotZero(t, r.Barred)
	require.Greater(t, r.Offload, 0.7)
}

func TestNobodyStallsForOthersWhoLeaveOrLie(t *testing.T) {
	exodus := small(t, "exodus", 80, 60*time.Second)
	exodus.Exodus.At = Duration(35 * time.Second)
	tracker := small(t, "tracker-down", 60, 60*time.Second)
	tracker.TrackerDown = &Outage{Duration(30 * time.Second), Duration(20 * time.Second)}
	for _, sc := range []*Scenario{exodus, tracker, small(t, "liars", 60, 50*time.Second)} {
		t.Run(sc.Name, func(t *testing.T) {
			require.EqualValues(t, 1, simulate(t, sc, 1).StallFreeAfter)
		})
	}
}

func TestACrowdStarts(t *testing.T) {
	sc := small(t, "flash-crowd", 200, 30*time.Second)
	sc.Arrive = Duration(2 * time.Second)
	r := simulate(t, sc, 1)
	require.Less(t, r.StartP95, 1500.0)
	require.Less(t, r.ServerPeak, 150.0)
}

func TestViewersOfAFileHelpEachOther(t *testing.T) {
	sc := small(t, "vod-500", 40, 4*time.Minute)
	sc.OnDemand.Length, sc.Arrive = Duration(3*time.Minute), Duration(20*time.Second)
	r := simulate(t, sc, 1)
	require.Greater(t, r.Offload, 0.9)
	require.NotZero(t, r.Seeks)
	require.Less(t, r.SeekP95, 1000.0)
	require.Zero(t, r.Stalls, "the server has enough for all")
	require.Zero(t, r.Barred, "all are honest")
	require.Less(t, r.ProofShare, 0.005)
}

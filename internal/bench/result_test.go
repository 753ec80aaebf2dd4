package bench

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestQuantile(t *testing.T) {
	require.Zero(t, Quantile(nil, 0.5))
	require.Equal(t, 7.0, Quantile([]float64{7}, 0.95))
	values := []float64{10, 1, 9, 2, 8, 3, 7, 4, 6, 5}
	require.Equal(t, 5.0, Quantile(values, 0.50))
	require.Equal(t, 10.0, Quantile(values, 0.95))
	require.Equal(t, 1.0, Quantile(values, 0))
	require.Equal(t, 10.0, Quantile(values, 1))
}

func TestQuantileIsAValueWithThatShareAtOrBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 200).Draw(t, "values")
		q := rapid.Float64Range(0.01, 1).Draw(t, "q")
		v := Quantile(values, q)
		require.Contains(t, values, v)
		below := 0
		for _, x := range values {
			if x <= v {
				below++
			}
		}
		require.GreaterOrEqual(t, float64(below), q*float64(len(values)))
	})
}

func TestResultHasTheKeysThatMachinesRead(t *testing.T) {
	b, err := json.Marshal(Result{})
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal(b, &object))
	for _, key := range []string{"viewers", "offload_steady", "offload_session", "start_p50_ms", "start_p95_ms",
		"delay_p50_ms", "delay_p95_ms", "direct_delay_p50_ms", "stalls", "stalled_viewers",
		"control_share", "duplicate_share", "proof_share", "cpu_s_per_gb", "egress_copies"} {
		require.Contains(t, object, key)
	}
}

func TestBars(t *testing.T) {
	good := Result{DelaySetting: 6000, Duration: 300, Ceiling: 0.95, OffloadSteady: 0.94, OffloadSession: 0.92,
		StartP95: 900, ControlShare: 0.01, DuplicateShare: 0.001, ProofShare: 0.004}
	for _, bar := range good.Bars() {
		require.False(t, bar.Missed(), bar)
	}
	bad := good
	bad.OffloadSession, bad.Stalls = 0.90, 1
	var missed []string
	for _, bar := range bad.Bars() {
		if bar.Missed() {
			missed = append(missed, bar.Name)
			require.Contains(t, bar.String(), "wanted")
		}
	}
	require.ElementsMatch(t, []string{"offload_session", "stalls"}, missed)
}

func TestWriteTable(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, (&Result{Viewers: 20, OffloadSteady: 0.94321, Errors: []string{"why"}}).WriteTable(&b))
	require.Contains(t, b.String(), "94.32 %")
	require.Contains(t, b.String(), "why")
}

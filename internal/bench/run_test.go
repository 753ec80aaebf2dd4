package bench_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/bench"
	"github.com/superp2p/superp2p/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASmallRunGivesEveryFigureAndNoWrongByte(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute; make test runs it")
	}
	var said []string
	r, err := bench.Run(t.Context(), bench.Config{
		Viewers: 6, Delay: 2 * time.Second, Duration: 20 * time.Second, Stagger: time.Second, Bitrate: 800_000,
		Progress: func(line string) { said = append(said, line) },
	})
	require.NoError(t, err)
	require.NotEmpty(t, said)
	require.Equal(t, 6, r.Viewers)
	require.Zero(t, r.FailedViewers, r.Errors)
	require.Zero(t, r.BadTags)
	require.Zero(t, r.BadBytes)
	require.Zero(t, r.GoroutinesLeft)
	for name, figure := range map[string]float64{
		"offload_steady": r.OffloadSteady, "offload_session": r.OffloadSession,
		"start_p50_ms": r.StartP50, "start_p95_ms": r.StartP95,
		"delay_p50_ms": r.DelayP50, "delay_p95_ms": r.DelayP95, "direct_delay_p50_ms": r.DirectDelayP50,
		"control_share": r.ControlShare, "proof_share": r.ProofShare, "cpu_s_per_gb": r.CPUPerGB,
		"egress_copies": r.EgressCopies,
		"memory_bytes":  float64(r.MemoryBytes), "stream_bitrate": float64(r.StreamBitrate),
	} {
		require.Greater(t, figure, 0.0, name)
	}
	require.LessOrEqual(t, r.OffloadSteady, 1.0)
	require.Greater(t, r.DelayP50, r.DirectDelayP50)
	require.Greater(t, r.ControlShareBoth, r.ControlShare)
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	for _, c := range []bench.Config{
		{Viewers: -1}, {Viewers: 5000}, {Delay: time.Second}, {Delay: time.Minute}, {Bitrate: 1000},
		{Duration: 10 * time.Second}, {Duration: 20 * time.Second, Stagger: 5 * time.Second},
	} {
		_, err := bench.Run(t.Context(), c)
		require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err), c)
	}
}

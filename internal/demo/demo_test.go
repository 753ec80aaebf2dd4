package demo_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/demo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEverybodyPlaysAndThePageIsTold(t *testing.T) {
	d, err := demo.Start(t.Context(), demo.Config{
		Viewers: 3, Delay: 2 * time.Second, Stagger: 10 * time.Millisecond, Bitrate: 400_000,
	})
	require.NoError(t, err)
	var s demo.Status
	require.Eventually(t, func() bool {
		s = d.Status()
		return s.Total.Playing == 3 && s.Total.PeerBytes > 0
	}, time.Minute, 50*time.Millisecond)
	require.Contains(t, s.Table(), "offload")
	require.Contains(t, s.Line(), "3 of 3 viewers play")
	require.Contains(t, s.Summary(), "3 viewers")

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(d.URL() + demo.StatusPath)
	require.NoError(t, err)
	defer answer.Body.Close() //nolint:errcheck // it was read
	var told struct {
		Viewers []map[string]any
		Total   map[string]any
		Memory  map[string]any
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&told))
	require.Len(t, told.Viewers, 3)
	for _, key := range []string{"viewer", "state", "offload", "start_ms", "delay_ms", "stalls", "peers",
		"peer_bytes", "server_bytes", "upload_bytes"} { // the page reads these
		require.Contains(t, told.Viewers[0], key)
	}
	for _, key := range []string{"viewers", "playing", "offload", "ceiling", "start_p95_ms", "delay_p50_ms", "stalls",
		"peer_bytes", "server_bytes"} {
		require.Contains(t, told.Total, key)
	}
	require.NotZero(t, told.Memory["total_bytes"])
	require.NoError(t, d.Close())
}

func TestAnAddressThatCannotBeListenedOnIsAnError(t *testing.T) {
	_, err := demo.Start(t.Context(), demo.Config{Listen: "256.0.0.1:1"})
	require.ErrorContains(t, err, "cannot be opened")
}

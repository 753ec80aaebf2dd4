package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/bench"
)

func TestBenchRefusesWhatCannotBeMeasured(t *testing.T) {
	for _, args := range [][]string{
		{"--viewers", "0"}, {"--viewers=-3"}, {"--viewers", "many"}, {"--delay", "0"}, {"--delay", "1s"}, {"--delay", "31"},
		{"--duration", "10s"}, {"--duration", "0s"}, {"--bitrate", "fast"}, {"--bitrate", "1k"}, {"--bitrate", "-1"},
		{"--duration", "30s", "--stagger", "20s"},
	} {
		status, out, said := call(t, append([]string{"bench"}, args...)...)
		require.Equal(t, exitUsage, status, "%v: %s", args, said)
		require.Empty(t, out)
	}
}

func TestBenchPrintsAndChecks(t *testing.T) {
	good := &bench.Result{Viewers: 20, DelaySetting: 6000, Ceiling: 0.95, OffloadSteady: 0.95}
	bad := *good
	bad.Stalls = 3
	var out, said strings.Builder
	std := stdio{nil, &out, &said}
	require.NoError(t, (&benchCommand{JSON: true, Check: true}).print(good, std))
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(out.String()), &object))
	require.EqualValues(t, 20, object["viewers"])
	require.NoError(t, (&benchCommand{}).print(&bad, std), "without --check figures are figures")
	err := (&benchCommand{Check: true}).print(&bad, std)
	require.ErrorContains(t, err, "stalls is 3, wanted ≤ 0")
	require.Equal(t, exitMissed, err.(*exitError).status) //nolint:errorlint // it is returned as it is
}

func TestBitrates(t *testing.T) {
	for text, want := range map[string]bitrate{"2M": 2_000_000, "800k": 800_000, "1500000": 1_500_000, "2.5m": 2_500_000} {
		var b bitrate
		require.NoError(t, b.UnmarshalText([]byte(text)))
		require.Equal(t, want, b, text)
	}
}

func TestDemoEndsCleanlyWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"demo", "--listen", "127.0.0.1:0", "--viewers", "2", "--bitrate", "400k"},
			stdio{strings.NewReader(""), w, io.Discard})
		_ = w.Close()
	}()
	line := make([]byte, 1000)
	n, err := r.Read(line)
	require.NoError(t, err)
	require.Contains(t, string(line[:n]), "/live/demo.flv")
	cancel()
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, exitOK, <-done)
	require.Contains(t, string(rest), "offload")
}

func TestADemoOnATakenPortIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() //nolint:errcheck // the test is over
	status, _, said := call(t, "demo", "--listen", l.Addr().String())
	require.Equal(t, exitFailure, status)
	require.Contains(t, said, "--listen")
}

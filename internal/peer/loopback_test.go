package peer

import (
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edge"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/timeline"
	"github.com/superp2p/superp2p/internal/tracker"
)

// loopbackServer is an edge and a tracker at a real address, whose stream has begun; it returns the base URL.
func loopbackServer(t *testing.T) string {
	t.Helper()
	e, err := edge.New(edge.Config{})
	require.NoError(t, err)
	tr := tracker.New(tracker.Config{})
	mux := http.NewServeMux()
	mux.Handle("/", e.Handler())
	mux.Handle(edgeapi.TrackerPath, tr)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &http.Server{Handler: mux}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	w := &world{t: t, server: &testServer{edge: e}}
	w.republish(channel)
	t.Cleanup(func() {
		w.server.publish()
		require.NoError(t, e.Close())
		require.NoError(t, tr.Close())
		require.NoError(t, s.Close())
		<-done
		w.pubs.Wait()
	})
	return "http://" + l.Addr().String()
}

// TestOverRealSockets is the one test here in real time, to see that nothing hangs on the simulated network.
func TestOverRealSockets(t *testing.T) {
	server := loopbackServer(t)
	var vs []*Viewer
	for range 3 {
		v, err := Open(t.Context(), Config{Server: server, Loopback: true, Delay: MinDelay}, channel)
		require.NoError(t, err)
		defer func() { require.NoError(t, v.Close()) }()
		vs = append(vs, v)
	}
	var readers []*timeline.Reader
	for _, v := range vs {
		readers = append(readers, v.NewReader())
	}
	for _, r := range readers {
		watch(t, r, 4*fps)
	}
	var upload uint64
	for _, v := range vs {
		upload += v.Stats().UploadBytes
	}
	require.NotZero(t, upload)
}

package superp2p_test

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/stage"
)

// gateway is what stands before a server and asks viewers for a token, as operators have it.
type gateway struct {
	*httptest.Server
	want  atomic.Value // the Authorization that is let through, "" for any
	holds atomic.Bool  // slices are not let through

	untracked atomic.Bool // nobody gets to the tracker any more

	mu    sync.Mutex
	asked map[string]int // how often, by the first two parts of the path
}

// front puts a gateway before a server.
func front(t *testing.T, st *stage.Stage, want string) *gateway {
	t.Helper()
	server, err := url.Parse(st.ServerURL())
	require.NoError(t, err)
	g := &gateway{asked: map[string]int{}}
	g.want.Store(want)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(server)
		r.Out.Host = r.In.Host
	}}
	transport := &http.Transport{}
	proxy.Transport, proxy.ErrorLog = transport, slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if want := g.want.Load(); want != "" && r.Header.Get("Authorization") != want {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		if g.untracked.Load() && r.URL.Path == edgeapi.TrackerPath {
			http.Error(w, "closed", http.StatusServiceUnavailable)
			return
		}
		if g.holds.Load() && strings.Contains(r.URL.Path, "/slices/") {
			<-r.Context().Done()
			return
		}
		parts := strings.SplitN(r.URL.Path, "/", 6)
		kind := strings.Join(parts[:min(len(parts), 3)], "/")
		if len(parts) > 4 {
			kind += "/*/" + parts[4]
		}
		g.mu.Lock()
		g.asked[kind]++
		g.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		g.CloseClientConnections()
		g.Close()
		transport.CloseIdleConnections()
	})
	return g
}

func (g *gateway) kinds() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.asked)
}

// counted is an http.RoundTripper of the application's own.
type counted struct {
	http.RoundTripper
	with, without atomic.Int64
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") == "Bearer right" {
		c.with.Add(1)
	} else {
		c.without.Add(1)
	}
	return c.RoundTripper.RoundTrip(r)
}

func TestTheTokenGoesWithEachRequest(t *testing.T) {
	t.Parallel()
	st := onAir(t, nil)
	g := front(t, st, "Bearer right")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	own := &counted{RoundTripper: transport}
	s := newStream(t, superp2p.Config{Server: g.URL, Loopback: true, HTTPClient: &http.Client{Transport: own}})
	defer s.Close() //nolint:errcheck // the test is over
	require.NoError(t, s.Play(st.Channel(), &superp2p.PlayConfig{Delay: 2 * time.Second, Token: "right"}))
	for range 100 {
		_, err := s.ReadPacket()
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		asked := g.kinds()
		return asked["/v1/resolve"] > 0 && asked["/v1/tracks/*/slices"] > 0 && asked["/announce"] > 0
	}, time.Minute, 10*time.Millisecond, "%v", g.kinds())
	require.NotZero(t, own.with.Load())
	require.Zero(t, own.without.Load())
	require.NotZero(t, s.Stats().SwarmSize, "the tracker has answered, too")
}

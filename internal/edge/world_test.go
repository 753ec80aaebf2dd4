package edge

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipes is a network inside a synctest bubble: a real HTTP server at the other end of each connection.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.done:
		return nil, &net.OpError{Op: "dial", Err: fmt.Errorf("connection refused")}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// world is an edge and an origin in one bubble of time.
type world struct {
	t    *testing.T
	edge *Edge
	mu   sync.Mutex
	asks []string // request URIs that the origin got
}

// inBubble runs body with an edge whose network leads to origin, whatever the host.
func inBubble(t *testing.T, c Config, origin http.HandlerFunc, body func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, net := &world{t: t}, &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.mu.Lock()
			w.asks = append(w.asks, r.RequestURI)
			w.mu.Unlock()
			origin(rw, r)
		})}
		served := make(chan struct{})
		go func() { defer close(served); _ = server.Serve(net) }()
		c.Dial = net.dial
		if c.Lookup == nil {
			c.Lookup = func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
			}
		}
		var err error
		w.edge, err = New(c)
		require.NoError(t, err)
		defer func() {
			require.NoError(t, w.edge.Close())
			_ = server.Close()
			<-served
			synctest.Wait()
		}()
		body(w)
	})
}

// get asks the edge and returns the whole answer.
func (w *world) get(path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.edge.Handler().ServeHTTP(rec, r)
	return rec
}

func (w *world) resolve(query string) edgeapi.Resolution {
	w.t.Helper()
	rec := w.get("/v1/resolve?" + query)
	require.Equal(w.t, http.StatusOK, rec.Code, rec.Body.String())
	var r edgeapi.Resolution
	require.NoError(w.t, json.Unmarshal(rec.Body.Bytes(), &r))
	return r
}

// refusal returns status and code of a failed answer.
func refusal(t *testing.T, rec *httptest.ResponseRecorder) (int, fault.Code) {
	t.Helper()
	f := edgeapi.ParseError(rec.Body.Bytes())
	require.NotNil(t, f, "%d %s", rec.Code, rec.Body.String())
	require.NotEmpty(t, f.Message)
	require.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
	return rec.Code, f.Code
}

// fetch gets slice n and checks its proof.
func (w *world) fetch(r edgeapi.Resolution, n slice.Number, header ...string) *slice.Slice {
	w.t.Helper()
	track, ok := slice.ParseTrackID(r.Track)
	require.True(w.t, ok)
	rec := w.get(edgeapi.SlicePath(r.Slices, track, n), header...)
	require.Equal(w.t, http.StatusOK, rec.Code, rec.Body.String())
	require.Equal(w.t, edgeapi.SliceType, rec.Header().Get("Content-Type"))
	require.Contains(w.t, rec.Header().Get("Cache-Control"), "immutable")
	s, err := slice.ParseFrame(track, n, rec.Body.Bytes())
	require.NoError(w.t, err)
	v, ok := signing.NewVerifier(r.Key)
	require.True(w.t, ok)
	require.NoError(w.t, v.Slice(s))
	return s
}

func (w *world) slicePath(r edgeapi.Resolution, n slice.Number) string {
	track, _ := slice.ParseTrackID(r.Track)
	return edgeapi.SlicePath(r.Slices, track, n)
}

func (w *world) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.asks...)
}

// Tags of a stream of 25 pictures a second with a keyframe each second.

func header(codec byte) flv.Tag {
	return flv.Tag{Type: flv.Video, Body: []byte{0x10 | 7, 0, 0, 0, 0, 1, 0x64, codec, 0x1f, 0xff, 0xe0, 0}}
}

func picture(ts uint32, n int) flv.Tag {
	first := byte(0x27)
	if n%25 == 0 {
		first = 0x17
	}
	body := make([]byte, 500)
	copy(body, []byte{first, 1, 0, 0, 0, byte(n >> 8), byte(n)})
	return flv.Tag{Type: flv.Video, Timestamp: ts, Body: body}
}

// liveFLV sends a stream in real time, the clock's own, until the viewer leaves or after so many pictures; 0 for ever.
func liveFLV(rw http.ResponseWriter, r *http.Request, pictures int, change func(n int, t *flv.Tag)) {
	b := flv.AppendHeader(nil, false, true)
	h := header(1)
	b = flv.AppendTag(b, &h)
	for n := 0; pictures == 0 || n < pictures; n++ {
		p := picture(uint32(n*40), n)
		if change != nil {
			change(n, &p)
		}
		b = flv.AppendTag(b, &p)
		if _, err := rw.Write(b); err != nil {
			return
		}
		_ = http.NewResponseController(rw).Flush()
		b = b[:0]
		select {
		case <-time.After(40 * time.Millisecond):
		case <-r.Context().Done():
			return
		}
	}
}

func forever(rw http.ResponseWriter, r *http.Request) { liveFLV(rw, r, 0, nil) }

func channels(ids ...string) map[string]Channel {
	m := map[string]Channel{}
	for _, id := range ids {
		m[id] = Channel{Source: "http://origin.example/" + strings.ReplaceAll(id, " ", "") + ".flv"}
	}
	return m
}

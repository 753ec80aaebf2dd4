package peer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/transport/v4/vnet"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edge"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/peer/webrtclink"
	"github.com/superp2p/superp2p/internal/timeline"
	"github.com/superp2p/superp2p/internal/tracker"
)

// world is a server, a publisher and a network for viewers, all of them real, connected in memory so that everything
// runs in the fake time of a testing/synctest bubble.
type world struct {
	t      *testing.T
	router *vnet.Router
	hosts  int
	// branched is that of intruders.
	branched func(c *webrtclink.Conn, label string) webrtclink.Handler

	mu     sync.Mutex
	server *testServer // nil while it is gone
	away   atomic.Bool // connections to the server go nowhere, those that exist hang
	pubs   sync.WaitGroup
}

const channel = "live/test"

func newWorld(t *testing.T) *world {
	w := &world{t: t}
	var err error
	w.router, err = vnet.NewRouter(&vnet.RouterConfig{
		CIDR: "10.0.0.0/16", MinDelay: 5 * time.Millisecond, LoggerFactory: logging.NewDefaultLoggerFactory(),
	})
	require.NoError(t, err)
	require.NoError(t, w.router.Start())
	t.Cleanup(func() { require.NoError(t, w.router.Stop()) })
	t.Cleanup(w.stopServer)
	w.startServer()
	return w
}

// host returns the network of a new host.
func (w *world) host() *vnet.Net {
	w.hosts++
	n, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{fmt.Sprintf("10.0.%d.%d", w.hosts/200, 1+w.hosts%200)}})
	require.NoError(w.t, err)
	require.NoError(w.t, w.router.AddNet(n))
	return n
}

// testServer is an edge and a tracker behind one HTTP server.
type testServer struct {
	edge     *edge.Edge
	tracker  *tracker.Server
	http     http.Server
	listener *pipeListener
	publish  context.CancelFunc
	hook     atomic.Pointer[func(http.Handler) http.Handler]
}

// startServer starts a server with a key of its own and a publisher.
func (w *world) startServer() {
	s := &testServer{listener: newPipeListener()}
	s.tracker = tracker.New(tracker.Config{})
	var err error
	s.edge, err = edge.New(edge.Config{})
	require.NoError(w.t, err)
	mux := http.NewServeMux()
	mux.Handle("/", s.edge.Handler())
	mux.Handle(edgeapi.TrackerPath, s.tracker)
	s.http.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var h http.Handler = mux
		if hook := s.hook.Load(); hook != nil {
			h = (*hook)(h)
		}
		h.ServeHTTP(rw, r)
	})
	w.pubs.Go(func() { _ = s.http.Serve(s.listener) })
	w.mu.Lock()
	w.server = s
	w.mu.Unlock()
	w.republish(channel)
}

// republish starts a publisher at the server there is.
func (w *world) republish(name string) {
	s := w.server
	var ctx context.Context
	ctx, s.publish = context.WithCancel(context.Background())
	pub, err := s.edge.Publish(name, "")
	require.NoError(w.t, err)
	w.pubs.Go(func() { publish(ctx, pub, 0); _ = pub.Close() })
}

// stopServer takes the server and its publisher away, if they are there.
func (w *world) stopServer() {
	w.mu.Lock()
	s := w.server
	w.server = nil
	w.mu.Unlock()
	if s == nil {
		return
	}
	s.publish()
	_ = s.edge.Close()
	_ = s.tracker.Close()
	_ = s.http.Close()
	_ = s.listener.Close()
	w.pubs.Wait()
}

func (w *world) dial(ctx context.Context, _, address string) (net.Conn, error) {
	w.mu.Lock()
	s := w.server
	w.mu.Unlock()
	if w.away.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if s == nil {
		return nil, errors.New("connection refused")
	}
	return s.listener.dial(ctx)
}

// config is that of a viewer on a host of its own.
func (w *world) config() Config {
	return Config{Server: "http://server.test", Dial: w.dial, Network: w.host()}
}

// open opens a viewer that is closed at the end of the test at the latest.
func (w *world) open(change func(*Config)) *Viewer {
	w.t.Helper()
	cfg := w.config()
	if change != nil {
		change(&cfg)
	}
	v, err := Open(w.t.Context(), cfg, channel)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, v.Close()) })
	return v
}

// frames a second, and the sizes of their bodies: 1.6 Mbit/s.
const (
	fps      = 25
	keyFrame = 40_000
	frame    = 6_000
	sound    = 400
)

// publish writes a stream in real time: a keyframe a second, each body numbered.
func publish(ctx context.Context, pub *edge.Publication, from uint32) {
	begin := time.Now()
	_ = pub.WriteTag(flv.Tag{Type: flv.Video, Body: []byte{0x17, 0, 0, 0, 0, 1, 100, 0, 31, 255, 225, 0, 0}})
	_ = pub.WriteTag(flv.Tag{Type: flv.Audio, Body: []byte{0xaf, 0, 0x12, 0x10}})
	for i := from; ; i++ {
		at := (i - from) * 1000 / fps
		v := flv.Tag{Type: flv.Video, Timestamp: at, Body: make([]byte, frame)}
		v.Body[0] = 0x27
		if i%fps == 0 {
			v.Body = make([]byte, keyFrame)
			v.Body[0] = 0x17
		}
		v.Body[1] = 1
		binary.BigEndian.PutUint32(v.Body[5:], i)
		a := flv.Tag{Type: flv.Audio, Timestamp: at, Body: make([]byte, sound)}
		a.Body[0], a.Body[1] = 0xaf, 1
		if pub.WriteTag(v) != nil || pub.WriteTag(a) != nil {
			return
		}
		select {
		case <-time.After(time.Until(begin.Add(time.Duration(i-from+1) * time.Second / fps))):
		case <-ctx.Done():
			return
		}
	}
}

// frameOf returns the number in a video frame that publish made.
func frameOf(t flv.Tag) (uint32, bool) {
	if t.Type != flv.Video || len(t.Body) < frame {
		return 0, false
	}
	return binary.BigEndian.Uint32(t.Body[5:]), true
}

// watch reads n frames, which must follow each other without a gap, and returns the number of the last.
func watch(t *testing.T, r *timeline.Reader, n int) uint32 {
	t.Helper()
	var last uint32
	for i := 0; i < n; {
		tag, err := r.ReadTag()
		require.NoError(t, err)
		if f, ok := frameOf(tag); ok {
			if i > 0 {
				require.Equal(t, last+1, f)
			}
			last = f
			i++
		}
	}
	return last
}

// await returns the next event, which must have that code.
func await(t *testing.T, v *Viewer, code Code) Event {
	t.Helper()
	e, ok := <-v.Events()
	require.True(t, ok, "no more events, %s was due", code)
	require.Equal(t, code, e.Code, e.Description)
	require.Equal(t, channel, e.Details)
	return e
}

// pipeListener accepts connections within the process.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.IPAddr{} }

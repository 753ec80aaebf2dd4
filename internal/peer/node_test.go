package peer

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edge"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/peer/webrtclink"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
	"github.com/superp2p/superp2p/internal/wire"
)

const second = "live/second"

// household is a Node with the configuration of its viewers.
type household struct {
	w    *world
	node *Node
	cfg  Config
}

func (w *world) household(cfg NodeConfig) *household {
	h := &household{w: w, node: NewNode(cfg), cfg: w.config()}
	h.cfg.Node = h.node
	return h
}

func (h *household) open(target string) *Viewer {
	h.w.t.Helper()
	v, err := Open(h.w.t.Context(), h.cfg, target)
	require.NoError(h.w.t, err)
	h.w.t.Cleanup(func() { require.NoError(h.w.t, v.Close()) })
	return v
}

// twoTracks runs a test in a world where a second stream is published too.
func twoTracks(t *testing.T, run func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		pub, err := w.server.edge.Publish(second, "")
		require.NoError(t, err)
		w.pubs.Go(func() { publish(ctx, pub, 0); _ = pub.Close() })
		time.Sleep(12 * time.Second)
		run(t, w)
	})
}

// untracked has the tracker refuse all who come from now on.
func (w *world) untracked() {
	hook := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == edgeapi.TrackerPath {
				edge.WriteError(rw, http.StatusNotFound, fault.New(fault.RequestInvalid, "no tracker"))
				return
			}
			next.ServeHTTP(rw, r)
		})
	}
	w.server.hook.Store(&hook)
}

// meets waits until v has that many peers and tells how long that took.
func meets(t *testing.T, v *Viewer, peers int) time.Duration {
	t.Helper()
	begin := time.Now()
	for v.Stats().Peers != peers {
		require.Less(t, time.Since(begin), time.Minute)
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(begin)
}

func TestAnotherTrackTakesTheConnectionsThereAre(t *testing.T) {
	twoTracks(t, func(t *testing.T, w *world) {
		a, b := w.household(NodeConfig{}), w.household(NodeConfig{})
		a1, b1 := a.open(channel), b.open(channel)
		alone := meets(t, b1, 1)
		w.untracked()
		a2 := a.open(second)
		time.Sleep(3 * time.Second)
		b2 := b.open(second)
		shared := meets(t, b2, 1)
		t.Logf("first peer after %s by the tracker, after %s over the connection there is", alone, shared)
		require.Less(t, shared, 100*time.Millisecond)
		meets(t, a2, 1)
		require.Equal(t, uint64(1), a2.Stats().Branches)

		require.NoError(t, a1.Close())
		require.NoError(t, b1.Close())
		before := b2.Stats()
		watch(t, b2.NewReader(), 15*fps)
		s := b2.Stats()
		require.Equal(t, 1, s.Peers)
		require.Zero(t, s.Stalls)
		require.Greater(t, s.PeerBytes+a2.Stats().PeerBytes, before.PeerBytes)
		require.Equal(t, uint64(1), a.node.Connections())
		require.Equal(t, uint64(1), b.node.Connections())

		b3 := b.open(channel) // nobody plays it any more
		time.Sleep(time.Second)
		require.Zero(t, b3.Stats().Peers)
		require.Equal(t, 1, b2.Stats().Peers)
	})
}

func TestBothSwitchAtTheSameTime(t *testing.T) {
	twoTracks(t, func(t *testing.T, w *world) {
		a, b := w.household(NodeConfig{}), w.household(NodeConfig{})
		a.open(channel)
		meets(t, b.open(channel), 1)
		for range 4 {
			opened := make(chan *Viewer, 2)
			for _, h := range []*household{a, b} {
				go func() {
					v, err := Open(t.Context(), h.cfg, second)
					if err != nil {
						panic(err)
					}
					opened <- v
				}()
			}
			v1, v2 := <-opened, <-opened
			t.Cleanup(func() { require.NoError(t, errors.Join(v1.Close(), v2.Close())) })
			meets(t, v1, 1)
			meets(t, v2, 1)
			time.Sleep(5 * time.Second)
			for _, v := range []*Viewer{v1, v2} {
				require.Equal(t, 1, v.Stats().Peers)
				require.Equal(t, uint64(1), v.Stats().Links)
			}
			require.NoError(t, errors.Join(v1.Close(), v2.Close()))
		}
		require.Equal(t, uint64(1), a.node.Connections())
		require.Equal(t, uint64(1), b.node.Connections())
	})
}

func TestANewConnectionServesAllTracks(t *testing.T) {
	twoTracks(t, func(t *testing.T, w *world) {
		a, b := w.household(NodeConfig{}), w.household(NodeConfig{})
		a.open(channel)
		b2 := b.open(second)
		a.cfg.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("no way to the tracker")
		}
		a2 := a.open(second)
		time.Sleep(3 * time.Second)
		require.Zero(t, a2.Stats().Peers)
		b1 := b.open(channel)
		meets(t, b1, 1)
		require.Less(t, meets(t, a2, 1), 100*time.Millisecond)
		meets(t, b2, 1)
		require.Equal(t, uint64(1), a.node.Connections())
	})
}

func TestWhoIsBarredIsBarredForAllTracks(t *testing.T) {
	twoTracks(t, func(t *testing.T, w *world) {
		b := w.household(NodeConfig{})
		b1, b2 := b.open(channel), b.open(second)
		var i *intruder
		opened := make(chan *webrtclink.Link, 1)
		named := make(chan swarm.PeerID, 1)
		i = w.intrude(func(_ *intruder, l *webrtclink.Link) {
			select {
			case opened <- l:
			default:
			}
		}, nil)
		l := <-opened
		say(l, wire.Message{Kind: wire.Hello, Version: wire.Version, Track: b1.session.res.Track})
		branch, err := l.Branch(branchLabel(b2.session.res.Track, swarm.PeerID{7}), naming(named))
		require.NoError(t, err)
		require.Equal(t, b2.id, <-named)
		say(branch, wire.Message{Kind: wire.Hello, Version: wire.Version, Track: b2.session.res.Track})
		meets(t, b2, 1)
		meets(t, b1, 1)
		require.NoError(t, branch.Send([]byte{byte(wire.Hello), 1, 2, 3}))
		meets(t, b1, 0)
		require.Equal(t, uint64(1), b2.Stats().Barred)
		barred := make(chan bool, 1)
		b1.inbox.post(func() { _, is := b1.barred[i.id]; barred <- is })
		require.True(t, <-barred)
		require.Equal(t, uint64(1), b.node.Connections())
	})
}

// naming is a handler that tells the first message, a name.
type naming chan swarm.PeerID

func (n naming) LinkOpened(*webrtclink.Link) {}
func (n naming) LinkMessage(_ *webrtclink.Link, b []byte) {
	if len(b) == len(swarm.PeerID{}) && len(n) == 0 {
		n <- swarm.PeerID(b)
	}
}
func (n naming) LinkDrained(*webrtclink.Link, int)  {}
func (n naming) LinkClosed(*webrtclink.Link, error) { close(n) }

func TestBranchesOfStrangers(t *testing.T) {
	twoTracks(t, func(t *testing.T, w *world) {
		b := w.household(NodeConfig{})
		b1 := b.open(channel)
		opened := make(chan *webrtclink.Link, 1)
		w.intrude(func(_ *intruder, l *webrtclink.Link) {
			select {
			case opened <- l:
			default:
			}
		}, nil)
		l := <-opened
		say(l, wire.Message{Kind: wire.Hello, Version: wire.Version, Track: b1.session.res.Track})
		track := b1.session.res.Track
		for _, label := range []string{
			"", "superp2p", "track ", branchLabel(slice.TrackID{1}, swarm.PeerID{7}), branchLabel(track, b1.id),
			branchLabel(track, swarm.PeerID{7})[1:], branchLabel(track, swarm.PeerID{7}) + "0",
		} {
			named := make(naming, 1)
			_, err := l.Branch(label, named)
			require.NoError(t, err)
			_, ok := <-named
			require.False(t, ok, "closed without a word: %q", label)
		}
		meets(t, b1, 1)
		named := make(naming, 1)
		_, err := l.Branch(branchLabel(track, swarm.PeerID{7}), named)
		require.NoError(t, err)
		require.Equal(t, b1.id, <-named, "a second viewer of the same track is one more peer")
	})
}

// answering takes a branch and says something first.
type answering struct {
	say    []byte
	closed chan error
}

func (a *answering) LinkOpened(l *webrtclink.Link) {
	if a.say != nil {
		_ = l.Send(a.say)
	}
}
func (a *answering) LinkMessage(*webrtclink.Link, []byte)     {}
func (a *answering) LinkDrained(*webrtclink.Link, int)        {}
func (a *answering) LinkClosed(_ *webrtclink.Link, err error) { a.closed <- err }

func TestAnswersToBranches(t *testing.T) {
	twoTracks(t, func(t *testing.T, w *world) {
		answers := make(chan *answering, 1)
		labels := make(chan string, 1)
		w.branched = func(_ *webrtclink.Conn, label string) webrtclink.Handler {
			labels <- label
			return <-answers
		}
		b := w.household(NodeConfig{})
		b1 := b.open(channel)
		w.intrude(func(_ *intruder, l *webrtclink.Link) {
			say(l, wire.Message{Kind: wire.Hello, Version: wire.Version, Track: b1.session.res.Track})
		}, nil)
		meets(t, b1, 1)
		for _, c := range []struct {
			say   func(self swarm.PeerID) []byte
			taken uint64
		}{
			{func(swarm.PeerID) []byte { return nil }, 0},
			{func(swarm.PeerID) []byte { return []byte("short") }, 0},
			{func(self swarm.PeerID) []byte { return self[:] }, 0},
			{func(swarm.PeerID) []byte { return make([]byte, 20) }, 1},
		} {
			b2 := b.open(second)
			track, from, ok := parseBranchLabel(<-labels)
			require.True(t, ok)
			require.Equal(t, b2.session.res.Track, track)
			require.Equal(t, b2.id, from)
			a := &answering{c.say(from), make(chan error, 1)}
			answers <- a
			if c.taken == 0 {
				require.Error(t, <-a.closed)
			}
			time.Sleep(time.Second)
			require.Equal(t, c.taken, b2.Stats().Branches)
			require.Equal(t, 1, b1.Stats().Peers)
			require.NoError(t, b2.Close())
		}
	})
}

func TestViewersShareABudget(t *testing.T) {
	twoTracks(t, func(t *testing.T, w *world) {
		h := w.household(NodeConfig{MaxBytes: 40 << 20})
		part := func(v *Viewer) int {
			answer := make(chan int, 1)
			v.inbox.post(func() { answer <- v.cfg.MaxBytes })
			return <-answer
		}
		a := h.open(channel)
		require.Equal(t, 40<<20, part(a))
		b := h.open(second)
		require.Equal(t, 20<<20, part(a))
		require.Equal(t, 20<<20, part(b))
		require.NoError(t, b.Close())
		require.Equal(t, 40<<20, part(a))
	})
}

func TestDivide(t *testing.T) {
	const m = 1 << 20
	require.Equal(t, []int{50 * m, 25 * m, 25 * m}, divide(100*m, []int{256 * m, 25 * m, 25 * m}))
	require.Equal(t, []int{30 * m, 40 * m, 30 * m}, divide(100*m, []int{30 * m, 256 * m, 30 * m}))
	require.Equal(t, []int{leastBytes, leastBytes, 1 * m}, divide(3*m, []int{64 * m, 64 * m, m}))
	require.Empty(t, divide(m, nil))
}

func FuzzParseBranchLabel(f *testing.F) {
	f.Add(branchLabel(slice.TrackID{1}, swarm.PeerID{2}))
	f.Add("track ")
	f.Fuzz(func(t *testing.T, label string) {
		track, from, ok := parseBranchLabel(label)
		if ok {
			again, other, ok := parseBranchLabel(branchLabel(track, from))
			require.True(t, ok && again == track && other == from)
		}
	})
}

package peer

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/transport/v4/vnet"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/peer/webrtclink"
	"github.com/superp2p/superp2p/internal/swarm"
	"github.com/superp2p/superp2p/internal/wire"
)

// told returns what a viewer has told of peers until now.
func told(v *Viewer) (all []PeerEvent) {
	synctest.Wait()
	for e, ok := v.peerEvents.take(); ok; e, ok = v.peerEvents.take() {
		all = append(all, e)
	}
	return all
}

func codesOf(all []PeerEvent) (codes []Code) {
	for _, e := range all {
		codes = append(codes, e.Code)
	}
	return codes
}

// happens waits for the next event of a peer, which must have that code.
func happens(t *testing.T, v *Viewer, code Code) PeerEvent {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	e, ok := v.NextPeerEvent(ctx)
	require.True(t, ok, "%s was due", code)
	require.Equal(t, code, e.Code, e.Description)
	return e
}

func TestNeighboursAreToldAsTheyComeAndGo(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		a, b := w.open(nil), w.open(nil)
		ea, eb := happens(t, a, ConnectSuccess), happens(t, b, ConnectSuccess)
		require.Equal(t, b.id, ea.Peer.ID)
		require.Equal(t, a.id, eb.Peer.ID)
		require.NotEqual(t, ea.Peer.Incoming, eb.Peer.Incoming, "one of them has called")
		require.Equal(t, LevelStatus, ea.Level)
		watch(t, b.NewReader(), 10*fps)
		ns := a.Neighbours()
		require.Len(t, ns, a.Stats().Peers)
		require.Equal(t, b.id, ns[0].ID)
		require.Equal(t, ea.Peer.Incoming, ns[0].Incoming)
		require.False(t, ns[0].Since.IsZero())
		s := a.Stats()
		require.GreaterOrEqual(t, ns[0].Received, uint64(1))
		require.GreaterOrEqual(t, s.ControlOut+s.UploadBytes+s.ProofBytes, ns[0].Sent/2)
		require.GreaterOrEqual(t, ns[0].Sent, uint64(1))

		require.NoError(t, b.Close())
		gone := happens(t, a, ConnectClosed)
		require.Equal(t, b.id, gone.Peer.ID)
		require.NotEmpty(t, gone.Description)
		require.Equal(t, LevelStatus, gone.Level)
		require.Empty(t, a.Neighbours())
		require.Empty(t, told(b), "who closes is told nothing")
		require.Empty(t, b.Neighbours())
		_, ok := b.NextPeerEvent(t.Context())
		require.False(t, ok)
	})
}

func TestAnotherTrackTellsOfItsOwnNeighbours(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		a, b := w.open(nil), w.open(nil)
		happens(t, a, ConnectSuccess)
		w.stopServer()
		w.startServer()
		happens(t, a, ConnectClosed)
		require.Equal(t, b.id, happens(t, a, ConnectSuccess).Peer.ID)
		require.Equal(t, 2, a.Stats().Tracks)
	})
}

func TestAPeerThatCannotBeReachedIsTold(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		w.router.AddChunkFilter(func(vnet.Chunk) bool { return false }) // only the server can be reached
		a, b := w.open(nil), w.open(nil)
		e := happens(t, a, ConnectFailed)
		require.Equal(t, b.id, e.Peer.ID)
		require.Equal(t, LevelError, e.Level)
		require.NotEmpty(t, e.Description)
		require.True(t, e.Peer.Since.IsZero())
		watch(t, a.NewReader(), 20*fps)
		require.NotContains(t, codesOf(told(a)), ConnectClosed)
		require.Zero(t, a.Stats().Stalls)
		await(t, a, PlayStart)
	})
}

// doorman is an Admit that answers what it is told to, and counts.
type doorman struct {
	mu    sync.Mutex
	asked []Neighbour
	say   func(Neighbour) bool // nil: nothing is ever said
}

func (q *doorman) admit(n Neighbour, answer func(bool)) bool {
	q.mu.Lock()
	q.asked = append(q.asked, n)
	q.mu.Unlock()
	if q.say != nil {
		answer(q.say(n)) // out of the loop itself, which must not wait for it
	}
	return true
}

func (q *doorman) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.asked)
}

func TestAPeerThatIsRefusedPlaysOnWithoutUs(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		q := &doorman{say: func(Neighbour) bool { return false }}
		a := w.open(func(c *Config) { c.Admit = q.admit })
		b := w.open(nil)
		mine, theirs := happens(t, a, ConnectRejected), happens(t, b, ConnectRejected)
		require.Equal(t, b.id, mine.Peer.ID)
		require.Equal(t, a.id, theirs.Peer.ID)
		require.Equal(t, LevelError, mine.Level)
		c := w.open(nil)
		require.Equal(t, c.id, happens(t, b, ConnectSuccess).Peer.ID)
		watch(t, b.NewReader(), 60*fps)
		require.Equal(t, 2, q.count(), "each is asked for once")
		require.Zero(t, a.Stats().Peers)
		require.Equal(t, 1, b.Stats().Peers)
		require.Greater(t, b.Stats().PeerBytes, uint64(0))
		for _, v := range []*Viewer{a, b, c} {
			require.Zero(t, v.Stats().Stalls)
			require.Zero(t, v.Stats().Barred)
		}
		require.Equal(t, []Code{ConnectRejected}, codesOf(told(a)), "of the third")
		require.Empty(t, told(b))
	})
}

func TestWhoIsAskedForAndNotAnsweredIsWelcome(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		q := &doorman{}
		a := w.open(func(c *Config) { c.Admit = q.admit })
		b := w.open(func(c *Config) { c.Admit = (&doorman{say: func(Neighbour) bool { return true }}).admit })
		begin := time.Now()
		for q.count() == 0 {
			require.Less(t, time.Since(begin), time.Minute)
			time.Sleep(10 * time.Millisecond)
		}
		require.Zero(t, a.Stats().Peers)
		happens(t, a, ConnectSuccess)
		happens(t, b, ConnectSuccess)
		watch(t, b.NewReader(), 20*fps)
		require.Equal(t, 1, a.Stats().Peers)
		require.Equal(t, 1, q.count())
		require.Greater(t, a.Stats().UploadBytes+a.Stats().PeerBytes, uint64(0))
	})
}

func TestBranchesAreAskedForToo(t *testing.T) {
	twoTracks(t, func(t *testing.T, w *world) {
		a, b := w.household(NodeConfig{}), w.household(NodeConfig{})
		a1, b1 := a.open(channel), b.open(channel)
		meets(t, b1, 1)
		w.untracked()
		q := &doorman{say: func(Neighbour) bool { return false }}
		a.cfg.Admit = q.admit
		a2, b2 := a.open(second), b.open(second)
		happens(t, a2, ConnectRejected)
		happens(t, b2, ConnectRejected)
		require.Zero(t, b2.Stats().Peers)
		require.Equal(t, 1, q.count())
		require.Equal(t, 1, a1.Stats().Peers, "the connection stays for the other track")
	})
}

func TestWhoSaysTooMuchBeforeItIsAdmittedIsLetGo(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		q := &doorman{}
		v := w.open(func(c *Config) { c.Admit = q.admit })
		w.intrude(func(i *intruder, l *webrtclink.Link) {
			for range 2 * maxEarly {
				claimAll(i, l)
			}
		}, nil)
		e := happens(t, v, ConnectFailed)
		require.False(t, e.Peer.Since.IsZero())
		require.Zero(t, v.Stats().Peers)
	})
}

func TestWhoTakesLeaveBeforeItIsAdmittedIsNoNeighbour(t *testing.T) {
	simulated(t, func(t *testing.T, w *world) {
		v := w.open(func(c *Config) { c.Admit = (&doorman{}).admit })
		w.intrude(func(_ *intruder, l *webrtclink.Link) { say(l, wire.Message{Kind: wire.Bye, Reason: wire.Full}) }, nil)
		happens(t, v, ConnectRejected)
		require.Zero(t, v.Stats().Peers)
	})
}

// TestEventsOfPeersComeInPairs lets many peers come and go while somebody takes events, or nobody does.
func TestEventsOfPeersComeInPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := &Viewer{cfg: Config{Now: time.Now}, peerEvents: peerEvents{wake: make(chan struct{}, 1)}}
		here := map[byte]*link{}
		open := map[swarm.PeerID]bool{}
		take := func() bool {
			e, ok := v.peerEvents.take()
			switch {
			case !ok:
			case e.Code == ConnectSuccess && open[e.Peer.ID], e.Code == ConnectClosed && !open[e.Peer.ID]:
				t.Fatalf("%s of a peer whose connection is open: %t", e.Code, open[e.Peer.ID])
			case e.Code == ConnectSuccess:
				open[e.Peer.ID] = true
			case e.Code == ConnectClosed:
				delete(open, e.Peer.ID)
			}
			return ok
		}
		takes := rapid.IntRange(0, 3).Draw(t, "takes")
		for range rapid.IntRange(0, 1500).Draw(t, "steps") {
			switch id := rapid.Byte().Draw(t, "peer") % 40; {
			case rapid.IntRange(0, 3).Draw(t, "what") < takes:
				take()
			case here[id] == nil:
				l := &link{state: connecting, peer: swarm.PeerID{id}, met: true}
				here[id] = l
				l.told = v.tellPeer(ConnectSuccess, l, "")
			default:
				v.parted(here[id], "gone")
				delete(here, id)
				v.parted(&link{state: connecting, peer: swarm.PeerID{id}}, "not reached")
			}
			if n := len(v.peerEvents.waiting); n > maxPeerEvents+40 {
				t.Fatalf("%d events wait", n)
			}
		}
		for take() {
		}
		for id, l := range here {
			if l.told != open[swarm.PeerID{id}] {
				t.Fatalf("what was told of a peer that is here is not what was heard")
			}
			delete(open, swarm.PeerID{id})
		}
		if len(open) > 0 {
			t.Fatalf("%d peers have left and nobody heard of it", len(open))
		}
	})
}

package peer

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/peer/webrtclink"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/tracker/client"
	"github.com/superp2p/superp2p/internal/wire"
)

// intruder is a member of the swarm that does what its behave says instead of what a viewer does.
type intruder struct {
	t        *testing.T
	id       [20]byte
	edge     *edgeclient.Client
	res      *edgeclient.Resolution
	endpoint *webrtclink.Endpoint
	behave   func(i *intruder, l *webrtclink.Link, m wire.Message)
	links    webrtclink.Handler

	mu      sync.Mutex
	offers  map[[20]byte]*webrtclink.Link
	closed  []error // of links
	did     int     // what behave counts
	stopped context.CancelFunc
	wg      sync.WaitGroup
}

// intrude sends an intruder into the swarm of the channel. hello is what it says first, nil for nothing.
func (w *world) intrude(hello func(i *intruder, l *webrtclink.Link), behave func(*intruder, *webrtclink.Link, wire.Message)) *intruder {
	w.t.Helper()
	i := &intruder{t: w.t, behave: behave, offers: map[[20]byte]*webrtclink.Link{}}
	_, _ = rand.Read(i.id[8:]) // a low name: where both sides offer its offer is kept, so that no link which opens is given up
	var err error
	i.edge, err = edgeclient.New(edgeclient.Config{Server: "http://server.test", Dial: w.dial})
	require.NoError(w.t, err)
	i.res, err = i.edge.Resolve(w.t.Context(), channel)
	require.NoError(w.t, err)
	i.links = &intruderLinks{i, hello}
	i.endpoint, err = webrtclink.New(webrtclink.Config{Net: w.host(), Branched: w.branched})
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	i.stopped = cancel
	c, err := client.New(client.Config{URL: i.res.Tracker, InfoHash: i.res.InfoHash, PeerID: i.id, Handler: i, Dial: w.dial})
	require.NoError(w.t, err)
	i.wg.Go(func() { c.Run(ctx) })
	w.t.Cleanup(i.leave)
	return i
}

func (i *intruder) leave() {
	i.stopped()
	i.wg.Wait()
	require.NoError(i.t, i.endpoint.Close())
	i.edge.Close()
}

func (i *intruder) closes() []error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]error(nil), i.closed...)
}

func (i *intruder) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.did
}

func (i *intruder) did1() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.did++
}

func (i *intruder) SwarmSize(int) {}

func (i *intruder) Offers(ctx context.Context, n int) (offers []client.Offer) {
	for range n {
		l, sdp, err := i.endpoint.Offer(ctx, i.links)
		if err != nil {
			return offers
		}
		o := client.Offer{SDP: sdp}
		_, _ = rand.Read(o.ID[:])
		i.mu.Lock()
		i.offers[o.ID] = l
		i.mu.Unlock()
		offers = append(offers, o)
	}
	return offers
}

func (i *intruder) Offered(_, _ [20]byte, sdp string, reply func(string)) {
	if _, answer, err := i.endpoint.Answer(context.Background(), sdp, i.links); err == nil {
		reply(answer)
	}
}

func (i *intruder) Answered(_, offerID [20]byte, sdp string) {
	i.mu.Lock()
	l := i.offers[offerID]
	delete(i.offers, offerID)
	i.mu.Unlock()
	if l != nil {
		_ = l.Accept(sdp)
	}
}

type intruderLinks struct {
	*intruder
	hello func(*intruder, *webrtclink.Link)
}

func (h *intruderLinks) LinkOpened(l *webrtclink.Link) {
	if h.hello != nil {
		h.hello(h.intruder, l)
	}
}

func (h *intruderLinks) LinkMessage(l *webrtclink.Link, b []byte) {
	if m, err := wire.Parse(b); err == nil && h.behave != nil {
		h.behave(h.intruder, l, m)
	}
}
func (h *intruderLinks) LinkDrained(*webrtclink.Link, int) {}
func (h *intruderLinks) LinkClosed(_ *webrtclink.Link, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = append(h.closed, err)
}

func say(l *webrtclink.Link, m wire.Message) { _ = l.Send(wire.Append(nil, &m)) }

// claimAll says hello as a peer that holds whatever there is for the next minutes.
func claimAll(i *intruder, l *webrtclink.Link) {
	bits := make([]byte, 128)
	for k := range bits {
		bits[k] = 0xff
	}
	say(l, wire.Message{
		Kind: wire.Hello, Version: wire.Version, Track: i.res.Track, First: i.res.Live.Groups[0].Number, Bitmap: bits,
	})
}

// genuine fetches a slice from the server, nil if it does not exist.
func (i *intruder) genuine(n slice.Number) *slice.Slice {
	s, err := i.edge.Slice(context.Background(), i.res, n, 0, 0)
	if err != nil {
		return nil
	}
	return s
}

// intruded plays for 15 s beside an intruder, without a gap or stall, and returns the viewer's figures.
func intruded(t *testing.T, hello func(*intruder, *webrtclink.Link), behave func(*intruder, *webrtclink.Link, wire.Message)) (Stats, *intruder) {
	var s Stats
	var i *intruder
	simulated(t, func(t *testing.T, w *world) {
		i = w.intrude(hello, behave)
		v := w.open(nil)
		r := v.NewReader()
		watch(t, r, 20*fps)
		s = v.Stats()
		require.Zero(t, s.Stalls)
		require.Equal(t, 1, s.Tracks)
		require.NoError(t, v.Close())
	})
	t.Logf("%+v", s)
	return s, i
}

func TestAPeerThatSendsGarbageIsBarred(t *testing.T) {
	s, i := intruded(t, func(_ *intruder, l *webrtclink.Link) { _ = l.Send([]byte{byte(wire.Hello), 1, 2, 3}) }, nil)
	require.Equal(t, uint64(1), s.Barred)
	require.NotEmpty(t, i.closes())
	require.Equal(t, uint64(1), s.Links, "it is not let in again")
}

func TestAPeerThatSendsOversizedMessagesIsCutOff(t *testing.T) {
	s, i := intruded(t, func(_ *intruder, l *webrtclink.Link) { _ = l.Send(make([]byte, wire.MaxMessage+1)) }, nil)
	require.NotEmpty(t, i.closes())
	require.Equal(t, uint64(1), s.Links, "it is not let in again")
	require.Zero(t, s.PeerBytes)
}

func TestAPeerThatSendsWrongBytesIsBarred(t *testing.T) {
	s, i := intruded(t, claimAll, func(i *intruder, l *webrtclink.Link, m wire.Message) {
		if m.Kind != wire.Request {
			return
		}
		got := i.genuine(m.Number)
		if got == nil {
			return
		}
		say(l, wire.Message{Kind: wire.Proof, Sig: got.Proof.Signature, Bytes: got.Proof.Encoded})
		for off := 0; off < len(got.Payload); off += wire.MaxFragment {
			part := append([]byte(nil), got.Payload[off:min(len(got.Payload), off+wire.MaxFragment)]...)
			part[len(part)/2] ^= 1
			say(l, wire.Message{Kind: wire.Data, Number: m.Number, Offset: uint32(off), Bytes: part})
		}
		i.did1()
	})
	require.NotZero(t, i.count())
	require.Equal(t, uint64(1), s.Barred)
	require.NotZero(t, s.BadBytes)
	require.Zero(t, s.PeerBytes)
	require.Equal(t, uint64(1), s.Links, "it is not let in again")
}

func TestAPeerThatForgesProofsIsBarred(t *testing.T) {
	s, i := intruded(t, claimAll, func(i *intruder, l *webrtclink.Link, m wire.Message) {
		if m.Kind == wire.Request {
			if got := i.genuine(m.Number); got != nil {
				got.Proof.Signature[7] ^= 1
				say(l, wire.Message{Kind: wire.Proof, Sig: got.Proof.Signature, Bytes: got.Proof.Encoded})
				i.did1()
			}
		}
	})
	require.NotZero(t, i.count())
	require.Equal(t, uint64(1), s.Barred)
	require.Zero(t, s.PeerBytes)
}

func TestAPeerThatSaysNothingIsLetGo(t *testing.T) {
	s, i := intruded(t, nil, nil)
	require.NotEmpty(t, i.closes())
	require.Zero(t, s.Barred)
	require.Zero(t, s.PeerBytes)
}

func TestAPeerThatPromisesAndSendsNothingDoesNoHarm(t *testing.T) {
	s, i := intruded(t, claimAll, func(i *intruder, _ *webrtclink.Link, m wire.Message) {
		if m.Kind == wire.Request {
			i.did1()
		}
	})
	require.NotZero(t, i.count())
	require.NotZero(t, s.Timeouts)
	require.Zero(t, s.PeerBytes)
}

func TestAPeerThatGoesInTheMiddleOfASliceDoesNoHarm(t *testing.T) {
	s, i := intruded(t, claimAll, func(i *intruder, l *webrtclink.Link, m wire.Message) {
		if m.Kind != wire.Request || i.count() > 0 {
			return
		}
		got := i.genuine(m.Number)
		if got == nil {
			return
		}
		i.did1()
		say(l, wire.Message{Kind: wire.Proof, Sig: got.Proof.Signature, Bytes: got.Proof.Encoded})
		say(l, wire.Message{Kind: wire.Data, Number: m.Number, Bytes: got.Payload[:min(len(got.Payload)/2, wire.MaxFragment)]})
		go l.CloseFlushed(time.Second)
	})
	require.NotZero(t, i.count())
	require.NotZero(t, s.PeerBytes, "what it sent is of use: only the rest came from the server")
	require.Zero(t, s.DuplicateBytes)
	require.Zero(t, s.Barred)
}

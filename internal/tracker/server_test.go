package tracker_test

import (
	"context"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/tracker"
	"github.com/superp2p/superp2p/internal/tracker/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a tracker on loopback and returns its URL.
func start(t *testing.T, cfg tracker.Config) (*tracker.Server, string) {
	t.Helper()
	s := tracker.New(cfg)
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		h.Close()
	})
	return s, "ws" + strings.TrimPrefix(h.URL, "http") + "/announce"
}

// peer is a connection that a test drives by hand.
type peer struct {
	t    *testing.T
	conn *websocket.Conn
	raw  net.Conn // below conn; only where a test needs it
	id   message.ID
}

func connect(t *testing.T, url, id string) *peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, url, nil)
	require.NoError(t, err)
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &peer{t: t, conn: conn, id: id20(id)}
}

// id20 makes an identifier with bytes of every encoding in it.
func id20(name string) (id message.ID) {
	copy(id[:], "\x00\x1f\n\"\\\x7f\x80\xff")
	copy(id[8:], name)
	return id
}

func (p *peer) sendText(text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(p.t, p.conn.Write(ctx, websocket.MessageText, []byte(text)))
}

func (p *peer) announce(swarm string, change func(*message.Request), offers ...string) {
	p.t.Helper()
	r := message.Request{InfoHash: id20(swarm), PeerID: p.id, Left: 1, NumWant: -1}
	for _, o := range offers {
		r.Offers = append(r.Offers, message.Offer{ID: id20(o), SDP: message.AppendDescription(nil, "offer", "v=0\r\n"+o)})
	}
	if change != nil {
		change(&r)
	}
	p.sendText(string(message.AppendAnnounce(nil, &r)))
}

func (p *peer) answer(swarm string, to message.ID, offer string) {
	p.t.Helper()
	p.sendText(string(message.AppendAnnounce(nil, &message.Request{
		InfoHash: id20(swarm), PeerID: p.id, ToPeerID: to, OfferID: id20(offer),
		Answer: message.AppendDescription(nil, "answer", "v=0\r\nto "+offer),
	})))
}

func (p *peer) receive() message.Response {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	_, b, err := p.conn.Read(ctx)
	require.NoError(p.t, err)
	var r message.Response
	require.NoError(p.t, message.ParseResponse(b, &r))
	return r
}

// counts receives the answer to an announce.
func (p *peer) counts(complete, incomplete int) {
	p.t.Helper()
	r := p.receive()
	require.Empty(p.t, r.Failure)
	require.True(p.t, r.HasCounts, "%+v", r)
	require.Equal(p.t, []int{complete, incomplete}, []int{r.Complete, r.Incomplete})
}

func (p *peer) refused(reason string) {
	p.t.Helper()
	require.Contains(p.t, p.receive().Failure, reason)
}

func TestOffersAndAnswersAreRelayed(t *testing.T) {
	s, url := start(t, tracker.Config{})
	a, b := connect(t, url, "a"), connect(t, url, "b")
	a.announce("s", func(r *message.Request) { r.Event = message.Started }, "early")
	a.counts(0, 1)
	b.announce("s", func(r *message.Request) { r.Extra = []byte(`{"v":1}`) }, "one", "two")
	b.counts(0, 2)

	offer := a.receive()
	require.Equal(t, b.id, offer.PeerID)
	require.Equal(t, id20("one"), offer.OfferID)
	require.JSONEq(t, `{"type":"offer","sdp":"v=0\r\none"}`, string(offer.Offer))
	require.JSONEq(t, `{"v":1}`, string(offer.Extra))

	a.answer("s", b.id, "one")
	answer := b.receive()
	require.Equal(t, a.id, answer.PeerID)
	require.Equal(t, id20("one"), answer.OfferID)
	require.JSONEq(t, `{"type":"answer","sdp":"v=0\r\nto one"}`, string(answer.Answer))

	complete, incomplete := s.Swarm(id20("s"))
	require.Equal(t, []int{0, 2}, []int{complete, incomplete})
}

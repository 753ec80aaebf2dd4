package tracker_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/tracker"
	"github.com/superp2p/superp2p/internal/tracker/message"
)

func TestPeerIDIsNotTakenFromTheLiving(t *testing.T) {
	s, url := start(t, tracker.Config{})
	victim, thief, asker := connect(t, url, "victim"), connect(t, url, "victim"), connect(t, url, "asker")
	victim.announce("s", nil)
	victim.counts(0, 1)
	reading := make(chan message.Response, 1)
	go func() { reading <- victim.receive() }() // whose library answers the ping
	thief.announce("s", nil)
	thief.refused("in use by another connection")
	thief.announce("s", func(r *message.Request) { r.Event = message.Stopped })
	thief.counts(0, 1) // who does not hold a peer_id cannot stop it either

	asker.announce("s", nil, "one")
	asker.counts(0, 2)
	require.Equal(t, asker.id, (<-reading).PeerID, "the victim still gets offers")
	victim.answer("s", asker.id, "one")
	require.Equal(t, victim.id, asker.receive().PeerID)
	_, incomplete := s.Swarm(id20("s"))
	require.Equal(t, 2, incomplete)
}

func TestPeerIDComesBackFromTheDead(t *testing.T) {
	s, url := start(t, tracker.Config{ProbeTimeout: 50 * time.Millisecond})
	dead, alive := connect(t, url, "same"), connect(t, url, "same")
	dead.announce("s", nil)
	dead.counts(0, 1)
	// From here on nobody reads what is sent to dead, so that no pong comes: as after a change of network.
	alive.announce("s", nil)
	alive.counts(0, 1)
	require.Eventually(t, func() bool { return s.Status().Connections == 1 }, 10*time.Second, time.Millisecond)
	_, incomplete := s.Swarm(id20("s"))
	require.Equal(t, 1, incomplete, "the dead connection takes nothing with it")
}

func TestAnswersNeedAnOpenOffer(t *testing.T) {
	_, url := start(t, tracker.Config{})
	a, b, c := connect(t, url, "a"), connect(t, url, "b"), connect(t, url, "c")
	a.announce("s", nil)
	a.counts(0, 1)
	b.announce("s", nil, "one")
	b.counts(0, 2)
	require.NotNil(t, a.receive().Offer)
	c.announce("s", nil)
	c.counts(0, 3)

	c.answer("s", b.id, "one")
	c.refused("no such offer") // it was not offered to c
	c.id = a.id
	c.answer("s", b.id, "one")
	c.refused("no such offer") // nor does it become a by saying so
	a.answer("s", b.id, "two")
	a.refused("no such offer")
	a.answer("s", c.id, "one")
	a.refused("no such offer")
	a.answer("s", b.id, "one")
	require.NotNil(t, b.receive().Answer)
	a.answer("s", b.id, "one")
	a.refused("no such offer") // once only
	a.answer("other", b.id, "one")
	a.refused("no such offer")
}

func TestRefusals(t *testing.T) {
	s, url := start(t, tracker.Config{
		Allow:                  func(infoHash [20]byte) bool { return infoHash != id20("forbidden") },
		MaxSwarmsPerConnection: 2,
		MaxInvalid:             3,
		Broker:                 tracker.NewMemory(tracker.MemoryConfig{MaxSwarms: 2, MaxPeersPerSwarm: 1}),
	})
	a, b := connect(t, url, "a"), connect(t, url, "b")
	a.announce("forbidden", nil)
	a.refused("not served here")
	a.sendText(`{"action":"scrape"}`)
	a.refused("name the swarms")
	a.announce("s", nil)
	a.counts(0, 1)
	b.announce("s", nil)
	b.refused("as many peers as it may")
	a.announce("t", nil)
	a.counts(0, 1)
	a.announce("u", nil)
	a.refused("in as many swarms")
	b.announce("u", nil)
	b.refused("as many swarms")
	a.announce("t", func(r *message.Request) { r.Event = message.Stopped })
	a.counts(0, 0)
	b.announce("u", nil)
	b.counts(0, 1)
	require.EqualValues(t, 5, s.Status().Refused)

	for range 3 {
		b.sendText(`{"action":"announce","info_hash":"short"}`)
		b.refused("info_hash")
	}
	b.sendText("{")
	_, _, err := b.conn.Read(t.Context())
	require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err))
	require.Eventually(t, func() bool { return s.Status().Peers == 1 }, 10*time.Second, time.Millisecond)
}

func TestScrape(t *testing.T) {
	_, url := start(t, tracker.Config{})
	a := connect(t, url, "a")
	a.announce("s", func(r *message.Request) { r.Event = message.Completed })
	a.counts(1, 0)
	a.sendText(string(message.AppendScrape(nil, id20("s"), id20("unknown"))))
	require.Equal(t, []message.File{
		{InfoHash: id20("s"), Complete: 1, Downloaded: 1}, {InfoHash: id20("unknown")},
	}, a.receive().Files)
}

func TestBrokenFramesCloseTheConnection(t *testing.T) {
	s, url := start(t, tracker.Config{})
	for name, frame := range map[string]string{
		"unmasked":             "\x81\x02{}",
		"reserved bit":         "\xc1\x80\x00\x00\x00\x00",
		"reserved opcode":      "\x83\x80\x00\x00\x00\x00",
		"long ping":            "\x89\xfe\x00\x7e\x00\x00\x00\x00",
		"ping in fragments":    "\x09\x80\x00\x00\x00\x00",
		"nothing to continue":  "\x80\x80\x00\x00\x00\x00",
		"message in a message": "\x01\x80\x00\x00\x00\x00\x81\x80\x00\x00\x00\x00",
		"too large":            "\x81\xff\x00\x00\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00",
		"absurdly large":       "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
		"close":                "\x88\x82\x00\x00\x00\x00\x03\xe8",
	} {
		conn := dialRaw(t, url)
		_, err := io.WriteString(conn, frame)
		require.NoError(t, err)
		rest, err := io.ReadAll(conn) // until the tracker closes
		require.NoError(t, err, name)
		require.Equal(t, byte(0x88), rest[0], "%s: a close frame comes first", name)
	}
	require.Eventually(t, func() bool { return s.Status().Connections == 0 }, 10*time.Second, time.Millisecond)
	require.EqualValues(t, 9, s.Status().Broken)
}

// dialRaw makes a handshake by hand and returns the connection behind it.
func dialRaw(t *testing.T, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/announce"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, "GET /announce HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	require.NoError(t, err)
	answer := make([]byte, 0, 256)
	for b := make([]byte, 1); !strings.HasSuffix(string(answer), "\r\n\r\n"); answer = append(answer, b...) {
		_, err = io.ReadFull(conn, b)
		require.NoError(t, err)
	}
	require.Contains(t, string(answer), "101 Switching Protocols")
	return conn
}

func TestFragmentsAndSmallWrites(t *testing.T) {
	_, url := start(t, tracker.Config{})
	conn := dialRaw(t, url)
	text := string(message.AppendScrape(nil, id20("s")))
	half := len(text) / 2
	frames := "\x01" + string([]byte{0x80 | byte(half)}) + "\x00\x00\x00\x00" + text[:half] +
		"\x89\x81\x00\x00\x00\x00p" + // a ping between fragments is allowed
		"\x80" + string([]byte{0x80 | byte(len(text)-half)}) + "\x00\x00\x00\x00" + text[half:]
	for i := range len(frames) {
		_, err := io.WriteString(conn, frames[i:i+1])
		require.NoError(t, err)
	}
	got := make([]byte, 3)
	_, err := io.ReadFull(conn, got)
	require.NoError(t, err)
	require.Equal(t, "\x8a\x01p", string(got))
	_, err = io.ReadFull(conn, got[:2])
	require.NoError(t, err)
	files := make([]byte, got[1])
	_, err = io.ReadFull(conn, files)
	require.NoError(t, err)
	require.Contains(t, string(files), `"files"`)
}

func TestLargestMessage(t *testing.T) {
	_, url := start(t, tracker.Config{})
	a := connect(t, url, "a")
	b := connect(t, url, "b")
	a.announce("s", nil)
	a.counts(0, 1)
	r := message.Request{InfoHash: id20("s"), PeerID: b.id, Left: 1, Offers: []message.Offer{{ID: id20("o")}}}
	room := message.MaxSize - len(message.AppendAnnounce(nil, &r)) - len(`{"sdp":""}`)
	r.Offers[0].SDP = []byte(`{"sdp":"` + strings.Repeat("x", room) + `"}`)
	text := string(message.AppendAnnounce(nil, &r))
	require.Len(t, text, message.MaxSize)
	b.sendText(text)
	b.counts(0, 2)
	require.Equal(t, r.Offers[0].SDP, a.receive().Offer)
}

// A peer that does not read is dropped, and the others notice nothing.
func TestSlowReaderIsDropped(t *testing.T) {
	s, url := start(t, tracker.Config{
		Rate: -1, MaxQueue: 64 << 10,
		Broker: tracker.NewMemory(tracker.MemoryConfig{MeetAgain: time.Nanosecond}),
	})
	slow, fast := connect(t, url, "slow"), connect(t, url, "fast")
	slow.announce("s", nil)
	slow.counts(0, 1)
	sdp := strings.Repeat("x", 16<<10)
	for n := 0; s.Status().Slow == 0; n++ {
		require.Less(t, n, 10_000, "the slow reader is never dropped")
		fast.announce("s", nil, sdp)
		require.True(t, fast.receive().HasCounts)
	}
	require.Eventually(t, func() bool { return s.Status().Peers == 1 }, 10*time.Second, time.Millisecond)
}

func TestWhatIsNoWebSocket(t *testing.T) {
	s, url := start(t, tracker.Config{MaxConnections: 1})
	page := "http" + strings.TrimPrefix(url, "ws")
	answer, err := http.Get(page) //nolint:gosec // our own server
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusUpgradeRequired, answer.StatusCode)
	require.JSONEq(t, `{"error":{"code":"request_invalid",
		"message":"this is a WebTorrent tracker: connect to it by WebSocket (ws:// or wss://)"}}`, string(body))

	connect(t, url, "first")
	_, full, err := websocket.Dial(t.Context(), url, nil)
	require.Error(t, err)
	require.Equal(t, http.StatusServiceUnavailable, full.StatusCode)
	require.NoError(t, s.Close())
	_, closed, err := websocket.Dial(t.Context(), url, nil)
	require.Error(t, err)
	require.Equal(t, http.StatusServiceUnavailable, closed.StatusCode)
	http.DefaultClient.CloseIdleConnections()
}

func TestCloseTellsThePeers(t *testing.T) {
	s, url := start(t, tracker.Config{})
	a := connect(t, url, "a")
	a.announce("s", nil)
	a.counts(0, 1)
	require.NoError(t, s.Close())
	_, _, err := a.conn.Read(context.Background())
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
	require.Zero(t, s.Status().Connections)
	require.Zero(t, s.Status().Peers)
	require.NoError(t, s.Close(), "closing again is nothing")
}

package stun

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	from4 = netip.MustParseAddrPort("203.0.113.7:4242")
	from6 = netip.MustParseAddrPort("[2001:db8::7]:4242")
)

func request(t testing.TB, setters ...stun.Setter) []byte {
	t.Helper()
	m, err := stun.Build(append([]stun.Setter{stun.TransactionID, stun.BindingRequest}, setters...)...)
	require.NoError(t, err)
	return m.Raw
}

func TestClientLearnsItsAddress(t *testing.T) {
	for _, network := range []string{"127.0.0.1", "::1"} {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(network)})
		if err != nil && network == "::1" {
			t.Log("this machine has no IPv6 loopback")
			continue
		}
		require.NoError(t, err)
		s := New(Config{})
		done := make(chan error)
		go func() { done <- s.Serve(conn) }()

		client, err := net.Dial("udp", conn.LocalAddr().String())
		require.NoError(t, err)
		c, err := stun.NewClient(client) // the client of a library, over real sockets
		require.NoError(t, err)
		m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
		require.NoError(t, err)
		var got stun.XORMappedAddress
		require.NoError(t, c.Do(m, func(e stun.Event) {
			require.NoError(t, e.Error)
			require.NoError(t, got.GetFrom(e.Message))
			require.NoError(t, stun.Fingerprint.Check(e.Message))
		}))
		require.Equal(t, client.LocalAddr().String(), got.String())
		require.NoError(t, c.Close())
		require.NoError(t, s.Close())
		require.NoError(t, <-done)
		require.Equal(t, Status{Answered: 1}, s.Status())
		require.NoError(t, s.Serve(conn), "a closed server serves nobody")
	}
}

func TestAnswersAreShort(t *testing.T) {
	r := newResponder()
	require.Len(t, r.respond(request(t), from4), 32)
	require.Len(t, r.respond(request(t), from6), 44)
	require.Len(t, r.respond(request(t, stun.Fingerprint), from4), 40)
	require.Len(t, r.respond(request(t, stun.NewSoftware("a long name of a client that says a lot")), from4), 32)
}

func TestUnknownAttributesAreNamed(t *testing.T) {
	answer := newResponder().respond(request(t, stun.RawAttribute{Type: 0x0042, Value: make([]byte, 100)}), from4)
	m := &stun.Message{Raw: answer}
	require.NoError(t, m.Decode())
	require.Equal(t, stun.BindingError, m.Type)
	var unknown stun.UnknownAttributes
	require.NoError(t, unknown.GetFrom(m))
	require.Equal(t, stun.UnknownAttributes{0x0042}, unknown)
}

func TestWhatIsNoRequestGetsNoAnswer(t *testing.T) {
	good := request(t, stun.Fingerprint)
	broken := append([]byte(nil), good...)
	broken[len(broken)-1] ^= 1
	classic := append([]byte(nil), request(t)...)
	classic[4] ^= 1 // RFC 3489 had no magic cookie
	success, err := stun.Build(stun.TransactionID, stun.BindingSuccess)
	require.NoError(t, err)
	indication, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication))
	require.NoError(t, err)
	allocate, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest))
	require.NoError(t, err)
	for name, datagram := range map[string][]byte{
		"empty": nil, "text": []byte("GET / HTTP/1.1\r\n\r\n here"), "bad fingerprint": broken, "no cookie": classic,
		"answer": success.Raw, "indication": indication.Raw, "TURN": allocate.Raw,
		"cut off": good[:len(good)-4], "bytes behind": append(append([]byte(nil), good...), 0, 0, 0, 0),
	} {
		require.Nil(t, newResponder().respond(datagram, from4), name)
	}
}

func TestSourcesAreLimited(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLimiter(10, 5)
	allowed := func(addr string) int {
		n := 0
		for range 20 {
			if l.allow(netip.MustParseAddr(addr), now) {
				n++
			}
		}
		return n
	}
	require.Equal(t, 5, allowed("203.0.113.7"))
	require.Zero(t, allowed("::ffff:203.0.113.7"), "the same address")
	require.Equal(t, 5, allowed("2001:db8::1"))
	require.Zero(t, allowed("2001:db8::2"), "the same network")
	now = now.Add(200 * time.Millisecond)
	require.Equal(t, 2, allowed("203.0.113.7"))
	now = now.Add(time.Hour)
	require.Equal(t, 5, allowed("203.0.113.7"))
}

func FuzzRespond(f *testing.F) {
	f.Add(request(f), true)
	f.Add(request(f, stun.Fingerprint, stun.RawAttribute{Type: 0x0042, Value: []byte("x")}), false)
	f.Add([]byte{}, true)
	r := newResponder()
	f.Fuzz(func(t *testing.T, datagram []byte, v4 bool) {
		from := from6
		if v4 {
			from = from4
		}
		answer := r.respond(datagram, from)
		if answer == nil {
			return
		}
		require.GreaterOrEqual(t, len(datagram), 20)
		require.LessOrEqual(t, len(answer), len(datagram)+24)
		m := &stun.Message{Raw: append([]byte(nil), answer...)}
		require.NoError(t, m.Decode())
		require.Equal(t, datagram[8:20], answer[8:20], "the transaction of the question")
	})
}

package flashtest

import (
	"io"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// relay hands connections on to an address.
type relay struct {
	net.Listener
	to string

	mu    sync.Mutex
	all   sync.WaitGroup
	conns []net.Conn
	over  bool
}

func openRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{Listener: l, to: to}
	r.all.Go(r.serve)
	t.Cleanup(func() { r.reset(); r.all.Wait() })
	return r
}

func (r *relay) url() string { return "http://" + r.Addr().String() }

func (r *relay) serve() {
	for {
		in, err := r.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", r.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		r.mu.Lock()
		r.conns = append(r.conns, in, out)
		over := r.over
		r.mu.Unlock()
		if over {
			r.cut()
		}
		for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
			r.all.Go(func() {
				_, _ = io.Copy(way[1], way[0])
				_ = way[1].Close()
			})
		}
	}
}

// reset breaks all connections off, as a network does that is gone, and takes no more.
func (r *relay) reset() {
	_ = r.Close()
	r.cut()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
}

// cut breaks all connections off.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	r.conns = nil
}

// resets has a page with superp2p-ruffle.js play by a relay. Without that script Ruffle hangs when a connection is reset.
func resets(t *testing.T, then func(t *testing.T, p *page, way *relay)) {
	b := openBrowser(t)
	cdn := openCDN(t)
	for _, by := range []string{"proxy", "server"} {
		t.Run(by, func(t *testing.T) {
			origin, _ := openFLV(t)
			from, home := serve(t), serve(t)
			way := openRelay(t, from.Server.Addr())
			config := `{"proxy":"off","server":` + strconv.Quote(way.url()) + `}`
			if by == "proxy" {
				way = openRelay(t, openProxy(t, from.ServerURL()).Listener.Addr().String())
				config = `{"proxy":` + strconv.Quote(way.url()) + `}`
			}
			p := b.watch(t, vars{"sdk": home.ServerURL() + "/sdk/superp2p.swf", "url": origin, "config": config, "cdn": cdn,
				"guard": home.ServerURL() + "/sdk/superp2p-ruffle.js"})
			p.see("s.time > 2 && s.stat.route === '" + by + "'")
			require.Empty(t, errorsOf(p.told()))
			then(t, p, way)
		})
	}
}

func TestANetworkThatIsGoneIsOneFailure(t *testing.T) {
	resets(t, func(t *testing.T, p *page, way *relay) {
		way.reset()
		p.see("s.told.includes('Play.Failed')")
		p.number("shown.clear(); loudest = 0")
		p.see("shown.size > 5 && loudest > 0.01")
		require.Equal(t, []string{"Play.Failed"}, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
	})
}

// TestAConnectionThatIsCutIsOpenedAnew breaks connections off now and then, and then as soon as they are there.
func TestAConnectionThatIsCutIsOpenedAnew(t *testing.T) {
	resets(t, func(t *testing.T, p *page, way *relay) {
		p.act("forget", "0")
		uri := "look().info.uri"
		for range 2 {
			p.number("window.cut = " + uri + "; 0")
			way.cut()
			p.see("s.info.uri !== cut")
			p.number("shown.clear(); loudest = 0; window.from = look().time; 0")
			p.see("s.time > from + 6 && shown.size > 5 && loudest > 0.01")
		}
		require.Empty(t, withoutStalls(p.told()), p.text("JSON.stringify(lines)"))

		for range 4 {
			p.number("window.cut = " + uri + "; 0")
			way.cut()
			p.see("s.info.uri !== cut || s.told.includes('Play.Failed')")
		}
		p.see("s.told.includes('Play.Failed')")
		require.Equal(t, []string{"Play.Failed"}, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
	})
}

package stun

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Config bounds a Server. The zero value is usable.
type Config struct {
	// Rate is how many answers a second one source (an IPv4 address, an IPv6 /64) gets. If zero, 100. Many viewers
	// may sit behind one address.
	Rate float64
	// Burst is how many answers one source gets at once. If zero, 200.
	Burst float64
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
	// Logger receives what happens. If nil, nothing is logged.
	Logger *slog.Logger
}

// Conn is a UDP socket; *net.UDPConn is one.
type Conn interface {
	ReadFromUDPAddrPort(b []byte) (n int, addr netip.AddrPort, err error)
	WriteToUDPAddrPort(b []byte, addr netip.AddrPort) (int, error)
	Close() error
}

// Server answers Binding requests.
type Server struct {
	cfg      Config
	limit    *limiter
	answered atomic.Uint64
	ignored  atomic.Uint64
	limited  atomic.Uint64

	mu     sync.Mutex
	conns  map[Conn]struct{}
	closed bool
	loops  sync.WaitGroup
}

// Status is what a Server has done since it was made.
type Status struct {
	Answered uint64 `json:"answered"`
	Ignored  uint64 `json:"ignored"` // no Binding request
	Limited  uint64 `json:"limited"` // not answered because the source asked too often
}

// New returns a Server; Serve puts it to work.
func New(cfg Config) *Server {
	if cfg.Rate <= 0 {
		cfg.Rate = 100
	}
	if cfg.Burst <= 0 {
		cfg.Burst = 200
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{cfg: cfg, limit: newLimiter(cfg.Rate, cfg.Burst), conns: make(map[Conn]struct{})}
}

// maxRequest is more than any Binding request needs; the rest of a longer datagram is cut off, which makes it invalid.
const maxRequest = 1500

// Serve answers on conn until Close, or until conn fails, and closes conn. It returns nil if Close ended it.
func (s *Server) Serve(conn Conn) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		_ = conn.Close()
		return nil
	}
	s.conns[conn] = struct{}{}
	s.loops.Add(1)
	s.mu.Unlock()
	defer s.loops.Done()
	defer func() {
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
		_ = conn.Close()
	}()

	r := newResponder()
	buf := make([]byte, maxRequest)
	for failures := 0; ; {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			// Windows reports here that an earlier answer reached nobody.
			if failures++; errors.Is(err, net.ErrClosed) || failures > 100 {
				return s.ended(err)
			}
			continue
		}
		failures = 0
		answer := r.respond(buf[:n], from)
		switch {
		case answer == nil:
			s.ignored.Add(1)
		case !s.limit.allow(from.Addr(), s.cfg.Now()):
			s.limited.Add(1)
		default:
			s.answered.Add(1)
			if _, err := conn.WriteToUDPAddrPort(answer, from); err != nil {
				s.cfg.Logger.Debug("STUN answer not sent", "to", from, "err", err)
			}
		}
	}
}

// ended hides the error that Close causes.
func (s *Server) ended(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	return err
}

// Status returns the counts for a status page.
func (s *Server) Status() Status {
	return Status{Answered: s.answered.Load(), Ignored: s.ignored.Load(), Limited: s.limited.Load()}
}

// Close closes the sockets and returns when every Serve is about to.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.loops.Wait()
	return nil
}

package tracker

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"github.com/superp2p/superp2p/internal/fault"
)

// Server is the tracker: an http.Handler whose connections live until the peer or Close ends them.
type Server struct {
	cfg      Config
	counters [16]counters // by connection, so that cores do not fight for one
	serial   atomic.Uint32
	buffers  bufferPool
	stop     chan struct{}
	sweeper  sync.WaitGroup
	readers  sync.WaitGroup
	writers  sync.WaitGroup

	mu     sync.Mutex
	conns  map[*conn]struct{}
	open   int // conns and those in their handshake
	closed bool
}

type counters struct {
	received, sent, announces, offers, answers, refused, slow, idle, broken atomic.Uint64

	_ [56]byte // to the end of a cache line
}

// Status is what the tracker holds and has done since it started.
type Status struct {
	Connections int    `json:"connections"`
	Swarms      int    `json:"swarms"`
	Peers       int    `json:"peers"`
	Received    uint64 `json:"received"`  // messages
	Sent        uint64 `json:"sent"`      // messages: answers to announces, relayed offers and answers, failures
	Announces   uint64 `json:"announces"` // accepted
	Offers      uint64 `json:"offers"`    // relayed
	Answers     uint64 `json:"answers"`   // relayed
	Refused     uint64 `json:"refused"`   // messages that got a failure reason
	Slow        uint64 `json:"slow"`      // connections dropped because they did not read
	Idle        uint64 `json:"idle"`      // connections dropped because nothing came from them
	Broken      uint64 `json:"broken"`    // connections dropped because they broke the protocol
}

// New returns a running tracker. Close ends it.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg.withDefaults(), stop: make(chan struct{}), conns: make(map[*conn]struct{})}
	s.sweeper.Go(s.sweep)
	return s
}

// ServeHTTP upgrades the request to a WebSocket and returns; the connection lives on.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		refuse(w, http.StatusUpgradeRequired, fault.RequestInvalid,
			"this is a WebTorrent tracker: connect to it by WebSocket (ws:// or wss://)")
		return
	}
	if !s.reserve() {
		w.Header().Set("Retry-After", "60")
		refuse(w, http.StatusServiceUnavailable, fault.LimitReached,
			"the tracker holds as many connections as it may: try again in a minute")
		return
	}
	netConn, rw, _, err := ws.HTTPUpgrader{Timeout: s.cfg.WriteTimeout}.Upgrade(r, w)
	if err != nil {
		if netConn != nil {
			_ = netConn.Close()
		}
		s.release()
		return
	}
	now := s.cfg.Now()
	c := &conn{
		server: s, net: netConn, done: make(chan struct{}), serial: s.serial.Add(1),
		tokens: s.cfg.Burst, filled: now,
	}
	if addr, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.addr = addr.Addr()
	}
	c.heard.Store(now.UnixNano())
	early, _ := rw.Reader.Peek(min(rw.Reader.Buffered(), idleBuffer))

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = netConn.Close()
		s.open--
		return
	}
	s.conns[c] = struct{}{}
	s.readers.Go(func() { c.read(early) })
}

func refuse(w http.ResponseWriter, status int, code fault.Code, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": string(code), "message": text}})
}

// reserve counts a connection before its handshake, so that many at once cannot exceed the limit.
func (s *Server) reserve() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.open >= s.cfg.MaxConnections {
		return false
	}
	s.open++
	return true
}

func (s *Server) release() {
	s.mu.Lock()
	s.open--
	s.mu.Unlock()
}

func (s *Server) gone(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.open--
	s.mu.Unlock()
}

func (s *Server) count(c *conn) *counters { return &s.counters[c.serial%uint32(len(s.counters))] }

// sweep pings and drops silent connections and drops those whose write hangs.
func (s *Server) sweep() {
	every := min(s.cfg.PingInterval, s.cfg.IdleTimeout, s.cfg.WriteTimeout) / 4
	ticker := time.NewTicker(max(every, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
		}
		now := s.cfg.Now().UnixNano()
		for _, c := range s.snapshot() {
			silent := time.Duration(now - c.heard.Load())
			writing := c.writing.Load()
			switch {
			case writing != 0 && time.Duration(now-writing) > s.cfg.WriteTimeout:
				s.count(c).slow.Add(1)
				c.close()
			case silent > s.cfg.IdleTimeout:
				s.count(c).idle.Add(1)
				c.close()
			case silent > s.cfg.PingInterval && !c.pinged.Load():
				c.ping()
			}
		}
	}
}

func (s *Server) snapshot() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		list = append(list, c)
	}
	return list
}

// Swarm returns how many peers of a swarm lack nothing, and how many lack something. Viewers of a live stream are
// incomplete.
func (s *Server) Swarm(infoHash [20]byte) (complete, incomplete int) {
	n := s.cfg.Broker.Swarm(infoHash)
	return n.Complete, n.Incomplete
}

// Status returns the counts for a status page.
func (s *Server) Status() Status {
	t := Status{}
	for i := range s.counters {
		c := &s.counters[i]
		t.Received += c.received.Load()
		t.Sent += c.sent.Load()
		t.Announces += c.announces.Load()
		t.Offers += c.offers.Load()
		t.Answers += c.answers.Load()
		t.Refused += c.refused.Load()
		t.Slow += c.slow.Load()
		t.Idle += c.idle.Load()
		t.Broken += c.broken.Load()
	}
	s.mu.Lock()
	t.Connections = len(s.conns)
	s.mu.Unlock()
	t.Swarms, t.Peers = s.cfg.Broker.Totals()
	return t
}

// Close ends all connections, with status 1001, and returns when no goroutine is left. New ones are refused.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.stop)
	s.sweeper.Wait()
	for _, c := range s.snapshot() {
		_ = c.net.SetWriteDeadline(time.Now().Add(time.Second))
		s.readers.Go(func() { c.goodbye(errGoingAway) })
	}
	s.readers.Wait()
	s.writers.Wait()
	return nil
}

package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/edge"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/tracker"
)

const (
	// drain is how long Close waits for answers that are being written.
	drain = 3 * time.Second
	// maxHeader bounds the header of a request, in bytes; a URL may take 4 KiB three times escaped.
	maxHeader = 32 << 10
)

// Config says what to serve. Start with config.Default for the operator's part.
type Config struct {
	config.Config
	// Logger receives what happens. If nil, nothing is logged.
	Logger *slog.Logger
	// Version is shown by the status. If empty, "(devel)".
	Version string
	// Handlers are added to the HTTP port by their http.ServeMux patterns. If nil, none.
	Handlers map[string]http.Handler
}

// Server is one node. Make it with New.
type Server struct {
	config  Config
	log     *slog.Logger
	tls     *tls.Config
	edge    *edge.Edge
	tracker *tracker.Server
	http    *http.Server
	tasks   sync.WaitGroup
	failed  chan error

	mu       sync.Mutex
	closed   bool
	httpAddr net.Addr
	closers  []func() error // of the RTMP and STUN ports
	rtmpAddr net.Addr
	stunAddr net.Addr
}

// announceEvery is how often viewers announce. With each answer they learn how many they are, and so what share of
// first copies is theirs: who came when few were there would take too many for long.
const announceEvery = 30 * time.Second

// New checks the configuration. The ports are opened by Start. What New returns must be closed even if it is not
// started.
//
// Errors: fault.ConfigInvalid.
func New(c Config) (*Server, error) {
	s := &Server{config: c, log: c.Logger, failed: make(chan error, 1)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fault.Wrap(fault.ConfigInvalid, "tls_cert and tls_key cannot be used", err)
		}
		s.tls = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
			NextProtos: []string{"h2", "http/1.1"}}
	}
	key, err := signer(c.SigningKey)
	if err != nil {
		return nil, err
	}
	channels := map[string]edge.Channel{}
	for id, channel := range c.Channels {
		channels[id] = edge.Channel{Source: channel.Source, PublishKey: channel.PublishKey}
	}
	s.edge, err = edge.New(edge.Config{
		Channels: channels, Origins: c.Origins, PublishKey: c.PublishKey, PerViewerKeys: c.PerViewer, Signer: key,
		Window: c.Window, Linger: c.Linger, StartTimeout: c.StartTimeout, IdleTimeout: c.IdleTimeout, GiveUp: c.GiveUp,
		MaxStreams: c.Limits.Streams, MaxWaiting: c.Limits.Waiting, MaxReaders: c.Limits.Readers,
		MaxStreamBytes: int64(c.Limits.StreamBytes),
		Swarm: func(hash [20]byte) int {
			complete, incomplete := s.tracker.Swarm(hash)
			return complete + incomplete
		},
		RTMPPort: func() string {
			_, port, _ := net.SplitHostPort(s.RTMPAddr())
			return port
		},
		STUN: s.stunURLs, Version: c.Version, Logger: s.log,
	})
	if err != nil {
		return nil, err
	}
	s.tracker = tracker.New(tracker.Config{Logger: s.log, Interval: announceEvery})
	s.http = &http.Server{
		Handler: s.routes(), TLSConfig: s.tls, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		// Long answers move their own deadline; there is no ReadTimeout because it would end them.
		WriteTimeout: time.Minute,
		ErrorLog:     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Start opens the ports and serves until Close; ctx bounds only the opening. After an error the Server is closed.
func (s *Server) Start(ctx context.Context) error {
	if err := s.start(ctx); err != nil {
		_ = s.Close()
		return err
	}
	return nil
}

func (s *Server) start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.httpAddr != nil {
		return fault.New(fault.Closed, "the server was started or closed before; make a new one")
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", s.config.HTTP)
	if err != nil {
		return fault.Wrap(fault.ConfigInvalid, "the HTTP port cannot be opened; choose another with http", err)
	}
	s.httpAddr = listener.Addr()
	listener = netutil.LimitListener(listener, max(s.config.Limits.Connections, 1))
	if err := s.listenRTMP(ctx, &listen); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := s.listenSTUN(); err != nil {
		return errors.Join(err, listener.Close())
	}
	s.tasks.Go(func() {
		var err error
		if s.tls != nil {
			err = s.http.ServeTLS(listener, "", "")
		} else {
			err = s.http.Serve(listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.fail(err)
		}
	})
	return nil
}

// fail reports that a port stopped serving by itself.
func (s *Server) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// Failed gives the reason if a port stops serving by itself.
func (s *Server) Failed() <-chan error { return s.failed }

// Edge returns the edge, for who wants to publish into it or to look at it.
func (s *Server) Edge() *edge.Edge { return s.edge }

// Addr returns the real address of the HTTP port, "" before Start.
func (s *Server) Addr() string { return s.addr(&s.httpAddr) }

// RTMPAddr returns the real address of the RTMP port, "" if there is none.
func (s *Server) RTMPAddr() string { return s.addr(&s.rtmpAddr) }

// STUNAddr returns the real address of the STUN port, "" if there is none.
func (s *Server) STUNAddr() string { return s.addr(&s.stunAddr) }

func (s *Server) addr(a *net.Addr) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *a == nil {
		return ""
	}
	return (*a).String()
}

// URL returns the base URL by which this machine reaches the HTTP port, without a final slash; "" before Start.
func (s *Server) URL() string {
	addr := Reachable(s.Addr())
	switch {
	case addr == "":
		return ""
	case s.tls != nil:
		return "https://" + addr
	default:
		return "http://" + addr
	}
}

// Reachable turns the address of a listener into one that can be connected to on this machine.
func Reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Close answers who waits, ends all streams and connections and returns when no goroutine is left.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	closers := s.closers
	s.mu.Unlock()
	var errs []error
	for _, c := range closers {
		errs = append(errs, c())
	}
	errs = append(errs, s.edge.Close(), s.tracker.Close())
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		errs = append(errs, s.http.Close())
	}
	s.tasks.Wait()
	return errors.Join(errs...)
}

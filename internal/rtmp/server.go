package rtmp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// Request is what a client asks for: to publish or to play a stream.
type Request struct {
	App    string     // the application, without query
	Name   string     // the stream's name, without query
	Query  url.Values // the queries of both
	Remote net.Addr
	Agent  string // what the client calls itself
}

// Publication takes what one publisher sends. Its methods are called by one goroutine.
type Publication interface {
	// WriteTag takes the next tag, whose body is its own. An error ends the publisher.
	WriteTag(flv.Tag) error
	// Close tells that the publisher is gone: nil if it said so, else why. It is called once.
	Close(error)
}

// Playback gives what one player gets; a timeline.Reader is one.
type Playback interface {
	ReadTag() (flv.Tag, error)
	Close() error // unblocks ReadTag
}

// Server accepts publishers and players. Set the fields before Serve; they must not change after.
type Server struct {
	// OnPublish decides whether a client may publish. Refuse with a *fault.Error: its StreamBusy becomes
	// NetStream.Publish.BadName, any other NetStream.Publish.Denied. Two publishers of one name never get here at the
	// same time. The context ends with the connection. If nil, nobody may publish.
	OnPublish func(context.Context, Request) (Publication, error)
	// OnPlay decides whether a client may play. A *fault.Error becomes NetStream.Play.StreamNotFound. If nil, nobody may
	// play.
	OnPlay func(context.Context, Request) (Playback, error)
	// Logger gets a line for each publisher. If nil, nothing is logged.
	Logger *slog.Logger
	// MaxConnections is how many clients are served at the same time; others are closed at once. If zero, 256.
	MaxConnections int
	// StartTimeout is how long a client may take until it publishes or plays. If zero, 10 s.
	StartTimeout time.Duration
	// IdleTimeout is how long a publisher may be silent. If zero, 30 s.
	IdleTimeout time.Duration
	// Limits bound the messages. If zero, the defaults of package flv.
	Limits flv.Limits

	once    sync.Once
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]bool
	count     int
	names     map[string]bool // what is being published: app/name
}

func (s *Server) init() {
	s.once.Do(func() {
		s.ctx, s.cancel = context.WithCancel(context.Background())
		s.listeners, s.names = map[net.Listener]bool{}, map[string]bool{}
		if s.Logger == nil {
			s.Logger = slog.New(slog.DiscardHandler)
		}
		if s.MaxConnections == 0 {
			s.MaxConnections = 256
		}
		if s.StartTimeout == 0 {
			s.StartTimeout = 10 * time.Second
		}
		if s.IdleTimeout == 0 {
			s.IdleTimeout = 30 * time.Second
		}
	})
}

// Serve accepts connections of l until Close, then returns nil; or until l fails. It closes l. For rtmps give it the
// listener of crypto/tls.
func (s *Server) Serve(l net.Listener) error {
	s.init()
	defer func() { _ = l.Close() }()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.listeners[l] = true
	s.mu.Unlock()
	for {
		nc, err := l.Accept()
		if err != nil {
			if s.ctx.Err() != nil {
				return nil
			}
			if retry(s.ctx, err) {
				continue
			}
			return err
		}
		if !s.admit() {
			s.Logger.Warn("RTMP connection refused: too many", "limit", s.MaxConnections)
			_ = nc.Close()
			continue
		}
		go func() {
			defer s.leave()
			s.serve(nc)
		}()
	}
}

// retry waits a moment after an error that passes, such as too many open files.
func retry(ctx context.Context, err error) bool {
	var t interface{ Temporary() bool }
	if !errors.As(err, &t) || !t.Temporary() {
		return false
	}
	select {
	case <-ctx.Done():
	case <-time.After(50 * time.Millisecond):
	}
	return true
}

func (s *Server) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.count >= s.MaxConnections {
		return false
	}
	s.count++
	s.running.Add(1)
	return true
}

func (s *Server) leave() {
	s.mu.Lock()
	s.count--
	s.mu.Unlock()
	s.running.Done()
}

// Close closes listeners and connections, and waits until nothing of the server runs any more.
func (s *Server) Close() error {
	s.init()
	s.cancel()
	s.mu.Lock()
	s.closed = true
	for l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// claim takes a name for a publisher.
func (s *Server) claim(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names[key] {
		return fault.New(fault.StreamBusy, "somebody else publishes under that name; choose another or stop the other")
	}
	s.names[key] = true
	return nil
}

func (s *Server) release(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.names, key)
}

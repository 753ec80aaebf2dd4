package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/viewing"
)

// Config is what a Proxy is made of.
type Config struct {
	// Media is how streams are opened: server, limits and the rest. Without a Node they share one of the Proxy's own. With Unpaced
	// files too come as fast as they can, as HLS does in any case.
	Media superp2p.Config
	// Delay is how far behind live streams are played whose address does not say. If zero, as superp2p.PlayConfig.Delay says.
	Delay time.Duration
	// Linger is how long a stream without players is kept, so that a player that reconnects finds it running. HLS streams are
	// kept 5 s and three segments' longest duration after the last request at least. If zero, 5 s.
	Linger time.Duration
	// MaxStreams is how many streams are open at the same time. If zero, 16.
	MaxStreams int
	// MaxPlayers is how many players are served at the same time. If zero, 64.
	MaxPlayers int
	// WriteTimeout is how long a player may take nothing before it is cut off. If zero, 60 s.
	WriteTimeout time.Duration
	// AllowHosts names by which the proxy may be called, beside addresses and localhost. If empty, none.
	AllowHosts []string
	// TrustedOrigins are the sites (scheme://host[:port]) whose pages may use /feature and see all of /stat. If empty,
	// none; every page may play, and ask /stat for a stream that it can name.
	TrustedOrigins []string
	// Redirect answers a player with the address of the stream itself (302) when P2P cannot start, instead of an error,
	// where the player can open that address: http and https.
	Redirect bool
	// Logger gets what happens. If nil, nothing is logged.
	Logger *slog.Logger
}

// Proxy is the local proxy. Make one with New, end it with Close.
type Proxy struct {
	cfg Config
	log *slog.Logger

	mu       sync.Mutex
	closed   bool
	streams  map[key]*stream
	twins    map[key]key // addresses that mean a stream that is open under another
	players  int
	download bool
	upload   bool
	flows    flows
	masters  map[string]*master // by URL
	moment   uint64             // counts the times that a stream became idle

	registry registry
	viewings viewing.Registry

	base    context.Context // ends all streams
	end     context.CancelFunc
	running sync.WaitGroup // streams that are not closed yet
}

// New returns a Proxy that has nothing open yet.
func New(cfg Config) *Proxy {
	if cfg.Linger == 0 {
		cfg.Linger = 5 * time.Second
	}
	if cfg.MaxStreams == 0 {
		cfg.MaxStreams = 16
	}
	if cfg.MaxPlayers == 0 {
		cfg.MaxPlayers = 64
	}
	if cfg.WriteTimeout == 0 {
		cfg.WriteTimeout = 60 * time.Second
	}
	if cfg.Media.StartTimeout == 0 {
		cfg.Media.StartTimeout = 10 * time.Second
	}
	if cfg.Media.Node == nil {
		cfg.Media.Node = superp2p.NewNode(0)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Media.Logger == nil {
		cfg.Media.Logger = cfg.Logger
	}
	base, end := context.WithCancel(context.Background())
	return &Proxy{
		masters: map[string]*master{}, registry: registry{now: time.Now, listings: map[key]*listing{}},
		base: base, end: end, cfg: cfg, log: cfg.Logger, streams: map[key]*stream{}, twins: map[key]key{},
		download: true, upload: !cfg.Media.NoUpload,
	}
}

// Close ends all streams and with them the answers to players, and returns when all peers have left their swarms.
// Players that come later are refused.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.end()
	p.running.Wait()
}

// Serve answers requests on l until ctx ends, then closes l and the Proxy. It returns nil after ctx ended.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           p,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = l.Close()
		p.Close() // ends the answers that never end by themselves
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(l)
	if stop() {
		p.Close()
		_ = server.Close()
	} else {
		<-ended
		if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
			err = nil
		}
	}
	return err
}

// ServeHTTP answers a player, or a question about the proxy itself.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !knownHost(r.Host, p.cfg.AllowHosts) {
		fail(w, http.StatusForbidden, string(fault.RequestInvalid),
			"this proxy is not called "+strconv.Quote(r.Host)+"; use 127.0.0.1, or allow the name", "")
		return
	}
	allowCORS(w, r)
	switch r.Method {
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	case http.MethodGet, http.MethodHead:
	default:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		fail(w, http.StatusMethodNotAllowed, string(fault.RequestInvalid), "only GET, HEAD and OPTIONS are answered", "")
		return
	}
	switch r.URL.Path {
	case "/stat":
		p.serveStat(w, r)
	case "/feature":
		p.serveFeature(w, r)
	case "/session":
		p.viewings.ServeHTTP(w, r)
	case "/crossdomain.xml":
		w.Header().Set("Content-Type", "text/x-cross-domain-policy")
		_, _ = w.Write([]byte(crossDomain))
	default:
		p.servePlayer(w, r)
	}
}

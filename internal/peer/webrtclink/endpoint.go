package webrtclink

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"

	"github.com/superp2p/superp2p/internal/fault"
)

const (
	channelLabel = "superp2p"
	// receiveBuffer is the SCTP window offered to the other side: twice what an engine holds in flight on a link.
	receiveBuffer = 512 << 10
	closeTimeout  = 5 * time.Second
)

// Handler is told what happens on a link.
type Handler interface {
	// LinkOpened: the channel is open in both directions. It comes before any LinkMessage of that link, on the same
	// goroutine.
	LinkOpened(l *Link)
	// LinkMessage brings one message, in order; the handler owns message. It runs on the link's own goroutine, and
	// while it blocks the other side is slowed down by SCTP's flow control.
	LinkMessage(l *Link, message []byte)
	// LinkDrained: the bytes waiting to be sent fell from above Config.LowMark to buffered or less. It must return at once: the
	// link is locked meanwhile, so no method of it may be called either.
	LinkDrained(l *Link, buffered int)
	// LinkClosed comes exactly once for every link, opened or not, after its last LinkMessage. It may block. err is
	// nil when Close was called here, ErrOversized when the peer broke that limit on any link of the connection, and what
	// Conn.Close was told.
	LinkClosed(l *Link, err error)
}

// Config is what an Endpoint is made of.
type Config struct {
	// Branched is asked when a peer opens one more link over the connection of others; it returns the Handler of that link, or
	// nil to refuse it. The label, at most MaxLabel bytes, is the peer's. It must not block. The link may be refused yet: then
	// the Handler is not told anything. If nil, all are refused.
	Branched func(c *Conn, label string) Handler
	// STUN lists servers as "stun:host:port" (RFC 7064) that tell a link its public address. If zero, none.
	STUN []string
	// Loopback keeps to addresses of this machine (127.0.0.0/8) and asks no STUN server: for tests, demo and bench.
	Loopback bool
	// OfferLoopback offers the addresses of this machine (127.0.0.0/8) too, for peers that keep to them.
	OfferLoopback bool
	// MaxMessage is the largest message in bytes; a peer that sends a larger one is cut off. If zero, 48 KiB.
	MaxMessage int
	// LowMark is the number of bytes waiting to be sent at and below which LinkDrained is called. If zero, 64 KiB.
	LowMark int
	// GatherTimeout limits how long an offer or answer waits for STUN servers. If zero, 1 s.
	GatherTimeout time.Duration
	// SilenceTimeout is how long a connected peer may be silent (it answers ICE checks every 2 s by itself) before
	// the link counts as lost. If zero, 10 s.
	SilenceTimeout time.Duration
	// Net is the network below. If nil, the machine's own.
	Net transport.Net
	// Logger gets what pion warns of, at debug level. If nil, nothing is logged.
	Logger *slog.Logger
}

// ErrOversized means that the peer sent a message larger than Config.MaxMessage.
var ErrOversized = errors.New("webrtclink: the peer sent a message larger than any may be; it was cut off")

// ErrLost means that the peer went away without saying so, or that no connection came about.
var ErrLost = errors.New("webrtclink: the connection to the peer failed or went silent")

// errRemote means that the peer closed the link.
var errRemote = errors.New("webrtclink: the peer closed the link")

// Endpoint makes links.
type Endpoint struct {
	cfg   Config
	api   *webrtc.API
	rtc   webrtc.Configuration
	conns atomic.Uint64  // connections that ever opened
	wg    sync.WaitGroup // goroutines of links and connections
	mu    sync.Mutex
	links map[*Link]struct{} // nil once closed
}

// New returns an Endpoint. The error, if any, comes from making the certificate.
func New(cfg Config) (*Endpoint, error) {
	if cfg.MaxMessage == 0 {
		cfg.MaxMessage = 48 << 10
	}
	if cfg.LowMark == 0 {
		cfg.LowMark = 64 << 10
	}
	if cfg.GatherTimeout == 0 {
		cfg.GatherTimeout = time.Second
	}
	if cfg.SilenceTimeout == 0 {
		cfg.SilenceTimeout = 10 * time.Second
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "no key for WebRTC could be made", err)
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "no certificate for WebRTC could be made", err)
	}
	e := &Endpoint{cfg: cfg, links: map[*Link]struct{}{}}
	e.rtc.Certificates = []webrtc.Certificate{*certificate}
	if len(cfg.STUN) > 0 && !cfg.Loopback {
		e.rtc.ICEServers = []webrtc.ICEServer{{URLs: cfg.STUN}}
	}
	e.api = webrtc.NewAPI(
		webrtc.WithSettingEngine(settings(&cfg)),
		webrtc.WithMediaEngine(&webrtc.MediaEngine{}),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
	)
	return e, nil
}

func settings(cfg *Config) webrtc.SettingEngine {
	var s webrtc.SettingEngine
	s.LoggerFactory = loggers{cfg.Logger}
	s.DetachDataChannels()
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.DisableActiveTCP(true)
	s.SetIncludeLoopbackCandidate(cfg.OfferLoopback || cfg.Loopback)
	if cfg.Loopback {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
		s.SetIPFilter(net.IP.IsLoopback)
		s.SetRemoteIPFilter(net.IP.IsLoopback)
	}
	// A browser that hides its addresses is reached only by what pion calls peer-reflexive candidates; waiting a
	// second for better ones delays every such link.
	s.SetPrflxAcceptanceMinWait(0)
	s.SetSrflxAcceptanceMinWait(200 * time.Millisecond)
	s.SetSTUNGatherTimeout(cfg.GatherTimeout)
	s.SetICETimeouts(cfg.SilenceTimeout/2, cfg.SilenceTimeout/2, 2*time.Second)
	// ICE has proved the address already, so the cookie exchange of DTLS (RFC 6347, section 4.2.1) only costs a round.
	s.SetDTLSInsecureSkipHelloVerify(true)
	s.DisableCloseByDTLS(true)     // Conn.shutDown does it, in order
	s.EnableSCTPZeroChecksum(true) // RFC 9653: DTLS protects the bytes
	s.SetSCTPMaxReceiveBufferSize(receiveBuffer)
	s.SetSCTPMaxMessageSize(64 << 10)
	s.SetSCTPRTOMax(4 * time.Second) // a slice is of no use a minute later
	if cfg.Net != nil {
		s.SetNet(cfg.Net)
	}
	return s
}

// Offer starts a link over a connection of its own and returns it with the session description that invites a peer to it.
// Hand the peer's answer to Accept. h is told what happens on the link.
func (e *Endpoint) Offer(ctx context.Context, h Handler) (*Link, string, error) {
	l, err := e.newConn(h)
	if err != nil {
		return nil, "", err
	}
	sdp, err := l.offer(ctx)
	if err != nil {
		l.end(err)
		return nil, "", err
	}
	return l, sdp, nil
}

// Answer starts a link by accepting a peer's offer and returns it with the answer for that peer. h is told what happens on
// the link.
func (e *Endpoint) Answer(ctx context.Context, offer string, h Handler) (*Link, string, error) {
	if err := CheckSDP(offer); err != nil {
		return nil, "", err
	}
	l, err := e.newConn(h)
	if err != nil {
		return nil, "", err
	}
	sdp, err := l.answer(ctx, offer)
	if err != nil {
		l.end(err)
		return nil, "", err
	}
	return l, sdp, nil
}

// Len tells how many links exist, open or opening.
func (e *Endpoint) Len() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.links)
}

// Connections counts the connections that ever opened.
func (e *Endpoint) Connections() uint64 { return e.conns.Load() }

// Close closes all links and waits until none of their goroutines is left; an error says that one hangs.
func (e *Endpoint) Close() error {
	e.mu.Lock()
	links := slices.Collect(maps.Keys(e.links))
	e.links = nil
	e.mu.Unlock()
	for _, l := range links {
		l.conn.Close(nil)
	}
	done := make(chan struct{})
	go func() { e.wg.Wait(); close(done) }()
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
		return fault.New(fault.Internal, "a WebRTC connection does not end; its goroutines are left behind")
	}
}

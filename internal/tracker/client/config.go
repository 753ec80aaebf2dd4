package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/tracker/message"
)

// Offer is one SDP offer to any peer of the swarm.
type Offer struct {
	ID  [20]byte // random: an answer names it
	SDP string   // with all candidates: the protocol does not trickle
}

// Handler is who wants peers. See the package comment for who calls it.
type Handler interface {
	// Offers makes up to n offers. Fewer or none say that no more peers are wanted. It may take as long as
	// gathering candidates does; ctx ends when the connection to the tracker does.
	Offers(ctx context.Context, n int) []Offer
	// Offered brings an offer from peer. reply sends the answer, once, from any goroutine and without blocking;
	// an answer after the connection was lost goes nowhere.
	Offered(peer, offerID [20]byte, sdp string, reply func(answerSDP string))
	// Answered brings the answer to an offer that Offers made.
	Answered(peer, offerID [20]byte, sdp string)
	// SwarmSize brings the number of peers in the swarm, this one included, after each announce.
	SwarmSize(n int)
}

// Config says whom to announce where.
type Config struct {
	URL      string   // ws, wss, http or https; required
	InfoHash [20]byte // the swarm
	PeerID   [20]byte // this peer
	Handler  Handler  // required

	// Offers is how many offers are made for a periodic announce. If zero, 5. At most 20.
	Offers int
	// Early is how many offers are made while the first connection comes about, to go with its first announce, for who
	// knows that there are others. If zero, none are made before the tracker has told how many there are. At most 20.
	Early int
	// Interval is the time between announces until the tracker names another. If zero, 120 s.
	Interval time.Duration
	// MinInterval bounds what the tracker may name from below. If zero, 5 s. An hour is the upper bound.
	MinInterval time.Duration
	// AskGap is the least time between two announces that AskForPeers causes. If zero, 1 s.
	AskGap time.Duration
	// PingInterval is the time between pings, which notice a dead connection. If zero, 30 s.
	PingInterval time.Duration
	// DialTimeout bounds connecting and the WebSocket handshake. If zero, 10 s.
	DialTimeout time.Duration
	// WriteTimeout bounds the sending of one message and the answer to a ping. If zero, 10 s.
	WriteTimeout time.Duration
	// MinBackoff is the mean of the first pause before connecting again; it doubles each time. If zero, 1 s.
	MinBackoff time.Duration
	// MaxBackoff bounds the mean pause. If zero, 60 s.
	MaxBackoff time.Duration

	// Dial opens connections. If nil, a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Header goes with the request for the connection. If nil, nothing does beyond what WebSocket needs.
	Header http.Header
	// TLS configures wss. If nil, the defaults of crypto/tls.
	TLS *tls.Config
	// After is the clock for intervals and pauses. If nil, time.After.
	After func(time.Duration) <-chan time.Time
	// Rand returns numbers in [0,1) that spread the pauses. If nil, math/rand/v2's Float64.
	Rand func() float64
	// Logger receives what happens. If nil, nothing is logged.
	Logger *slog.Logger
}

// withDefaults returns the configuration with every zero field set, or a *fault.Error.
func (c Config) withDefaults() (Config, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return c, fault.Wrap(fault.URLInvalid, "the tracker's URL cannot be read: write ws://host/announce", err)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return c, fault.New(fault.URLInvalid, "the tracker's URL must begin with ws://, wss://, http:// or https://")
	}
	if c.Handler == nil {
		return c, fault.New(fault.ConfigInvalid, "a tracker client needs a Handler: set Config.Handler")
	}
	setDefault(&c.Offers, 5)
	c.Offers = min(c.Offers, message.MaxOffers)
	c.Early = min(max(0, c.Early), message.MaxOffers)
	setDefault(&c.Interval, 120*time.Second)
	setDefault(&c.MinInterval, 5*time.Second)
	setDefault(&c.AskGap, time.Second)
	setDefault(&c.PingInterval, 30*time.Second)
	setDefault(&c.DialTimeout, 10*time.Second)
	setDefault(&c.WriteTimeout, 10*time.Second)
	setDefault(&c.MinBackoff, time.Second)
	setDefault(&c.MaxBackoff, 60*time.Second)
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

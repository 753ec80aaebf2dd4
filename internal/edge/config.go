package edge

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/signing"
)

// Channel is a stream that the configuration names.
type Channel struct {
	Source     string // URL to pull. If empty, the channel is published to
	PublishKey string // If empty, Config.PublishKey holds
}

// Config sets up an Edge.
type Config struct {
	Channels      map[string]Channel // by id. If nil, none
	Origins       []string           // what else may be pulled, see parseOrigin. If nil, nothing
	PublishKey    string             // If empty, publishing needs no key, except where a channel has one
	PerViewerKeys []string           // query keys that do not count in an identity. If nil, all count
	Signer        *signing.Signer    // If nil, one with a fresh key

	Window       time.Duration // how much of a stream is kept. If zero, 40 s
	Linger       time.Duration // how long after its last viewer a source is let go. If zero, 30 s
	StartTimeout time.Duration // how long a first play waits for the first group. If zero, 8 s
	IdleTimeout  time.Duration // how long a source may be silent. If zero, 10 s
	GiveUp       time.Duration // how long a lost source is retried. If zero, 60 s
	RetryMin     time.Duration // wait before the first retry. If zero, 500 ms
	RetryMax     time.Duration // longest wait between retries. If zero, 5 s

	MaxStreams     int   // held at the same time. If zero, 100
	MaxWaiting     int   // requests waiting on one stream. If zero, 10,000
	MaxReaders     int   // HTTP-FLV readers of one stream. If zero, 200
	MaxStreamBytes int64 // kept of one stream. If zero, 64 MiB

	Swarm    func(infoHash [20]byte) int  // members of a swarm, from the tracker. If nil, 0 always
	RTMPPort func() string                // port where the server takes publishers. If nil, none
	Tracker  string                       // URL of the tracker in resolutions. If empty, /announce
	STUN     func(*http.Request) []string // URLs of STUN servers for who sent the request. If nil, none
	Version  string                       // shown by the status. If empty, "(devel)"
	Logger   *slog.Logger                 // If nil, nothing is logged
	Now      func() time.Time             // the clock of statements. If nil, time.Now
	Rand     io.Reader                    // for track ids and a fresh key. If nil, crypto/rand
	Dial     DialFunc                     // opens connections to addresses that were checked. If nil, a net.Dialer
	Lookup   LookupFunc                   // If nil, the system's resolver
}

func (c Config) withDefaults() Config {
	set(&c.Window, 40*time.Second)
	set(&c.Linger, 30*time.Second)
	set(&c.StartTimeout, 8*time.Second)
	set(&c.IdleTimeout, 10*time.Second)
	set(&c.GiveUp, 60*time.Second)
	set(&c.RetryMin, 500*time.Millisecond)
	set(&c.RetryMax, 5*time.Second)
	set(&c.MaxStreams, 100)
	set(&c.MaxWaiting, 10_000)
	set(&c.MaxReaders, 200)
	set(&c.MaxStreamBytes, 64<<20)
	set(&c.Tracker, edgeapi.TrackerPath)
	set(&c.Version, "(devel)")
	set(&c.Logger, slog.New(slog.DiscardHandler))
	if c.Swarm == nil {
		c.Swarm = func([20]byte) int { return 0 }
	}
	if c.RTMPPort == nil {
		c.RTMPPort = func() string { return "" }
	}
	if c.STUN == nil {
		c.STUN = func(*http.Request) []string { return nil }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	if c.Lookup == nil {
		c.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

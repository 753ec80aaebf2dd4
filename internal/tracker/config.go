package tracker

import (
	"log/slog"
	"time"

	"github.com/superp2p/superp2p/internal/tracker/message"
)

// Config says how a Server treats its peers. The zero value is usable.
type Config struct {
	// Broker keeps the swarms. If nil, a Memory with the defaults.
	Broker Broker
	// Allow says whether a swarm is served. If nil, every swarm is.
	Allow func(infoHash [20]byte) bool

	// Interval is how often peers are told to announce. If zero, 120 s.
	Interval time.Duration
	// MaxOffers is how many offers of an announce are relayed. If zero, 20, which is also the most.
	MaxOffers int
	// MaxConnections is how many peers may be connected. If zero, 100,000.
	MaxConnections int
	// MaxSwarmsPerConnection is how many swarms one connection may be in. If zero, 100.
	MaxSwarmsPerConnection int
	// Rate is how many messages a second a connection may send in the long run; 4 KiB count as one more. What comes
	// faster waits. If zero, 20. If negative, no limit.
	Rate float64
	// Burst is how many messages may come at once. If zero, 200.
	Burst float64
	// MaxQueue is how many bytes may wait for a connection that reads slowly before it is dropped. If zero, 256 KiB.
	MaxQueue int
	// MaxInvalid is how many invalid messages a connection may send before it is dropped. If zero, 20.
	MaxInvalid int

	// PingInterval is how long a connection may be silent before it is pinged. If zero, 30 s.
	PingInterval time.Duration
	// IdleTimeout is how long a connection may be silent before it is dropped. If zero, 75 s.
	IdleTimeout time.Duration
	// WriteTimeout is how long one write to a connection may take before it is dropped. If zero, 10 s.
	WriteTimeout time.Duration
	// ProbeTimeout is how long the holder of a peer_id has to answer a ping when somebody else claims it. If zero, 5 s.
	ProbeTimeout time.Duration

	// Now is the clock. If nil, time.Now.
	Now func() time.Time
	// Logger receives what happens. If nil, nothing is logged.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Broker == nil {
		c.Broker = NewMemory(MemoryConfig{Now: c.Now})
	}
	setDefault(&c.Interval, 120*time.Second)
	setDefault(&c.MaxOffers, message.MaxOffers)
	c.MaxOffers = min(c.MaxOffers, message.MaxOffers)
	setDefault(&c.MaxConnections, 100_000)
	setDefault(&c.MaxSwarmsPerConnection, 100)
	if c.Rate == 0 {
		c.Rate = 20
	}
	setDefault(&c.Burst, 200)
	setDefault(&c.MaxQueue, 256<<10)
	setDefault(&c.MaxInvalid, 20)
	setDefault(&c.PingInterval, 30*time.Second)
	setDefault(&c.IdleTimeout, 75*time.Second)
	setDefault(&c.WriteTimeout, 10*time.Second)
	setDefault(&c.ProbeTimeout, 5*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func setDefault[T int | float64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

package client

import (
	"context"
	"sync/atomic"
	"time"
)

// Client announces one peer to one tracker.
type Client struct {
	cfg     Config
	traffic traffic
	want    atomic.Int64  // how many peers AskForPeers asked for since the last announce
	asked   chan struct{} // tells a session that want has grown

	tried     bool // a session has begun; Run's alone
	connected atomic.Bool
	size      atomic.Int64
	failure   atomic.Pointer[string]
	announces atomic.Uint64
}

// Stats is what a Client has done so far.
type Stats struct {
	Connected bool
	SwarmSize int    // of the last announce
	Announces uint64 // sent
	Sent      uint64 // bytes, handshakes and TLS included
	Received  uint64 // bytes, handshakes and TLS included
	Failure   string // the last `failure reason`; "" after an announce that was accepted
}

// New checks cfg and returns a Client; Run connects it. The error is a *fault.Error: url_invalid, config_invalid.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, asked: make(chan struct{}, 1)}, nil
}

// Run is New and Client.Run for who needs neither AskForPeers nor Stats.
func Run(ctx context.Context, cfg Config) error {
	c, err := New(cfg)
	if err != nil {
		return err
	}
	c.Run(ctx)
	return nil
}

// Run stays connected until ctx ends, then leaves the swarm (within a second, if the tracker answers) and returns.
// No goroutine is left. Call it once.
func (c *Client) Run(ctx context.Context) {
	pause := c.cfg.MinBackoff
	for ctx.Err() == nil {
		welcome, err := c.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if welcome { // the tracker works: start again with a short pause
			pause = c.cfg.MinBackoff
		}
		wait := time.Duration((0.5 + c.cfg.Rand()) * float64(pause))
		c.cfg.Logger.Info("tracker is away, connecting again", "url", c.cfg.URL, "in", wait, "err", err)
		select {
		case <-ctx.Done():
		case <-c.cfg.After(wait):
		}
		pause = min(2*pause, c.cfg.MaxBackoff)
	}
}

// AskForPeers announces soon, at most every AskGap, with up to n fresh offers (which the Handler makes). It does not
// wait; asked while there is no connection, it takes effect with the next one.
func (c *Client) AskForPeers(n int) {
	for old := c.want.Load(); int64(n) > old; old = c.want.Load() {
		if c.want.CompareAndSwap(old, int64(n)) {
			break
		}
	}
	select {
	case c.asked <- struct{}{}:
	default: // somebody asked already
	}
}

// Stats returns what has happened so far.
func (c *Client) Stats() Stats {
	s := Stats{
		Connected: c.connected.Load(),
		SwarmSize: int(c.size.Load()),
		Announces: c.announces.Load(),
		Sent:      c.traffic.sent.Load(),
		Received:  c.traffic.received.Load(),
	}
	if f := c.failure.Load(); f != nil {
		s.Failure = *f
	}
	return s
}

package object

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"
)

// Options say how to reach objects.
type Options struct {
	// Dial opens every connection, also those after a redirect, to a host name and port not yet resolved; so it is the
	// place to refuse hosts and addresses: return a *fault.Error to have the call fail with it. If nil, a plain net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// TLS is for https. If nil, the system's roots are trusted.
	TLS *tls.Config
	// Logger gets a line about redirects and repeated requests. If nil, nothing is logged.
	Logger *slog.Logger
	// MaxRedirects is how often one request may be sent elsewhere. If zero, 5; if negative, never.
	MaxRedirects int
	// HeaderTimeout is how long connection and header of one answer may take, redirects included. If zero, 10 s.
	HeaderTimeout time.Duration
	// IdleTimeout is how long the body of an answer may rest. If zero, 10 s.
	IdleTimeout time.Duration
	// Retries is how often a request is repeated after the first, in a row without progress. If zero, 3; if negative, never.
	Retries int
	// Backoff is the longest pause before the first repetition; it doubles each time, up to 20 times as much, and half of it is
	// by chance. If zero, 250 ms.
	Backoff time.Duration
	// MaxRetryAfter is the longest Retry-After that is waited for; who is told to wait longer gets the error at once. If zero, 10 s.
	MaxRetryAfter time.Duration
	// MaxBody is the most that ReadRange and Get hold in memory, in bytes. If zero, 64 MiB.
	MaxBody int
	// FirstBlock is how much of a file Open reads and keeps, in bytes. If zero, 64 KiB.
	FirstBlock int

	// Now is the time, for a Retry-After that is a date. If nil, time.Now.
	Now func() time.Time
	// Sleep waits for d, or for ctx to end, and then returns its cause. If nil, it waits by a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Random returns a number in [0, 1), and may be called concurrently. If nil, math/rand/v2's.
	Random func() float64
}

func (o Options) withDefaults() Options {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	orElse(&o.MaxRedirects, 5)
	orElse(&o.HeaderTimeout, 10*time.Second)
	orElse(&o.IdleTimeout, 10*time.Second)
	orElse(&o.Retries, 3)
	orElse(&o.Backoff, 250*time.Millisecond)
	orElse(&o.MaxRetryAfter, 10*time.Second)
	orElse(&o.MaxBody, 64<<20)
	orElse(&o.FirstBlock, 64<<10)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	return o
}

func orElse[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

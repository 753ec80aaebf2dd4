package source

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// Options say how to open a source.
type Options struct {
	// Dial opens every connection, also those after a redirect, to a host name and port not yet resolved; so it is the
	// place to refuse hosts and addresses: return a *fault.Error to have Open fail with it. If nil, a plain net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// TLS is for https, rtmps and rtsps. If nil, the system's roots are trusted.
	TLS *tls.Config
	// Logger gets a line about redirects and the like. If nil, nothing is logged.
	Logger *slog.Logger
	// StartTimeout is how long it may take from Open to the first audio or video. If zero, 10 s.
	StartTimeout time.Duration
	// IdleTimeout is how long the origin may be silent after that. If zero, 10 s.
	IdleTimeout time.Duration
	// MaxRedirects is how often the origin may send us elsewhere. If zero, 5; if negative, never.
	MaxRedirects int
	// Limits bound the tags. If zero, the defaults of package flv.
	Limits flv.Limits
}

func (o Options) withDefaults() Options {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 10 * time.Second
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 10 * time.Second
	}
	if o.MaxRedirects == 0 {
		o.MaxRedirects = 5
	}
	return o
}

// Source is an open stream.
type Source interface {
	// ReadTag returns the next tag, whose body is the caller's own. It waits for it at most as long as the timeouts
	// allow. After an error every call fails.
	//
	// Errors: fault.SourceEnded at the end of the stream, SourceTimeout, SourceInvalid, SourceUnreachable if the
	// connection broke, Closed after Close.
	ReadTag() (flv.Tag, error)
	// Close ends the stream and unblocks ReadTag; nothing of it runs when Close returns. It may be called twice and from
	// any goroutine.
	Close() error
}

// Open opens the stream at rawURL and returns when its first tag has come. The context bounds only Open.
//
// Errors: fault.URLInvalid, SourceUnreachable, SourceRefused, SourceTimeout, SourceInvalid, SourceEnded, Closed if ctx
// ended, or the *fault.Error of Options.Dial.
func Open(ctx context.Context, rawURL string, o Options) (Source, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return nil, fault.New(fault.URLInvalid, "that is no URL; give one like http://host/app/name.flv or rtmp://host/app/name")
	}
	var open func(context.Context, *url.URL, Options) (stream, error)
	switch u.Scheme {
	case "http", "https":
		open = openHTTP
	case "rtmp", "rtmps":
		open = openRTMP
	case "rtsp", "rtsps":
		open = openRTSP
	default:
		return nil, fault.New(fault.URLInvalid,
			"live streams can be pulled by http, https, rtmp, rtmps, rtsp and rtsps, not by "+safeScheme(u.Scheme))
	}
	return begin(ctx, u, o.withDefaults(), open)
}

// safeScheme returns s for a message.
func safeScheme(s string) string {
	if s == "" || len(s) > 16 {
		return "such a URL"
	}
	return s
}

// stream is what the protocols provide; begin adds the timeouts.
type stream interface {
	ReadTag() (flv.Tag, error)
	io.Closer
}

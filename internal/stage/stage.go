// Package stage puts a live origin and a superp2p server on the air in this process, on loopback: what the demo, the
// benchmark and tests of whole systems play.
//
// A Stage is safe for concurrent use.
package stage

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/server"
)

// Config says what is on the air.
type Config struct {
	// Channel is the id of the stream at the server. If empty, "live".
	Channel string
	// Bitrate is that of the stream, in bits per second. If zero, that of the origin's clip, about 300 kbit/s.
	Bitrate int
	// Past is for how long the stream has been live already, at most 10 s. If zero, it starts now.
	Past time.Duration
	// Listen is the server's HTTP address. If empty, 127.0.0.1 and a free port.
	Listen string
	// Adjust changes the server's settings, which are the defaults but for what is said here. If nil, nothing does.
	Adjust func(*config.Config)
	// Handlers are added to the server's HTTP port by their patterns. If nil, none.
	Handlers map[string]http.Handler
	// Version is what the server's status shows.
	Version string
	// Logger gets what the server logs. If nil, nothing is logged.
	Logger *slog.Logger
}

// Stage is an origin and a server that pulls from it.
type Stage struct {
	Origin *origin.Origin
	Server *server.Server

	channel string
	source  string
	http    *http.Server
	ended   chan struct{}
}

// Start puts everything on the air. What it opened is closed again if it fails.
func Start(ctx context.Context, c Config) (_ *Stage, err error) {
	if c.Channel == "" {
		c.Channel = "live"
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "no port for the origin", err)
	}
	s := &Stage{
		Origin:  origin.New(origin.Config{Bitrate: c.Bitrate, Past: c.Past, Burst: 1 + int(c.Past/(2*time.Second))}),
		channel: c.Channel,
		source:  "http://" + listener.Addr().String() + "/" + c.Channel + ".flv",
		ended:   make(chan struct{}),
	}
	s.http = &http.Server{Handler: s.Origin, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.ended)
		_ = s.http.Serve(listener)
	}()
	settings := config.Default()
	settings.HTTP, settings.RTMP, settings.STUN = c.Listen, "", ""
	settings.Channels = map[string]config.Channel{c.Channel: {Source: s.source}}
	settings.Origins = []string{listener.Addr().String()}
	if c.Adjust != nil {
		c.Adjust(&settings)
	}
	s.Server, err = server.New(server.Config{
		Config: settings, Logger: c.Logger, Version: c.Version, Handlers: c.Handlers,
	})
	if err == nil {
		err = s.Server.Start(ctx)
	}
	if err != nil {
		s.Server = nil
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Channel is the id of the stream.
func (s *Stage) Channel() string { return s.channel }

// SourceURL is where the origin serves the stream as plain HTTP-FLV.
func (s *Stage) SourceURL() string { return s.source }

// ServerURL is the base URL of the server.
func (s *Stage) ServerURL() string { return s.Server.URL() }

// Close ends server and origin and returns when no goroutine of theirs is left.
func (s *Stage) Close() error {
	var errs []error
	if s.Server != nil {
		errs = append(errs, s.Server.Close())
	}
	errs = append(errs, s.Origin.Close(), s.http.Close())
	<-s.ended
	return errors.Join(errs...)
}

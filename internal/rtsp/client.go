package rtsp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// DialOptions say how a client connects.
type DialOptions struct {
	// Dial opens every connection, also those after a redirect. If nil, a plain net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// TLS is for rtsps. If nil, the system's roots are trusted.
	TLS *tls.Config
	// Limits bound the tags, and so the access units. If zero, the defaults of package flv.
	Limits flv.Limits
	// MaxRedirects is how often the server may send us elsewhere. If zero, never.
	MaxRedirects int
	// Logger gets a line about what is left out or lost. If nil, nothing is logged.
	Logger *slog.Logger
	// Now is the clock that tells when to give the server a sign of life. If nil, time.Now.
	Now func() time.Time
}

func (o DialOptions) withDefaults() DialOptions {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits.MaxTag == 0 {
		o.Limits.MaxTag = flv.DefaultMaxTag
	}
	return o
}

// Client plays a stream.
type Client struct {
	session *session
	tracks  []*track
	line    timeline
	log     *slog.Logger
	pending []flv.Tag
	err     error
}

// errProtocol is said of a server that breaks RTSP. What it sent is not quoted: it may repeat the URL.
var errProtocol = errors.New("rtsp: the server breaks the protocol")

// Dial connects to the stream at rawURL (rtsp:// or rtsps://) and has the server play it. Credentials in the URL are
// given to its host if that asks for them (basic or digest). The context bounds only Dial.
//
// Errors: fault.URLInvalid, SourceUnreachable, SourceRefused, SourceInvalid, or what DialOptions.Dial returned.
func Dial(ctx context.Context, rawURL string, o DialOptions) (*Client, error) {
	o = o.withDefaults()
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || u.Scheme != "rtsp" && u.Scheme != "rtsps" {
		return nil, fault.New(fault.URLInvalid, "that is no RTSP URL; give one like rtsp://host/path")
	}
	for range max(o.MaxRedirects, 0) + 1 {
		c, err := dialOne(ctx, u, o)
		var r *redirect
		if !errors.As(err, &r) {
			return c, explain(err)
		}
		if u, err = r.follow(u); err != nil {
			return nil, err
		}
		o.Logger.Debug("source redirected", "host", u.Host)
	}
	return nil, fault.New(fault.SourceInvalid, "the server redirects too often; check its configuration")
}

// redirect is an answer to DESCRIBE that says where the stream is instead.
type redirect struct{ to string }

func (r *redirect) Error() string { return "rtsp: the server redirects" }

// follow returns where to go from u. Credentials are only for the host that they were given for.
func (r *redirect) follow(u *url.URL) (*url.URL, error) {
	next, err := u.Parse(r.to)
	if err != nil || next.Hostname() == "" || next.Scheme != u.Scheme && next.Scheme != "rtsps" {
		return nil, fault.New(fault.SourceInvalid,
			"the server redirects to what is no RTSP URL, or from rtsps to rtsp; check its configuration")
	}
	if next.User == nil && next.Host == u.Host {
		next.User = u.User
	}
	return next, nil
}

// dialOne does it with one server.
func dialOne(ctx context.Context, u *url.URL, o DialOptions) (c *Client, err error) {
	nc, err := o.Dial(ctx, "tcp", address(u))
	if err != nil {
		return nil, err
	}
	if u.Scheme == "rtsps" {
		config := &tls.Config{}
		if o.TLS != nil {
			config = o.TLS.Clone()
		}
		if config.ServerName == "" {
			config.ServerName = u.Hostname()
		}
		nc = tls.Client(nc, config)
	}
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	defer func() {
		if !stop() && err == nil {
			err = fault.New(fault.SourceUnreachable, "the connection took too long; try again")
		}
		if err != nil {
			c = nil
			_ = nc.Close()
		}
	}()
	c = &Client{session: newSession(nc, u.User, o.Now), log: o.Logger}
	defer c.recover(&err)
	return c, c.start(requestURL(u), o)
}

// address returns the host and port of u.
func address(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "rtsps":
		port = "322"
	default:
		port = "554"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// requestURL returns u as requests hold it, without credentials.
func requestURL(u *url.URL) *base.URL {
	return &base.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
}

// explain makes a fault of what happens while connecting.
func explain(err error) error {
	var f *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return f
	case errors.Is(err, errProtocol):
		return fault.Wrap(fault.SourceInvalid, "the server does not speak RTSP; check host and port of the URL", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(fault.SourceRefused, "the server hung up; check the URL and its credentials", err)
	}
	return fault.Wrap(fault.SourceUnreachable, "the server cannot be reached by RTSP; check host and port of the URL", err)
}

// recover makes a fault of a panic of a parser.
func (c *Client) recover(err *error) {
	if p := recover(); p != nil {
		c.log.Error("an RTSP server's message broke a parser", "panic", fmt.Sprint(p))
		*err = fault.New(fault.SourceInvalid, "the server sent what cannot be read; check its encoder")
	}
}

// ReadTag returns the next tag, whose body is the caller's own: first an onMetaData that announces the tracks, then
// their sequence headers and media. Times are in ms from near 0, one line for audio and video.
//
// Errors: io.EOF when the server ends the stream or hangs up, fault.SourceInvalid if it breaks the protocol or sends
// what is no stream of those codecs, or the error of the connection. After an error every call fails.
func (c *Client) ReadTag() (flv.Tag, error) {
	for len(c.pending) == 0 {
		if c.err == nil {
			c.err = c.step()
		}
		if c.err != nil && len(c.pending) == 0 {
			return flv.Tag{}, c.err
		}
	}
	t := c.pending[0]
	c.pending = c.pending[1:]
	return t, nil
}

// step takes one message of the server.
func (c *Client) step() (err error) {
	defer c.recover(&err)
	if err := c.session.signOfLife(); err != nil {
		return err
	}
	var f frame
	if early := c.session.early; len(early) > 0 {
		f, c.session.early = early[0], early[1:]
	} else {
		what, err := c.session.read()
		if errors.Is(err, errProtocol) {
			return fault.Wrap(fault.SourceInvalid, "the server no longer speaks RTSP; check it", err)
		}
		if err != nil {
			return err
		}
		switch what := what.(type) {
		case *base.Request:
			return c.session.answer(what)
		case frame:
			f = what
		default: // an answer to a sign of life
			return nil
		}
	}
	for _, t := range c.tracks {
		switch f.channel {
		case t.channel:
			return c.media(t, f.payload)
		case t.channel + 1:
			return c.control(t, f.payload)
		}
	}
	return nil
}

// maxBarren is after how many RTP packets of a track without an access unit it counts as none: an access unit of the
// largest size in the usual packets has fewer.
const maxBarren = 20_000

// media takes an RTP packet.
func (c *Client) media(t *track, payload []byte) error {
	var p rtp.Packet
	if p.Unmarshal(payload) != nil || p.PayloadType != t.payloadType {
		return c.barren(t)
	}
	if t.seen && p.SequenceNumber != t.sequence+1 {
		c.log.Debug("RTP packets are missing", "track", t.name, "packets", p.SequenceNumber-t.sequence-1)
	}
	previous := t.timestamp
	t.seen, t.sequence, t.timestamp = true, p.SequenceNumber, p.Timestamp
	units, err := t.decode(&p)
	if err != nil || len(units) == 0 { // mostly: the access unit needs more packets
		return c.barren(t)
	}
	at := p.Timestamp
	if !p.Marker && t.video { // the decoder saw by this packet's time that the access unit before was complete
		at = previous
	}
	if t.video {
		return c.convert(t, units, c.line.time(t.line, at, 1))
	}
	for i := range units { // each has a time of its own
		begin := c.line.time(t.line, at+uint32(i)*mpeg4audio.SamplesPerAccessUnit, len(units))
		if err := c.convert(t, units[i:i+1], begin); err != nil {
			return err
		}
	}
	return nil
}

// convert makes tags of what is presented at that time, in µs.
func (c *Client) convert(t *track, units [][]byte, at int64) error {
	tags, err := t.convert(units, at)
	if err != nil {
		return err
	}
	if len(tags) == 0 {
		return c.barren(t)
	}
	t.barren = 0
	c.line.decoded(tags[len(tags)-1].Timestamp)
	c.pending = append(c.pending, tags...)
	return nil
}

// barren counts a packet and gives up on a track that never yields anything.
func (c *Client) barren(t *track) error {
	if t.barren++; t.barren > maxBarren {
		return fault.New(fault.SourceInvalid, "the server's "+t.name+" does not make up one frame in "+
			strconv.Itoa(maxBarren)+" packets; check its encoder")
	}
	return nil
}

// control takes an RTCP packet.
func (c *Client) control(t *track, payload []byte) error {
	packets, err := rtcp.Unmarshal(payload)
	if err != nil {
		return nil //nolint:nilerr // many servers send odd ones, and nothing depends on them
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			c.line.report(t.line, p.NTPTime, p.RTPTime)
		case *rtcp.Goodbye:
			t.over = true
		}
	}
	for _, t := range c.tracks {
		if !t.over {
			return nil
		}
	}
	return io.EOF
}

// Close ends the stream and unblocks ReadTag. It may be called twice and from any goroutine.
func (c *Client) Close() error { return c.session.close() }

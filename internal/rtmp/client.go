package rtmp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/handshake"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// DialOptions say how a client connects.
type DialOptions struct {
	// Dial opens the connection. If nil, a plain net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// TLS is for rtmps. If nil, the system's roots are trusted.
	TLS *tls.Config
	// Limits bound the messages. If zero, the defaults of package flv.
	Limits flv.Limits
}

// Client plays a stream.
type Client struct {
	conn   *conn
	limits flv.Limits
}

// address is what a URL says in terms of RTMP.
type address struct {
	host  string // with port
	app   string
	name  string // with query
	tcURL string
}

// parseURL splits a URL as ffmpeg does: the first part of the path is the application, or the first two if there are
// three or more; the rest with the query is the stream's name.
func parseURL(raw string) (*url.URL, address, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Scheme != "rtmp" && u.Scheme != "rtmps" {
		return nil, address{}, fault.New(fault.URLInvalid, "that is no RTMP URL; give one like rtmp://host/app/name")
	}
	a := address{host: u.Host}
	if u.Port() == "" {
		port := "1935"
		if u.Scheme == "rtmps" {
			port = "443"
		}
		a.host = net.JoinHostPort(u.Hostname(), port)
	}
	parts := strings.SplitN(strings.TrimPrefix(u.EscapedPath(), "/"), "/", 3)
	switch len(parts) {
	case 1:
		a.name = parts[0]
	case 2:
		a.app, a.name = parts[0], parts[1]
	default:
		a.app, a.name = parts[0]+"/"+parts[1], parts[2]
	}
	if a.name == "" {
		return nil, address{}, fault.New(fault.URLInvalid, "the RTMP URL names no stream; give one like rtmp://host/app/name")
	}
	if u.RawQuery != "" {
		a.name += "?" + u.RawQuery
	}
	a.tcURL = u.Scheme + "://" + a.host + "/" + a.app
	return u, a, nil
}

// Dial connects to the stream at rawURL (rtmp:// or rtmps://) and asks to play it. The context bounds only Dial, which
// returns before anything was played.
//
// Errors: fault.URLInvalid, SourceUnreachable, SourceRefused, SourceInvalid, or what DialOptions.Dial returned.
func Dial(ctx context.Context, rawURL string, o DialOptions) (*Client, error) {
	c, a, stop, err := connect(ctx, rawURL, o)
	if err != nil {
		return nil, err
	}
	id, err := c.createStream(2)
	if err == nil {
		err = c.write(onControl, &message{typ: typeUserControl, body: setBufferLength(id)})
	}
	if err == nil {
		err = c.send(id, "play", 3, nil, a.name)
	}
	if err == nil {
		err = c.in.accept(max(o.Limits.MaxTag, flv.DefaultMaxTag))
	}
	if err = dialed(c, stop, err); err != nil {
		return nil, err
	}
	return &Client{conn: c, limits: o.Limits}, nil
}

// setBufferLength tells the server to send 3 s ahead (7.1.7).
func setBufferLength(stream uint32) []byte {
	return []byte{0, 3, byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream), 0, 0, 3000 >> 8, 3000 & 0xff}
}

// dialed ends what the context did to the connection, and closes it after an error.
func dialed(c *conn, stop func() bool, err error) error {
	if !stop() && err == nil {
		err = fault.New(fault.SourceUnreachable, "the connection took too long; try again")
	}
	if err != nil {
		_ = c.nc.Close()
		return explain(err)
	}
	return nil
}

// explain makes a fault of what happens while connecting.
func explain(err error) error {
	var f *fault.Error
	var r *redirect
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &f):
		return f
	case errors.Is(err, errProtocol):
		return fault.Wrap(fault.SourceInvalid, "the server does not speak RTMP; check host and port of the URL", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(fault.SourceRefused, "the server hung up; check the URL and its signature", err)
	}
	return fault.Wrap(fault.SourceUnreachable, "the server cannot be reached by RTMP; check host and port of the URL", err)
}

// connect dials and does everything up to the answer to connect, also where a server sends us elsewhere. If ctx ends,
// the connection closes, until stop.
func connect(ctx context.Context, rawURL string, o DialOptions) (*conn, address, func() bool, error) {
	u, a, err := parseURL(rawURL)
	if err != nil {
		return nil, a, nil, err
	}
	for range maxRedirects + 1 {
		c, stop, err := connectTo(ctx, u, a, o)
		var r *redirect
		if !errors.As(err, &r) {
			return c, a, stop, err
		}
		if u, a, err = r.follow(a); err != nil {
			return nil, a, nil, err
		}
	}
	return nil, a, nil, fault.New(fault.SourceInvalid, "the server redirects too often; check its configuration")
}

// maxRedirects is how often a server may send us elsewhere.
const maxRedirects = 3

// redirect is an answer to connect that says where to connect instead, as FMS and several CDNs do.
type redirect struct{ to string }

func (r *redirect) Error() string { return "rtmp: the server redirects" }

// follow returns where to go for the same stream. The URL names the application; some servers add the stream.
func (r *redirect) follow(a address) (*url.URL, address, error) {
	name, _, _ := strings.Cut(a.name, "?")
	to, _, _ := strings.Cut(r.to, "?")
	u, next, err := parseURL(strings.TrimSuffix(strings.TrimSuffix(to, "/"), "/"+name) + "/" + a.name)
	if err != nil {
		err = fault.New(fault.SourceInvalid, "the server redirects to what is no RTMP URL; check its configuration")
	}
	return u, next, err
}

// connectTo does it for one server.
func connectTo(ctx context.Context, u *url.URL, a address, o DialOptions) (*conn, func() bool, error) {
	dial := o.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	nc, err := dial(ctx, "tcp", a.host)
	if err != nil {
		return nil, nil, explain(err)
	}
	if u.Scheme == "rtmps" {
		config := &tls.Config{}
		if o.TLS != nil {
			config = o.TLS.Clone()
		}
		if config.ServerName == "" {
			config.ServerName = u.Hostname()
		}
		nc = tls.Client(nc, config)
	}
	stop := closeWith(ctx, nc)
	if _, _, err := handshake.DoClient(nc, false, false); err != nil {
		if strings.Contains(err.Error(), "version") {
			err = errProtocol
		}
		return nil, nil, dialed(&conn{nc: nc}, stop, err)
	}
	c := newConn(nc)
	if err := c.connect(a); err != nil {
		return nil, nil, dialed(c, stop, err)
	}
	return c, stop, nil
}

// connect implements NetConnection.connect (7.2.1.1), with what enhanced RTMP adds.
func (c *conn) connect(a address) error {
	if err := c.begin(); err != nil {
		return err
	}
	err := c.send(0, "connect", 1, amf0.Object{
		{Key: "app", Value: a.app},
		{Key: "flashVer", Value: "LNX 9,0,124,2"},
		{Key: "tcUrl", Value: a.tcURL},
		{Key: "fpad", Value: false},
		{Key: "capabilities", Value: 15.0},
		{Key: "audioCodecs", Value: float64(0x0fff)},
		{Key: "videoCodecs", Value: float64(0x00ff)},
		{Key: "videoFunction", Value: 1.0},
		{Key: "objectEncoding", Value: 0.0},
		// Bodies are passed on whatever is in them, so every codec is welcome.
		{Key: "fourCcList", Value: amf0.StrictArray{"*"}},
		{Key: "capsEx", Value: float64(2 | 4)}, // multitrack, ModEx
	})
	if err != nil {
		return err
	}
	_, err = c.result(1)
	return err
}

// result waits for the answer to transaction id. Media does not come yet.
func (c *conn) result(id float64) (command, error) {
	for {
		m, err := c.read()
		if err != nil {
			return command{}, err
		}
		r, ok := parseCommand(&m)
		if !ok {
			continue
		}
		switch {
		case r.name == "_error" && (r.id == id || r.id == 0), r.name == "onStatus" && r.failed(), r.name == "close":
			if ex, _ := r.object(1).Get("ex"); ex != nil {
				if o, ok := ex.(amf0.Object); ok {
					if to, ok := o.GetString("redirect"); ok {
						return r, &redirect{to}
					}
				}
			}
			return r, refused(&r)
		case r.name == "_result" && r.id == id:
			return r, nil
		}
	}
}

func (c *conn) createStream(id float64) (uint32, error) {
	if err := c.send(0, "createStream", id, nil); err != nil {
		return 0, err
	}
	r, err := c.result(id)
	if err != nil {
		return 0, err
	}
	if len(r.args) > 1 {
		if n, ok := r.args[1].(float64); ok && n >= 0 && n < 1<<32 {
			return uint32(n), nil
		}
	}
	return 0, errProtocol
}

// failed tells whether an onStatus or _error says no.
func (c *command) failed() bool {
	level, _ := c.object(1).GetString("level")
	return level == "error"
}

// code returns the code of an onStatus or _error.
func (c *command) code() string {
	s, _ := c.object(1).GetString("code")
	return s
}

// refused makes a fault of an answer that says no. The server's words are quoted, shortened.
func refused(c *command) error {
	said := c.code()
	if d, _ := c.object(1).GetString("description"); d != "" {
		said += " " + d
	}
	if said == "" {
		said = c.name
	}
	code := fault.SourceRefused
	switch c.code() {
	case "NetStream.Publish.BadName":
		code = fault.StreamBusy
	case "NetStream.Publish.Denied":
		code = fault.PublishDenied
	}
	return fault.New(code, "the server answered "+strconv.Quote(said[:min(len(said), 200)])+"; check the URL and its signature")
}

// ReadTag returns the next tag, whose body is the caller's own and what the encoder sent.
//
// Errors: io.EOF when the server ends the stream or hangs up, fault.SourceRefused if it says no after all,
// fault.SourceInvalid if it breaks the protocol, or the error of the connection.
func (c *Client) ReadTag() (flv.Tag, error) {
	for {
		if len(c.conn.pending) > 0 {
			t := c.conn.pending[0]
			c.conn.pending = c.conn.pending[1:]
			return t, nil
		}
		m, err := c.conn.read()
		if errors.Is(err, errProtocol) {
			return flv.Tag{}, explain(err)
		}
		if err != nil {
			return flv.Tag{}, err
		}
		if over, err := played(&m); over {
			return flv.Tag{}, err
		}
		c.conn.pending = m.tags(c.limits)
	}
}

// played tells whether m ends the stream, and how.
func played(m *message) (bool, error) {
	if m.typ == typeUserControl {
		const streamEOF = 1
		return len(m.body) >= 2 && m.body[0] == 0 && m.body[1] == streamEOF, io.EOF
	}
	r, ok := parseCommand(m)
	if !ok {
		return false, nil
	}
	switch {
	case r.name == "_error", r.name == "onStatus" && r.failed():
		return true, refused(&r)
	case r.name == "close":
		return true, io.EOF
	case r.name == "onStatus":
		switch r.code() {
		case "NetStream.Play.Stop", "NetStream.Play.Complete", "NetStream.Play.UnpublishNotify":
			return true, io.EOF
		}
	}
	return false, nil
}

// SetIdleTimeout sets how long ReadTag waits for a message; 0 is for ever, the default.
func (c *Client) SetIdleTimeout(d time.Duration) { c.conn.idle = d }

// Close closes the connection and unblocks ReadTag.
func (c *Client) Close() error { return c.conn.nc.Close() }

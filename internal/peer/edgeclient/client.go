package edgeclient

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

const (
	maxJSON = 1 << 20
	// maxFrame is the largest slice answer: the payload, a statement of as many slices as one may have, room to spare.
	maxFrame = slice.MaxPayload + slice.MaxEntries*(32+5) + 1024
)

// Config is what a Client is made of.
type Config struct {
	// Server is the base URL of the server, http(s)://host[:port][/path]. Needed.
	Server string
	// HTTPClient makes the requests. If nil, one of the Client's own with a pool for a dozen requests at a time.
	HTTPClient *http.Client
	// Dial opens connections for the Client's own HTTPClient. If nil, a net.Dialer's DialContext, with a limit of 5 s.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
}

// Client asks one server.
type Client struct {
	base *url.URL
	http *http.Client
	own  bool // http is the Client's own
	now  func() time.Time

	requests   atomic.Uint64
	headersIn  atomic.Uint64
	headersOut atomic.Uint64
	slicesIn   atomic.Uint64
	jsonIn     atomic.Uint64
}

// Traffic counts what a Client sent and received. Headers are counted as HTTP/1.1 would write them; under HTTP/2 and
// later they are smaller.
type Traffic struct {
	Requests   uint64
	HeadersOut uint64 // bytes
	HeadersIn  uint64 // bytes
	SlicesIn   uint64 // bytes of bodies that are slices with their proofs
	JSONIn     uint64 // bytes of all other bodies
}

// New checks cfg and returns a Client; nothing is sent yet. The error is url_invalid.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(strings.TrimSpace(cfg.Server))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fault.New(fault.URLInvalid,
			"the server's address "+strconv.Quote(cfg.Server)+" is no URL; write http://host:port")
	}
	base.Path = strings.TrimSuffix(base.Path, "/") + "/"
	base.RawQuery, base.Fragment = "", ""
	c := &Client{base: base, http: cfg.HTTPClient, now: cfg.Now}
	if c.http == nil {
		c.own = true
		c.http = NewHTTPClient(cfg.Dial, 0)
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// NewHTTPClient returns what Clients make requests with, for several that share it: dial is as in Config, conns how many
// connections to a server there may be, 0 for 12.
func NewHTTPClient(dial func(ctx context.Context, network, address string) (net.Conn, error), conns int) *http.Client {
	if dial == nil {
		dial = (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	}
	if conns <= 0 {
		conns = 12
	}
	return &http.Client{Transport: &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: dial,
		// An engine has up to 8 requests under way; without the pool each would be a connection of its own.
		MaxIdleConnsPerHost:   conns,
		MaxConnsPerHost:       conns,
		IdleConnTimeout:       30 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
		DisableCompression:    true, // media does not compress
		ReadBufferSize:        16 << 10,
		ForceAttemptHTTP2:     true,
		ResponseHeaderTimeout: (edgeapi.MaxWaitSeconds + 10) * time.Second,
	}}
}

// Close closes idle connections. Requests that run are ended by their contexts.
func (c *Client) Close() {
	if c.own {
		c.http.CloseIdleConnections()
	}
}

// Traffic returns the counts so far.
func (c *Client) Traffic() Traffic {
	return Traffic{
		Requests: c.requests.Load(), HeadersOut: c.headersOut.Load(),
		HeadersIn: c.headersIn.Load(), SlicesIn: c.slicesIn.Load(), JSONIn: c.jsonIn.Load(),
	}
}

// url resolves a path or URL from the server against the base. Paths that begin with a slash are below the base too,
// so that a server may stand behind a prefix.
func (c *Client) url(ref string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimPrefix(ref, "/"))
	if strings.HasPrefix(ref, "//") {
		u, err = url.Parse(ref)
	}
	if err != nil {
		return nil, fault.Wrap(fault.ServerInvalid, "the server names an address that is no URL", err)
	}
	u = c.base.ResolveReference(u)
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(fault.ServerInvalid, "the server names an address that is not http(s)")
	}
	return u, nil
}

// reply is what came of a request that the server granted: 200, or 206 if a range was asked for.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// get makes one request and returns the body of a 200, which must be of the type wanted and at most limit bytes.
func (c *Client) get(ctx context.Context, u *url.URL, header http.Header, wanted string, limit int64) ([]byte, error) {
	got, err := c.ask(ctx, u, header, wanted, limit)
	return got.body, err
}

// ask makes one request. Its answer must be of the type wanted and at most limit bytes.
func (c *Client) ask(ctx context.Context, u *url.URL, header http.Header, wanted string, limit int64) (reply, error) {
	got, err := c.exchange(ctx, u, header, wanted, limit)
	if err != nil {
		return reply{}, err
	}
	if t, _, _ := mime.ParseMediaType(got.header.Get("Content-Type")); t != wanted {
		return reply{}, fault.New(fault.ServerInvalid, "the answer is "+strconv.Quote(t)+" where "+wanted+
			" is due; is "+c.base.Host+" a superp2p server?")
	}
	return got, nil
}

// exchange makes one request, and counts it and its answer.
func (c *Client) exchange(
	ctx context.Context, u *url.URL, header http.Header, wanted string, limit int64,
) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return reply{}, fault.Wrap(fault.ServerInvalid, "the server names an address that cannot be asked", err)
	}
	req.Header = header
	c.requests.Add(1)
	c.headersOut.Add(uint64(len("GET  HTTP/1.1\r\nHost: \r\nUser-Agent: Go-http-client/1.1\r\n\r\n") +
		len(u.RequestURI()) + len(u.Host) + headerBytes(header)))
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return reply{}, ctx.Err()
		}
		var ue *url.Error // without the method and URL, which would hide what went wrong
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return reply{}, fault.Wrap(fault.ServerUnreachable,
			"no answer from the superp2p server "+c.base.Host+"; check its address and that it runs", err)
	}
	defer resp.Body.Close()
	c.headersIn.Add(uint64(len("HTTP/1.1 200 OK\r\n\r\n") + headerBytes(resp.Header)))
	granted := resp.StatusCode == http.StatusOK ||
		resp.StatusCode == http.StatusPartialContent && header.Get("Range") != ""
	if !granted {
		limit = 64 << 10
	}
	body, err := readBody(resp, limit)
	if granted && wanted == edgeapi.SliceType {
		c.slicesIn.Add(uint64(len(body)))
	} else {
		c.jsonIn.Add(uint64(len(body)))
	}
	switch {
	case ctx.Err() != nil:
		return reply{}, ctx.Err()
	case !granted:
		return reply{}, refusal(resp, body)
	case errors.Is(err, errTooLarge):
		return reply{}, fault.Wrap(fault.ServerInvalid, "the server's answer breaks the interface", err)
	case err != nil:
		return reply{}, fault.Wrap(fault.ServerUnreachable, "the server's answer broke off", err)
	}
	return reply{resp.StatusCode, resp.Header, body}, nil
}

var errTooLarge = errors.New("it is larger than any may be")

// readBody reads all of a body of at most limit bytes, in one allocation if the length is stated.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, errTooLarge
	}
	if resp.ContentLength > 0 {
		body := make([]byte, resp.ContentLength)
		n, err := io.ReadFull(resp.Body, body)
		return body[:n], err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = errTooLarge
	}
	return body, err
}

// refusal turns an answer that grants nothing into the failure that it tells.
func refusal(resp *http.Response, body []byte) error {
	if f := edgeapi.ParseError(body); f != nil {
		return f
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests:
		return fault.New(fault.ServerUnreachable, "the way to the superp2p server answers "+resp.Status)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.New(fault.ServerInvalid, "the way to the superp2p server answers "+resp.Status+"; check the token that it wants")
	}
	return fault.New(fault.ServerInvalid,
		"the server answers "+resp.Status+" without a reason that the interface knows; is it a superp2p server?")
}

func headerBytes(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, v := range values {
			n += len(name) + len(v) + len(": \r\n")
		}
	}
	return n
}

// Track asks how a track is at the moment.
func (c *Client) Track(ctx context.Context, track slice.TrackID) (*edgeapi.Live, error) {
	u, err := c.url(edgeapi.TracksPath + track.String())
	if err != nil {
		return nil, err
	}
	body, err := c.get(ctx, u, http.Header{}, "application/json", maxJSON)
	if err != nil {
		return nil, err
	}
	live := new(edgeapi.Live)
	if err := json.Unmarshal(body, live); err != nil {
		return nil, fault.Wrap(fault.ServerInvalid, "the server's answer breaks the interface", err)
	}
	return live, nil
}

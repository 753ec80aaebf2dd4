package object

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// maxHeader bounds the header of an answer, in bytes.
const maxHeader = 64 << 10

// Causes for which the context of a request ends.
var (
	errHeader = errors.New("no header came in time")
	errIdle   = errors.New("no bytes came in time")
	errDone   = errors.New("the answer was closed")
	errClosed = errors.New("the client was closed")
)

// Client makes requests over connections that it keeps.
type Client struct {
	options   Options
	transport *http.Transport
	http      *http.Client
	ctx       context.Context
	cancel    context.CancelCauseFunc
	running   sync.WaitGroup // calls of Open, ReadRange and so on

	mu     sync.Mutex
	closed bool
}

// New returns a Client. Close it after use.
func New(o Options) *Client {
	o = o.withDefaults()
	c := &Client{options: o}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.transport = &http.Transport{
		DialContext:            o.Dial,
		TLSClientConfig:        o.TLS.Clone(),
		TLSHandshakeTimeout:    o.HeaderTimeout,
		DisableCompression:     true, // ranges are of the bytes that are stored
		ForceAttemptHTTP2:      true, // not by itself with a dialer of our own
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        60 * time.Second,
		// A dead HTTP/2 connection would otherwise be taken again for each repetition.
		HTTP2: &http.HTTP2Config{SendPingTimeout: o.IdleTimeout / 2, PingTimeout: o.IdleTimeout / 2},
	}
	c.http = &http.Client{Transport: c.transport, CheckRedirect: c.redirect}
	return c
}

// Close ends what is under way, which then fails with fault.Closed, and returns when it has ended. It may be called twice.
// A stream of File.Sequential ends too, but is still its reader's to close.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel(errClosed)
	c.running.Wait()
	c.transport.CloseIdleConnections()
	return nil
}

// begin counts a call in, unless the client is closed.
func (c *Client) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fault.New(fault.Closed, "the client was closed")
	}
	c.running.Add(1)
	return nil
}

func (c *Client) redirect(r *http.Request, via []*http.Request) error {
	if most := max(c.options.MaxRedirects, 0); len(via) > most {
		return fault.New(fault.SourceInvalid,
			"the origin redirects more than "+strconv.Itoa(most)+" times; check its configuration")
	}
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" || r.URL.Hostname() == "" {
		return fault.New(fault.SourceInvalid, "the origin redirects to a URL that is not http or https; check its configuration")
	}
	r.Header.Del("Referer") // it would tell the next host the signature in the first URL
	c.options.Logger.Debug("object redirected", "host", r.URL.Host)
	return nil
}

// checkURL says whether rawURL can be requested.
func checkURL(rawURL string) error {
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" {
		return fault.New(fault.URLInvalid, "that is no URL; give one like https://host/path/name.mp4")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return fault.New(fault.URLInvalid, "files can be read by http and https only; give such a URL")
	}
	return nil
}

// answer is an answer whose body is read under a timer.
type answer struct {
	*http.Response
	ctx     context.Context
	cancel  context.CancelCauseFunc
	release func() bool
	timer   *time.Timer
	client  *Client
}

// request is one question to an origin.
type request struct {
	url     string
	ranges  string // a Range, or "" for the whole
	ifRange string // the ETag that makes the origin send a range of that version only, or ""
}

// ask sends one request, follows redirects, and returns the answer if its status is 200, 206 or 416. The caller closes it.
// Errors are a *fault.Error, or a *retryable that has one.
func (c *Client) ask(ctx context.Context, q request) (*answer, error) {
	a := &answer{client: c}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	a.release = context.AfterFunc(c.ctx, func() { a.cancel(errClosed) })
	a.timer = time.AfterFunc(c.options.HeaderTimeout, func() { a.cancel(errHeader) })
	r, err := http.NewRequestWithContext(a.ctx, http.MethodGet, q.url, nil)
	if err != nil {
		a.close()
		return nil, fault.New(fault.URLInvalid, "that URL cannot be requested; correct it")
	}
	r.Header.Set("User-Agent", "superp2p")
	r.Header.Set("Accept", "*/*")
	r.Header.Set("Accept-Encoding", "identity")
	if q.ranges != "" {
		r.Header.Set("Range", q.ranges)
	}
	if q.ifRange != "" {
		r.Header.Set("If-Range", q.ifRange)
	}
	a.Response, err = c.http.Do(r)
	if err != nil {
		a.Response = nil // it may be that of a redirect, already closed
		err = a.explain(err)
		a.close()
		return nil, err
	}
	if err := c.checkAnswer(a.Response); err != nil {
		a.close()
		return nil, err
	}
	if !a.timer.Stop() {
		err := a.explain(errHeader)
		a.close()
		return nil, err
	}
	a.timer = time.AfterFunc(c.options.IdleTimeout, func() { a.cancel(errIdle) })
	a.timer.Stop() // until somebody reads
	return a, nil
}

// Read reads the body. Its errors other than io.EOF have not been explained.
func (a *answer) Read(p []byte) (int, error) {
	a.timer.Reset(a.client.options.IdleTimeout)
	n, err := a.Body.Read(p)
	a.timer.Stop() // it rests while nobody waits
	return n, err
}

func (a *answer) close() {
	a.timer.Stop()
	a.release()
	a.cancel(errDone)
	if a.Response != nil {
		_ = a.Body.Close()
	}
}

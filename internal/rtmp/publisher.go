package rtmp

import (
	"context"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

// Publisher sends a stream to a server.
type Publisher struct {
	conn   *conn
	stream uint32
	reader sync.WaitGroup
	done   chan struct{}

	mu  sync.Mutex
	err error
}

// Publish connects to a server and starts to publish under the name that rawURL (rtmp:// or rtmps://) says. The context
// bounds only Publish.
//
// Errors: fault.URLInvalid, SourceUnreachable, StreamBusy if somebody else publishes under that name, PublishDenied,
// SourceRefused for other refusals, SourceInvalid, or what DialOptions.Dial returned.
func Publish(ctx context.Context, rawURL string, o DialOptions) (*Publisher, error) {
	c, a, stop, err := connect(ctx, rawURL, o)
	if err != nil {
		return nil, err
	}
	// What old servers want to know before; nobody needs their answer.
	for i, name := range []string{"releaseStream", "FCPublish"} {
		if err == nil {
			err = c.send(0, name, float64(2+i), nil, a.name)
		}
	}
	var id uint32
	if err == nil {
		id, err = c.createStream(4)
	}
	if err == nil {
		err = c.send(id, "publish", 5, nil, a.name, "live")
	}
	if err == nil {
		err = c.published()
	}
	if err = dialed(c, stop, err); err != nil {
		return nil, err
	}
	p := &Publisher{conn: c, stream: id, done: make(chan struct{})}
	p.reader.Go(p.read)
	return p, nil
}

// published waits for the answer to publish.
func (c *conn) published() error {
	for {
		m, err := c.read()
		if err != nil {
			return err
		}
		r, ok := parseCommand(&m)
		switch {
		case !ok:
		case r.name == "onStatus" && r.code() == "NetStream.Publish.Start":
			return nil
		case r.name == "_error" && r.id >= 4, r.name == "onStatus" && r.failed(), r.name == "close":
			return refused(&r)
		}
	}
}

// read answers pings, and notices that the server ends it.
func (p *Publisher) read() {
	for {
		m, err := p.conn.read()
		if err == nil {
			if r, ok := parseCommand(&m); ok && (r.name == "onStatus" && r.failed() || r.name == "close") {
				err = refused(&r)
			}
		}
		if err != nil {
			p.mu.Lock()
			p.err = err
			p.mu.Unlock()
			_ = p.conn.nc.Close()
			close(p.done)
			return
		}
	}
}

// Done is closed when the connection is over: after Close, or because the server ended it.
func (p *Publisher) Done() <-chan struct{} { return p.done }

// Err returns why the connection is over once Done is closed: what the server said if it said something, or the error of
// the connection. Before that it returns nil.
func (p *Publisher) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// WriteTag sends a tag. An error is final: what the server said if it said something, or the error of the connection.
func (p *Publisher) WriteTag(t flv.Tag) error {
	if t.IsMetadata() {
		t.Body = append([]byte(setDataFrame), t.Body...)
	}
	err := p.conn.writeTag(p.stream, &t)
	if err == nil {
		return nil
	}
	_ = p.conn.nc.SetReadDeadline(time.Now().Add(closeTimeout)) // for the server to say why
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	return err
}

// Close tells the server that the stream ends, waits a little until it has read everything, closes the connection and
// waits for what ran for it. It may be called from any goroutine.
func (p *Publisher) Close() error {
	_ = p.conn.send(0, "FCUnpublish", 6, nil)
	_ = p.conn.send(0, "deleteStream", 7, nil, float64(p.stream))
	p.conn.finish()
	p.reader.Wait()
	_ = p.conn.nc.Close()
	return nil
}

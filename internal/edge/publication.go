package edge

import (
	"context"
	"crypto/subtle"
	"sync"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// Publication is a stream being published to the edge. It is a source on the inside.
type Publication struct {
	stream *stream
	tags   chan flv.Tag
	done   chan struct{}
	once   sync.Once
}

// Publish opens the stream of that name (app/name, as RTMP has it) for a publisher who gave key. The publisher writes
// tags to the Publication and closes it at the end. A publisher who comes back within Config.GiveUp goes on with the
// same track.
//
// Errors: fault.PublishDenied, fault.StreamBusy, fault.LimitReached, fault.URLInvalid for an unusable name.
func (e *Edge) Publish(name, key string) (*Publication, error) {
	if err := checkChannel(name); err != nil {
		return nil, err
	}
	c := e.config.Channels[name]
	want := c.PublishKey
	if want == "" {
		want = e.config.PublishKey
	}
	switch {
	case c.Source != "":
		return nil, fault.New(fault.PublishDenied, "the channel "+name+" is pulled from its source; publish under another name")
	case want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(key)) != 1:
		return nil, fault.New(fault.PublishDenied, "the publish key is missing or wrong; append ?key=… to the stream name")
	}
	p := &Publication{tags: make(chan flv.Tag, queued), done: make(chan struct{})}
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.streams[name]
	if s == nil || s.ended() {
		var err error
		if s, err = e.add(target{id: name, channel: true}); err != nil {
			return nil, err
		}
		p.stream = s
		s.arrive(p)
		e.tasks.Go(func() { s.run(s.await) })
		return p, nil
	}
	p.stream = s
	if !s.arrive(p) {
		return nil, fault.New(fault.StreamBusy, "somebody else publishes "+name+" already; wait until they stop, or use another name")
	}
	return p, nil
}

func (s *stream) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// arrive makes p the publisher of s; false if there is one.
func (s *stream) arrive(p *Publication) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.publisher != nil {
		return false
	}
	s.publisher = p
	select {
	case <-s.arrivals: // one that left before the cutter saw it
	default:
	}
	s.arrivals <- p
	return true
}

// await is the opener of a published stream.
func (s *stream) await(ctx context.Context) (feed, error) {
	select {
	case p := <-s.arrivals:
		s.log.Info("publisher connected")
		return &tags{stream: s, source: p}, nil
	case <-ctx.Done():
		return nil, fault.New(fault.SourceEnded, "the publisher has left")
	}
}

// WriteTag passes on the next tag, whose body must not change any more. It waits only for the cutter, never for
// viewers. Error: fault.Closed after Close or when the edge has closed the publication.
func (p *Publication) WriteTag(t flv.Tag) error {
	select {
	case <-p.done:
	default:
		select {
		case p.tags <- t:
			return nil
		case <-p.done:
		}
	}
	return fault.New(fault.Closed, "the publication is over")
}

// Done is closed when the publication is over, from either side.
func (p *Publication) Done() <-chan struct{} { return p.done }

// ReadTag is the cutter's side.
func (p *Publication) ReadTag() (flv.Tag, error) {
	select {
	case t := <-p.tags:
		return t, nil
	default:
	}
	select {
	case t := <-p.tags:
		return t, nil
	case <-p.done:
	}
	select { // what was written before the end
	case t := <-p.tags:
		return t, nil
	default:
		return flv.Tag{}, fault.New(fault.SourceEnded, "the publisher has left")
	}
}

// Close ends the publication; another publisher may take the name. It may be called twice and from any goroutine.
func (p *Publication) Close() error {
	p.once.Do(func() {
		close(p.done)
		p.stream.mu.Lock()
		defer p.stream.mu.Unlock()
		if p.stream.publisher == p {
			p.stream.publisher = nil
		}
	})
	return nil
}

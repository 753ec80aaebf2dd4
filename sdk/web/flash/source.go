//go:build js && wasm

package main

import (
	"context"
	"errors"
	"io"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/viewing"
)

// source is what the page plays: one of its Sources, for one view after the other.
type source struct {
	number int32
	done   chan struct{} // closed when it is over
	why    error         // then; nil if it ended as it should
	gone   chan struct{} // closed by drop
	live   *liveFLV      // of a live stream that is FLV
}

func (m *module) source(number int32) *source {
	s := m.sources[number]
	if s == nil {
		s = &source{number: number, done: make(chan struct{}), gone: make(chan struct{})}
		m.sources[number] = s
	}
	return s
}

func (s *source) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *source) finish(why error) {
	if !s.over() {
		s.why = why
		close(s.done)
	}
}

func (s *source) drop() { close(s.gone) }

// tags returns the stream's tags for a view: first what decoders need, then from the next keyframe on.
func (s *source) tags(ctx context.Context) viewing.TagReader {
	again := s.live != nil
	if !again {
		s.live = &liveFLV{from: s, tags: make(chan flv.Tag)}
		go s.live.run()
	}
	return &liveTags{ctx: ctx, live: s.live, again: again}
}

// liveFLV reads a live stream, for all views of it, one after the other.
type liveFLV struct {
	from                   *source
	tags                   chan flv.Tag // closed at the end
	err                    error        // then
	metadata, video, audio *flv.Tag     // what decoders need, of what was read
}

func (l *liveFLV) run() {
	defer close(l.tags)
	r := viewing.Tags(&pieces{from: l.from})
	for {
		t, err := r.ReadTag()
		if err != nil {
			l.err = err
			return
		}
		select {
		case l.tags <- t:
		case <-l.from.gone:
			l.err = fault.New(fault.Closed, "it was closed")
			return
		}
	}
}

// note remembers a tag that went to a view.
func (l *liveFLV) note(t *flv.Tag) {
	switch {
	case t.IsMetadata():
		l.metadata = t
	case t.IsVideoSequenceHeader():
		l.video = t
	case t.IsAudioSequenceHeader():
		l.audio = t
	}
}

// pieces reads what the page gives of a live stream.
type pieces struct {
	from *source
	rest []byte
}

// Read implements io.Reader.
func (p *pieces) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		var err error
		r := question{Source: p.from.number, What: "read"}.begin()
		select {
		case <-r.done:
			p.rest, err = r.data, r.err
		case <-p.from.gone:
			err = io.EOF
		}
		if err != nil {
			return 0, err
		}
		if len(p.rest) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// liveTags is a live stream for one view.
type liveTags struct {
	ctx   context.Context
	live  *liveFLV
	again bool // another view has had the beginning
	queue []flv.Tag
}

// ReadTag implements viewing.TagReader.
func (r *liveTags) ReadTag() (flv.Tag, error) {
	if len(r.queue) > 0 {
		t := r.queue[0]
		r.queue = r.queue[1:]
		return t, nil
	}
	for {
		select {
		case <-r.ctx.Done():
			return flv.Tag{}, r.ctx.Err()
		case t, ok := <-r.live.tags:
			if !ok {
				return t, r.live.err
			}
			r.live.note(&t)
			if !r.again {
				return t, nil
			}
			if !r.begins(&t) {
				continue
			}
			r.again = false
			for _, head := range []*flv.Tag{r.live.metadata, r.live.video, r.live.audio} {
				if head != nil {
					one := *head
					one.Timestamp = t.Timestamp
					r.queue = append(r.queue, one)
				}
			}
			r.queue = append(r.queue, t)
			return r.ReadTag()
		}
	}
}

// begins tells whether a player can begin at a tag.
func (r *liveTags) begins(t *flv.Tag) bool {
	if r.live.video != nil || t.Type == flv.Video {
		return t.Type == flv.Video && t.IsKeyframe() && !t.IsSequenceHeader()
	}
	return t.Type == flv.Audio && !t.IsSequenceHeader()
}

// noCancel makes an end of what was waited for in vain a fault.
func noCancel(err error) error {
	if errors.Is(err, context.Canceled) {
		return fault.New(fault.Closed, "it was closed meanwhile; play it again")
	}
	return err
}

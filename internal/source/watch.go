package source

import (
	"context"
	"errors"
	"io"
	"net/url"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// Causes for which the context of a stream ends.
var (
	errTimeout = errors.New("nothing came in time")
	errClosed  = errors.New("closed")
)

// watched is a stream under timeouts: a timer ends its context, and with it the connection.
type watched struct {
	stream  stream
	ctx     context.Context
	cancel  context.CancelCauseFunc
	options Options
	timer   *time.Timer
	stop    sync.Once

	started bool // audio or video has come
	paused  bool // the timer rests while nobody waits
	first   *flv.Tag
	err     error
}

// begin opens a stream and waits for its first tag.
func begin(
	ctx context.Context, u *url.URL, o Options, open func(context.Context, *url.URL, Options) (stream, error),
) (Source, error) {
	w := &watched{options: o}
	w.ctx, w.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	w.timer = time.AfterFunc(o.StartTimeout, func() { w.cancel(errTimeout) })
	release := context.AfterFunc(ctx, func() { w.cancel(context.Cause(ctx)) })
	defer release()
	s, err := open(w.ctx, u, o)
	if err != nil {
		err = w.explain(err)
		w.end()
		return nil, err
	}
	w.stream = s
	t, err := w.ReadTag()
	if err != nil {
		return nil, err
	}
	w.first = &t
	return w, nil
}

func (w *watched) ReadTag() (flv.Tag, error) {
	if w.first != nil {
		t := *w.first
		w.first = nil
		return t, nil
	}
	if w.err != nil {
		return flv.Tag{}, w.err
	}
	if w.ctx.Err() != nil { // some may still be buffered, but it is over
		w.err = w.explain(w.ctx.Err())
		w.end()
		return flv.Tag{}, w.err
	}
	if w.paused {
		w.paused = false
		w.timer.Reset(w.options.IdleTimeout)
	}
	t, err := w.stream.ReadTag()
	if err != nil {
		w.err = w.explain(err)
		w.end()
		return flv.Tag{}, w.err
	}
	if t.IsMedia() { // other tags do not prove that the stream lives
		w.started, w.paused = true, true
		w.timer.Stop()
	}
	return t, nil
}

func (w *watched) Close() error {
	w.cancel(errClosed)
	w.end()
	return nil
}

func (w *watched) end() {
	w.stop.Do(func() {
		w.timer.Stop()
		w.cancel(errClosed)
		if w.stream != nil {
			_ = w.stream.Close()
		}
	})
}

// explain turns what went wrong into a fault.
func (w *watched) explain(err error) error {
	var f *fault.Error
	switch cause := context.Cause(w.ctx); {
	case errors.Is(cause, errTimeout) && w.started:
		return fault.New(fault.SourceTimeout,
			"the origin was silent for "+w.options.IdleTimeout.String()+"; its encoder may have stopped: try again")
	case errors.Is(cause, errTimeout):
		return fault.New(fault.SourceTimeout,
			"the origin sent no audio or video within "+w.options.StartTimeout.String()+"; check that the stream is live")
	case errors.Is(cause, context.DeadlineExceeded):
		return fault.Wrap(fault.SourceTimeout, "the origin took longer than the caller waits; check that it is live", cause)
	case cause != nil:
		return fault.Wrap(fault.Closed, "the source was closed", cause)
	case errors.As(err, &f):
		return f
	case errors.Is(err, flv.ErrSignature), errors.Is(err, flv.ErrTagType), errors.Is(err, flv.ErrTagSize):
		return fault.Wrap(fault.SourceInvalid, "what the origin sent is no FLV; check the URL and the encoder", err)
	case errors.Is(err, io.EOF):
		return fault.New(fault.SourceEnded, "the origin ended the stream")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(fault.SourceEnded, "the origin ended the stream in the middle of a tag", err)
	case w.stream != nil:
		return fault.Wrap(fault.SourceUnreachable, "the connection to the origin broke; try again", err)
	}
	return fault.Wrap(fault.SourceUnreachable, "the origin cannot be reached; check host and port of the URL", err)
}

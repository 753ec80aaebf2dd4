package object

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/superp2p/superp2p/internal/fault"
)

// step is how much memory an unproved length gets at once, in bytes.
const step = 256 << 10

// readFull fills p unless the body ends or breaks first. Unlike io.ReadFull it tells these two apart: the end in order is io.EOF.
func (a *answer) readFull(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = a.Read(p[n:])
		n += m
	}
	if n == len(p) {
		return n, nil
	}
	return n, err
}

// fill reads exactly len(p) bytes, which must be the whole body, and returns how many came.
func (a *answer) fill(p []byte) (int, error) {
	n, err := a.readFull(p)
	if err != nil {
		return n, a.short(err)
	}
	if a.ContentLength == int64(len(p)) {
		return n, nil
	}
	// All came. Only more of it would tell that the answer lied; how it ends does not matter any more.
	if m, _ := a.readFull(make([]byte, 1)); m > 0 {
		return 0, fault.New(fault.SourceInvalid, "the origin sent more than it said; check its configuration")
	}
	return n, nil
}

// upTo reads at most n bytes, and returns io.EOF with them if the body ended by then, in order.
func (a *answer) upTo(n int) ([]byte, error) {
	var b []byte
	for len(b) < n {
		at := len(b)
		b = append(b, make([]byte, min(n-at, max(at, step)))...)
		m, err := a.readFull(b[at:])
		if errors.Is(err, io.EOF) {
			return b[:at+m], io.EOF
		}
		if err != nil {
			return nil, a.short(err)
		}
	}
	if a.ContentLength == int64(n) {
		return b, io.EOF
	}
	return b, nil
}

// short explains why a body ended too early.
func (a *answer) short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		if a.ctx.Err() == nil {
			return &retryable{fault: fault.New(fault.SourceUnreachable, "the origin ended its answer before all had come; try again")}
		}
	}
	return a.explain(err)
}

// Get returns the whole of a small object, of at most limit bytes (if zero, Options.MaxBody). It is fetched anew when the connection
// breaks.
//
// Errors: those of Open; fault.SourceInvalid if the object is larger than limit.
func (c *Client) Get(ctx context.Context, rawURL string, limit int) ([]byte, Meta, error) {
	if err := checkURL(rawURL); err != nil {
		return nil, Meta{}, err
	}
	if limit <= 0 || limit > c.options.MaxBody {
		limit = c.options.MaxBody
	}
	var b []byte
	var m Meta
	err := c.retry(ctx, func() (int64, error) {
		a, err := c.ask(ctx, request{url: rawURL})
		if err != nil {
			return 0, err
		}
		defer a.close()
		if a.StatusCode != http.StatusOK {
			return 0, fault.New(fault.SourceInvalid, "the origin sent a part without being asked for one; check its configuration")
		}
		if a.ContentLength > int64(limit) {
			return 0, tooLarge()
		}
		if b, err = a.upTo(limit + 1); err == nil {
			return 0, tooLarge()
		}
		if !errors.Is(err, io.EOF) {
			return 0, err
		}
		m = metaOf(a.Response, int64(len(b)))
		m.Ranged = a.Header.Get("Accept-Ranges") == "bytes"
		return 0, nil
	})
	if err != nil {
		return nil, Meta{}, err
	}
	return b, m, nil
}

func tooLarge() *fault.Error {
	return fault.New(fault.SourceInvalid, "what the origin sent is larger than such an object may be; check the URL")
}

// Sequential returns the file from its start, for an origin that does not answer ranges. ctx ends it, and so does Client.Close.
// Reading is not tried again. The caller closes it.
//
// Errors: those of Open, fault.SourceChanged if the file is another than was opened. Read returns io.EOF after Size bytes, if Size
// is known, and never after fewer or more.
func (f *File) Sequential(ctx context.Context) (io.ReadCloser, error) {
	var s *sequential
	err := f.client.retry(ctx, func() (int64, error) {
		a, err := f.client.ask(ctx, request{url: f.url})
		if err != nil {
			return 0, err
		}
		if a.StatusCode != http.StatusOK {
			a.close()
			return 0, fault.New(fault.SourceInvalid, "the origin sent a part without being asked for one; check its configuration")
		}
		now := metaOf(a.Response, a.ContentLength)
		if err := f.check(&now); err != nil {
			a.close()
			return 0, err
		}
		s = &sequential{answer: a, left: f.Size}
		return 0, nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// sequential is a body that has to have as many bytes as were promised.
type sequential struct {
	*answer
	left int64 // what is to come; below zero if that is unknown
	err  error
}

func (s *sequential) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.answer.Read(p)
	if s.left >= 0 {
		if int64(n) > s.left {
			n, err = int(s.left), fault.New(fault.SourceInvalid, "the origin sent more than it said; check its configuration")
		} else if s.left -= int64(n); s.left > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.short(err)
		var r *retryable
		if errors.As(err, &r) {
			err = r.fault
		}
	}
	s.err = err
	return n, err
}

func (s *sequential) Close() error {
	s.close()
	return nil
}

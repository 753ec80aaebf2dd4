package object

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// progress is how many bytes make a repetition count as a new start: so a long range comes through a bad connection, and who
// sends byte by byte is not asked for ever.
const progress = 16 << 10

// retryable is a failure after which the request may be repeated.
type retryable struct {
	fault *fault.Error
	after time.Duration // what the origin asks to wait
	now   bool          // repeat without a pause
}

func (r *retryable) Error() string { return r.fault.Error() }

func (r *retryable) Unwrap() error { return r.fault }

// retry calls do, which returns how many bytes it got, until it succeeds or fails for good.
func (c *Client) retry(ctx context.Context, do func() (int64, error)) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.running.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errDone)
	defer context.AfterFunc(c.ctx, func() { cancel(errClosed) })()
	for try := 0; ; try++ {
		n, err := do()
		var r *retryable
		if !errors.As(err, &r) {
			return err
		}
		if n >= progress {
			try = 0
		}
		if try >= c.options.Retries {
			return r.fault
		}
		if r.after > c.options.MaxRetryAfter {
			return fault.Wrap(r.fault.Code, "the origin asks to wait for "+r.after.String()+"; try again then", r.fault)
		}
		wait := max(c.backoff(try), r.after)
		if r.now {
			wait = 0
		}
		c.options.Logger.Debug("object asked again", "try", try+1, "wait", wait, "code", r.fault.Code)
		if wait > 0 {
			if err := c.options.Sleep(ctx, wait); err != nil {
				return ended(err, r.fault)
			}
		}
		if ctx.Err() != nil {
			return ended(context.Cause(ctx), r.fault)
		}
	}
}

// backoff returns the pause before the repetition number try, from 0.
func (c *Client) backoff(try int) time.Duration {
	longest := min(c.options.Backoff<<min(try, 5), 20*c.options.Backoff)
	return longest/2 + time.Duration(c.options.Random()*float64(longest)/2)
}

// ended returns the fault of a caller who stopped waiting; last is what it was waiting to get over.
func ended(cause error, last *fault.Error) *fault.Error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return fault.Wrap(fault.SourceTimeout, "the origin took longer than the caller waits; try again", last)
	}
	return fault.Wrap(fault.Closed, "reading was stopped", cause)
}

// explain turns what went wrong with a request or its body into a fault, or a retryable one.
func (a *answer) explain(err error) error {
	o := &a.client.options
	var f *fault.Error
	switch cause := context.Cause(a.ctx); {
	case errors.Is(cause, errHeader):
		a.client.transport.CloseIdleConnections() // one of them may be dead
		return &retryable{fault: fault.New(fault.SourceTimeout,
			"the origin did not answer within "+o.HeaderTimeout.String()+"; check that it is up")}
	case errors.Is(cause, errIdle):
		a.client.transport.CloseIdleConnections()
		return &retryable{fault: fault.New(fault.SourceTimeout,
			"the origin was silent for "+o.IdleTimeout.String()+" in the middle of a file; try again")}
	case errors.Is(cause, context.DeadlineExceeded):
		return fault.Wrap(fault.SourceTimeout, "the origin took longer than the caller waits; try again", cause)
	case cause != nil:
		return fault.Wrap(fault.Closed, "reading was stopped", cause)
	case errors.As(err, &f):
		return f
	}
	cause := harmless(err)
	if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
		return fault.Wrap(fault.SourceUnreachable, "the origin's certificate is not trusted; check host and certificate", cause)
	}
	if a.Response != nil {
		return &retryable{fault: fault.Wrap(fault.SourceUnreachable, "the connection to the origin broke; try again", cause)}
	}
	return &retryable{fault: fault.Wrap(fault.SourceUnreachable,
		"the origin cannot be reached; check host and port of the URL", cause)}
}

// harmless returns the part of err whose text holds no URL, nor what an origin chose to say; nil if there is none.
func harmless(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op
	}
	if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
		return certificate
	}
	for _, known := range []error{io.ErrUnexpectedEOF, io.EOF, net.ErrClosed} {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110, section 10.2.3).
func (c *Client) retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(at.Sub(c.options.Now()), 0)
	}
	return 0
}

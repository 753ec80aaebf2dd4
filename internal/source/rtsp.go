package source

import (
	"context"
	"net/url"

	"github.com/superp2p/superp2p/internal/rtsp"
)

// rtspStream is an RTSP stream that a context ends.
type rtspStream struct {
	*rtsp.Client
	stop func() bool
}

// openRTSP opens an RTSP stream, which ctx ends.
func openRTSP(ctx context.Context, u *url.URL, o Options) (stream, error) {
	c, err := rtsp.Dial(ctx, u.String(), rtsp.DialOptions{
		Dial: o.Dial, TLS: o.TLS, Limits: o.Limits, MaxRedirects: o.MaxRedirects, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	return &rtspStream{c, context.AfterFunc(ctx, func() { _ = c.Close() })}, nil
}

func (s *rtspStream) Close() error {
	s.stop()
	return s.Client.Close()
}

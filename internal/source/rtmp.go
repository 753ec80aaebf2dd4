package source

import (
	"context"
	"net/url"

	"github.com/superp2p/superp2p/internal/rtmp"
)

// rtmpStream is an RTMP stream that a context ends.
type rtmpStream struct {
	*rtmp.Client
	stop func() bool
}

// openRTMP opens an RTMP stream, which ctx ends.
func openRTMP(ctx context.Context, u *url.URL, o Options) (stream, error) {
	c, err := rtmp.Dial(ctx, u.String(), rtmp.DialOptions{Dial: o.Dial, TLS: o.TLS, Limits: o.Limits})
	if err != nil {
		return nil, err
	}
	return &rtmpStream{c, context.AfterFunc(ctx, func() { _ = c.Close() })}, nil
}

func (s *rtmpStream) Close() error {
	s.stop()
	return s.Client.Close()
}

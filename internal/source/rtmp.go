package source

import (
	"context"
	"net/url"

	"github.com/superp2p/superp2p/internal/fault"
)

func openRTMP(ctx context.Context, u *url.URL, o Options) (stream, error) {
	return nil, fault.New(fault.Internal, "rtmp is not built in yet")
}

package peer

import (
	"context"
	"net"
)

// DialOrigin returns how a viewer with that configuration that plays target opens connections to origins: not to addresses
// of its own network, unless target is there. Its errors are those of Config.Dial and *fault.Error with
// fault.AddressPrivate. It is for who reads something for a viewer beforehand, such as a master playlist.
func DialOrigin(cfg Config, target string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return newDirectDialer(&Viewer{cfg: cfg, target: target}).Dial
}

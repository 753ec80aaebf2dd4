package peer

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
)

func TestNothingLeadsToAddressesOfTheViewersOwnNetwork(t *testing.T) {
	names := map[string]string{
		"cdn.test": "93.184.216.34", "lan.test": "192.168.1.1", "home.test": "10.0.0.5", "other.test": "10.0.0.6",
	}
	errDialed := errors.New("dialed")
	dialed := ""
	d := &directDialer{
		dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialed = address
			return nil, errDialed
		},
		lookup: func(_ context.Context, _, host string) ([]netip.Addr, error) {
			if a, ok := names[host]; ok {
				return []netip.Addr{netip.MustParseAddr(a)}, nil
			}
			return nil, &net.DNSError{IsNotFound: true}
		},
	}
	for _, c := range []struct{ home, to, dialed string }{
		{"cdn.test", "cdn.test:80", "cdn.test:80"},
		{"cdn.test", "93.184.216.34:443", "93.184.216.34:443"},
		{"lan.test", "cdn.test:443", "93.184.216.34:443"},
		{"cdn.test", "lan.test:80", ""},
		{"cdn.test", "127.0.0.1:8080", ""},
		{"cdn.test", "[::ffff:10.0.0.1]:80", ""},
		{"cdn.test", "169.254.169.254:80", ""},
		{"home.test", "home.test:80", "home.test:80"},
		{"home.test", "other.test:80", "10.0.0.6:80"},
		{"192.168.0.9", "127.0.0.1:80", "127.0.0.1:80"},
		{"nowhere.test", "127.0.0.1:80", ""},
	} {
		d.home, dialed = c.home, ""
		_, err := d.Dial(t.Context(), "tcp", c.to)
		require.Equal(t, c.dialed, dialed, "from %s to %s", c.home, c.to)
		if c.dialed == "" {
			require.Equal(t, fault.AddressPrivate, fault.CodeOf(err), "%v", err)
		}
	}
	_, err := d.Dial(t.Context(), "tcp", "no port")
	require.Equal(t, fault.URLInvalid, fault.CodeOf(err))
}

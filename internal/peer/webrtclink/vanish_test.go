package webrtclink

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/logging"
	"github.com/pion/transport/v4/vnet"
	"github.com/stretchr/testify/require"
)

// twoHosts returns the networks of two hosts with a delay of 20 ms between them, and the switch that cuts all wires.
func twoHosts(t *testing.T) (a, b *vnet.Net, cut *atomic.Bool) {
	t.Helper()
	router, err := vnet.NewRouter(&vnet.RouterConfig{
		CIDR: "10.0.0.0/24", MinDelay: 20 * time.Millisecond, LoggerFactory: logging.NewDefaultLoggerFactory(),
	})
	require.NoError(t, err)
	cut = &atomic.Bool{}
	router.AddChunkFilter(func(vnet.Chunk) bool { return !cut.Load() })
	for _, n := range []struct {
		net **vnet.Net
		ip  string
	}{{&a, "10.0.0.1"}, {&b, "10.0.0.2"}} {
		*n.net, err = vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{n.ip}})
		require.NoError(t, err)
		require.NoError(t, router.AddNet(*n.net))
	}
	require.NoError(t, router.Start())
	t.Cleanup(func() { require.NoError(t, router.Stop()) })
	return a, b, cut
}

func TestAPeerThatVanishesIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		na, nb, cut := twoHosts(t)
		on := func(n *vnet.Net) func(*Config) {
			return func(c *Config) { c.Net, c.Loopback = n, false }
		}
		a, ea := endpoint(t, on(na))
		b, eb := endpoint(t, on(nb))
		la, _ := connect(t, a, b)
		require.NoError(t, la.Send(make([]byte, 16<<10)))
		require.Len(t, <-eb.message, 16<<10)
		cut.Store(true)
		start := time.Now()
		require.NoError(t, la.Send(make([]byte, 16<<10)))
		require.ErrorIs(t, <-ea.closed, ErrLost)
		require.ErrorIs(t, <-eb.closed, ErrLost)
		require.Less(t, time.Since(start), 15*time.Second)
		require.Empty(t, eb.message)
	})
}

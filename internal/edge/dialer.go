package edge

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// DialFunc opens a connection like net.Dialer.DialContext.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// LookupFunc resolves a host like net.Resolver.LookupNetIP with network "ip".
type LookupFunc = func(ctx context.Context, host string) ([]netip.Addr, error)

const (
	// addressTimeout is how long a connection to one of several addresses may take.
	addressTimeout = 1500 * time.Millisecond
	// maxAddresses is how many addresses of a name are tried.
	maxAddresses = 8
)

// guard opens the connections of one pull. A name is resolved here and the address that was checked is the one that is
// connected to, so that neither a redirect nor a name that resolves differently the second time leads elsewhere.
type guard struct {
	origins []origin
	own     string // host:port of a channel's own source, which counts as listed; "" for a URL that a viewer gave
	lookup  LookupFunc
	dial    DialFunc

	// refused remembers the last refusal of ours, because what opens the source may report it as a failed connection.
	refused atomic.Pointer[fault.Error]
}

// Dial connects to address if the configuration lets it.
func (g *guard) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, g.refuse(fault.URLInvalid, "the source's address "+address+" is none")
	}
	host = normalHost(host)
	own := g.own != "" && g.own == net.JoinHostPort(host, port)
	named := own || g.any(func(o *origin) bool { return o.names(host, port) })
	// The operator trusts the source of a channel to redirect it to any public host. A URL is chosen by a viewer, who
	// must not reach the whole Internet through an origin that redirects to whatever it is told.
	if !named && g.own == "" && !g.any(func(o *origin) bool { return o.matches(host, port) }) {
		return nil, g.refuse(fault.OriginNotAllowed, "the source leads to "+host+
			", which origins in the server's configuration does not list")
	}
	addresses, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var failed error
	for i, a := range addresses {
		if !named && !public(a) && !g.any(func(o *origin) bool { return o.covers(a, port) }) {
			failed = errors.Join(failed, g.refuse(fault.AddressPrivate, "the source leads to "+a.String()+
				", which is not a public address; list it in origins of the server's configuration to allow it"))
			continue
		}
		conn, err := g.connect(ctx, network, net.JoinHostPort(a.String(), port), i == len(addresses)-1)
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// connect does not let one dead address use up the time of those after it.
func (g *guard) connect(ctx context.Context, network, address string, last bool) (net.Conn, error) {
	if !last {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, addressTimeout)
		defer cancel()
	}
	return g.dial(ctx, network, address)
}

func (g *guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addresses, err := g.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	addresses = addresses[:min(len(addresses), maxAddresses)]
	for i := range addresses {
		addresses[i] = addresses[i].Unmap()
	}
	if len(addresses) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	return addresses, nil
}

func (g *guard) any(is func(*origin) bool) bool {
	for i := range g.origins {
		if is(&g.origins[i]) {
			return true
		}
	}
	return false
}

func (g *guard) refuse(code fault.Code, message string) error {
	err := fault.New(code, message)
	g.refused.Store(err)
	return err
}

// permit tells whether a viewer may have u pulled, as far as its text tells.
func permit(origins []origin, u *url.URL) error {
	for i := range origins {
		if origins[i].allows(u) {
			return nil
		}
	}
	return fault.New(fault.OriginNotAllowed, "the server does not pull from "+normalHost(u.Hostname())+
		"; its operator can list it under origins in the configuration, or name the source as a channel")
}

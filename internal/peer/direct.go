package peer

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/ipaddr"
	"github.com/superp2p/superp2p/internal/object"
)

// directDialer opens connections to origins. What a playlist names, or a redirect leads to, must not make this viewer knock at
// addresses of its own network, unless that is where it was told to play from.
type directDialer struct {
	home string // the host that the user named: that of the URL, or of the server where it is a channel
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	// lookup resolves a host like net.Resolver.LookupNetIP.
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

func newDirectDialer(v *Viewer) *directDialer {
	d := &directDialer{dial: v.cfg.Dial, lookup: net.DefaultResolver.LookupNetIP}
	if d.dial == nil {
		d.dial = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	}
	home := v.target
	if !strings.Contains(home, "://") {
		home = v.cfg.Server
	}
	if u, err := url.Parse(home); err == nil {
		d.home = u.Hostname()
	}
	return d
}

// Dial connects to address, host:port, if it may be connected to.
func (d *directDialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fault.New(fault.URLInvalid, "the origin's address is none; check the playlist")
	}
	if strings.EqualFold(host, d.home) {
		return d.dial(ctx, network, address)
	}
	list, err := d.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var failed error
	for i, a := range list {
		if !ipaddr.Public(a) && !d.atHome(ctx) {
			failed = errors.Join(failed, fault.New(fault.AddressPrivate, "the playlist or its origin leads to "+a.String()+
				", which is not a public address; play from there by a URL that names it"))
			continue
		}
		// The address that was checked is the one that is connected to: a name may resolve differently the next time.
		conn, err := d.connect(ctx, network, net.JoinHostPort(a.String(), port), i == len(list)-1)
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// connect does not let one dead address use up the time of those after it.
func (d *directDialer) connect(ctx context.Context, network, address string, last bool) (net.Conn, error) {
	if !last {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 1500*time.Millisecond)
		defer cancel()
	}
	return d.dial(ctx, network, address)
}

// atHome tells whether the host that the user named is itself at an address that is not public.
func (d *directDialer) atHome(ctx context.Context) bool {
	list, err := d.resolve(ctx, d.home)
	for _, a := range list {
		if ipaddr.Public(a) {
			return false
		}
	}
	return err == nil
}

// resolve returns the addresses of a host, at least one.
func (d *directDialer) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	list, err := d.lookup(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	const most = 8
	list = list[:min(len(list), most)]
	for i := range list {
		list[i] = list[i].Unmap()
	}
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	return list, nil
}

// readDirect reads a range of what is at rawURL, at most limit bytes.
func readDirect(ctx context.Context, c *object.Client, rawURL string, r hls.ByteRange, limit int) ([]byte, error) {
	if r.IsWhole() {
		b, _, err := c.Get(ctx, rawURL, limit)
		return b, err
	}
	if r.Length <= 0 || r.Length > int64(limit) {
		return nil, fault.New(fault.SourceInvalid, "the playlist names a range that is too large; check what makes it")
	}
	f, err := c.Known(rawURL, object.Meta{Size: -1})
	if err != nil {
		return nil, err
	}
	return f.ReadRange(ctx, r.Offset, int(r.Length))
}

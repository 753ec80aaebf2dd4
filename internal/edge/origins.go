package edge

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/superp2p/superp2p/internal/fault"
)

// origin is one entry of what may be pulled.
type origin struct {
	scheme string       // "" for any
	block  netip.Prefix // if valid, stands for the host
	host   string       // exact name, lower case; ".example.com" for its subdomains; "*" for any
	port   string       // "" for any
	path   string       // prefix of the path, "" for any
}

// parseOrigin reads [scheme://]host[:port][/path], where host is a name, *.name, *, an address or a CIDR block.
func parseOrigin(text string) (origin, error) {
	refuse := func(why string) (origin, error) {
		return origin{}, fault.New(fault.ConfigInvalid, "origins: \""+text+"\" "+why+
			"; write [scheme://]host[:port][/path], where host may be *.example.com, an address or a CIDR block")
	}
	rest := strings.TrimSpace(text)
	if block, err := netip.ParsePrefix(rest); err == nil {
		return origin{block: block.Masked()}, nil
	}
	var o origin
	if scheme, after, ok := strings.Cut(rest, "://"); ok {
		if o.scheme = strings.ToLower(scheme); defaultPort(o.scheme) == "" {
			return refuse("has a scheme that cannot be pulled")
		}
		rest = after
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		rest, o.path = rest[:i], rest[i:]
		if o.path == "/" {
			o.path = ""
		}
	}
	host := rest
	if _, err := netip.ParseAddr(rest); err != nil { // a bare IPv6 address has colons, but no port
		if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.HasSuffix(rest, "]") {
			host, o.port = rest[:i], rest[i+1:]
			if n, err := strconv.ParseUint(o.port, 10, 16); err != nil || n == 0 {
				return refuse("has no valid port")
			}
		}
	}
	if strings.HasSuffix(host, "*.") {
		return refuse("is no host")
	}
	host = normalHost(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	switch a, err := netip.ParseAddr(host); {
	case err == nil:
		o.block = netip.PrefixFrom(a, a.BitLen())
	case host == "*":
		o.host = host
	case strings.HasPrefix(host, "*."):
		o.host = host[1:]
	default:
		o.host = host
	}
	if o.host != "*" && strings.ContainsAny(o.host, "*/@?#[]: ") || !o.block.IsValid() && strings.Trim(o.host, ".") == "" {
		return refuse("is no host")
	}
	return o, nil
}

// matches tells whether the entry names this host and port; it does not look at scheme and path.
func (o *origin) matches(host, port string) bool {
	if o.port != "" && o.port != port {
		return false
	}
	switch {
	case o.block.IsValid():
		a, err := netip.ParseAddr(host)
		return err == nil && o.block.Contains(a)
	case o.host == "*":
		return true
	case strings.HasPrefix(o.host, "."):
		return strings.HasSuffix(host, o.host)
	default:
		return host == o.host
	}
}

// names tells whether the entry names exactly this host, not by a wildcard.
func (o *origin) names(host, port string) bool {
	return o.host != "*" && !strings.HasPrefix(o.host, ".") && o.matches(host, port)
}

// covers tells whether the entry lists this address itself.
func (o *origin) covers(a netip.Addr, port string) bool {
	return o.block.IsValid() && (o.port == "" || o.port == port) && o.block.Contains(a)
}

// allows tells whether the entry lets u be pulled.
func (o *origin) allows(u *url.URL) bool {
	if o.scheme != "" && o.scheme != u.Scheme || !o.matches(normalHost(u.Hostname()), portOf(u)) {
		return false
	}
	if o.path == "" || u.Path == o.path {
		return true
	}
	return strings.HasPrefix(u.Path, strings.TrimSuffix(o.path, "/")+"/")
}

// normalHost writes equal hosts equally: lower case, no final dot, IPv4 never as IPv6.
func normalHost(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().WithZone("").String()
	}
	return host
}

// defaultPort returns the port of a scheme that can be pulled, "" for any other.
func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https", "rtmps":
		return "443"
	case "rtmp":
		return "1935"
	case "rtsp":
		return "554"
	case "rtsps":
		return "322"
	default:
		return ""
	}
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return defaultPort(u.Scheme)
}

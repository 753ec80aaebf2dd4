package proxy

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// knownHost tells whether a request was sent to an address that names this machine and not to a name that an attacker
// may have pointed at it (DNS rebinding): an IP address, localhost, or a name of the configuration.
func knownHost(host string, allowed []string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name == "localhost" || slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, name) })
}

// foreign tells whether a web page of another site than the proxy's own is behind the request, and it is not one that
// the configuration trusts. Programs that are no browser send none of these headers. Browsers send Origin with every
// fetch, Sec-Fetch-Site (Fetch Metadata, W3C) also with images and links, and old ones at least Referer.
func foreign(r *http.Request, trusted []string) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		if u, err := url.Parse(r.Referer()); err == nil && u.Host != "" {
			origin = u.Scheme + "://" + u.Host
		}
	}
	if origin != "" {
		u, err := url.Parse(origin)
		own := err == nil && u.Scheme == "http" && u.Host == r.Host
		return !own && !slices.Contains(trusted, origin)
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return true
}

// allowCORS lets pages of any site read the answer: a page's own player must be able to play from the proxy. What is
// private or changes something is refused to foreign pages beforehand.
func allowCORS(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "*")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Range, Cache-Control, Content-Type")
		h.Set("Access-Control-Max-Age", "86400")
		// A page from a public address asks first whether it may talk to this machine (Private Network Access).
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
}

// crossDomain is Flash Player's policy file: SWFs of any site may read streams, as pages may.
const crossDomain = `<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd">
<cross-domain-policy>
  <allow-access-from domain="*" secure="false"/>
</cross-domain-policy>
`

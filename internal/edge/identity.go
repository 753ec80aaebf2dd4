package edge

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/superp2p/superp2p/internal/fault"
)

const (
	maxURL     = 4096 // bytes of a URL that a viewer may ask for
	maxChannel = 256  // bytes of a channel id
)

// parseSource reads a URL that shall be pulled. It refuses what different programs read differently.
func parseSource(raw string) (*url.URL, error) {
	refuse := func(why string) (*url.URL, error) {
		return nil, fault.New(fault.URLInvalid, "the URL "+why+"; give an rtmp, rtmps, rtsp, rtsps, http or https URL of a live stream, a file or an HLS playlist")
	}
	if len(raw) > maxURL {
		return refuse("is longer than 4096 bytes")
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return refuse("holds a sign that URLs do not hold")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return refuse("cannot be read")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	switch {
	case defaultPort(u.Scheme) == "":
		return refuse("has a scheme that cannot be played")
	case u.Opaque != "" || normalHost(u.Hostname()) == "":
		return refuse("names no host")
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == "." || part == ".." {
			return refuse("has a path with dot segments")
		}
	}
	return u, nil
}

// identity returns what all viewers of u have in common: the URL without credentials, fragment, default port and the
// query keys that differ per viewer, its host in lower case and its query sorted.
func identity(u *url.URL, perViewer map[string]bool) string {
	host, port := normalHost(u.Hostname()), portOf(u)
	switch {
	case port != defaultPort(u.Scheme):
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	id := u.Scheme + "://" + host + path
	pairs := shared(u.RawQuery, perViewer)
	slices.Sort(pairs)
	if len(pairs) > 0 {
		id += "?" + strings.Join(pairs, "&")
	}
	return id
}

// shared returns the pairs of a query that do not differ per viewer.
func shared(query string, perViewer map[string]bool) (pairs []string) {
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if pair != "" && !perViewer[strings.ToLower(name)] {
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

func checkChannel(id string) error {
	if id == "" || len(id) > maxChannel || strings.Contains(id, "://") || strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fault.New(fault.URLInvalid, "the channel id is empty, longer than 256 bytes, a URL or holds control signs")
	}
	return nil
}

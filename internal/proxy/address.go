package proxy

import (
	"net/url"
	"strings"
)

// address returns where the proxy has the resource of a URL, as path and query; false if that can have no place there:
// it is neither http nor https, or holds a password.
func address(rawURL string) (string, bool) {
	u, err := url.Parse(rawURL)
	if err != nil || u.User != nil || u.Opaque != "" || !isHost(u.Host) {
		return "", false
	}
	where := "/"
	switch u.Scheme {
	case "http":
		switch u.Host { // hosts that are named like a first word of an address
		case "channel", "http", "https", "rtmp", "rtmps", "rtsp", "rtsps":
			where = "/http/"
		}
	case "https":
		where = "/https/"
	default:
		return "", false
	}
	where += u.Host
	if path := u.EscapedPath(); path != "" {
		where += path
	} else {
		where += "/"
	}
	if u.RawQuery != "" {
		where += "?" + u.RawQuery
	}
	return tidy(where), true
}

// playlistAddress returns where the proxy has a playlist that another one leads to, with what the other's address has for
// the proxy itself.
func playlistAddress(rawURL, own string) (string, bool) {
	where, ok := address(rawURL)
	if !ok {
		return "", false
	}
	path, query, _ := strings.Cut(where, "?")
	if !isPlaylist(path) {
		query = join(query, asPlaylist)
	}
	query = join(query, own)
	if query == "" {
		return path, true
	}
	return path + "?" + tidy(query), true
}

func join(query, more string) string {
	if query == "" || more == "" {
		return query + more
	}
	return query + "&" + more
}

// tidy escapes what cannot stand in a playlist, and what browsers escape of themselves: so an address is the same when it
// comes back.
func tidy(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ', c >= 0x7f, c == '"', c == '\'', c == '<', c == '>':
			const digits = "0123456789ABCDEF"
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

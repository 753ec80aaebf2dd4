package proxy

import (
	"math"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
)

// The query keys of a stream's address that are meant for the proxy.
const (
	keyResource = "xresid"
	keyDelay    = "superp2p_delay"
	keyStart    = "start"
	keyAs       = "as"
	keyParts    = "superp2p_parts"
	keySession  = "superp2p_session"
	keyTracks   = "superp2p_tracks"
	keyShare    = "superp2p_share"

	asPlaylist = keyAs + "=m3u8"
	asFLV      = keyAs + "=flv"
	// directive begins the keys by which players of low-latency HLS say what to wait for. They are no part of an address.
	directive = "_HLS_"
)

// maxAddress limits what is read as an address; longer ones are refused. Signed URLs are far shorter.
const maxAddress = 8 << 10

// Target is what a player asked for.
type Target struct {
	// Play is the URL or channel id to open.
	Play string
	// Resource is the name by which /stat finds the stream.
	Resource string
	// Fallback is an address that a player can open without P2P, "" for a channel.
	Fallback string
	// Start is where in a file that comes as FLV to begin, in seconds, of one that is FLV perhaps in bytes; 0 at its start.
	Start float64
	// AsFLV has a file of another kind, or an HLS playlist, come as FLV.
	AsFLV bool
	// Session is the id by which a Flash player asks how it goes; it gets what such players know. "" if it has none.
	Session string
	// Tracks is "audio" or "video" if that player wants only that, and Quiet says that it does not want to give to peers.
	Tracks string
	Quiet  bool
	// Playlist says that it is an HLS playlist.
	Playlist bool
	// Parts hands the tags of low-latency HLS on.
	Parts bool
	// Directives are what the request for a playlist asks for, as a raw query, such as _HLS_msn=7.
	Directives string
	// Own is what of the query is meant for the proxy and for all playlists that this one leads to, raw.
	Own string
	// Delay is how far behind live to play. If zero, the proxy's own default.
	Delay time.Duration
}

const forms = "Open /<host>/<path>.flv, .mp4 or .m3u8, /https/<host>/<path>.flv, .mp4 or .m3u8, " +
	"/rtmp/<host>/<app>/<stream>.flv, /rtsp/<host>/<path>.flv, /channel/<id>.flv or .m3u8."

// isPlaylist says that a path ends like an HLS playlist's.
func isPlaylist(path string) bool {
	path = strings.ToLower(path)
	return strings.HasSuffix(path, ".m3u8") || strings.HasSuffix(path, ".m3u")
}

// ParseTarget reads the escaped path and the raw query of a request. Its errors are *fault.Error with URLInvalid.
func ParseTarget(path, query string) (Target, error) {
	if len(path)+len(query) > maxAddress {
		return Target{}, fault.New(fault.URLInvalid, "the address is longer than 8 KiB")
	}
	first, rest, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	kind, ending := edgeapi.FileType(rest), rest[max(0, strings.LastIndexByte(rest, '.')):]
	playlist := isPlaylist(rest)
	switch first {
	case "channel":
		ok = ok && (kind == edgeapi.TypeFLV || playlist)
	case "rtmp", "rtmps", "rtsp", "rtsps":
		ok, playlist = ok && kind == edgeapi.TypeFLV, false
	default:
		playlist = playlist || hasPart(query, asPlaylist)
	}
	named := kind != "" || isPlaylist(rest)
	if !ok || !named && !playlist || named && (rest == ending || strings.HasSuffix(rest, "/"+ending)) {
		return Target{}, fault.New(fault.URLInvalid, "this is no stream's address. "+forms)
	}
	t, query, err := splitQuery(query, playlist)
	if err != nil {
		return t, err
	}
	scheme := "http"
	switch first {
	case "channel":
		id, err := url.PathUnescape(rest[:len(rest)-len(ending)])
		if err != nil || strings.Contains(id, "://") || strings.ContainsFunc(id, isControl) {
			return t, fault.New(fault.URLInvalid, "this is no channel id. "+forms)
		}
		if query != "" {
			id += "?" + query // a publish or play token may follow a channel id
		}
		t.Play = id
		if t.Resource == "" {
			t.Resource = "channel/" + rest
		}
		return t, nil
	case "http", "https", "rtmp", "rtmps", "rtsp", "rtsps":
		scheme = first
		if first, rest, ok = strings.Cut(rest, "/"); !ok || rest == ".flv" {
			return t, fault.New(fault.URLInvalid, "a host and a path must follow /"+scheme+"/. "+forms)
		}
	}
	if !isHost(first) {
		return t, fault.New(fault.URLInvalid, "the first part of the path is no host name. "+forms)
	}
	if t.Resource == "" {
		t.Resource = first + "/" + rest
	}
	if !strings.HasPrefix(scheme, "http") { // the suffix is for players; such streams are named without it
		rest = rest[:len(rest)-len(".flv")]
	}
	if strings.HasPrefix(scheme, "rtmp") && !strings.Contains(rest, "/") {
		return t, fault.New(fault.URLInvalid, "an RTMP address needs an application and a stream name. "+forms)
	}
	t.Play = scheme + "://" + first + "/" + rest
	if query != "" {
		t.Play += "?" + query
	}
	u, err := url.Parse(t.Play)
	if err != nil || u.Host != first || u.User != nil {
		return t, fault.New(fault.URLInvalid, "this is no valid URL. "+forms)
	}
	t.Fallback = t.Play
	return t, nil
}

// splitQuery takes the proxy's own keys out of a raw query and leaves the others byte for byte as they are, because
// origins check signatures over them.
func splitQuery(query string, playlist bool) (t Target, rest string, err error) {
	t.Playlist = playlist
	film := !playlist || hasPart(query, asFLV) // otherwise start is the origin's own
	var others, own, directives []string
	for part := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(part, "=")
		switch {
		case part == "":
		case key == keyResource:
			if t.Resource, err = url.QueryUnescape(value); err != nil {
				return t, "", fault.New(fault.URLInvalid, "the value of xresid is not a valid query value")
			}
			own = append(own, part)
		case key == keyDelay:
			if t.Delay, err = parseDelay(value); err != nil {
				return t, "", err
			}
			own = append(own, part)
		case key == keySession:
			t.Session = value
		case key == keyTracks:
			t.Tracks = value
		case key == keyShare:
			t.Quiet = value == "off"
		case part == asFLV:
			t.AsFLV = true
		case playlist && part == asPlaylist:
		case playlist && key == keyParts:
			t.Parts = value == "1"
			own = append(own, part)
		case playlist && strings.HasPrefix(key, directive):
			directives = append(directives, part)
		case key == keyStart && film:
			start, err := strconv.ParseFloat(value, 64)
			if err == nil && start >= 0 && start < 1<<50 {
				t.Start = start
				continue
			}
			others = append(others, part) // the origin's own
		default:
			others = append(others, part)
		}
	}
	t.Own, t.Directives = strings.Join(own, "&"), strings.Join(directives, "&")
	return t, strings.Join(others, "&"), nil
}

// hasPart tells whether a raw query holds a key with a value as they stand there.
func hasPart(query, part string) bool {
	return strings.Contains("&"+query+"&", "&"+part+"&")
}

// parseDelay reads a number of seconds. What is out of range is the viewer's to clamp, but 0 is no «default» here.
func parseDelay(s string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(seconds) || math.IsInf(seconds, 0) {
		return 0, fault.New(fault.URLInvalid, "superp2p_delay must be a number of seconds, from 2 to 30")
	}
	return max(1, time.Duration(min(seconds, 3600)*float64(time.Second))), nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// isHost tells whether s can be a host name or address with an optional port. It is strict: what is none must not
// reach the server as a URL that somebody reads otherwise.
func isHost(s string) bool {
	if strings.HasPrefix(s, "[") {
		if ap, err := netip.ParseAddrPort(s); err == nil {
			return ap.Addr().Zone() == ""
		}
		a, err := netip.ParseAddr(strings.TrimSuffix(s[1:], "]"))
		return err == nil && a.Zone() == "" && strings.HasSuffix(s, "]")
	}
	name, port, hasPort := strings.Cut(s, ":")
	if hasPort {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	if name == "" || len(name) > 253 || strings.Trim(name, ".") == "" {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	})
}

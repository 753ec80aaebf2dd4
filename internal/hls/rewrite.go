package hls

import (
	"net/url"

	"github.com/superp2p/superp2p/internal/fault"
)

// Rewrite gives each URI of a playlist to replace and puts in its place what that returns; Reference.Raw leaves it as
// it is. All else stays byte for byte: line ends, byte order mark, order, and tags that are not known. It takes the
// playlists that Parse takes, and those whose only fault is one of meaning, such as a missing target duration.
//
// Relative URIs are resolved against base; if nil, Reference.URL is as written. A playlist may take variables from
// its own URL (Playlist.QueryParameters): serve the rewritten one under a URL with the same parameters.
//
// Errors: fault.SourceInvalid for what is no playlist, exceeds the limits or is damaged; fault.Internal if what
// replace returns cannot stand in a playlist, as it is empty, begins with # or holds a quote, blank or control character.
func Rewrite(b []byte, base *url.URL, o Options, replace func(Reference) string) ([]byte, error) {
	s, err := newScanner(b, base, o)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(b)+len(b)/4)
	done := 0
	for {
		l, ok, err := s.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return append(out, b[done:]...), nil
		}
		for i := range l.references {
			f := &l.references[i]
			with := replace(f.Reference)
			if with == f.Raw {
				continue
			}
			if !canStand(with) {
				return nil, fault.New(fault.Internal, "a URI was to be replaced by one that cannot stand in a playlist; "+
					"please report it")
			}
			out = append(out, b[done:f.start]...)
			if f.quote {
				out = append(out, '"')
				out = append(out, with...)
				out = append(out, '"')
			} else {
				out = append(out, with...)
			}
			done = f.end
		}
	}
}

func canStand(uri string) bool {
	if uri == "" || uri[0] == '#' {
		return false
	}
	for i := range len(uri) {
		if uri[i] <= ' ' || uri[i] == '"' || uri[i] == 0x7f {
			return false
		}
	}
	return true
}

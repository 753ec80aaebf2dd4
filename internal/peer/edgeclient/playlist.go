package edgeclient

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/object"
)

// checkPlaylist tells whether what a server says of a playlist can be, nil if it is none.
func checkPlaylist(r *edgeapi.Resolution) (*edgeapi.Playlist, bool) {
	const longest = 3_600_000 // ms: hls.Limits
	p := r.Playlist
	if p == nil {
		return nil, true
	}
	out := *p
	switch p.Kind {
	case edgeapi.PlaylistMaster:
		return &out, true
	case edgeapi.PlaylistLive:
		if r.File != nil {
			return nil, false
		}
	case edgeapi.PlaylistVOD:
		if r.File == nil {
			return nil, false
		}
	default:
		return nil, false
	}
	ok := p.Target > 0 && p.Target <= longest && p.Sequence >= 0 && p.Sequence < 1<<62 && strings.Contains(p.URL, "{track}")
	return &out, ok
}

// PlaylistURL returns where the server's own copy of the playlist of r is.
//
// Errors: fault.ServerInvalid.
func (c *Client) PlaylistURL(r *Resolution) (*url.URL, error) {
	if r.Playlist == nil || r.Playlist.URL == "" {
		return nil, fault.New(fault.ServerInvalid, "the server names no place of the playlist")
	}
	return c.url(edgeapi.SlicePath(r.Playlist.URL, r.Track, 0))
}

// Playlist fetches the server's copy of a playlist from what PlaylistURL returned, perhaps with a query.
//
// Errors: what the server says, fault.ServerUnreachable, fault.ServerInvalid.
func (c *Client) Playlist(ctx context.Context, rawURL string, limit int) ([]byte, object.Meta, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, object.Meta{}, fault.New(fault.ServerInvalid, "the server names an address that is no URL")
	}
	ctx, cancel := context.WithTimeout(ctx, playlistTimeout)
	defer cancel()
	body, err := c.get(ctx, u, http.Header{}, edgeapi.TypePlaylist, int64(limit))
	return body, object.Meta{URL: rawURL, Size: int64(len(body))}, err
}

// playlistTimeout is how long the server may take for a playlist, which it may hold until there is news.
const playlistTimeout = (edgeapi.MaxWaitSeconds + 5) * time.Second

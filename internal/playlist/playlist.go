package playlist

import (
	"context"
	"net/url"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/object"
)

// Load is a playlist as it was at one time.
type Load struct {
	URL      *url.URL // where it was found, after redirects: its URIs are relative to that
	Raw      []byte   // as the origin has it
	Playlist *hls.Playlist
	// Of a media playlist that is followed:
	Fresh  []hls.Segment // that were not there the last time
	Change hls.Change    // what became of it since
}

// Getter fetches a small object, like object.Client.Get.
type Getter func(ctx context.Context, rawURL string, limit int) ([]byte, object.Meta, error)

// Get loads the playlist at rawURL.
//
// Errors: those of object.Client.Get and hls.Parse.
func Get(ctx context.Context, c *object.Client, rawURL string, o hls.Options) (*Load, error) {
	return GetBy(ctx, c.Get, rawURL, o)
}

// GetBy is Get by another way than an object.Client.
func GetBy(ctx context.Context, get Getter, rawURL string, o hls.Options) (*Load, error) {
	limit := o.Limits.MaxBytes
	if limit == 0 {
		limit = 1 << 20
	}
	raw, meta, err := get(ctx, rawURL, limit)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(meta.URL)
	if err != nil {
		return nil, fault.Wrap(fault.URLInvalid, "the playlist is at what is no URL; check the URL", err)
	}
	p, err := hls.Parse(raw, base, o)
	if err != nil {
		return nil, err
	}
	return &Load{URL: base, Raw: raw, Playlist: p}, nil
}

// Follower loads one media playlist again and again. Make one with Follow.
type Follower struct {
	client  *object.Client
	url     string
	options hls.Options
	window  hls.Window
}

// Follow returns a Follower of the media playlist at rawURL, which has loaded nothing yet.
func Follow(c *object.Client, rawURL string, o hls.Options) *Follower {
	return &Follower{client: c, url: rawURL, options: o}
}

// Load loads the playlist, with query added to its own if there is any, such as _HLS_msn=7.
//
// Errors: those of Get and hls.Window.Update. What is known stays as it was then.
func (f *Follower) Load(ctx context.Context, query string) (*Load, error) {
	at := f.url
	if query != "" {
		u, err := url.Parse(f.url)
		if err != nil {
			return nil, fault.New(fault.URLInvalid, "the playlist's URL is none; check it")
		}
		if u.RawQuery != "" {
			query = u.RawQuery + "&" + query
		}
		u.RawQuery = query
		at = u.String()
	}
	l, err := Get(ctx, f.client, at, f.options)
	if err != nil {
		return nil, err
	}
	l.Fresh, l.Change, err = f.window.Update(l.Playlist)
	return l, err
}

// SetURL has later loads come from another URL of the same playlist, such as one with a newer signature.
func (f *Follower) SetURL(rawURL string) { f.url = rawURL }

// Segments returns those that the last load listed. They are shared: do not change them.
func (f *Follower) Segments() []hls.Segment { return f.window.Segments() }

// Find returns the segment of a media sequence number, nil if the last load does not list it.
func (f *Follower) Find(sequence int64) *hls.Segment {
	return hls.Find(f.window.Segments(), sequence)
}

package superp2p

import (
	"context"
	"net/url"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/playlist"
)

// Playlist is an HLS playlist as it was at one time (RFC 8216). It may be shared: do not change it.
type Playlist struct {
	URL *url.URL // where it was found, after redirects: what its lines name is relative to that
	Raw []byte   // as the origin has it, also what the fields below leave out: keys, parts

	Master   bool          // it leads to other playlists and has no segments: the fields below are empty
	Target   time.Duration // how long a segment lasts at the most
	Complete bool          // no segment will be added
	Segments []Segment     // in order; not those that a delta update left out
	// First and Next are the media sequence numbers of the first segment, also if a delta update left it out, and of the one
	// that will follow the last.
	First, Next int64

	master *hls.Master
}

// Resource is something that a playlist names: what is at a URL, or a part of that.
type Resource struct {
	URL    string // absolute
	Offset int64  // where it begins, in bytes
	Length int64  // in bytes; 0: to the end
}

// Whole tells whether it is all that is at its URL.
func (r *Resource) Whole() bool { return r.Offset == 0 && r.Length == 0 }

// Segment is a media segment of a Playlist.
type Segment struct {
	Resource
	Sequence      int64 // its media sequence number
	Duration      time.Duration
	Discontinuity bool      // it does not continue the one before
	Gap           bool      // the origin says that it is missing
	Map           *Resource // its initialization segment, shared by those that have the same; nil if it needs none
}

// LoadMaster loads a master playlist from its URL: what Open answers source_master to. Playlist.Raw leads to the playlists that
// can be opened, or Playlist.Choose. Of cfg and play it uses what is said of the server's address and of the logger.
//
// Errors: config_invalid, url_invalid; source_unreachable, source_refused and others of the origin; source_invalid if it is no
// playlist, source_changed if it is none that leads to others.
func LoadMaster(ctx context.Context, cfg Config, url string, play *PlayConfig) (*Playlist, error) {
	c, _, err := viewerOf(&cfg, url, &play)
	if err != nil {
		return nil, err
	}
	l, err := peer.LoadMaster(ctx, c, url)
	if err != nil {
		return nil, err
	}
	return playlistOf(l), nil
}

// Choose returns which variant of a master playlist P2PNetStream.Play plays, that of the highest bandwidth that FLV can carry, and
// the URL of the playlist that its sound is in, "" if that is in its own segments.
//
// Errors: source_invalid if there is none.
func (p *Playlist) Choose() (variant, audio string, err error) {
	if p.master == nil {
		return "", "", fault.New(fault.RequestInvalid, "the playlist leads to no others; open it itself")
	}
	v, audio, err := film.Choose(p.master)
	if err != nil {
		return "", "", err
	}
	return v.URI, audio, nil
}

// Playlist loads the media playlist as it is now, from the URL that was opened, or the server's copy of it where that fails or
// there is no URL (a channel). query, such as _HLS_msn=7, is added to the URL's own; who asks without one within 300 ms of
// another gets what that got. A live playlist is to be loaded again after half its Target, if it had no news (RFC 8216, 6.3.4).
//
// Errors: request_invalid if m is no playlist; those of the origin and the server; what ctx ended with; the failure that
// ended m; closed after Close.
func (m *Media) Playlist(ctx context.Context, query string) (*Playlist, error) {
	if err := m.needPlaylist(); err != nil {
		return nil, err
	}
	l, err := m.viewer.LoadPlaylist(ctx, query)
	if err != nil {
		return nil, err
	}
	return playlistOf(l), nil
}

// Segment returns the bytes of a segment that Playlist has listed, as the origin has them: ciphertext if it is encrypted. They
// come from peers, the server, or the origin; it waits while they may come from peers. They are shared: do not change them.
//
// Errors: those of Playlist.
func (m *Media) Segment(ctx context.Context, s *Segment) ([]byte, error) {
	if err := m.needPlaylist(); err != nil {
		return nil, err
	}
	return m.viewer.Segment(ctx, &hls.Segment{
		Sequence: s.Sequence, URI: s.URL, Range: s.byteRange(), Duration: s.Duration, Gap: s.Gap,
	})
}

// Resource returns the bytes of something else that a playlist names, an initialization segment or a key, at most limit. They
// come from the origin, and are not shared with peers.
//
// Errors: those of Playlist; source_invalid if it is larger than limit.
func (m *Media) Resource(ctx context.Context, r Resource, limit int) ([]byte, error) {
	if err := m.needPlaylist(); err != nil {
		return nil, err
	}
	return m.viewer.Resource(ctx, r.URL, r.byteRange(), limit)
}

func (m *Media) needPlaylist() error {
	if m.info.Kind != KindPlaylist {
		return fault.New(fault.RequestInvalid, "what was opened is no playlist; read it as MediaInfo.Kind says")
	}
	return nil
}

func (r *Resource) byteRange() hls.ByteRange {
	return hls.ByteRange{Offset: r.Offset, Length: r.Length}
}

// playlistOf returns what was loaded.
func playlistOf(l *playlist.Load) *Playlist {
	p := &Playlist{URL: l.URL, Raw: l.Raw, Master: l.Playlist.Media == nil, master: l.Playlist.Master}
	if p.Master {
		return p
	}
	media := l.Playlist.Media
	p.Target, p.Complete, p.First, p.Next = media.TargetDuration, media.EndList, media.Sequence, media.Next()
	p.Segments = make([]Segment, len(media.Segments))
	var last *hls.Map
	var shared *Resource
	for i := range media.Segments {
		s := &media.Segments[i]
		if s.Map != last {
			if last, shared = s.Map, nil; last != nil {
				shared = &Resource{last.URI, last.Range.Offset, last.Range.Length}
			}
		}
		p.Segments[i] = Segment{
			Resource: Resource{s.URI, s.Range.Offset, s.Range.Length}, Sequence: s.Sequence, Duration: s.Duration,
			Discontinuity: s.Discontinuity, Gap: s.Gap, Map: shared,
		}
	}
	return p
}

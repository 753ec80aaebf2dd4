package peer

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/playlist"
)

const (
	// maxSegment is the size of the largest segment that is played, in bytes.
	maxSegment = 64 << 20
	// loadShared is how long a load of the playlist serves those who ask for one.
	loadShared = 300 * time.Millisecond
	// ownPause is how long the viewer's own URL is left alone after the playlist could not be had there.
	ownPause = 10 * time.Second
)

// hlsPlay is what a Viewer of an HLS playlist has beside its engine: the way to the origin.
type hlsPlay struct {
	v      *Viewer
	client *object.Client
	own    string // the viewer's own URL; "" of a channel

	mu      sync.Mutex
	res     *edgeclient.Resolution // the newest
	window  hls.Window             // what the last load listed
	loaded  time.Time              // when that was
	loading *loadingPlaylist       // the last load without a query
	ownAt   time.Time              // the own URL is not asked for the playlist before
	listed  map[int64]time.Time    // when a segment was first seen, by sequence number
	origin  *origin                // of the session
	jumped  int64                  // the segment of a complete playlist that reading went on from last
	next    int64                  // after the segment of a complete playlist that was read last; -1 before one was
}

// loadingPlaylist is a load that several share.
type loadingPlaylist struct {
	done chan struct{}
	at   time.Time // when it ended
	load *playlist.Load
	err  error
}

func newHLSPlay(v *Viewer, res *edgeclient.Resolution) *hlsPlay {
	h := &hlsPlay{v: v, res: res, next: -1, listed: map[int64]time.Time{}, client: object.New(object.Options{
		Dial: newDirectDialer(v).Dial, Logger: v.log, Retries: 1, HeaderTimeout: ownTimeout,
	})}
	if strings.Contains(v.target, "://") {
		h.own = v.target
	}
	return h
}

// use has what a session resolved be used from now on.
func (h *hlsPlay) use(res *edgeclient.Resolution, o *origin) *origin {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.res, h.origin = res, o
	return o
}

func (h *hlsPlay) close() { _ = h.client.Close() }

// Playlist describes the HLS playlist that is played, nil if it is none. It never changes.
func (v *Viewer) Playlist() *edgeapi.Playlist {
	if v.playlist == nil {
		return nil
	}
	about := *v.playlist
	return &about
}

// Live tells whether what is played is live: neither a file nor a complete playlist.
func (v *Viewer) Live() bool { return v.file == nil }

// Logger is where what concerns the play is logged.
func (v *Viewer) Logger() *slog.Logger { return v.log }

// LoadPlaylist loads the media playlist as it is now, from the viewer's own URL, or the server's copy where that fails or
// there is none (a channel). query, such as _HLS_msn=7, is added to the URL's own. Who asks without one within 300 ms of
// another gets what that got.
//
// Errors: those of playlist.Get, and the *fault.Error of the failure that ended the play.
func (v *Viewer) LoadPlaylist(ctx context.Context, query string) (*playlist.Load, error) {
	if v.hls == nil {
		return nil, noPlaylist()
	}
	return v.hls.load(ctx, query)
}

// Segments loads what the media playlist lists now.
//
// Errors: those of LoadPlaylist.
func (v *Viewer) Segments(ctx context.Context) ([]hls.Segment, error) {
	l, err := v.LoadPlaylist(ctx, "")
	if err != nil {
		return nil, err
	}
	return l.Playlist.Media.Segments, nil
}

// Segment returns the bytes of a segment that the playlist lists, as the origin has them: what peers and server have proved,
// else, where these cannot give it, straight from its own URL. It waits while the segment may come from peers.
//
// Errors: those of object.Client.Get of the own URL, what ctx ended with, the *fault.Error of the failure that ended the play.
func (v *Viewer) Segment(ctx context.Context, s *hls.Segment) ([]byte, error) {
	if v.hls == nil {
		return nil, noPlaylist()
	}
	var data []byte
	var err error
	if v.segments != nil {
		data, err = v.hls.liveSegment(ctx, s)
	} else {
		data, err = v.hls.vodSegment(ctx, s)
	}
	if data != nil || err != nil {
		return data, err
	}
	if data, err = v.hls.direct(ctx, s.URI, s.Range, maxSegment); err == nil {
		v.inbox.post(func() { // it plays, whatever the swarm does
			v.arrived = v.cfg.Now()
			v.begun(v.arrived)
			v.past.ServerBytes += uint64(len(data))
		})
	}
	return data, err
}

// Resource reads something else that a playlist names, a map or a key, from its URL: at most limit bytes.
//
// Errors: those of object.Client.Get.
func (v *Viewer) Resource(ctx context.Context, rawURL string, r hls.ByteRange, limit int) ([]byte, error) {
	if v.hls == nil {
		return nil, noPlaylist()
	}
	return v.hls.direct(ctx, rawURL, r, limit)
}

func noPlaylist() error {
	return fault.New(fault.RequestInvalid, "what is played is no playlist; read it with NewReader or ReadFile")
}

// direct reads from an origin.
func (h *hlsPlay) direct(ctx context.Context, rawURL string, r hls.ByteRange, limit int) ([]byte, error) {
	b, err := readDirect(ctx, h.client, rawURL, r, limit)
	return b, h.explain(ctx, err)
}

// explain says of a request that ended with the viewer why the play ended.
func (h *hlsPlay) explain(ctx context.Context, err error) error {
	if fault.CodeOf(err) != fault.Closed {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return h.v.endError()
}

// load loads the playlist, or takes what another loads or has just loaded.
func (h *hlsPlay) load(ctx context.Context, query string) (*playlist.Load, error) {
	if query != "" {
		return h.loadOnce(ctx, query)
	}
	for {
		h.mu.Lock()
		l := h.loading
		if l != nil {
			select {
			case <-l.done:
				if h.v.cfg.Now().Sub(l.at) < loadShared && l.err == nil {
					h.mu.Unlock()
					return l.load, nil
				}
				l = nil
			default:
			}
		}
		if l == nil {
			l = &loadingPlaylist{done: make(chan struct{})}
			h.loading = l
			h.mu.Unlock()
			l.load, l.err = h.loadOnce(ctx, "")
			l.at = h.v.cfg.Now()
			close(l.done)
			return l.load, l.err
		}
		h.mu.Unlock()
		select {
		case <-l.done:
			if l.err == nil || ctx.Err() == nil && !errors.Is(l.err, context.Canceled) && !errors.Is(l.err, context.DeadlineExceeded) {
				return l.load, l.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

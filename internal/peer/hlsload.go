package peer

import (
	"context"
	"net/url"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/playlist"
)

// LoadMaster loads the master playlist at a URL that Open said is one (fault.SourceMaster), from there. Of cfg it uses Server,
// Dial and Logger.
//
// Errors: those of playlist.Get; fault.SourceChanged if it is a media playlist now.
func LoadMaster(ctx context.Context, cfg Config, target string) (*playlist.Load, error) {
	cfg = cfg.withDefaults()
	client := object.New(object.Options{
		Dial: newDirectDialer(&Viewer{cfg: cfg, target: target}).Dial, Logger: cfg.Logger, Retries: 1, HeaderTimeout: ownTimeout,
	})
	defer client.Close() //nolint:errcheck // it returns nil, always
	l, err := playlist.Get(ctx, client, target, hls.Options{})
	if err == nil && l.Playlist.Master == nil {
		err = fault.New(fault.SourceChanged, "the playlist was a master playlist and is none any more; open it again")
	}
	return l, err
}

// ownTimeout is how long an origin may take to answer.
const ownTimeout = 6 * time.Second

// loadOnce loads the playlist from the viewer's own URL, or else the server's copy.
func (h *hlsPlay) loadOnce(ctx context.Context, query string) (*playlist.Load, error) {
	var ownErr error
	if h.asksOwn() {
		l, err := h.loadFrom(ctx, h.client.Get, h.own, query)
		if err == nil || ctx.Err() != nil || h.v.ctx.Err() != nil {
			return l, h.explain(ctx, err)
		}
		ownErr = err
	}
	l, err := h.loadCopy(ctx, query)
	switch {
	case ownErr == nil || ctx.Err() != nil:
	case err == nil:
		h.v.log.Info("the playlist cannot be had from its own URL, the server's is taken", "err", ownErr)
		h.mu.Lock()
		h.ownAt = h.v.cfg.Now().Add(ownPause)
		h.mu.Unlock()
	default:
		err = ownErr
	}
	return l, h.explain(ctx, err)
}

// asksOwn tells whether the viewer's own URL is to be asked for the playlist.
func (h *hlsPlay) asksOwn() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.own != "" && !h.v.cfg.Now().Before(h.ownAt)
}

// loadCopy loads what the server has of the playlist.
func (h *hlsPlay) loadCopy(ctx context.Context, query string) (*playlist.Load, error) {
	h.mu.Lock()
	res := h.res
	h.mu.Unlock()
	u, err := h.v.edge.PlaylistURL(res)
	if err != nil {
		return nil, err
	}
	return h.loadFrom(ctx, h.v.edge.Playlist, u.String(), query)
}

// loadFrom loads the playlist from one place and takes note of what it lists.
func (h *hlsPlay) loadFrom(ctx context.Context, get playlist.Getter, rawURL, query string) (*playlist.Load, error) {
	if query != "" {
		u, err := url.Parse(rawURL)
		if err != nil {
			return nil, err
		}
		if u.RawQuery != "" {
			query = u.RawQuery + "&" + query
		}
		u.RawQuery = query
		rawURL = u.String()
	}
	l, err := playlist.GetBy(ctx, get, rawURL, hls.Options{})
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.Fresh, l.Change, err = h.window.Update(l.Playlist); err != nil {
		if l.Playlist.Media == nil || l.Playlist.Media.Skipped == 0 {
			return nil, err
		}
		return l, nil // a delta update of another load than ours, for who asked for it
	}
	h.loaded = h.v.cfg.Now()
	for i := range l.Fresh {
		if _, ok := h.listed[l.Fresh[i].Sequence]; !ok {
			h.listed[l.Fresh[i].Sequence] = h.loaded
		}
	}
	if len(h.listed) > 2*maxListed {
		h.forgetListed()
	}
	return l, nil
}

// maxListed is for how many segments it is known when they were listed first.
const maxListed = 1024

func (h *hlsPlay) forgetListed() {
	newest := int64(0)
	for n := range h.listed {
		newest = max(newest, n)
	}
	for n := range h.listed {
		if n <= newest-maxListed {
			delete(h.listed, n)
		}
	}
}

// firstSeen returns when segment n was listed first, now if it was not.
func (h *hlsPlay) firstSeen(n int64) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, ok := h.listed[n]
	if !ok {
		at = h.v.cfg.Now()
		h.listed[n] = at
	}
	return at
}

// find returns the segment that the last load lists under a number, nil if it lists none.
func (h *hlsPlay) find(n int64) *hls.Segment {
	h.mu.Lock()
	defer h.mu.Unlock()
	return hls.Find(h.window.Segments(), n)
}

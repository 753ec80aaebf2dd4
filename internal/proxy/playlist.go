package proxy

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
)

const (
	// keepMaster is how long the server's word that a URL is a master playlist is believed.
	keepMaster = 5 * time.Minute
	// freshMaster is how long a load of it is given to more players.
	freshMaster = time.Second
	maxMasters  = 128
)

// master is a URL that the server said is a master playlist.
type master struct {
	known time.Time

	mu     sync.Mutex
	load   *superp2p.Playlist
	loaded time.Time
}

// masterOf returns the master playlist that t is known to be, nil if it is not.
func (p *Proxy) masterOf(t Target) *master {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.masters[t.Play]
	if m == nil || time.Since(m.known) >= keepMaster {
		return nil
	}
	return m
}

// isMaster remembers that t is a master playlist, as the server has just said: so it is an origin's that it allows.
func (p *Proxy) isMaster(t Target) *master {
	p.mu.Lock()
	defer p.mu.Unlock()
	for play, m := range p.masters {
		if time.Since(m.known) >= keepMaster || len(p.masters) >= maxMasters {
			delete(p.masters, play)
		}
	}
	m := &master{known: time.Now()}
	p.masters[t.Play] = m
	return m
}

// loadMaster loads the playlist from its origin, and not more than once a second.
func (p *Proxy) loadMaster(ctx context.Context, t Target, m *master) (*superp2p.Playlist, error) {
	if t.Fallback == "" {
		return nil, fault.New(fault.SourceMaster, "the channel is a master playlist; open one of its variants, or its own URL")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.load != nil && time.Since(m.loaded) < freshMaster {
		return m.load, nil
	}
	load, err := superp2p.LoadMaster(ctx, p.cfg.Media, t.Play, nil)
	if err != nil {
		if fault.CodeOf(err) == fault.SourceChanged { // it is none any more
			p.mu.Lock()
			delete(p.masters, t.Play)
			p.mu.Unlock()
		}
		return nil, err
	}
	m.load, m.loaded = load, time.Now()
	return load, nil
}

// serveMaster answers with a master playlist whose playlists are the proxy's. The others (for trick play, say) and all
// else are the origin's.
func (p *Proxy) serveMaster(w http.ResponseWriter, r *http.Request, t Target, m *master) {
	load, err := p.loadMaster(r.Context(), t, m)
	if err == nil && t.AsFLV {
		p.serveVariant(w, r, t, load)
		return
	}
	var out []byte
	if err == nil {
		out, err = rewrite(load.Raw, load.URL, t)
	}
	if err != nil {
		p.refuse(w, r, t, err)
		return
	}
	p.givePlaylist(w, out)
}

// serveVariant answers with the variant of a master playlist that FLV carries best, as FLV.
func (p *Proxy) serveVariant(w http.ResponseWriter, r *http.Request, t Target, load *superp2p.Playlist) {
	variant, apart, err := load.Choose()
	if err != nil {
		p.refuse(w, r, t, err)
		return
	}
	s, err := p.joinAsFLV(r.Context(), t, variant)
	if err != nil {
		p.refuse(w, r, t, err)
		return
	}
	defer p.leave(s)
	var audio *stream
	if apart != "" {
		if audio, err = p.joinAsFLV(r.Context(), t, apart); err != nil {
			p.refuse(w, r, t, err)
			return
		}
		defer p.leave(audio)
	}
	p.servePlaylistAsFLV(w, r, t, s, audio)
}

// joinAsFLV joins the stream of a playlist that the master playlist of t leads to.
func (p *Proxy) joinAsFLV(ctx context.Context, t Target, rawURL string) (*stream, error) {
	where, ok := playlistAddress(rawURL, join(t.Own, asFLV))
	if !ok {
		return nil, fault.New(fault.SourceInvalid, "the variants of the master playlist are at no http or https address")
	}
	path, query, _ := strings.Cut(where, "?")
	of, err := ParseTarget(path, query)
	if err != nil {
		return nil, err
	}
	s, err := p.join(ctx, of)
	if err == nil && !s.hls() {
		p.leave(s)
		return nil, fault.New(fault.SourceInvalid, "a variant of the master playlist is no playlist")
	}
	return s, err
}

// servePlaylist answers with the media playlist of a stream as its origin has it now.
func (p *Proxy) servePlaylist(w http.ResponseWriter, r *http.Request, s *stream, t Target) {
	media := p.ask(s)
	if media == nil {
		p.refuse(w, r, t, fault.New(fault.Closed, "the stream ended at this moment; open it again"))
		return
	}
	out, err := p.loadPlaylist(r.Context(), media, s, t)
	if err != nil {
		p.refuse(w, r, t, err)
		return
	}
	p.givePlaylist(w, out)
}

func (p *Proxy) loadPlaylist(ctx context.Context, media *superp2p.Media, s *stream, t Target) ([]byte, error) {
	query := ""
	if t.Parts {
		query = t.Directives
	}
	load, err := media.Playlist(ctx, query)
	if err != nil {
		return nil, err
	}
	if load.Master {
		return nil, fault.New(fault.SourceChanged, "the playlist is a master playlist now; open it again")
	}
	p.mu.Lock()
	of := s.target
	p.mu.Unlock()
	p.registry.add(s.key, of, load)
	raw := load.Raw
	if !t.Parts {
		raw = hls.WholeSegments(raw)
	}
	return rewrite(raw, load.URL, t)
}

// rewrite leads the URIs of a playlist that is served at t through the proxy, as far as they are playlists of the same
// presentation, segments or initialization segments. All others lead to the origin.
func rewrite(raw []byte, base *url.URL, t Target) ([]byte, error) {
	return hls.Rewrite(raw, base, hls.Options{}, func(u hls.Reference) string {
		where, ok := "", false
		switch u.Kind {
		case hls.VariantURI, hls.RenditionURI, hls.RenditionReportURI:
			where, ok = playlistAddress(u.URL, t.Own)
		case hls.SegmentURI, hls.MapURI:
			where, ok = address(u.URL)
		}
		if !ok {
			where = tidy(u.URL)
		}
		return where
	})
}

func (p *Proxy) givePlaylist(w http.ResponseWriter, b []byte) {
	headOfPlaylist(w)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w = &patientWriter{w, http.NewResponseController(w), p.cfg.WriteTimeout}
	_, _ = w.Write(b)
}

func headOfPlaylist(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", edgeapi.TypePlaylist)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// ask returns the media of a stream of whose playlist something is asked, nil if it has ended meanwhile.
func (p *Proxy) ask(s *stream) *superp2p.Media {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.asked = time.Now()
	return s.media
}

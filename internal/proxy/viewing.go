package proxy

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/seekmap"
	"github.com/superp2p/superp2p/internal/viewing"
)

// serveViewing answers a Flash player, which plays by an id: FLV, whatever it is.
func (p *Proxy) serveViewing(w http.ResponseWriter, r *http.Request, t Target) {
	v, ctx, err := p.viewings.Begin(r.Context(), t.Session)
	refuse := func(err error) { // never by a redirect: the player takes another way itself
		code := fault.CodeOf(err)
		fail(w, status(code), string(code), message(err), t.Fallback)
	}
	if err != nil {
		refuse(err)
		return
	}
	defer func() { v.Close(err) }()
	s, audio, err := p.joinViewing(ctx, t)
	if err != nil {
		refuse(err)
		return
	}
	defer p.leave(s)
	if audio != nil {
		defer p.leave(audio)
	}
	about, reader, err := p.openViewing(ctx, t, s, audio)
	if err != nil {
		refuse(err)
		return
	}
	defer reader.Close()                                          //nolint:errcheck // it returns nil, always
	defer context.AfterFunc(ctx, func() { _ = reader.Close() })() // so that a Read that waits returns
	silent := time.AfterFunc(p.cfg.Media.StartTimeout, func() { _ = reader.Close() })
	flv, err := v.Head(about, viewing.Tags(reader))
	if !silent.Stop() && err != nil {
		err = fault.New(fault.NothingPlayable, "nothing that can be played came in time; play it from its own address")
	}
	if err != nil {
		refuse(err)
		return
	}
	if err = flv.Pour(ctx, w, r); err != nil {
		p.log.Debug("player left", "stream", s.label, "error", err)
	}
}

// joinViewing joins the stream of t, of a master playlist that of a variant, and where its sound is, if that is apart.
func (p *Proxy) joinViewing(ctx context.Context, t Target) (s, audio *stream, err error) {
	m := p.masterOf(t)
	if m == nil {
		if s, err = p.join(ctx, t); fault.CodeOf(err) != fault.SourceMaster {
			return s, nil, err
		}
		m = p.isMaster(t)
	}
	load, err := p.loadMaster(ctx, t, m)
	if err != nil {
		return nil, nil, err
	}
	variant, apart, err := chooseForFlash(load)
	if err != nil {
		return nil, nil, err
	}
	if s, err = p.joinAsFLV(ctx, t, variant); err != nil || apart == "" {
		return s, nil, err
	}
	if audio, err = p.joinAsFLV(ctx, t, apart); err != nil {
		p.leave(s)
		return nil, nil, err
	}
	return s, audio, nil
}

// chooseForFlash returns which variant of a master playlist a Flash player plays best, and where its sound is, if that is apart.
func chooseForFlash(load *superp2p.Playlist) (variant, apart string, err error) {
	list, err := hls.Parse(load.Raw, load.URL, hls.Options{})
	if err != nil || list.Master == nil {
		return load.Choose()
	}
	v, apart, err := film.ChooseForFlash(list.Master)
	if err != nil {
		return "", "", err
	}
	return v.URI, apart, nil
}

// share takes note that a player does not want to give to peers what is of these streams, or wants to again; nil is none.
func (p *Proxy) share(on bool, streams ...*stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range streams {
		if s == nil {
			continue
		}
		if on {
			s.quiet--
		} else {
			s.quiet++
		}
		if s.media != nil {
			s.media.SetUpload(p.upload && s.quiet == 0)
		}
	}
}

// openViewing returns what a Flash player gets, and what is known of it.
func (p *Proxy) openViewing(ctx context.Context, t Target, s, audio *stream) (about viewing.About, _ io.ReadCloser, err error) {
	p.mu.Lock()
	media, sound := s.media, (*superp2p.Media)(nil)
	if audio != nil {
		sound = audio.media
	}
	p.mu.Unlock()
	if media == nil || audio != nil && sound == nil {
		return about, nil, fault.New(fault.Closed, "the stream ended at this moment; open it again")
	}
	info := media.Info()
	about = viewing.About{Live: info.Live, Duration: info.Duration, Size: info.Size, Tracks: t.Tracks, Quiet: t.Quiet}
	about.Away = func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return s.away
	}
	about.Multicast = func() map[string]float64 { return multicastOf(media, sound) }
	about.Share = func(on bool) { p.share(on, s, audio) }
	about.Figures = func() (viewing.Figures, time.Duration) {
		st := media.Stats()
		return viewing.Figures{Peers: st.Peers, P2P: st.PeerBytes, CDN: st.ServerBytes, Upload: st.UploadBytes}, st.LiveDelay
	}
	about.Touch = func() {
		if s.hls() {
			_ = p.ask(s)
		}
	}
	if s.hls() && !info.Live && t.Start > 0 {
		if about.Start, err = segmentAt(ctx, media, t.start()); err != nil {
			return about, nil, err
		}
	}
	if info.Kind != superp2p.KindFile || info.Type != edgeapi.TypeFLV {
		return about, media.FLV(sound, t.start()), nil
	}
	file := io.NewSectionReader(media.ReaderAt(ctx), 0, info.Size)
	var body io.Reader = file
	if t.Start > 0 {
		body, _, err = seekmap.FLVFrom(file, info.Size, info.Duration, func(m *seekmap.Map) int64 { return m.OffsetAt(t.start()) })
	}
	return about, io.NopCloser(body), err
}

// segmentAt returns when the segment at or before a time of a complete playlist begins.
func segmentAt(ctx context.Context, media *superp2p.Media, t time.Duration) (at time.Duration, err error) {
	list, err := media.Playlist(ctx, "")
	if err != nil {
		return 0, err
	}
	for i := range list.Segments {
		if i == len(list.Segments)-1 || at+list.Segments[i].Duration > t {
			break
		}
		at += list.Segments[i].Duration
	}
	return at, nil
}

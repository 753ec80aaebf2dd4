package edge

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/playlist"
	"github.com/superp2p/superp2p/internal/slice"
)

// masterMemory is how long it is remembered that a URL leads to a master playlist, so that an audience that asks does not become
// an attack on the origin.
const masterMemory = 5 * time.Second

// isPlaylist tells whether what is pulled is an HLS playlist, by its URL.
func (t *target) isPlaylist() bool {
	path := strings.ToLower(t.path())
	return strings.HasPrefix(strings.ToLower(t.source), "http") &&
		(strings.HasSuffix(path, ".m3u8") || strings.HasSuffix(path, ".m3u"))
}

// openPlaylist opens what an HLS playlist is: a stream, a file whose groups are its segments, or a master playlist.
func (e *Edge) openPlaylist(ctx context.Context, t target) (found, error) {
	e.mu.RLock()
	s := e.streams[t.id]
	if s != nil && s.segments == nil { // the try at a stream that is none
		s = nil
	}
	s = e.asked(s)
	e.mu.RUnlock()
	is := found{stream: s}
	if s == nil {
		var err error
		if is, err = e.openFile(ctx, t, e.runPlaylist); err != nil {
			return found{}, err
		}
	}
	if is.stream == nil {
		return is, nil
	}
	is.stream.offer(t.source)
	return is, is.stream.wait(ctx)
}

// runPlaylist is the goroutine of an HLS playlist: it finds out what it is, and is then the goroutine of that.
func (e *Edge) runPlaylist(t target, o *opening) {
	g := e.newGuard(t, t.source)
	client := object.New(object.Options{
		Dial: g.Dial, Logger: e.config.Logger, HeaderTimeout: answerTimeout, IdleTimeout: answerTimeout, FirstBlock: 1,
	})
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(e.ctx, e.config.StartTimeout-e.config.StartTimeout/16)
	defer cancel()
	follower := playlist.Follow(client, t.source, hls.Options{})
	load, err := follower.Load(ctx, "")
	switch {
	case load != nil && load.Playlist.Master != nil:
		e.answer(t, o, found{master: true}, nil, masterMemory)
	case err == nil && load.Playlist.Media.IFramesOnly:
		e.answer(t, o, found{}, iFrames(), failureMemory)
	case err == nil && isComplete(load.Playlist.Media):
		var f *file
		if f, err = e.openVOD(ctx, t, client, load); err != nil {
			e.answer(t, o, found{}, e.refusal(g, err), failureMemory)
			return
		}
		e.keepFile(f, o)
	case err == nil:
		e.runSegments(t, o, &segments{client: client, follower: follower, first: load})
	default:
		e.config.Logger.Warn("a playlist cannot be played", "stream", t.id, "error", err)
		e.answer(t, o, found{}, e.refusal(g, err), failureMemory)
	}
}

// answerTimeout is how long an origin of playlists and segments may be silent.
const answerTimeout = 5 * time.Second

// refusal returns why a pull failed: because of a rule of ours, if there was one.
func (e *Edge) refusal(g *guard, err error) error {
	if refused := g.refused.Load(); refused != nil && e.ctx.Err() == nil {
		return refused
	}
	return err
}

// isComplete tells whether all segments are listed, for good.
func isComplete(m *hls.Media) bool { return m.EndList || m.Type == hls.VOD }

func iFrames() error {
	return fault.New(fault.SourceInvalid, "the playlist lists keyframes only, for fast forward; play the variant that it belongs to")
}

// runSegments starts the stream of a live playlist and is its goroutine.
func (e *Edge) runSegments(t target, o *opening, p *segments) {
	e.mu.Lock()
	s, err := e.add(t)
	if err == nil {
		p.stream, s.segments, s.holds = s, p, true
		p.remember(p.first)
	}
	delete(e.files, t.id)
	e.mu.Unlock()
	o.stream, o.err = s, err
	close(o.ready)
	if err == nil {
		s.run(p.open)
	}
}

// masterResolution is the answer to who asks for a master playlist.
func (e *Edge) masterResolution(t target, r *http.Request) edgeapi.Resolution {
	a := e.resolutionOf(t.id, slice.TrackID{}, [20]byte{}, r)
	a.Track, a.Swarm = "", ""
	a.Live = edgeapi.Live{Now: e.config.Now().UnixMilli(), Groups: []edgeapi.Point{}, State: edgeapi.StateEnded}
	a.Playlist = &edgeapi.Playlist{Kind: edgeapi.PlaylistMaster}
	return a
}

// playlist answers with the playlist of a track, as it was loaded last.
func (e *Edge) playlist(w http.ResponseWriter, r *http.Request) {
	var load *playlist.Load
	if f := e.fileOf(r); f != nil {
		f.touch()
		if f.vod != nil {
			load = f.vod.load
		}
	} else if s := e.found(w, r); s == nil {
		return
	} else if s.segments != nil {
		load = s.segments.latest()
	}
	if load == nil {
		e.writeFault(w, r, fault.New(fault.RequestInvalid, "the track is no HLS playlist; its resolution has no playlist"))
		return
	}
	body, err := hls.Rewrite(load.Raw, load.URL, hls.Options{}, e.shareable)
	if err != nil {
		e.writeFault(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", edgeapi.TypePlaylist)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// shareable returns what a URI leads to, without what differs per viewer.
func (e *Edge) shareable(at hls.Reference) string {
	u, err := url.Parse(at.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" { // a key of a scheme of its own, say
		return at.Raw
	}
	u.User = nil
	u.RawQuery = strings.Join(shared(u.RawQuery, e.perViewer), "&")
	return strings.ReplaceAll(strings.ReplaceAll(u.String(), `"`, "%22"), " ", "%20")
}

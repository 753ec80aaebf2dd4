package proxy

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/peer"
)

// serveFile answers with a file, or the ranges of it that the player asks for.
func (p *Proxy) serveFile(w http.ResponseWriter, r *http.Request, s *stream, t Target) {
	p.mu.Lock()
	viewer := s.viewer
	p.mu.Unlock()
	if viewer == nil {
		p.refuse(w, r, t, fault.New(fault.Closed, "the file was closed at this moment; open it again"))
		return
	}
	about := viewer.File()
	h := w.Header()
	h.Set("Content-Type", about.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if about.ETag != "" {
		h.Set("ETag", about.ETag)
	}
	var modified time.Time
	if about.Modified != 0 {
		modified = time.Unix(about.Modified, 0)
	}
	w = &patientWriter{w, http.NewResponseController(w), p.cfg.WriteTimeout}
	f := io.NewSectionReader(viewer.FileAt(r.Context()), 0, about.Size)
	switch {
	case about.Type == edgeapi.TypeFLV && t.Start > 0:
		p.serveFrom(w, r, f, time.Duration(about.Duration)*time.Millisecond, t.Start)
	case about.Type != edgeapi.TypeFLV && t.AsFLV:
		p.serveFilm(w, r, t, film.New(viewer, t.start()))
	default:
		http.ServeContent(w, r, "", modified, f)
	}
}

// servePlaylistAsFLV answers with an HLS stream as FLV, with the audio of another unless that is nil.
func (p *Proxy) servePlaylistAsFLV(w http.ResponseWriter, r *http.Request, t Target, s, audio *stream) {
	both := []*stream{s}
	if audio != nil {
		both = append(both, audio)
	}
	viewers := make([]*peer.Viewer, 2)
	p.mu.Lock()
	for i, s := range both {
		viewers[i] = s.viewer
		s.readers++
	}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		for _, s := range both {
			s.readers--
		}
		p.mu.Unlock()
	}()
	if viewers[len(both)-1] == nil || viewers[0] == nil {
		p.refuse(w, r, t, fault.New(fault.Closed, "the stream ended at this moment; open it again"))
		return
	}
	w = &patientWriter{w, http.NewResponseController(w), p.cfg.WriteTimeout}
	p.serveFilm(w, r, t, film.NewWithAudio(viewers[0], viewers[1], t.start()))
}

// start is where to begin.
func (t *Target) start() time.Duration {
	return time.Duration(min(t.Start, 1e6) * float64(time.Second))
}

// serveFilm answers with a film as FLV, for players that play nothing else.
func (p *Proxy) serveFilm(w http.ResponseWriter, r *http.Request, t Target, reader *film.Film) {
	defer reader.Close() //nolint:errcheck // it returns nil, always
	if r.Method == http.MethodHead {
		head(w)
		return
	}
	stop := context.AfterFunc(r.Context(), func() { _ = reader.Close() }) // so that a Read that waits returns
	defer stop()
	_ = p.pour(w, r, t, reader)
}

// patientWriter waits for a player that takes nothing as long as the configuration says.
type patientWriter struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
}

func (w *patientWriter) Write(b []byte) (int, error) {
	if err := w.control.SetWriteDeadline(time.Now().Add(w.patience)); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

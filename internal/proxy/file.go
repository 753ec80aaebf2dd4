package proxy

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
)

// serveFile answers with a file, or the ranges of it that the player asks for.
func (p *Proxy) serveFile(w http.ResponseWriter, r *http.Request, s *stream, t Target) {
	p.mu.Lock()
	media := s.media
	p.mu.Unlock()
	if media == nil {
		p.refuse(w, r, t, fault.New(fault.Closed, "the file was closed at this moment; open it again"))
		return
	}
	about := media.Info()
	h := w.Header()
	h.Set("Content-Type", about.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if about.ETag != "" {
		h.Set("ETag", about.ETag)
	}
	w = &patientWriter{w, http.NewResponseController(w), p.cfg.WriteTimeout}
	f := io.NewSectionReader(media.ReaderAt(r.Context()), 0, about.Size)
	switch {
	case about.Type == edgeapi.TypeFLV && t.Start > 0:
		p.serveFrom(w, r, f, about.Duration, t.Start)
	case about.Type != edgeapi.TypeFLV && t.AsFLV:
		p.serveFilm(w, r, t, media.FLV(nil, t.start()))
	default:
		http.ServeContent(w, r, "", about.Modified, f)
	}
}

// servePlaylistAsFLV answers with an HLS stream as FLV, with the audio of another unless that is nil.
func (p *Proxy) servePlaylistAsFLV(w http.ResponseWriter, r *http.Request, t Target, s, audio *stream) {
	both := []*stream{s}
	if audio != nil {
		both = append(both, audio)
	}
	media := make([]*superp2p.Media, 2)
	p.mu.Lock()
	for i, s := range both {
		media[i] = s.media
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
	if media[len(both)-1] == nil || media[0] == nil {
		p.refuse(w, r, t, fault.New(fault.Closed, "the stream ended at this moment; open it again"))
		return
	}
	w = &patientWriter{w, http.NewResponseController(w), p.cfg.WriteTimeout}
	p.serveFilm(w, r, t, media[0].FLV(media[1], t.start()))
}

// start is where to begin.
func (t *Target) start() time.Duration {
	return time.Duration(min(t.Start, 1e6) * float64(time.Second))
}

// serveFilm answers with a film as FLV, for players that play nothing else.
func (p *Proxy) serveFilm(w http.ResponseWriter, r *http.Request, t Target, reader *superp2p.FLVReader) {
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

package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
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
	f := &fileReader{
		ctx: r.Context(), viewer: viewer, about: about, control: http.NewResponseController(w), patience: p.cfg.WriteTimeout,
	}
	switch {
	case about.Type == edgeapi.TypeFLV && t.Start > 0:
		p.serveFrom(w, r, f, t.Start)
		return
	case about.Type != edgeapi.TypeFLV && t.AsFLV:
		p.serveFilm(w, r, f, t)
		return
	}
	http.ServeContent(w, r, "", modified, f)
}

// fileReader reads a file for one answer.
type fileReader struct {
	ctx      context.Context
	viewer   *peer.Viewer
	about    *edgeapi.File
	at       int64
	control  *http.ResponseController
	patience time.Duration
}

func (f *fileReader) Read(b []byte) (int, error) {
	n, err := f.viewer.ReadFile(f.ctx, b, f.at)
	f.at += int64(n)
	if err == nil && f.control.SetWriteDeadline(time.Now().Add(f.patience)) != nil {
		return 0, errors.ErrUnsupported
	}
	return n, err
}

func (f *fileReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.about.Size
	}
	if offset < 0 {
		return 0, errors.New("proxy: seek before the start of a file")
	}
	f.at = offset
	return offset, nil
}

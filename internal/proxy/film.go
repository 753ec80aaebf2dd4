package proxy

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/superp2p/superp2p/internal/film"
)

// serveFilm answers with a file of another kind as FLV, for players that play nothing else.
func (p *Proxy) serveFilm(w http.ResponseWriter, r *http.Request, f *fileReader, t Target) {
	if r.Method == http.MethodHead {
		head(w)
		return
	}
	reader := film.New(f.viewer, time.Duration(min(t.Start, 1e6)*float64(time.Second)))
	defer reader.Close()                                                  //nolint:errcheck // it returns nil, always
	stop := context.AfterFunc(r.Context(), func() { _ = reader.Close() }) // so that a Read that waits returns
	defer stop()
	buf := make([]byte, 64<<10)
	n, err := reader.Read(buf)
	if err != nil {
		p.refuse(w, r, t, err)
		return
	}
	head(w)
	for err == nil {
		if f.control.SetWriteDeadline(time.Now().Add(f.patience)) != nil {
			panic(http.ErrAbortHandler)
		}
		if _, err = w.Write(buf[:n]); err != nil {
			return
		}
		n, err = reader.Read(buf)
	}
	if err != io.EOF && r.Context().Err() == nil {
		panic(http.ErrAbortHandler) // an end without the final chunk is none of the film's
	}
}

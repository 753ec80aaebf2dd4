package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
)

// servePlayer answers a player with the stream that the address names.
func (p *Proxy) servePlayer(w http.ResponseWriter, r *http.Request) {
	if p.serveSegment(w, r) {
		return
	}
	t, err := ParseTarget(r.URL.EscapedPath(), r.URL.RawQuery)
	if err != nil {
		status := http.StatusBadRequest
		said := message(err)
		if edgeapi.FileType(r.URL.Path) == "" && !isPlaylist(r.URL.Path) {
			status = http.StatusNotFound
			said += " If it is an HLS segment, open the playlist that lists it first."
		}
		fail(w, status, string(fault.CodeOf(err)), said, "")
		return
	}
	if t.Session != "" && r.Method == http.MethodGet {
		p.serveViewing(w, r, t)
		return
	}
	if t.Playlist && !t.AsFLV && r.Method == http.MethodHead {
		headOfPlaylist(w)
		return
	}
	if m := p.masterOf(t); t.Playlist && m != nil {
		p.serveMaster(w, r, t, m)
		return
	}
	if r.Method == http.MethodHead && edgeapi.FileType(r.URL.Path) == edgeapi.TypeFLV { // what it would be, without joining a swarm for it
		head(w)
		return
	}
	s, err := p.join(r.Context(), t)
	if t.Playlist && fault.CodeOf(err) == fault.SourceMaster {
		p.serveMaster(w, r, t, p.isMaster(t))
		return
	}
	if err != nil {
		p.refuse(w, r, t, err)
		return
	}
	defer p.leave(s)
	switch {
	case s.hls() && t.Playlist && !t.AsFLV:
		p.servePlaylist(w, r, s, t)
		return
	case s.hls():
		p.servePlaylistAsFLV(w, r, t, s, nil)
		return
	case t.Playlist && !t.AsFLV:
		p.refuse(w, r, t, fault.New(fault.SourceInvalid, "it is no HLS playlist; open it by its own kind's ending"))
		return
	case s.info.Kind == superp2p.KindFile:
		p.serveFile(w, r, s, t)
		return
	}
	reader := s.reader(p)
	if reader == nil {
		p.refuse(w, r, t, fault.New(fault.Closed, "the stream ended at this moment; open it again"))
		return
	}
	defer reader.Close()                                                  //nolint:errcheck // it returns nil, always
	stop := context.AfterFunc(r.Context(), func() { _ = reader.Close() }) // so that a Read that waits returns
	defer stop()

	w = &patientWriter{w, http.NewResponseController(w), p.cfg.WriteTimeout}
	if left := p.pour(w, r, t, reader); left != nil {
		p.log.Debug("player left", "stream", s.label, "skipped", reader.Skipped(), "error", left)
	}
}

// pour answers a player with what reader gives, which is FLV. It returns an error if the player left. Nothing is answered
// before there is media: a player that got its 200 no longer falls back by itself.
func (p *Proxy) pour(w http.ResponseWriter, r *http.Request, t Target, reader io.Reader) (left error) {
	buf := make([]byte, 64<<10)
	n, err := reader.Read(buf)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = fault.New(fault.SourceEnded, "the stream is over")
		}
		p.refuse(w, r, t, err)
		return nil
	}
	head(w)
	control := http.NewResponseController(w)
	for err == nil {
		if _, err := w.Write(buf[:n]); err != nil {
			return err
		}
		if err := control.Flush(); err != nil {
			return err
		}
		n, err = reader.Read(buf)
	}
	if !errors.Is(err, io.EOF) && r.Context().Err() == nil {
		// An end without the final chunk is how HTTP/1.1 tells a player that this was not the end of the stream.
		panic(http.ErrAbortHandler)
	}
	return nil
}

func head(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "video/x-flv")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// refuse answers a player before any media.
func (p *Proxy) refuse(w http.ResponseWriter, r *http.Request, t Target, err error) {
	if r.Context().Err() != nil {
		return // nobody is there to read it
	}
	if p.cfg.Redirect && strings.HasPrefix(t.Fallback, "http") {
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, t.Fallback, http.StatusFound)
		return
	}
	code := fault.CodeOf(err)
	fail(w, status(code), string(code), message(err), t.Fallback)
}

// status returns what a player gets to see of a failure: 4xx if trying the same again is no use, 503 for the proxy's
// own limits, 502 for everything that lies beyond it.
func status(code fault.Code) int {
	switch code {
	case fault.URLInvalid, fault.RequestInvalid:
		return http.StatusBadRequest
	case fault.OriginNotAllowed, fault.AddressPrivate:
		return http.StatusForbidden
	case fault.ChannelUnknown:
		return http.StatusNotFound
	case fault.LimitReached, fault.Closed:
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadGateway
	}
}

// failure is the body of every answer that is no success.
type failure struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Fallback string `json:"fallback,omitempty"`
}

func fail(w http.ResponseWriter, status int, code, message, fallback string) {
	var f failure
	f.Error.Code, f.Error.Message, f.Fallback = code, message, fallback
	answer(w, status, f)
}

// message returns the sentence of err without its code, which stands beside it.
func message(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return strings.TrimPrefix(e.Error(), string(e.Code)+": ")
	}
	return err.Error()
}

func answer(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

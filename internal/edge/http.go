package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/source"
)

// Handler returns the HTTP interface of docs/openapi.yaml: everything under /v1/ and /live/.
func (e *Edge) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(edgeapi.ResolvePath, e.resolve)
	mux.HandleFunc(edgeapi.TracksPath+"{track}", e.liveEdge)
	mux.HandleFunc(edgeapi.TracksPath+"{track}/slices/{number}", e.slice)
	mux.HandleFunc(edgeapi.TracksPath+"{track}/proofs/{number}", e.proof)
	mux.HandleFunc(edgeapi.TracksPath+"{track}/playlist", e.playlist)
	mux.HandleFunc(edgeapi.StatusPath, e.statusPage)
	mux.HandleFunc("/v1/flv", e.flvByURL)
	mux.Handle("/v1/session", &e.viewings)
	mux.HandleFunc("/live/{name...}", e.flvByChannel)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		WriteError(w, http.StatusNotFound, fault.New(fault.RequestInvalid, "there is nothing at this path; see docs/openapi.yaml"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Preflight(w, r) {
			mux.ServeHTTP(w, r)
		}
	})
}

// Preflight writes the CORS headers that let any page use the interface, answers OPTIONS, and refuses methods other
// than GET and HEAD. It tells whether the request is still to be answered.
func Preflight(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Preference-Applied, Retry-After, Content-Length, Content-Range, Date")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Timing-Allow-Origin", "*")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Prefer, Range, Cache-Control")
		h.Set("Access-Control-Max-Age", "86400")
		if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
			h.Set("Access-Control-Allow-Private-Network", "true")
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		WriteError(w, http.StatusMethodNotAllowed, fault.New(fault.RequestInvalid, "the method must be GET or HEAD"))
	}
	return false
}

func (e *Edge) resolve(w http.ResponseWriter, r *http.Request) {
	t, err := e.targetOf(r)
	if err != nil {
		e.writeFault(w, r, err)
		return
	}
	is, err := e.find(r.Context(), t)
	switch {
	case err != nil:
		e.writeFault(w, r, err)
	case is.master:
		writeJSON(w, e.masterResolution(t, r))
	case is.file != nil:
		writeJSON(w, e.fileResolution(is.file, r))
	default:
		writeJSON(w, e.resolution(is.stream, r))
	}
}

// find opens what is at a target. Of a stream the first group is there.
func (e *Edge) find(ctx context.Context, t target) (found, error) {
	switch {
	case t.isPlaylist():
		return e.openPlaylist(ctx, t)
	case t.isFile(), e.hasFile(t):
		return e.openFile(ctx, t, e.runFile)
	}
	s, err := e.open(t)
	if err == nil {
		err = s.wait(ctx)
	}
	switch {
	case err == nil:
		return found{stream: s}, nil
	case errors.Is(err, source.ErrPlaylist):
		return e.openPlaylist(ctx, t)
	case errors.Is(err, source.ErrFile):
		return e.openFile(ctx, t, e.runFile)
	}
	return found{}, err
}

// targetOf reads which stream the query of a request asks for.
func (e *Edge) targetOf(r *http.Request) (target, error) {
	q := r.URL.Query()
	raw, byURL := q["url"]
	id, byChannel := q["channel"]
	switch {
	case byURL && !byChannel && len(raw) == 1:
		return e.urlTarget(raw[0], r)
	case byChannel && !byURL && len(id) == 1:
		return e.channelTarget(id[0])
	default:
		return target{}, fault.New(fault.RequestInvalid, "the query must have either url or channel, once")
	}
}

// resolution is the answer to one viewer, who is counted as coming now: when it can begin to fetch, however long it has
// waited for the first group.
func (e *Edge) resolution(s *stream, r *http.Request) edgeapi.Resolution {
	a := e.resolutionOf(s.id, s.track, s.hash, r)
	a.Live, a.Crowd = s.live(), s.crowd.comes(e.config.Now(), e.config.Swarm(s.hash))
	if s.segments != nil {
		a.Playlist = s.segments.about()
	}
	return a
}

// resolutionOf is what all resolutions have.
func (e *Edge) resolutionOf(id string, track slice.TrackID, hash [20]byte, r *http.Request) edgeapi.Resolution {
	stun := e.config.STUN(r)
	if stun == nil {
		stun = []string{}
	}
	return edgeapi.Resolution{
		Stream: id, Track: track.String(), Swarm: hexHash(hash), Key: e.config.Signer.PublicKey(),
		Tracker: e.config.Tracker, STUN: stun, Slices: edgeapi.SlicesTemplate,
	}
}

// found returns the stream of the track in the path, or nil after the answer was written.
func (e *Edge) found(w http.ResponseWriter, r *http.Request) *stream {
	id, ok := slice.ParseTrackID(r.PathValue("track"))
	if !ok {
		e.writeFault(w, r, fault.New(fault.RequestInvalid, "a track is 32 hexadecimal digits"))
		return nil
	}
	s := e.track(id)
	if s == nil {
		e.writeFault(w, r, fault.New(fault.TrackUnknown, "the server does not hold this track; resolve again"))
	}
	return s
}

func (e *Edge) liveEdge(w http.ResponseWriter, r *http.Request) {
	if s := e.found(w, r); s != nil {
		writeJSON(w, s.live())
	}
}

// fileOf returns the file of the track in the path, nil if that is none.
func (e *Edge) fileOf(r *http.Request) *file {
	id, _ := slice.ParseTrackID(r.PathValue("track"))
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.fileTracks[id]
}

// numberOf returns the slice number in the path; false after the answer was written.
func (e *Edge) numberOf(w http.ResponseWriter, r *http.Request) (slice.Number, bool) {
	n, err := strconv.ParseUint(r.PathValue("number"), 10, 48)
	if err != nil {
		e.writeFault(w, r, fault.New(fault.RequestInvalid, "a slice number is a decimal number below 2^48"))
	}
	return slice.Number(n), err == nil
}

func (e *Edge) slice(w http.ResponseWriter, r *http.Request) {
	if f := e.fileOf(r); f != nil {
		e.fileSlice(w, r, f, true)
		return
	}
	e.serveLive(w, r, true)
}

// serveLive answers with a slice of a live track, without its payload unless that is wanted. Either counts as a copy.
func (e *Edge) serveLive(w http.ResponseWriter, r *http.Request, payload bool) {
	s := e.found(w, r)
	if s == nil {
		return
	}
	n, ok := e.numberOf(w, r)
	if !ok {
		return
	}
	p := preferencesOf(r)
	if applied := p.String(); applied != "" {
		w.Header().Set("Preference-Applied", applied)
	}
	if payload {
		switch also, ok := e.alsoOf(w, r); {
		case !ok:
			return
		case len(also) > 0:
			e.serveSeveral(w, r, s, append([]slice.Number{n}, also...), p)
			return
		}
	}
	part := spanOf(r)
	frame, err := s.answer(r, n, p, part)
	if err != nil {
		e.writeFault(w, r, err)
		return
	}
	if !payload {
		frame = proofOf(s.track, n, frame)
	}
	if sent, whole := writeFrame(w, r, frame, part); sent > 0 {
		s.sent(sent)
		if whole && payload {
			s.served()
		}
	}
}

// writeFrame answers with a slice, or the part of it that was asked for, and tells how many bytes went out and whether
// that was all.
func writeFrame(w http.ResponseWriter, r *http.Request, frame []byte, part span) (sent int, whole bool) {
	h := w.Header()
	h.Set("Accept-Ranges", "bytes")
	from, to, ok := part.of(len(frame))
	if !ok {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", len(frame)))
		WriteError(w, http.StatusRequestedRangeNotSatisfiable, fault.New(fault.RequestInvalid,
			"the range has no byte of the slice; Content-Range says how many there are"))
		return 0, false
	}
	h.Set("Content-Type", edgeapi.SliceType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(to-from))
	if r.Method == http.MethodHead {
		return 0, false
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	if part.asked {
		h.Set("Content-Range", contentRange(from, to, len(frame)))
		w.WriteHeader(http.StatusPartialContent)
	}
	sent, _ = w.Write(frame[from:to])
	return sent, part.whole(len(frame))
}

// writeTimeout is how long one write to a viewer may take before the viewer counts as gone.
const writeTimeout = 30 * time.Second

// answer returns slice n encoded, once it is there if it comes in time. What it returns counts as a copy that went out,
// except to HEAD and to who asks for a part.
func (s *stream) answer(r *http.Request, n slice.Number, p preferences, part span) ([]byte, error) {
	take := part.whole
	if r.Method == http.MethodHead {
		take = func(int) bool { return false }
	}
	frame, wait, err := s.window.get(n, p.copies, take)
	if wait == nil {
		return frame, err
	}
	if p.wait == 0 {
		return nil, notYet()
	}
	if s.waiting.Add(1) > int64(s.edge.config.MaxWaiting) {
		s.waiting.Add(-1)
		return nil, tooMany()
	}
	defer s.waiting.Add(-1)
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	select {
	case <-wait:
	case <-timer.C:
	case <-r.Context().Done():
	}
	if r.Context().Err() != nil { // before it takes a copy that nobody gets
		return nil, fault.New(fault.Closed, "the request was given up")
	}
	if frame, wait, err = s.window.get(n, p.copies, take); wait == nil {
		return frame, err
	}
	return nil, notYet()
}

// served counts a whole slice that went out.
func (s *stream) served() {
	s.slicesServed.Add(1)
	s.edge.slicesServed.Add(1)
}

func (s *stream) sent(bytes int) {
	s.bytesOut.Add(int64(bytes))
	s.edge.bytesOut.Add(int64(bytes))
}

func (e *Edge) statusPage(w http.ResponseWriter, _ *http.Request) { writeJSON(w, e.Status()) }

func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		WriteError(w, http.StatusInternalServerError, fault.Wrap(fault.Internal, "the answer cannot be written", err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// errorBody is a failure as JSON.
func errorBody(err *fault.Error) []byte {
	body, _ := json.Marshal(edgeapi.ErrorBody{Error: edgeapi.ErrorDetail{Code: err.Code, Message: err.Message}})
	return body
}

// WriteError answers with a failure as JSON.
func WriteError(w http.ResponseWriter, status int, err *fault.Error) {
	body := errorBody(err)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (e *Edge) writeFault(w http.ResponseWriter, r *http.Request, err error) {
	f := clean(err)
	if f.Code == fault.Internal {
		e.config.Logger.Error("request failed", "path", r.URL.Path, "error", err)
	}
	WriteError(w, statusOf(f.Code), f)
}

func statusOf(code fault.Code) int {
	switch code {
	case fault.URLInvalid, fault.RequestInvalid:
		return http.StatusBadRequest
	case fault.ChannelUnknown, fault.TrackUnknown, fault.SliceNotYet:
		return http.StatusNotFound
	case fault.OriginNotAllowed, fault.AddressPrivate, fault.PublishDenied:
		return http.StatusForbidden
	case fault.SourceUnreachable, fault.SourceRefused, fault.SourceInvalid, fault.SourceBusy, fault.SourceUnranged:
		return http.StatusBadGateway
	case fault.SourceTimeout:
		return http.StatusGatewayTimeout
	case fault.SourceEnded, fault.SourceLost, fault.SourceChanged, fault.SliceGone:
		return http.StatusGone
	case fault.StreamBusy, fault.SliceEnough, fault.SourceMaster:
		return http.StatusConflict
	case fault.LimitReached, fault.Closed:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

//go:build !js

package viewing

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// writeTimeout is how long a player may take nothing.
const writeTimeout = 60 * time.Second

// Pour is Send to who made a request.
func (s *Stream) Pour(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	if r.ProtoMajor == 1 {
		// Not chunked: an end without the final chunk, when the sender dies, has Ruffle (0.6.0) try to read on without end, so that the
		// page hangs. What an end means, the State says.
		h.Set("Transfer-Encoding", "identity")
	}
	h.Set("Content-Type", "video/x-flv")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
	return s.Send(ctx, asked{w, http.NewResponseController(w)})
}

// asked is a player that asked by HTTP.
type asked struct {
	io.Writer
	control *http.ResponseController
}

// Write implements io.Writer.
func (a asked) Write(b []byte) (int, error) {
	_ = a.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return a.Writer.Write(b)
}

// Flush implements Player.
func (a asked) Flush() error { return a.control.Flush() }

// ServeHTTP answers ?id=ID with the State of a viewing. With &end=1 it ends it, or keeps it from beginning, and tells how much was
// sent. With &share=off and &share=on it switches giving to peers. Who knows the id may do so.
func (r *Registry) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	id := q.URL.Query().Get("id")
	v := r.find(id, q.URL.Query().Get("end") == "1" && q.Method == http.MethodGet)
	state := State{State: "unknown"}
	if v != nil {
		if q.URL.Query().Get("end") == "1" {
			v.end(q.Context())
		}
		if on := q.URL.Query().Get("share"); (on == "on" || on == "off") && q.Method == http.MethodGet {
			v.share(on == "on")
		}
		state = v.State()
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(state)
}

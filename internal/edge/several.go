package edge

import (
	"encoding/binary"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

// alsoOf reads which slices a request asks for besides the one in its path; false after the answer was written.
func (e *Edge) alsoOf(w http.ResponseWriter, r *http.Request) (also []slice.Number, ok bool) {
	text := r.URL.Query().Get("also")
	if text == "" {
		return nil, true
	}
	for one := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseUint(one, 10, 48)
		if err != nil || len(also) == edgeapi.MaxAlso {
			e.writeFault(w, r, fault.New(fault.RequestInvalid, "also is a list of at most 15 slice numbers with commas; ask for fewer"))
			return nil, false
		}
		also = append(also, slice.Number(n))
	}
	return also, true
}

// serveSeveral answers with several slices of a live track, each as soon as it is there; they wait no longer than one would.
func (e *Edge) serveSeveral(w http.ResponseWriter, r *http.Request, s *stream, numbers []slice.Number, p preferences) {
	h := w.Header()
	h.Set("Content-Type", edgeapi.SlicesType)
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return
	}
	control := http.NewResponseController(w)
	until := time.Now().Add(p.wait)
	for _, n := range numbers {
		p.wait = max(0, time.Until(until))
		frame, err := s.answer(r, n, p, span{})
		if r.Context().Err() != nil {
			return
		}
		var part []byte
		if err == nil {
			part = append(binary.AppendUvarint(nil, uint64(len(frame))), frame...)
		} else {
			body := errorBody(clean(err))
			part = append(binary.AppendUvarint([]byte{0}, uint64(len(body))), body...)
		}
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		sent, werr := w.Write(part)
		if err == nil && sent > 0 {
			s.sent(sent)
			s.served()
		}
		if werr != nil || control.Flush() != nil {
			return
		}
	}
}

package proxy

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/seekmap"
)

// serveFrom answers with an FLV file from the keyframe at or before a place on, as players ask for it that seek by
// ?start=: what a decoder needs first, then the rest of the file with its own timestamps. The place is in seconds, or in
// bytes if the film is not as long as that.
func (p *Proxy) serveFrom(w http.ResponseWriter, r *http.Request, f *io.SectionReader, duration time.Duration, start float64) {
	body, size, err := seekmap.FLVFrom(f, f.Size(), duration, func(m *seekmap.Map) int64 {
		if start <= m.Duration.Seconds() {
			return m.OffsetAt(time.Duration(start * float64(time.Second)))
		}
		return m.OffsetAt(m.TimeAt(int64(start)))
	})
	if err != nil {
		if _, ok := errors.AsType[*fault.Error](err); !ok {
			err = fault.Wrap(fault.SourceInvalid, "there is no place in the file to start from", err)
		}
		p.refuse(w, r, Target{}, err)
		return
	}
	head(w)
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	if r.Method != http.MethodHead {
		_, _ = io.CopyN(w, body, size)
	}
}

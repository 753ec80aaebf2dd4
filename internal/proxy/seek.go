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
	m, err := seekmap.Read(f, f.Size(), seekmap.Options{Duration: duration})
	if err == nil && m.Kind != seekmap.FLV {
		err = fault.New(fault.SourceInvalid, "the file is no FLV, so there is no ?start= in it; use Range")
	}
	var from int64
	if err == nil {
		if seconds := m.Duration.Seconds(); start <= seconds {
			from = m.OffsetAt(time.Duration(start * float64(time.Second)))
		} else {
			from = m.OffsetAt(m.TimeAt(int64(start)))
		}
		if !m.Exact {
			var point seekmap.Point
			if point, err = seekmap.FindKeyframe(f, f.Size(), from); err == nil {
				from = point.Offset
			}
		}
	}
	if err != nil {
		if _, ok := errors.AsType[*fault.Error](err); !ok {
			err = fault.Wrap(fault.SourceInvalid, "there is no place in the file to start from", err)
		}
		p.refuse(w, r, Target{}, err)
		return
	}
	parts := make([]io.Reader, 0, len(m.Head)+1)
	size := f.Size() - from
	for _, h := range m.Head {
		parts = append(parts, io.NewSectionReader(f, h.Offset, h.Size))
		size += h.Size
	}
	parts = append(parts, io.NewSectionReader(f, from, f.Size()-from))
	head(w)
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	if r.Method != http.MethodHead {
		_, _ = io.CopyN(w, io.MultiReader(parts...), size)
	}
}

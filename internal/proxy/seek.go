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
func (p *Proxy) serveFrom(w http.ResponseWriter, r *http.Request, f *fileReader, start float64) {
	whole := io.NewSectionReader(f, 0, f.about.Size)
	m, err := seekmap.Read(whole, f.about.Size, seekmap.Options{Duration: time.Duration(f.about.Duration) * time.Millisecond})
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
			if point, err = seekmap.FindKeyframe(whole, f.about.Size, from); err == nil {
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
	size := f.about.Size - from
	for _, h := range m.Head {
		parts = append(parts, io.NewSectionReader(f, h.Offset, h.Size))
		size += h.Size
	}
	parts = append(parts, io.NewSectionReader(f, from, f.about.Size-from))
	head(w)
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	if r.Method != http.MethodHead {
		_, _ = io.CopyN(w, io.MultiReader(parts...), size)
	}
}

// ReadAt reads bytes of the file.
func (f *fileReader) ReadAt(b []byte, offset int64) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = f.viewer.ReadFile(f.ctx, b[n:], offset+int64(n))
		n += k
	}
	if err == nil && f.control.SetWriteDeadline(time.Now().Add(f.patience)) != nil {
		err = errors.ErrUnsupported
	}
	return n, err
}

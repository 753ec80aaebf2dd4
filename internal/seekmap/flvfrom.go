package seekmap

import (
	"io"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// FLVFrom returns an FLV stream of a file from a keyframe on, and its size in bytes: what a decoder needs first, then the
// rest of the file with its own timestamps. place tells where about in the file that is. duration is what is known of the
// file's, or 0.
//
// Errors: those of file, and fault.SourceInvalid if the file is no FLV or has no place to start from.
func FLVFrom(file io.ReaderAt, size int64, duration time.Duration, place func(*Map) int64) (io.Reader, int64, error) {
	m, err := Read(file, size, Options{Duration: duration})
	if err == nil && m.Kind != FLV {
		err = fault.New(fault.SourceInvalid, "the file is no FLV, so there is no place in it to start from; read it from its beginning")
	}
	if err != nil {
		return nil, 0, err
	}
	from := place(m)
	if !m.Exact {
		point, err := FindKeyframe(file, size, from)
		if err != nil {
			return nil, 0, err
		}
		from = point.Offset
	}
	parts := make([]io.Reader, 0, len(m.Head)+1)
	rest := size - from
	for _, h := range m.Head {
		parts = append(parts, io.NewSectionReader(file, h.Offset, h.Size))
		rest += h.Size
	}
	parts = append(parts, io.NewSectionReader(file, from, size-from))
	return io.MultiReader(parts...), rest, nil
}

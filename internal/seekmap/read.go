package seekmap

import (
	"errors"
	"io"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// ahead is the least that is read at once, in bytes: every read may be a request to a CDN.
const ahead = 32 << 10

// Options bound what is read, and help where the file does not tell.
type Options struct {
	// Duration is what is known of the file's duration otherwise, for files that do not tell it. If zero, nothing.
	Duration time.Duration
	// MaxIndex is the largest index (moov, sidx, mfra, onMetaData) that is read, in bytes. If zero, 64 MiB.
	MaxIndex int
	// MaxBoxes is how many boxes of an MP4 file are looked at on one level. If zero, 4096.
	MaxBoxes int
	// MaxSamples is how many samples the tables of an MP4 file may have, of all tracks. If zero, 20 million: 50 hours.
	MaxSamples int
}

func (o Options) withDefaults() Options {
	if o.MaxIndex == 0 {
		o.MaxIndex = 64 << 20
	}
	if o.MaxBoxes == 0 {
		o.MaxBoxes = 4096
	}
	if o.MaxSamples == 0 {
		o.MaxSamples = 20_000_000
	}
	return o
}

// file is a file that is looked at by ranges.
type file struct {
	r       io.ReaderAt
	size    int64
	options Options
	at      int64 // where buf begins
	buf     []byte
	samples int64 // how many were looked at
}

// readError is a failure of the reader, not of the file.
type readError struct{ error }

func (e *readError) Unwrap() error { return e.error }

// damage returns the error of a file that is not as it should be.
func damage(what string) error { return fault.New(fault.SourceInvalid, what) }

var errCut = damage("the file ends too early; look at its origin's copy")

// read returns n bytes at off, which the next read may overwrite.
func (f *file) read(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > f.size-int64(n) {
		return nil, errCut
	}
	if off < f.at || off+int64(n) > f.at+int64(len(f.buf)) {
		b := make([]byte, min(max(int64(n), ahead), f.size-off))
		m, err := f.r.ReadAt(b, off)
		if m < len(b) {
			if err == nil || errors.Is(err, io.EOF) {
				return nil, errCut // the size was not true
			}
			return nil, &readError{err}
		}
		f.at, f.buf = off, b
	}
	i := off - f.at
	return f.buf[i : i+int64(n) : i+int64(n)], nil
}

// Read reads the map of a file of size bytes. It takes two to six reads: its beginning, and what its index takes.
//
// A file that is damaged, of another kind, or without index gets a map that is not Exact. Errors: those of r, and fault.SourceInvalid
// for an empty file.
func Read(r io.ReaderAt, size int64, o Options) (*Map, error) {
	if size <= 0 {
		return nil, damage("the file is empty; check the URL")
	}
	f := &file{r: r, size: size, options: o.withDefaults()}
	begin, err := f.read(0, int(min(size, 16)))
	if err != nil {
		return nil, unwrapped(err)
	}
	m := Proportional(size, o.Duration)
	switch {
	case string(begin[:min(3, len(begin))]) == "FLV":
		m.Kind = FLV
		err = f.readFLV(m)
	case len(begin) >= 8 && isBox(string(begin[4:8])):
		m.Kind = MP4
		err = f.readMP4(m)
	default:
		err = damage("the file is neither MP4 nor FLV, so times in it can only be guessed")
	}
	var failed *readError
	if errors.As(err, &failed) {
		return nil, failed.error
	}
	if !m.Exact {
		if m.Doubt = err; err == nil {
			m.Doubt = damage("the file has no index, so times in it can only be guessed; add one when it is made")
		}
	}
	return m, nil
}

func unwrapped(err error) error {
	var failed *readError
	if errors.As(err, &failed) {
		return failed.error
	}
	return err
}

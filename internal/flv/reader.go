package flv

import (
	"bufio"
	"errors"
	"io"
)

// Errors of ReadTag and ParseTag. All but ErrShort mean that the bytes are no FLV or damaged.
var (
	ErrSignature = errors.New("flv: the stream does not begin with an FLV header; check that the URL is an HTTP-FLV stream")
	ErrTagType   = errors.New("flv: a tag is neither audio, video nor script data; the stream is damaged")
	ErrTagSize   = errors.New("flv: a tag is larger than the limit; the stream is damaged or the limit too low")
	ErrShort     = errors.New("flv: the bytes end in the middle of a tag")
)

// DefaultMaxTag is the size of the largest tag body that is accepted unless Limits say otherwise, in bytes.
const DefaultMaxTag = 8 << 20

// Limits bound what a sender can make a reader hold.
type Limits struct {
	MaxTag int // largest tag body accepted, in bytes. If zero, DefaultMaxTag
}

func (l Limits) maxTag() int {
	if l.MaxTag == 0 {
		return DefaultMaxTag
	}
	return l.MaxTag
}

// Reader reads the tags of an FLV file or stream.
type Reader struct {
	r      *bufio.Reader
	limits Limits
	begun  bool
	head   [HeaderSize]byte
}

// NewReader returns a Reader of r, which begins with an FLV header.
func NewReader(r io.Reader, l Limits) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 32<<10), limits: l}
}

// ReadTag returns the next tag, whose body is the caller's own. It returns io.EOF at a tag boundary,
// io.ErrUnexpectedEOF within a tag, an error of this package for bytes that are no FLV, or the error of the
// underlying reader. The previous-tag-sizes are not checked: several encoders write wrong ones.
func (r *Reader) ReadTag() (Tag, error) {
	if !r.begun {
		if err := r.readHeader(); err != nil {
			return Tag{}, err
		}
		r.begun = true
	}
	b := r.head[:TagHeaderSize]
	if _, err := io.ReadFull(r.r, b); err != nil {
		return Tag{}, err
	}
	t, n, err := parseTagHeader(b, r.limits)
	if err != nil {
		return Tag{}, err
	}
	if t.Body, err = readBody(r.r, n); err != nil {
		return Tag{}, err
	}
	// A file may lack the last previous-tag-size; then the tag before it still counts.
	if _, err := io.ReadFull(r.r, r.head[:4]); err != nil && !isEOF(err) {
		return Tag{}, err
	}
	return t, nil
}

func (r *Reader) readHeader() error {
	b := r.head[:9]
	if n, err := io.ReadFull(r.r, b); err != nil {
		if n > 0 && isEOF(err) {
			return ErrSignature
		}
		return err
	}
	if string(b[:3]) != "FLV" {
		return ErrSignature
	}
	// The header's own size is 9; the format leaves room for more.
	size := int(b[5])<<24 | int(b[6])<<16 | int(b[7])<<8 | int(b[8])
	if size < 9 || size > 1<<10 {
		return ErrSignature
	}
	if _, err := r.r.Discard(size - 9 + 4); err != nil {
		return err
	}
	return nil
}

// readBody reads n bytes, growing with what really arrives, so that a false size costs its sender the bytes.
func readBody(r io.Reader, n int) ([]byte, error) {
	const step = 256 << 10
	b := make([]byte, min(n, step))
	for at := 0; ; {
		if _, err := io.ReadFull(r, b[at:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if len(b) == n {
			return b, nil
		}
		at = len(b)
		b = append(b, make([]byte, min(n-at, max(at, step)))...)
	}
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

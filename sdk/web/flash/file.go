//go:build js && wasm

package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
)

const (
	// block is how much of a file is read at once, in bytes, and maxBlocks how many of them are held: sound and picture of a film may
	// lie apart.
	block     = 128 << 10
	maxBlocks = 8
)

// file is a file of the page as what a film is read from.
type file struct {
	from  *source
	about edgeapi.File
	soon  func() bool
	held  map[int64][]byte // by number
	order []int64          // of use, the last one last
}

func (f *file) File() *edgeapi.File         { return &f.about }
func (f *file) Playlist() *edgeapi.Playlist { return nil }
func (f *file) Live() bool                  { return false }
func (f *file) Logger() *slog.Logger        { return slog.New(slog.DiscardHandler) }
func (f *file) Done() <-chan struct{}       { return f.from.done }

func (f *file) FileAt(ctx context.Context) io.ReaderAt { return fileAt{ctx, f} }

// ReadFile reads what a block has from offset on.
func (f *file) ReadFile(ctx context.Context, p []byte, offset int64) (int, error) {
	if offset >= f.about.Size {
		return 0, io.EOF
	}
	b, err := f.block(ctx, offset/block)
	if err != nil {
		return 0, err
	}
	return copy(p, b[offset%block:]), nil
}

func (f *file) block(ctx context.Context, n int64) ([]byte, error) {
	for i, one := range f.order {
		if one == n {
			f.order = append(append(f.order[:i:i], f.order[i+1:]...), n)
			return f.held[n], nil
		}
	}
	size := min(block, f.about.Size-n*block)
	b := make([]byte, 0, size)
	for int64(len(b)) < size {
		more, err := question{
			Source: f.from.number, What: "bytes", Offset: n*block + int64(len(b)), Length: size - int64(len(b)), Soon: f.soon(),
		}.ask(ctx)
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			return nil, fault.New(fault.SourceChanged, "the file is shorter than it was; play it again")
		}
		b = append(b, more...)
	}
	if f.held == nil {
		f.held = map[int64][]byte{}
	}
	f.held[n] = b
	if f.order = append(f.order, n); len(f.order) > maxBlocks {
		delete(f.held, f.order[0])
		f.order = f.order[1:]
	}
	return b, nil
}

type fileAt struct {
	ctx  context.Context
	from *file
}

// ReadAt implements io.ReaderAt.
func (f fileAt) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = f.from.ReadFile(f.ctx, p[n:], offset+int64(n))
		n += k
	}
	return n, err
}

// What only playlists have.

func noPlaylist() error { return fault.New(fault.RequestInvalid, "it is no playlist") }

func (f *file) Segments(context.Context) ([]hls.Segment, error) { return nil, noPlaylist() }
func (f *file) NextPlayed(context.Context, uint64) (*edgeapi.Played, error) {
	return nil, noPlaylist()
}
func (f *file) Segment(context.Context, *hls.Segment) ([]byte, error) { return nil, noPlaylist() }
func (f *file) Resource(context.Context, string, hls.ByteRange, int) ([]byte, error) {
	return nil, noPlaylist()
}

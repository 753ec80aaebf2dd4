package film

import (
	"context"
	"io"
	"log/slog"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/hls"
)

// Source is a file or a playlist that is played: a viewer's (peer.Viewer), or the server's.
type Source interface {
	// File describes the file, nil if it is a playlist; Playlist the playlist, nil if it is a file.
	File() *edgeapi.File
	Playlist() *edgeapi.Playlist
	// Live tells whether the playlist is live.
	Live() bool
	// FileAt and ReadFile read the file; reads wait, and end with the context.
	FileAt(ctx context.Context) io.ReaderAt
	ReadFile(ctx context.Context, p []byte, offset int64) (int, error)
	// Segments loads what the playlist lists now.
	Segments(ctx context.Context) ([]hls.Segment, error)
	// NextPlayed waits for the segment of a live playlist that is played after the one of a number; 0 for the first.
	NextPlayed(ctx context.Context, after uint64) (*edgeapi.Played, error)
	// Segment returns the bytes of a segment, Resource those of something else that the playlist names.
	Segment(ctx context.Context, s *hls.Segment) ([]byte, error)
	Resource(ctx context.Context, rawURL string, r hls.ByteRange, limit int) ([]byte, error)
	Logger() *slog.Logger
	// Done is closed when nothing can be read any more.
	Done() <-chan struct{}
}

package edge

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/slice"
)

// wholeFile is a file as what a film is read from: by the groups that viewers get, which are fetched once.
type wholeFile struct {
	noList
	file *file
}

func (w wholeFile) File() *edgeapi.File                    { return &w.file.about }
func (w wholeFile) Logger() *slog.Logger                   { return w.file.log }
func (w wholeFile) FileAt(ctx context.Context) io.ReaderAt { return fileAt{ctx, w} }

// ReadFile reads what is held of the group at offset.
func (w wholeFile) ReadFile(ctx context.Context, p []byte, offset int64) (int, error) {
	f := w.file
	if offset >= f.about.Size {
		return 0, io.EOF
	}
	f.touch()
	size := int64(f.about.Group * f.about.Slice)
	_, data, err := f.block(ctx, int(offset/size), true)
	if err != nil {
		return 0, err
	}
	n := copy(p, data[offset%size:])
	f.note(n)
	return n, nil
}

// note counts bytes that went to a plain player.
func (f *file) note(n int) {
	f.bytesOut.Add(int64(n))
	f.edge.bytesOut.Add(int64(n))
}

type fileAt struct {
	ctx  context.Context
	from wholeFile
}

func (f fileAt) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = f.from.ReadFile(f.ctx, p[n:], offset+int64(n))
		n += k
	}
	return n, err
}

// noList is what a file has of what playlists have.
type noList struct{}

func noPlaylist() error { return fault.New(fault.RequestInvalid, "it is no playlist") }

func (noList) Playlist() *edgeapi.Playlist                                 { return nil }
func (noList) Live() bool                                                  { return false }
func (noList) Done() <-chan struct{}                                       { return nil }
func (noList) Segments(context.Context) ([]hls.Segment, error)             { return nil, noPlaylist() }
func (noList) NextPlayed(context.Context, uint64) (*edgeapi.Played, error) { return nil, noPlaylist() }
func (noList) Segment(context.Context, *hls.Segment) ([]byte, error)       { return nil, noPlaylist() }
func (noList) Resource(context.Context, string, hls.ByteRange, int) ([]byte, error) {
	return nil, noPlaylist()
}

// noFile is what a playlist has of what files have.
type noFile struct{}

func (noFile) File() *edgeapi.File                { return nil }
func (noFile) Done() <-chan struct{}              { return nil }
func (noFile) FileAt(context.Context) io.ReaderAt { return nil }
func (noFile) ReadFile(context.Context, []byte, int64) (int, error) {
	return 0, fault.New(fault.RequestInvalid, "it is no file")
}

// fullList is a complete playlist.
type fullList struct {
	noFile
	file *file
}

func (l fullList) Playlist() *edgeapi.Playlist { return l.file.vod.about() }
func (l fullList) Live() bool                  { return false }
func (l fullList) Logger() *slog.Logger        { return l.file.log }

func (l fullList) NextPlayed(context.Context, uint64) (*edgeapi.Played, error) {
	return nil, fault.New(fault.RequestInvalid, "the playlist is not live")
}

func (l fullList) Segments(context.Context) ([]hls.Segment, error) {
	return l.file.vod.load.Playlist.Media.Segments, nil
}

// Segment returns a segment that viewers get, or from its origin if those cannot.
func (l fullList) Segment(ctx context.Context, s *hls.Segment) ([]byte, error) {
	f := l.file
	f.touch()
	g := int(s.Sequence - f.vod.load.Playlist.Media.Segments[0].Sequence)
	if g < 0 || g >= len(f.about.Times) {
		return nil, fault.New(fault.SourceInvalid, "the playlist has no such segment")
	}
	_, data, err := f.block(ctx, g, true)
	if fault.CodeOf(err) == fault.SourceInvalid {
		data, err = fetchSegment(ctx, f.client, s, maxSegment)
	}
	f.note(len(data))
	return data, err
}

func (l fullList) Resource(ctx context.Context, rawURL string, r hls.ByteRange, limit int) ([]byte, error) {
	return resource(ctx, l.file.client, rawURL, r, limit)
}

// liveList is a live playlist, read from the window that viewers get slices from. It belongs to one reader.
type liveList struct {
	noFile
	stream *stream
	delay  time.Duration

	next  slice.Number // of the group that comes; 0 before the first, and where the window has gone on
	begun bool
	count uint64
	data  []byte // of the segment that NextPlayed returned
}

func (l *liveList) Playlist() *edgeapi.Playlist { return l.stream.segments.about() }
func (l *liveList) Live() bool                  { return true }
func (l *liveList) Logger() *slog.Logger        { return l.stream.log }

func (l *liveList) Segments(context.Context) ([]hls.Segment, error) {
	return l.stream.segments.latest().Playlist.Media.Segments, nil
}

// NextPlayed waits for the segment after the last one, the first time for one that is far enough behind live.
func (l *liveList) NextPlayed(ctx context.Context, _ uint64) (*edgeapi.Played, error) {
	skipped := false
	for {
		if !l.begun {
			list := l.stream.window.behind(l.delay)
			if len(list) == 0 {
				return nil, fault.New(fault.SourceEnded, "the stream has ended")
			}
			l.next, l.begun = list[0].Number, true
		}
		head, err := l.slice(ctx, l.next)
		var about edgeapi.Segment
		switch {
		case fault.CodeOf(err) == fault.SliceGone: // the player was slow
			l.begun, skipped = false, true
			continue
		case fault.CodeOf(err) == fault.SourceEnded:
			return nil, io.EOF
		case err != nil:
			return nil, err
		case json.Unmarshal(head.Payload, &about) != nil:
			return nil, fault.New(fault.Internal, "a group of the playlist does not begin as it should")
		}
		l.data = l.data[:0:0]
		gone := false
		for i := 1; i < about.Slices() && !gone; i++ {
			s, err := l.slice(ctx, l.next+slice.Number(i))
			switch {
			case fault.CodeOf(err) == fault.SliceGone:
				gone = true
			case err != nil:
				return nil, err
			default:
				l.data = append(l.data, s.Payload...)
			}
		}
		if gone {
			l.begun, skipped = false, true
			continue
		}
		l.next += slice.Number(about.Slices())
		l.count++
		about.Discontinuity = about.Discontinuity || skipped
		return &edgeapi.Played{Segment: about, Number: l.count}, nil
	}
}

// slice waits for a slice of the stream.
func (l *liveList) slice(ctx context.Context, n slice.Number) (*slice.Slice, error) {
	for {
		frame, wait, err := l.stream.window.get(n, 0, func(int) bool { return false })
		if err != nil {
			return nil, err
		}
		if wait == nil {
			l.stream.sent(len(frame))
			return slice.ParseFrame(l.stream.track, n, frame)
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Segment returns what NextPlayed came to last.
func (l *liveList) Segment(context.Context, *hls.Segment) ([]byte, error) {
	return l.data, nil
}

func (l *liveList) Resource(ctx context.Context, rawURL string, r hls.ByteRange, limit int) ([]byte, error) {
	return resource(ctx, l.stream.segments.client, rawURL, r, limit)
}

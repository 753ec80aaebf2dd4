package superp2p

import (
	"context"
	"io"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
)

// ReadFile reads bytes of a file from an offset on into p. It waits for the first of them and returns as many as are here:
// fewer than p has room for are no error. What is loaded ahead follows the read that came last.
//
// Errors: io.EOF at the end of the file; request_invalid if m is no file or the offset is negative; what ctx ended with;
// otherwise the failure that ended m, which says so too by NextEvent; closed after Close.
func (m *Media) ReadFile(ctx context.Context, p []byte, offset int64) (int, error) {
	if err := m.needFile(); err != nil {
		return 0, err
	}
	return m.viewer.ReadFile(ctx, p, offset)
}

func (m *Media) needFile() error {
	if m.info.Kind != KindFile {
		return fault.New(fault.RequestInvalid, "what was opened is no file; read it as MediaInfo.Kind says")
	}
	return nil
}

// ReaderAt returns what reads a file as ReadFile does, but always all that was asked for, as an io.ReaderAt does. Its reads end
// with ctx. MediaInfo.Size says how large the file is: io.NewSectionReader(m.ReaderAt(ctx), 0, m.Info().Size) reads all of
// it, and is what http.ServeContent takes.
func (m *Media) ReaderAt(ctx context.Context) io.ReaderAt { return readerAt{m, ctx} }

type readerAt struct {
	m   *Media
	ctx context.Context
}

func (r readerAt) ReadAt(p []byte, offset int64) (n int, err error) {
	if err := r.m.needFile(); err != nil {
		return 0, err
	}
	return r.m.viewer.FileAt(r.ctx).ReadAt(p, offset)
}

// FLVReader reads a Media as FLV: file header, onMetaData, tags with timestamps from 0, as they come and not by a clock. Make
// one with Media.FLV, end it with Close. One goroutine at a time may read; Close may come from another.
type FLVReader struct {
	from    io.ReadCloser
	skipped func() uint64
}

// FLV returns a new reader of m as FLV. A live stream or playlist is read from what is played now, a file or a complete playlist
// from the keyframe or segment at or before start; a file that is FLV itself from its beginning as it is. Frames are not
// changed. audio is where the sound is if it is in a playlist of its own (Playlist.Choose), else nil. Both must stay
// open while the reader is.
func (m *Media) FLV(audio *Media, start time.Duration) *FLVReader {
	switch {
	case audio != nil:
		return &FLVReader{from: film.NewWithAudio(m.viewer, audio.viewer, start)}
	case m.info.Kind != KindLive:
		return &FLVReader{from: film.New(m.viewer, start)}
	}
	r := m.viewer.NewReader()
	return &FLVReader{from: r, skipped: r.Skipped}
}

// Read reads FLV and waits for more.
//
// Errors: io.EOF at the end of the stream; the failure that ended the Media, once what came before it was read; source_invalid
// if FLV cannot carry what is there; closed after Close.
func (r *FLVReader) Read(p []byte) (int, error) { return r.from.Read(p) }

// Skipped counts how often a reader of a live stream was too slow and went on at a newer keyframe.
func (r *FLVReader) Skipped() uint64 {
	if r.skipped == nil {
		return 0
	}
	return r.skipped()
}

// Close ends a Read that waits. It returns nil.
func (r *FLVReader) Close() error { return r.from.Close() }

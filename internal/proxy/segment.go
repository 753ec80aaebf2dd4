package proxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
)

// serveSegment answers who asks for a segment that a playlist listed. It returns false, having done nothing, if none did.
func (p *Proxy) serveSegment(w http.ResponseWriter, r *http.Request) bool {
	where := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		where += "?" + r.URL.RawQuery
	}
	l, t, pieces := p.registry.find(tidy(where))
	if l == nil {
		return false
	}
	from := rangeStart(r.Header.Get("Range"))
	first := pieceAt(pieces, from)
	if first == nil {
		return false
	}
	t.Fallback = first.URL
	for again := false; ; again = true {
		s, err := p.join(r.Context(), t)
		if err != nil {
			p.refuse(w, r, t, err)
			return true
		}
		err = p.givePiece(w, r, s, l, pieces, first, from)
		p.leave(s)
		if err == nil {
			return true
		}
		if again || fault.CodeOf(err) != fault.Closed {
			p.refuse(w, r, t, err)
			return true
		} // else the stream ended at this moment, and opens again
	}
}

// givePiece answers with the bytes that the pieces at one address hold. It returns an error before it has answered.
func (p *Proxy) givePiece(w http.ResponseWriter, r *http.Request, s *stream, l *listing, pieces []piece, first *piece, from int64) error {
	media := p.ask(s)
	if media == nil {
		return fault.New(fault.Closed, "the stream ended at this moment; open it again")
	}
	b := &pieceReader{ctx: r.Context(), pieces: pieces, load: func(ctx context.Context, one *piece) ([]byte, error) {
		return p.loadPiece(ctx, media, l, one)
	}}
	got, err := b.load(r.Context(), first)
	if err != nil {
		return err
	}
	b.held, b.bytes = first, got
	h := w.Header()
	h.Set("Content-Type", segmentType(r.URL.Path, got))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w = &patientWriter{w, http.NewResponseController(w), p.cfg.WriteTimeout}
	if first.Whole() {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(got))
		return nil
	}
	var size int64
	for i := range pieces {
		size = max(size, pieces[i].Offset+pieces[i].Length)
	}
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(b, 0, size))
	return nil
}

func (p *Proxy) loadPiece(ctx context.Context, media *superp2p.Media, l *listing, one *piece) ([]byte, error) {
	if one.segment != nil {
		return media.Segment(ctx, one.segment)
	}
	if b := p.registry.mapOf(l, one); b != nil {
		return b, nil
	}
	b, err := media.Resource(ctx, one.Resource, hls.MaxMap)
	if err == nil {
		p.registry.keepMap(l, one, b)
	}
	return b, err
}

// pieceReader reads a resource of which playlists listed pieces.
type pieceReader struct {
	ctx    context.Context
	pieces []piece
	load   func(context.Context, *piece) ([]byte, error)
	held   *piece // whose bytes are these
	bytes  []byte
}

// ReadAt fails where no piece is.
func (b *pieceReader) ReadAt(p []byte, offset int64) (int, error) {
	if b.held == nil || !holds(b.held, offset) {
		one := pieceAt(b.pieces, offset)
		if one == nil {
			return 0, fault.New(fault.RequestInvalid, "no playlist listed these bytes")
		}
		got, err := b.load(b.ctx, one)
		if err != nil {
			return 0, err
		}
		b.held, b.bytes = one, got
	}
	n := 0
	if skip := offset - b.held.Offset; skip < int64(len(b.bytes)) {
		n = copy(p, b.bytes[skip:])
	}
	switch {
	case n == len(p):
		return n, nil
	case n == 0:
		return 0, io.ErrUnexpectedEOF // it is shorter than the playlist says
	}
	more, err := b.ReadAt(p[n:], offset+int64(n))
	return n + more, err
}

// pieceAt returns the piece that holds the byte at an offset, nil if there is none.
func pieceAt(pieces []piece, offset int64) *piece {
	for i := range pieces {
		if !pieces[i].Whole() && holds(&pieces[i], offset) {
			return &pieces[i]
		}
	}
	for i := range pieces {
		if pieces[i].Whole() {
			return &pieces[i]
		}
	}
	return nil
}

func holds(p *piece, offset int64) bool {
	return p.Whole() || offset >= p.Offset && offset-p.Offset < p.Length
}

// rangeStart returns the first byte that a Range header asks for, 0 if it is not said in the usual way.
func rangeStart(header string) int64 {
	from, _, _ := strings.Cut(strings.TrimPrefix(header, "bytes="), "-")
	n, err := strconv.ParseInt(from, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// segmentType returns the media type of a segment by its path's ending, and by its first byte where that says nothing.
func segmentType(path string, b []byte) string {
	switch strings.ToLower(path[max(0, strings.LastIndexByte(path, '.')):]) {
	case ".ts", ".m2ts", ".mts":
		return "video/mp2t"
	case ".m4s", ".cmfv":
		return "video/iso.segment"
	case ".cmfa":
		return "audio/mp4"
	case ".aac":
		return "audio/aac"
	case ".ac3":
		return "audio/ac3"
	case ".ec3":
		return "audio/eac3"
	case ".vtt", ".webvtt":
		return "text/vtt"
	}
	if known := edgeapi.FileType(path); known != "" {
		return known
	}
	if len(b) > 0 && b[0] == 0x47 {
		return "video/mp2t"
	}
	return "application/octet-stream"
}

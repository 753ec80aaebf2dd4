package edge

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/timeline"
)

// readAtOnce is how much of a stream is written to a plain player at once, in bytes.
const readAtOnce = 32 << 10

func (e *Edge) flvByURL(w http.ResponseWriter, r *http.Request) {
	t, err := e.targetOf(r)
	if err != nil {
		e.writeFault(w, r, err)
		return
	}
	e.play(w, r, t)
}

func (e *Edge) flvByChannel(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutSuffix(r.PathValue("name"), ".flv")
	if !ok {
		e.writeFault(w, r, fault.New(fault.RequestInvalid, "the path must end in .flv"))
		return
	}
	t, err := e.channelTarget(e.named(name))
	if err != nil {
		e.writeFault(w, r, err)
		return
	}
	e.play(w, r, t)
}

// Playback is a plain player's reader, which counts as a viewer until it is closed.
type Playback struct {
	*timeline.Reader
	stream *stream
	once   sync.Once
}

// Play opens a channel for one plain player and waits for its first group.
//
// Errors: those of a resolve request, and fault.LimitReached.
func (e *Edge) Play(ctx context.Context, channel string) (*Playback, error) {
	t, err := e.channelTarget(channel)
	if err != nil {
		return nil, err
	}
	return e.playback(ctx, t)
}

func (e *Edge) playback(ctx context.Context, t target) (*Playback, error) {
	is, err := e.find(ctx, t)
	switch s := is.stream; {
	case err != nil:
		return nil, err
	case is.master:
		return nil, fault.New(fault.SourceMaster, "it is a master playlist of HLS; play one of its variants")
	case s == nil || s.segments != nil:
		return nil, fault.New(fault.RequestInvalid, "it is a file or a playlist of HLS, which the server gives by slices only; "+
			"play it by superp2p's proxy, or from the origin")
	}
	s := is.stream
	r, err := s.openReader()
	if err != nil {
		return nil, err
	}
	return &Playback{Reader: r, stream: s}, nil
}

// ReadTag returns the next tag; see timeline.Reader.
func (p *Playback) ReadTag() (flv.Tag, error) {
	t, err := p.Reader.ReadTag()
	if err == nil {
		p.stream.sent(t.Size())
	}
	return t, err
}

// Close ends the playback and unblocks ReadTag. It may be called twice and from any goroutine.
func (p *Playback) Close() error {
	p.once.Do(func() { p.stream.closeReader(p.Reader) })
	return nil
}

// play sends a stream as HTTP-FLV until it ends or the player leaves.
func (e *Edge) play(w http.ResponseWriter, r *http.Request, t target) {
	reader, err := e.playback(r.Context(), t)
	if err != nil {
		e.writeFault(w, r, err)
		return
	}
	defer func() { _ = reader.Close() }()
	defer context.AfterFunc(r.Context(), func() { _ = reader.Close() })()

	h := w.Header()
	h.Set("Content-Type", "video/x-flv")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return
	}
	control, buffer := http.NewResponseController(w), make([]byte, readAtOnce)
	for {
		n, err := reader.Read(buffer)
		if err != nil {
			return // the end of the stream, or the player has left
		}
		// The deadline moves with every write: a player may watch for days, but not hold a connection without reading.
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		sent, err := w.Write(buffer[:n])
		reader.stream.sent(sent)
		if err != nil || control.Flush() != nil {
			return
		}
	}
}

// openReader returns a reader that starts at the newest group. The first one makes the stream keep a time line.
func (s *stream) openReader() (*timeline.Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers >= s.edge.config.MaxReaders {
		return nil, fault.New(fault.LimitReached,
			"as many players as the server's configuration allows (limits.readers) watch this stream by HTTP-FLV")
	}
	if s.state == edgeapi.StateEnded {
		return nil, fault.New(fault.SourceEnded, "the stream has ended")
	}
	if s.line == nil {
		line := timeline.New(timeline.Config{MaxBytes: int(s.edge.config.MaxStreamBytes)})
		for _, one := range s.window.newestGroup() {
			if err := line.Append(one); err != nil {
				return nil, fault.Wrap(fault.Internal, "the stream cannot be played by HTTP-FLV", err)
			}
		}
		s.line = line
	}
	s.readers++
	return s.line.NewReader(), nil
}

func (s *stream) closeReader(r *timeline.Reader) {
	_ = r.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers--; s.readers == 0 {
		s.line = nil
	}
	s.touch()
}

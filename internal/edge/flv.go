package edge

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/timeline"
	"github.com/superp2p/superp2p/internal/viewing"
)

// readAtOnce is how much of a stream is written to a plain player at once, in bytes.
const readAtOnce = 32 << 10

const (
	// flashDelay is how far behind live a player begins that plays by a session, if it does not say: those know no buffer.
	flashDelay = 6 * time.Second
	// mostDelay is the largest that it may say.
	mostDelay = 30 * time.Second
)

func (e *Edge) flvByURL(w http.ResponseWriter, r *http.Request) {
	e.play(w, r, e.targetOf)
}

func (e *Edge) flvByChannel(w http.ResponseWriter, r *http.Request) {
	e.play(w, r, func(r *http.Request) (target, error) {
		name, ok := strings.CutSuffix(r.PathValue("name"), ".flv")
		if !ok {
			return target{}, fault.New(fault.RequestInvalid, "the path must end in .flv")
		}
		return e.channelTarget(e.named(name))
	})
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
	is, err := e.find(ctx, t)
	switch s := is.stream; {
	case err != nil:
		return nil, err
	case is.master:
		return nil, fault.New(fault.SourceMaster, "it is a master playlist of HLS; play one of its variants")
	case s == nil || s.segments != nil:
		return nil, fault.New(fault.RequestInvalid, "it is a file or a playlist of HLS, which the server gives by HTTP-FLV, not by RTMP")
	}
	return is.stream.playback(0)
}

func (s *stream) playback(behind time.Duration) (*Playback, error) {
	r, err := s.openReader(behind)
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

// play sends a stream, a file or a playlist as HTTP-FLV until it ends or the player leaves.
func (e *Edge) play(w http.ResponseWriter, r *http.Request, targetOf func(*http.Request) (target, error)) {
	id := r.URL.Query().Get("session")
	if r.Method == http.MethodHead {
		id = ""
	}
	if id == "" {
		if done := e.playPlain(w, r, targetOf); done {
			return
		}
	}
	v, ctx, err := e.viewings.Begin(r.Context(), id)
	if err != nil {
		e.writeFault(w, r, err)
		return
	}
	defer v.Close(nil)
	s, shut, err := e.view(ctx, r, v, targetOf)
	if err != nil {
		v.Close(clean(err))
		e.writeFault(w, r, err)
		return
	}
	defer shut()
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "video/x-flv")
		return
	}
	defer context.AfterFunc(ctx, shut)()
	_ = s.Pour(ctx, w, r) // the end of the stream, or the player has left
}

// playPlain sends a live stream as it is, to a player of any kind; false if it is no such stream.
func (e *Edge) playPlain(w http.ResponseWriter, r *http.Request, targetOf func(*http.Request) (target, error)) bool {
	t, err := targetOf(r)
	if err != nil {
		return false
	}
	is, err := e.find(r.Context(), t)
	if err != nil || is.stream == nil || is.stream.segments != nil {
		return false
	}
	var reader *Playback
	delay, err := seconds(r.URL.Query(), "delay", mostDelay)
	if err == nil {
		reader, err = is.stream.playback(delay)
	}
	if err != nil {
		e.writeFault(w, r, err)
		return true
	}
	defer func() { _ = reader.Close() }()
	defer context.AfterFunc(r.Context(), func() { _ = reader.Close() })()

	h := w.Header()
	h.Set("Content-Type", "video/x-flv")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return true
	}
	control, buffer := http.NewResponseController(w), make([]byte, readAtOnce)
	for {
		n, err := reader.Read(buffer)
		if err != nil {
			return true // the end of the stream, or the player has left
		}
		// The deadline moves with every write: a player may watch for days, but not hold a connection without reading.
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		sent, err := w.Write(buffer[:n])
		reader.stream.sent(sent)
		if err != nil || control.Flush() != nil {
			return true
		}
	}
}

// view opens what a player asks for and reads its head. shut ends the reading; it may be called twice.
func (e *Edge) view(ctx context.Context, r *http.Request, v *viewing.Viewing, targetOf func(*http.Request) (target, error)) (
	_ *viewing.Stream, shut func(), err error,
) {
	t, err := targetOf(r)
	if err != nil {
		return nil, nil, err
	}
	start, err := seconds(r.URL.Query(), "start", math.MaxInt32*time.Second)
	if err != nil {
		return nil, nil, err
	}
	delay, err := seconds(r.URL.Query(), "delay", mostDelay)
	if err != nil {
		return nil, nil, err
	}
	if delay == 0 && r.URL.Query().Get("session") != "" {
		delay = flashDelay
	}
	about, tags, shut, err := e.openTags(ctx, r, t, start, delay)
	if err != nil {
		return nil, nil, err
	}
	// A source that is silent is not waited for longer than a start may take.
	timer := time.AfterFunc(e.config.StartTimeout, shut)
	about.Any, about.Tracks = r.URL.Query().Get("session") == "", r.URL.Query().Get("tracks")
	s, err := v.Head(about, tags)
	if !timer.Stop() && err != nil {
		err = fault.New(fault.SourceTimeout, "nothing that can be played came in time; check what makes the stream")
	}
	if err != nil {
		shut()
		return nil, nil, err
	}
	return s, shut, nil
}

// openTags opens a target as FLV.
func (e *Edge) openTags(ctx context.Context, r *http.Request, t target, start, delay time.Duration) (
	about viewing.About, tags viewing.TagReader, shut func(), err error,
) {
	is, err := e.find(ctx, t)
	if err == nil && is.stream != nil && is.stream.segments == nil {
		p, err := is.stream.playback(delay)
		if err != nil {
			return about, nil, nil, err
		}
		about.Live, about.Figures, about.Away = true, is.stream.figures, is.stream.interrupted
		return about, p, func() { _ = p.Close() }, nil
	}
	if err == nil {
		return e.openFilm(ctx, r, t, is, start, delay)
	}
	return about, nil, nil, err
}

// interrupted tells whether the source is away.
func (s *stream) interrupted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == edgeapi.StateInterrupted
}

// figures tells a player about a live stream, whose slices come as soon as they are cut.
func (s *stream) figures() (viewing.Figures, time.Duration) {
	l, ok := s.window.live()
	if !ok {
		return viewing.Figures{}, 0
	}
	return viewing.Figures{}, max(0, s.edge.config.Now().Sub(time.UnixMilli(l.Edge.Cut)))
}

// seconds reads a number of seconds from a query, 0 if there is none.
func seconds(q url.Values, name string, most time.Duration) (time.Duration, error) {
	if q.Get(name) == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(q.Get(name), 64)
	if err != nil || !(n >= 0 && n <= most.Seconds()) {
		return 0, fault.New(fault.RequestInvalid, name+" must be a number of seconds, from 0 to "+strconv.Itoa(int(most.Seconds())))
	}
	return time.Duration(n * float64(time.Second)), nil
}

// join counts a plain player as a viewer; leave must follow.
func (s *stream) join() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.readers >= s.edge.config.MaxReaders:
		return manyReaders()
	case s.state == edgeapi.StateEnded:
		return fault.New(fault.SourceEnded, "the stream has ended")
	}
	s.readers++
	return nil
}

func manyReaders() error {
	return fault.New(fault.LimitReached,
		"as many players as the server's configuration allows (limits.readers) watch this stream by HTTP-FLV")
}

// openReader returns a reader that starts at the newest group that begins so long before the live edge. The first one makes the
// stream keep a time line.
func (s *stream) openReader(behind time.Duration) (*timeline.Reader, error) {
	if err := s.join(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line == nil {
		line := timeline.New(timeline.Config{Window: s.edge.config.Window, MaxBytes: int(s.edge.config.MaxStreamBytes)})
		for _, one := range s.window.behind(max(behind, flashDelay)) {
			if err := line.Append(one); err != nil {
				s.readers--
				return nil, fault.Wrap(fault.Internal, "the stream cannot be played by HTTP-FLV", err)
			}
		}
		s.line = line
	}
	if s.state == edgeapi.StateEnded { // meanwhile: the line that was closed is not this one
		s.line.Close(nil)
	}
	return s.line.NewReaderBehind(behind), nil
}

func (s *stream) closeReader(r *timeline.Reader) {
	_ = r.Close()
	s.leave()
}

// leave takes a plain player away.
func (s *stream) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers--; s.readers == 0 {
		s.line = nil
	}
	s.touch()
}

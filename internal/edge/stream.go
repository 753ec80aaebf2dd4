package edge

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/slicer"
	"github.com/superp2p/superp2p/internal/source"
	"github.com/superp2p/superp2p/internal/timeline"
)

const (
	// failureMemory is how long a first play that failed answers those who ask again, so that an audience that
	// retries does not become an attack on the origin.
	failureMemory = time.Second
	// lookAround is how often a stream looks whether anybody watches and whether its source is silent.
	lookAround = time.Second
	// maxURLs is how many URLs of one identity are remembered: the signature of the first viewer may have expired when
	// the source must be opened again.
	maxURLs = 4
)

// errUnwatched ends a pull that nobody watches.
var errUnwatched = errors.New("edge: nobody watches")

// stream is one live stream with its track.
type stream struct {
	edge *Edge
	target
	track  slice.TrackID
	hash   [20]byte
	log    *slog.Logger
	window *window
	crowd  crowd

	segments *segments // what it is cut from, if that is an HLS playlist

	ready   chan struct{} // closed when the first group is cut, or when it failed
	begin   sync.Once     // closes it
	lastAsk atomic.Int64  // Unix ns
	waiting atomic.Int64
	breaks  atomic.Int64 // how often the source was lost

	slicesServed, bytesOut, bytesIn atomic.Int64

	// Of the cutter alone.
	slicer *slicer.Slicer
	next   slice.Number
	group  slice.Number
	holds  bool // nobody shall begin although something is cut

	mu        sync.Mutex
	state     edgeapi.State
	cut       time.Time // when the first slice was cut
	err       error     // why it failed, or why the source is lost
	failed    bool
	urls      []string // to pull, best first
	publisher *Publication
	arrivals  chan *Publication
	line      *timeline.Timeline
	readers   int
}

func newStream(e *Edge, t target, track slice.TrackID) *stream {
	s := &stream{
		edge: e, target: t, track: track, hash: edgeapi.InfoHash(track),
		log:    e.config.Logger.With("stream", t.id, "track", track.String()),
		window: newWindow(e.config.Window, e.config.MaxStreamBytes),
		ready:  make(chan struct{}), slicer: slicer.New(slicer.Config{MaxPayload: slice.LivePayload}),
		state: edgeapi.StateInterrupted, arrivals: make(chan *Publication, 1),
	}
	if t.source != "" {
		s.urls = []string{t.source}
	}
	s.touch()
	return s
}

func (s *stream) touch() { s.lastAsk.Store(s.edge.config.Now().UnixNano()) }

// offer remembers another URL of the same identity for when the source must be opened again.
func (s *stream) offer(raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.urls, raw) {
		return
	}
	if len(s.urls) == maxURLs {
		s.urls = slices.Delete(s.urls, 1, 2) // the first is known to work
	}
	s.urls = append(s.urls, raw)
}

// unwatched tells whether nobody has watched for longer than Config.Linger.
func (s *stream) unwatched() bool {
	s.mu.Lock()
	watched := s.readers > 0 || s.publisher != nil
	s.mu.Unlock()
	if watched || s.waiting.Load() > 0 || s.edge.config.Swarm(s.hash) > 0 {
		s.touch()
		return false
	}
	return s.edge.config.Now().Sub(time.Unix(0, s.lastAsk.Load())) >= s.edge.config.Linger
}

// opener opens the source, first or again.
type opener func(ctx context.Context) (feed, error)

// feed is an open source.
type feed interface {
	// follow cuts what comes until it is lost, nobody watches or the edge closes, and closes it. It returns whether anything was cut,
	// and why it ended: errComplete if the stream is over.
	follow() (cutAny bool, err error)
}

// errComplete ends a pull of a stream that the origin says is over.
var errComplete = errors.New("edge: the stream is complete")

// run is the stream's goroutine: it opens the source, cuts it, and opens it again when it is lost.
func (s *stream) run(open opener) {
	c := &s.edge.config
	retry := &backoff.ExponentialBackOff{
		InitialInterval: c.RetryMin, MaxInterval: c.RetryMax, Multiplier: 1.6, RandomizationFactor: 0.3,
	}
	retry.Reset()
	var lost time.Time
	var dead error // nil as long as the source says itself that there is no stream
	for {
		ctx, cancel := s.edge.ctx, context.CancelFunc(func() {})
		if !lost.IsZero() {
			ctx, cancel = context.WithTimeout(ctx, c.GiveUp-time.Since(lost))
		}
		src, err := open(ctx)
		cut := err != nil && ctx.Err() != nil // it was given up before it answered
		cancel()
		cutAny := false
		if err == nil {
			cutAny, err = src.follow()
		}
		switch {
		case s.edge.ctx.Err() != nil:
			s.stop(closing())
			return
		case errors.Is(err, errUnwatched) || s.edge.forgetUnwatched(s):
			s.log.Info("stream let go: nobody watches")
			s.stop(fault.New(fault.TrackUnknown, "the server has let the track go because nobody watched; resolve again"))
			return
		case s.next == 0:
			s.fail(err)
			return
		case errors.Is(err, errComplete):
			s.finish("the origin says so", ending(nil))
			return
		case cutAny || lost.IsZero():
			lost = time.Now()
			retry.Reset()
		}
		s.interrupt(err)
		if !cut {
			dead = whether(err)
		}
		left, pause := c.GiveUp-time.Since(lost), retry.NextBackOff()
		if s.source == "" {
			pause = 0 // a publisher comes by itself
		}
		if left <= 0 || !sleep(s.edge.ctx, min(pause, left)) {
			if s.edge.ctx.Err() == nil {
				s.finish("its source stayed away", ending(dead))
			} else {
				s.stop(closing())
			}
			return
		}
	}
}

// pull opens the URL that worked last, then the others that viewers gave.
func (s *stream) pull(ctx context.Context) (feed, error) {
	c := &s.edge.config
	raw := s.url()
	g := s.edge.newGuard(s.target, raw)
	src, err := source.Open(ctx, raw, source.Options{
		Dial: g.Dial, Logger: s.log, IdleTimeout: c.IdleTimeout,
		// A little less than who asks waits, so that they learn what exactly did not come.
		StartTimeout: c.StartTimeout - c.StartTimeout/16,
	})
	if err != nil {
		if refused := g.refused.Load(); refused != nil && ctx.Err() == nil {
			err = refused
		}
		s.putLast(raw)
		return nil, err
	}
	s.log.Info("source opened")
	return &tags{stream: s, source: src}, nil
}

// url returns the URL that worked last.
func (s *stream) url() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.urls[0]
}

func (s *stream) isLive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == edgeapi.StateLive
}

// putLast has another URL than raw, which failed, be tried next.
func (s *stream) putLast(raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.urls[0] == raw {
		s.urls = append(s.urls[1:], raw)
	}
}

// interrupt tells that the source is lost for now.
func (s *stream) interrupt(err error) {
	s.slicer.Interrupt()
	s.mu.Lock()
	was := s.state
	s.state, s.err = edgeapi.StateInterrupted, err
	s.mu.Unlock()
	if was == edgeapi.StateLive {
		s.breaks.Add(1)
		s.log.Warn("source lost", "error", err)
	} else {
		s.log.Debug("source not back", "error", err)
	}
}

// fail ends a stream that never came to a first group. Whoever asks meanwhile gets the same answer.
func (s *stream) fail(err error) {
	if !errors.Is(err, source.ErrFile) && !errors.Is(err, source.ErrPlaylist) {
		s.log.Warn("source cannot be played", "error", err)
	}
	s.mu.Lock()
	s.failed, s.err, s.state = true, err, edgeapi.StateEnded
	s.mu.Unlock()
	s.letBegin()
	sleep(s.edge.ctx, failureMemory)
	s.edge.forget(s, false)
}

// letBegin answers who waits for the stream.
func (s *stream) letBegin() { s.begin.Do(func() { close(s.ready) }) }

// whether a source is dead or the stream is over follows from what it failed with: one that ends the stream, or answers that
// there is none, is alive. It returns err, or nil if that is so.
func whether(err error) error {
	switch fault.CodeOf(err) {
	case fault.SourceEnded, fault.SourceRefused:
		return nil
	}
	return err
}

// ending is what requests for what was not cut any more get.
func ending(dead error) error {
	if dead != nil {
		return fault.Wrap(fault.SourceLost, "the source was lost and has not come back; play it again when it has", dead)
	}
	return fault.New(fault.SourceEnded, "the stream has ended; resolve again to see whether there is a new one")
}

// finish ends a track whose source will not come back. What is kept of it can still be fetched for as long as it would have
// been in a running stream.
func (s *stream) finish(why string, err error) {
	s.log.Info("stream ended: " + why)
	s.edge.forget(s, true)
	s.close(err, nil)
	sleep(s.edge.ctx, s.edge.config.Window)
	s.edge.forget(s, false)
}

// stop ends a track at once.
func (s *stream) stop(err error) {
	s.edge.forget(s, false)
	s.close(err, err)
}

// close answers who waits for slices with err; readers get readersErr, nil meaning the end.
func (s *stream) close(err, readersErr error) {
	s.mu.Lock()
	s.state, s.err = edgeapi.StateEnded, err
	line := s.line
	s.failed = s.failed || s.next == 0
	s.letBegin()
	p := s.publisher
	s.mu.Unlock()
	if p != nil {
		_ = p.Close()
	}
	s.window.end(err)
	if line != nil {
		line.Close(readersErr)
	}
}

// wait returns when the first group is there, or why it is not. Who waits counts as a viewer.
func (s *stream) wait(ctx context.Context) error {
	if s.waiting.Add(1) > int64(s.edge.config.MaxWaiting) {
		s.waiting.Add(-1)
		return tooMany()
	}
	defer s.waiting.Add(-1)
	timer := time.NewTimer(s.edge.config.StartTimeout)
	defer timer.Stop()
	select {
	case <-s.ready:
	case <-ctx.Done():
		return fault.New(fault.Closed, "the request was given up")
	case <-timer.C:
		return fault.New(fault.SourceTimeout, "the source is open but no group has started in time; try again, "+
			"or have the encoder send keyframes more often")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed {
		return s.err
	}
	return nil
}

func tooMany() error {
	return fault.New(fault.LimitReached, "too many requests wait for this stream (limits.waiting); ask again in a second")
}

// live returns the part of a resolution that changes.
func (s *stream) live() edgeapi.Live {
	l, _ := s.window.live()
	l.Now = s.edge.config.Now().UnixMilli()
	s.mu.Lock()
	l.State = s.state
	s.mu.Unlock()
	return l
}

func (s *stream) status() edgeapi.StreamStatus {
	l, _ := s.window.live()
	count, bytes, next := s.window.size()
	st := edgeapi.StreamStatus{
		Stream: s.id, Track: s.track.String(), Swarm: hexHash(s.hash), Source: "pull",
		Viewers: s.edge.config.Swarm(s.hash), Waiting: int(s.waiting.Load()),
		Bitrate: l.Bitrate, Rate: l.Rate, Slices: int64(next), BytesIn: s.bytesIn.Load(),
		SlicesServed: s.slicesServed.Load(), BytesOut: s.bytesOut.Load(), Kept: count, KeptBytes: bytes,
		Interrupted: s.breaks.Load(),
	}
	if s.source == "" {
		st.Source = "publish"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.State, st.Readers = s.state, s.readers
	if !s.cut.IsZero() {
		st.Uptime = int64(s.edge.config.Now().Sub(s.cut).Seconds())
	}
	if s.err != nil {
		st.Error = clean(s.err).Message
	}
	return st
}

func sortStreams(list []edgeapi.StreamStatus) {
	slices.SortFunc(list, func(a, b edgeapi.StreamStatus) int {
		return cmp.Or(cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Track, b.Track))
	})
}

// sleep waits for d; false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

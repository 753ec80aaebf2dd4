package edge

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/viewing"
)

// Edge holds the streams. Make one with New, end it with Close.
type Edge struct {
	config    Config
	origins   []origin
	perViewer map[string]bool
	sources   map[string]string // channel ids by the identity of what they pull
	started   time.Time

	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	// Who finds a stream under mu also marks it as asked for under mu, so that it is not let go at the same moment.
	mu      sync.RWMutex
	closed  bool
	streams map[string]*stream        // by identity; those that failed or are being let go are not in it for long
	tracks  map[slice.TrackID]*stream // also those that ended, while their window is kept

	files      map[string]*opening // by identity
	fileTracks map[slice.TrackID]*file

	viewings viewing.Registry

	slicesServed, bytesOut, bytesIn atomic.Int64
}

// New returns an Edge that pulls nothing yet.
//
// Errors: fault.ConfigInvalid if an entry of Origins or Channels cannot be read.
func New(c Config) (*Edge, error) {
	e := &Edge{
		config: c.withDefaults(), perViewer: map[string]bool{}, sources: map[string]string{},
		streams: map[string]*stream{}, tracks: map[slice.TrackID]*stream{},
		files: map[string]*opening{}, fileTracks: map[slice.TrackID]*file{},
	}
	for _, text := range c.Origins {
		o, err := parseOrigin(text)
		if err != nil {
			return nil, err
		}
		e.origins = append(e.origins, o)
	}
	for _, key := range c.PerViewerKeys {
		e.perViewer[strings.ToLower(key)] = true
	}
	for _, id := range slices.Sorted(maps.Keys(c.Channels)) {
		if err := checkChannel(id); err != nil {
			return nil, fault.Wrap(fault.ConfigInvalid, "channels: the id \""+id+"\" cannot be used", err)
		}
		raw := c.Channels[id].Source
		if raw == "" {
			continue
		}
		u, err := parseSource(raw)
		if err != nil {
			return nil, fault.Wrap(fault.ConfigInvalid, "channels: the source of "+id+" cannot be pulled", err)
		}
		e.sources[identity(u, e.perViewer)] = id
	}
	if e.config.Signer == nil {
		var seed [32]byte
		if _, err := io.ReadFull(e.config.Rand, seed[:]); err != nil {
			return nil, fault.Wrap(fault.Internal, "no random bytes for a signing key", err)
		}
		e.config.Signer = signing.NewSigner(seed)
	}
	e.started = e.config.Now()
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e, nil
}

// Close lets all streams go and returns when no goroutine of the edge is left. Requests that wait are answered.
func (e *Edge) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.cancel()
	e.tasks.Wait()
	return nil
}

// target is what somebody wants to play.
type target struct {
	id      string // the stream's identity
	channel bool
	source  string // URL to pull; "" if only a publisher can provide it
}

// path returns the path of what is pulled.
func (t *target) path() string {
	u, err := url.Parse(t.source)
	if err != nil {
		return ""
	}
	return u.Path
}

// isFile tells whether what is pulled is a file, by its URL. FLV may be one: how the origin answers tells.
func (t *target) isFile() bool {
	kind := edgeapi.FileType(t.path())
	return strings.HasPrefix(strings.ToLower(t.source), "http") && kind != "" && kind != edgeapi.TypeFLV
}

// urlTarget reads a URL that a viewer gave and checks that it may be pulled. What a channel pulls is that channel, so
// that its audience is one swarm whichever way they ask.
func (e *Edge) urlTarget(raw string, r *http.Request) (target, error) {
	u, err := parseSource(raw)
	if err != nil {
		return target{}, err
	}
	if channel, ok := e.ownURL(u, r); ok {
		return e.channelTarget(channel)
	}
	id := identity(u, e.perViewer)
	if channel, ok := e.sources[id]; ok {
		return e.channelTarget(channel)
	}
	if err := permit(e.origins, u); err != nil {
		return target{}, err
	}
	return target{id: id, source: raw}, nil
}

// ownURL tells whether u is this server itself, by the name under which r reached it, and which channel it means:
// http://server/live/live/test.flv as players have it, or rtmp://server/live/test as the publisher has it.
func (e *Edge) ownURL(u *url.URL, r *http.Request) (channel string, ok bool) {
	self, err := url.Parse(u.Scheme + "://" + r.Host)
	if err != nil || normalHost(self.Hostname()) != normalHost(u.Hostname()) {
		return "", false
	}
	if strings.HasPrefix(u.Scheme, "rtmp") {
		return strings.Trim(u.Path, "/"), portOf(u) == e.config.RTMPPort()
	}
	if strings.HasPrefix(u.Scheme, "rtsp") { // nothing here speaks it
		return "", false
	}
	name, isLive := strings.CutPrefix(u.Path, "/live/")
	name, isFLV := strings.CutSuffix(name, ".flv")
	return e.named(name), isLive && isFLV && portOf(u) == portOf(self)
}

// named returns the id that a player means by /live/name.flv: live/name if that is what is published, as other servers
// have it.
func (e *Edge) named(name string) string {
	if !e.knows(name) && e.knows("live/"+name) {
		return "live/" + name
	}
	return name
}

// knows tells whether there is a channel or a running stream of that name.
func (e *Edge) knows(name string) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.streams[name] != nil || e.config.Channels[name].Source != ""
}

func (e *Edge) channelTarget(id string) (target, error) {
	if err := checkChannel(id); err != nil {
		return target{}, err
	}
	c := e.config.Channels[id]
	return target{id: id, channel: true, source: c.Source}, nil
}

// open returns the stream of a target, pulling it if nobody has asked for it yet. It counts as asked for now.
func (e *Edge) open(t target) (*stream, error) {
	e.mu.RLock()
	s := e.asked(e.streams[t.id])
	e.mu.RUnlock()
	if s == nil {
		var err error
		if s, err = e.start(t); err != nil {
			return nil, err
		}
	}
	if t.source != "" {
		s.offer(t.source)
	}
	return s, nil
}

func (e *Edge) start(t target) (*stream, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.asked(e.streams[t.id]); s != nil {
		return s, nil
	}
	if t.source == "" {
		return nil, fault.New(fault.ChannelUnknown,
			"there is no channel of that id and nobody publishes under that name; check the spelling, or play a URL")
	}
	s, err := e.add(t)
	if err != nil {
		return nil, err
	}
	e.tasks.Go(func() { s.run(s.pull) })
	return s, nil
}

// add makes a stream; e.mu is held for writing.
func (e *Edge) add(t target) (*stream, error) {
	if e.closed {
		return nil, closing()
	}
	if len(e.tracks) >= e.config.MaxStreams {
		return nil, full()
	}
	var track slice.TrackID
	if _, err := io.ReadFull(e.config.Rand, track[:]); err != nil {
		return nil, fault.Wrap(fault.Internal, "no random bytes for a track id", err)
	}
	s := newStream(e, t, track)
	e.streams[t.id], e.tracks[track] = s, s
	return s, nil
}

// asked marks s as asked for now; e.mu is held.
func (e *Edge) asked(s *stream) *stream {
	if s != nil {
		s.touch()
	}
	return s
}

// track finds a stream by its track.
func (e *Edge) track(id slice.TrackID) *stream {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.asked(e.tracks[id])
}

// forget takes s out of the streams, and out of the tracks too unless its window shall still be served.
func (e *Edge) forget(s *stream, keepTrack bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.streams[s.id] == s {
		delete(e.streams, s.id)
	}
	if !keepTrack {
		delete(e.tracks, s.track)
	}
}

// forgetUnwatched is forget if nobody has asked for s for long; it tells whether it did.
func (e *Edge) forgetUnwatched(s *stream) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !s.unwatched() {
		return false
	}
	delete(e.streams, s.id)
	delete(e.tracks, s.track)
	return true
}

// newGuard returns what opens connections for a pull of raw.
func (e *Edge) newGuard(t target, raw string) *guard {
	g := &guard{origins: e.origins, lookup: e.config.Lookup, dial: e.config.Dial}
	if u, err := url.Parse(raw); err == nil && t.channel {
		u.Scheme = strings.ToLower(u.Scheme)
		g.own = net.JoinHostPort(normalHost(u.Hostname()), portOf(u))
	}
	return g
}

// Status returns what dashboards show.
func (e *Edge) Status() edgeapi.Status {
	now := e.config.Now()
	st := edgeapi.Status{
		Version: e.config.Version, Uptime: int64(now.Sub(e.started).Seconds()), Now: now.UnixMilli(),
		Streams: []edgeapi.StreamStatus{}, SlicesServed: e.slicesServed.Load(),
		BytesOut: e.bytesOut.Load(), BytesIn: e.bytesIn.Load(),
	}
	e.mu.RLock()
	streams := make([]*stream, 0, len(e.tracks))
	for _, s := range e.tracks {
		streams = append(streams, s)
	}
	files := slices.Collect(maps.Values(e.fileTracks))
	e.mu.RUnlock()
	for _, s := range streams {
		st.Streams = append(st.Streams, s.status())
	}
	for _, f := range files {
		st.Streams = append(st.Streams, f.status())
	}
	sortStreams(st.Streams)
	return st
}

func full() error {
	return fault.New(fault.LimitReached,
		"the server holds as many streams as its configuration allows (limits.streams); ask again later")
}

func closing() error {
	return fault.New(fault.Closed, "the server is shutting down; try again in a moment")
}

// clean returns err as a *fault.Error.
func clean(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return fault.Wrap(fault.Internal, "the server made a mistake; its log says more", err)
}

package superp2p

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/peer/diskcache"
)

// P2PNetStream plays live streams. Make one with NewP2PNetStream.
type P2PNetStream struct {
	cfg Config

	publishes publisher // what Publish began

	mu      sync.Mutex
	handler func(NetStatusEvent)
	queue   []told // events that the handler is yet to be told
	telling bool   // a goroutine tells them
	play    *play  // the current one, nil before the first and after Close
	reading *play  // what Read has begun to read, until it has told its end
	last    Stats  // of the play before
}

// play is one Play. Fields without a comment are set once, before ready is closed.
type play struct {
	url    string
	cancel context.CancelFunc
	ready  chan struct{}
	viewer *peer.Viewer
	audio  *peer.Viewer     // of an HLS variant whose audio is in a playlist of its own, else nil
	cache  *diskcache.Cache // nil if there is none
	reader io.ReadCloser
	err    error
	over   bool // has told PlayStop or PlayFailed; guarded by P2PNetStream.mu
	gone   bool // replaced or closed; guarded by P2PNetStream.mu
}

// told is an event with the play that it is about.
type told struct {
	play  *play
	event NetStatusEvent
}

// maxQueue is how many events wait for a slow handler before further ones are left out; the end of a play never is.
const maxQueue = 64

// NewP2PNetStream returns a stream that plays nothing yet.
func NewP2PNetStream(cfg Config) *P2PNetStream { return &P2PNetStream{cfg: cfg} }

// OnNetStatus sets the function that is told what happens, nil for none. It is called from goroutines of the stream,
// one call at a time, and may call any method of the stream.
func (n *P2PNetStream) OnNetStatus(handler func(NetStatusEvent)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.handler = handler
}

// Play starts to play a URL (rtmp, rtmps, rtsp, rtsps, or http, https with an FLV stream, an HLS playlist, or an MP4 or FLV
// file) or a channel id of the server. Of a master playlist the variant of the highest bandwidth is played that FLV can carry. It returns at once; how it goes is told by events, and Read waits for the first bytes. A play that is running
// is ended first, with a PlayReset event. A nil config means the defaults.
//
// A play that cannot start or go on ends with exactly one PlayFailed event, and Read returns the same failure. An
// argument that cannot be right is also returned as an error.
func (n *P2PNetStream) Play(url string, config *PlayConfig) error {
	ctx, cancel := context.WithCancel(context.Background())
	p := &play{url: url, cancel: cancel, ready: make(chan struct{})}
	err := check(url, config)

	n.mu.Lock()
	old := n.play
	n.play = p
	interrupts := old != nil && !old.over
	if old != nil {
		old.gone = true
	}
	n.mu.Unlock()
	if old != nil {
		n.end(old)
	}
	if err != nil {
		cancel()
		p.err = err
		close(p.ready)
		n.fail(p, err)
		return err
	}
	var settings PlayConfig // a copy: the caller may change theirs
	if config != nil {
		settings = *config
	}
	go n.run(ctx, p, interrupts, settings)
	return nil
}

func check(url string, config *PlayConfig) error {
	switch {
	case strings.TrimSpace(url) == "":
		return fault.New(fault.URLInvalid, "there is nothing to play; give a URL or a channel id")
	case len(url) > 8<<10:
		return fault.New(fault.URLInvalid, "the URL is longer than 8 KiB")
	case config != nil && config.Delay < 0:
		return fault.New(fault.RequestInvalid, "the delay is negative; give 2 to 30 seconds, or 0 for the default")
	}
	return nil
}

// run opens the viewer of p and passes its events on until it is closed.
func (n *P2PNetStream) run(ctx context.Context, p *play, interrupts bool, settings PlayConfig) {
	if interrupts {
		n.tell(p, NetStatusEvent{Code: PlayReset, Level: "status", Details: p.url, Time: time.Now()})
	}
	p.err = p.openCached(ctx, &n.cfg, n.cfg.viewer(&settings))
	close(p.ready)
	if p.err != nil {
		n.fail(p, p.err)
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-p.viewer.Events():
			if !ok {
				return
			}
			n.tell(p, NetStatusEvent{
				Code: string(e.Code), Level: string(e.Level), Description: e.Description, Details: e.Details,
				Time: e.Time, Err: e.Err,
			})
		}
	}
}

// openCached opens the viewers of p, with a cache on disk if there is to be one.
func (p *play) openCached(ctx context.Context, c *Config, cfg peer.Config) (err error) {
	if c.CacheDir != "" {
		p.cache, err = diskcache.Open(diskcache.Config{Dir: c.CacheDir, MaxBytes: c.CacheBytes, Logger: c.Logger})
		if err != nil {
			return err
		}
		cfg.Cache = p.cache
	}
	if err = p.open(ctx, cfg); err != nil {
		p.closeCache()
	}
	return err
}

func (p *play) closeCache() {
	if p.cache != nil {
		_ = p.cache.Close()
	}
}

// open opens the viewers of p.
func (p *play) open(ctx context.Context, cfg peer.Config) (err error) {
	p.viewer, err = peer.Open(ctx, cfg, p.url)
	if CodeOf(err) == fault.SourceMaster && strings.Contains(p.url, "://") {
		err = p.openVariant(ctx, cfg)
	}
	if err != nil {
		return err
	}
	switch {
	case p.audio != nil:
		p.reader = filmReader{film.NewWithAudio(p.viewer, p.audio, 0), p.viewer}
	case p.viewer.File() != nil || p.viewer.Playlist() != nil:
		p.reader = filmReader{film.New(p.viewer, 0), p.viewer}
	default:
		p.reader = p.viewer.NewReader()
	}
	return nil
}

// openVariant opens the best variant of a master playlist, and its audio.
func (p *play) openVariant(ctx context.Context, cfg peer.Config) error {
	master, err := peer.LoadMaster(ctx, cfg, p.url)
	if err != nil {
		return err
	}
	variant, audio, err := film.Choose(master.Playlist.Master)
	if err != nil {
		return err
	}
	if cfg.Logger != nil {
		cfg.Logger.Info("a variant of the master playlist is played", "bandwidth", variant.Bandwidth, "width", variant.Width,
			"height", variant.Height, "codecs", variant.Codecs, "audio apart", audio != "")
	}
	if p.viewer, err = peer.Open(ctx, cfg, variant.URI); err != nil || audio == "" || audio == variant.URI {
		return err
	}
	if p.audio, err = peer.Open(ctx, cfg, audio); err != nil {
		_ = p.viewer.Close()
		p.viewer, p.audio = nil, nil
	}
	return err
}

// stats returns what all viewers of p did.
func (p *play) stats() Stats {
	s := p.viewer.Stats()
	if p.audio != nil {
		addAudio(&s, p.audio.Stats())
	}
	return statsOf(s)
}

// fail tells that p did not start, unless nobody waits for it any more.
func (n *P2PNetStream) fail(p *play, err error) {
	text := err.Error()
	if e, ok := errors.AsType[*Error](err); ok {
		text = strings.TrimPrefix(text, string(e.Code)+": ")
	}
	n.tell(p, NetStatusEvent{
		Code: PlayFailed, Level: "error", Description: text, Details: p.url, Time: time.Now(), Err: err,
	})
}

// tell queues an event of p for the handler. The handler runs apart from everything else, so that it may call any
// method.
func (n *P2PNetStream) tell(p *play, e NetStatusEvent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	ends := e.Code == PlayStop || e.Code == PlayFailed
	if p.gone || p.over || len(n.queue) >= maxQueue && !ends {
		return
	}
	p.over = ends
	n.queue = append(n.queue, told{p, e})
	if !n.telling {
		n.telling = true
		go n.dispatch()
	}
}

// dispatch tells the handler what is queued, in order, but nothing of a play that was replaced or closed meanwhile.
func (n *P2PNetStream) dispatch() {
	for {
		n.mu.Lock()
		if len(n.queue) == 0 {
			n.telling = false
			n.mu.Unlock()
			return
		}
		next, handler := n.queue[0], n.handler
		n.queue = n.queue[1:]
		gone := next.play.gone
		n.mu.Unlock()
		if handler != nil && !gone {
			handler(next.event)
		}
	}
}

// end ends p and returns when its viewer has left the swarm.
func (n *P2PNetStream) end(p *play) {
	p.cancel()
	<-p.ready
	if p.viewer == nil {
		return
	}
	stats := p.stats()
	_ = p.reader.Close()
	if p.audio != nil {
		_ = p.audio.Close()
	}
	_ = p.viewer.Close()
	p.closeCache()
	n.mu.Lock()
	n.last = stats
	n.mu.Unlock()
}

// Close stops, leaves the swarm and frees everything; Read then fails. No event follows. Play may be called again.
func (n *P2PNetStream) Close() error {
	n.unpublish()
	n.mu.Lock()
	p := n.play
	n.play = nil
	if p != nil {
		p.gone = true
	}
	n.mu.Unlock()
	if p != nil {
		n.end(p)
	}
	return nil
}

// Read reads what is played as FLV: a file header, onMetaData, then tags without end, timestamps from 0. It waits for
// the first bytes and for later ones. At the stream's end, and once when Play has replaced what was being read, it returns
// io.EOF; after that it reads what the new Play plays, from its file header on. A failed play's *Error is returned as
// often as asked.
func (n *P2PNetStream) Read(b []byte) (int, error) {
	p, err := n.next()
	if err != nil {
		return 0, err
	}
	<-p.ready
	k := 0
	if err = p.err; err == nil {
		k, err = p.reader.Read(b)
	}
	if err == nil {
		return k, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.reading == p {
		n.reading = nil // its end is told now
	}
	if p.gone && n.play != nil {
		err = io.EOF
	}
	return k, err
}

// next returns the play to read from: the current one, but io.EOF first if another was being read.
func (n *P2PNetStream) next() (*play, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	was := n.reading
	n.reading = n.play
	switch {
	case n.play == nil:
		return nil, fault.New(fault.Closed, "nothing is played; call Play")
	case was != nil && was != n.play:
		n.reading = nil
		return nil, io.EOF
	}
	return n.play, nil
}

// WriteTo writes what Read reads to w until the end, which is no error.
func (n *P2PNetStream) WriteTo(w io.Writer) (int64, error) {
	buf := make([]byte, 64<<10)
	var written int64
	for {
		k, err := n.Read(buf)
		if k > 0 {
			m, writeErr := w.Write(buf[:k])
			written += int64(m)
			if writeErr != nil {
				return written, writeErr
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return written, nil
		case err != nil:
			return written, err
		}
	}
}

// LiveDelay returns how far behind the live edge playback is; 0 before its start.
func (n *P2PNetStream) LiveDelay() time.Duration { return n.Stats().LiveDelay }

// Stats returns what the current play did so far, or the last one if nothing is played.
func (n *P2PNetStream) Stats() Stats {
	n.mu.Lock()
	p, last := n.play, n.last
	n.mu.Unlock()
	if p == nil {
		return last
	}
	select {
	case <-p.ready:
		if p.viewer != nil {
			return p.stats()
		}
	default:
	}
	return Stats{}
}

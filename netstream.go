package superp2p

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// P2PNetStream plays live streams, files and HLS playlists, and publishes. Make one with NewP2PNetStream.
type P2PNetStream struct {
	cfg Config

	mu      sync.Mutex
	handler func(NetStatusEvent)
	client  Client
	queue   []told // what the application is yet to be told
	telling bool   // a goroutine tells it
	play    *play  // the current one, nil before the first and after Close
	reading *play  // what Read has begun to read, until it has told its end
	last    Stats  // of the play before
	set     settings
	outgoing
}

// NewP2PNetStream returns a stream that plays nothing yet.
//
// Errors: url_invalid if Config.Server is no http or https URL, config_invalid for values out of range.
func NewP2PNetStream(cfg Config) (*P2PNetStream, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Node == nil {
		cfg.Node = NewNode(0)
	}
	return &P2PNetStream{cfg: cfg, set: defaultSettings()}, nil
}

// OnNetStatus sets the function that is told what happens, nil for none. It is called from a goroutine of the stream,
// one call at a time, never at the same time as a handler of Client, and may call any method of the stream.
func (n *P2PNetStream) OnNetStatus(handler func(NetStatusEvent)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.handler = handler
}

// Play starts to play a URL (rtmp, rtmps, rtsp, rtsps, or http, https with an FLV stream, an HLS playlist, or an MP4 or FLV
// file) or a channel id of the server. Of a master playlist the variant of the highest bandwidth is played that FLV can
// carry. An empty URL begins data generation mode: see AppendBytes. Play returns at once; how it goes is told by events,
// and Read waits for the first bytes. A play that is running is ended first, with a NetStream.Play.Reset. A nil config
// means the defaults.
//
// A play that cannot start or go on ends with exactly one event of the level "error", and Read returns the same failure. An
// argument that cannot be right is also returned as an error.
func (n *P2PNetStream) Play(url string, config *PlayConfig) error {
	var settings PlayConfig // a copy: the caller may change theirs
	if config != nil {
		settings = *config
	}
	err := check(url, &settings)
	p := newPlay(n, url, settings)

	n.mu.Lock()
	p.begin(&n.set)
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
	if interrupts && err == nil {
		n.tell(p, NetStatusEvent{Info: Info{Code: NetStreamPlayReset, Level: levelStatus, Details: p.name()}, Time: time.Now()})
	}
	p.start(err)
	return err
}

func check(url string, config *PlayConfig) error {
	switch {
	case url != "" && strings.TrimSpace(url) == "":
		return fault.New(fault.URLInvalid, "there is nothing to play; give a URL or a channel id")
	case len(url) > 8<<10:
		return fault.New(fault.URLInvalid, "the URL is longer than 8 KiB; give a shorter one")
	}
	return config.check()
}

// end ends p and returns when its viewers have left the swarm.
func (n *P2PNetStream) end(p *play) {
	stats, ok := p.end()
	if !ok {
		return
	}
	n.mu.Lock()
	n.last = stats
	n.mu.Unlock()
}

// Close stops, leaves the swarm and frees everything; Read then fails. Nothing is told any more, except that what was
// published tells its end. Play may be called again.
func (n *P2PNetStream) Close() error {
	n.mu.Lock()
	p := n.play
	n.play = nil
	if p != nil {
		p.gone = true
	}
	n.mu.Unlock()
	n.unpublish()
	if p != nil {
		n.end(p)
	}
	return nil
}

// Dispose is Close; it also forgets the handlers and the settings. The stream can still be used again.
func (n *P2PNetStream) Dispose() error {
	err := n.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.handler, n.client, n.set = nil, Client{}, defaultSettings()
	return err
}

// current returns what is played, nil if nothing is.
func (n *P2PNetStream) current() *play {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.play
}

// playing returns what is played, or why nothing is.
func (n *P2PNetStream) playing() (*play, error) {
	if p := n.current(); p != nil {
		return p, nil
	}
	return nil, fault.New(fault.Closed, "nothing is played; call Play")
}

// Stats returns what the current play did so far, or the last one if nothing is played.
func (n *P2PNetStream) Stats() Stats {
	n.mu.Lock()
	p, last := n.play, n.last
	n.mu.Unlock()
	if p == nil {
		return last
	}
	return p.stats()
}

// LiveDelay returns how far behind the live edge playback is, as measured: what the swarm holds back (PlayConfig.Delay) and
// what is buffered. It is 0 before the start and of files.
func (n *P2PNetStream) LiveDelay() time.Duration { return n.Stats().LiveDelay }

// run is what a play does on goroutines of its own.
func (p *play) run(f func(ctx context.Context)) { p.wg.Go(func() { f(p.ctx) }) }

package superp2p

import (
	"context"
	"slices"
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
	queue   []told  // what the application is yet to be told
	telling bool    // a goroutine tells it
	play    *play   // the current one, nil before the first and after Close
	reading *play   // what Read has begun to read, until it has told its end
	leaving []*play // replaced, and not yet out of their swarms; the oldest first
	last    Stats   // of the newest play that is over
	lastNo  uint64  // its number
	plays   uint64  // how many there were
	set     settings
	outgoing
}

// maxLeaving is how many plays may be on their way out of their swarms before another one is begun.
const maxLeaving = 4

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
// means the defaults. The old play leaves its swarm while the new one joins, which finds connections to the same peers
// open; only when four are on their way out does Play wait for the first of them.
//
// A play that cannot start or go on ends with exactly one event of the level "error", and Read returns the same failure. An
// argument that cannot be right is also returned as an error.
func (n *P2PNetStream) Play(url string, config *PlayConfig) error {
	return n.playPart(url, config, span{})
}

func (n *P2PNetStream) playPart(url string, config *PlayConfig, part span) error {
	var settings PlayConfig // a copy: the caller may change theirs
	if config != nil {
		settings = *config
	}
	err := check(url, &settings)
	p := newPlay(n, url, settings)
	p.way.part = part

	n.mu.Lock()
	p.begin(&n.set)
	n.plays++
	p.no = n.plays
	old := n.retire()
	n.play = p
	interrupts := old != nil && !old.over
	var crowd *play
	if len(n.leaving) > maxLeaving {
		crowd = n.leaving[0]
	}
	if interrupts && err == nil { // before anything that others do with p
		reset := Info{Code: NetStreamPlayReset, Level: levelStatus, Details: p.name()}
		n.put(told{play: p, event: NetStatusEvent{Info: reset, Time: time.Now()}}, false)
	}
	n.mu.Unlock()
	if old != nil {
		old.stop()
		go n.replace(old, p)
	}
	if crowd != nil {
		crowd.cancel()
		<-crowd.left
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

// retire takes away what is played, which the caller stops and leaves; n.mu is held.
func (n *P2PNetStream) retire() *play {
	p := n.play
	n.play = nil
	if p != nil {
		p.gone = true
		n.leaving = append(n.leaving, p)
	}
	return p
}

// handover is for how long after the first frame of the play that replaces it a play stays in its swarm: links for the new
// one are opened over its connections within a round trip.
const handover = time.Second

// replace has a play that was stopped leave its swarm once its connections were taken over.
func (n *P2PNetStream) replace(old, by *play) {
	if old.connected() {
		select {
		case <-by.begun:
			sleep(old.ctx, handover)
		case <-old.ctx.Done():
		}
	}
	n.leave(old)
}

// leave waits until a play that was stopped has left its swarm.
func (n *P2PNetStream) leave(p *play) {
	p.cancel()
	p.wait()
	last, opened := p.stats(), p.opened()
	n.mu.Lock()
	if opened && p.no > n.lastNo {
		n.last, n.lastNo = last, p.no
	}
	n.leaving = slices.DeleteFunc(n.leaving, func(q *play) bool { return q == p })
	n.mu.Unlock()
	close(p.left)
}

// Close stops, leaves the swarm and frees everything; Read then fails. Nothing is told any more, except that what was
// published tells its end. Play may be called again.
func (n *P2PNetStream) Close() error {
	n.mu.Lock()
	p := n.retire()
	leaving := slices.Clone(n.leaving)
	n.mu.Unlock()
	if p != nil {
		p.stop()
		go n.leave(p)
	}
	for _, q := range leaving {
		q.cancel()
	}
	n.unpublish()
	for _, q := range leaving {
		<-q.left
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
	p, last, lastNo := n.play, n.last, n.lastNo
	leaving := slices.Clone(n.leaving)
	n.mu.Unlock()
	if p != nil {
		return p.stats()
	}
	for _, q := range slices.Backward(leaving) { // what is being closed still counts
		if q.no > lastNo && q.opened() {
			return q.stats()
		}
	}
	return last
}

// LiveDelay returns how far behind the live edge playback is, as measured: what the swarm holds back (PlayConfig.Delay) and
// what is buffered. It is 0 before the start and of files.
func (n *P2PNetStream) LiveDelay() time.Duration { return n.Stats().LiveDelay }

// run is what a play does on goroutines of its own.
func (p *play) run(f func(ctx context.Context)) { p.wg.Go(func() { f(p.ctx) }) }

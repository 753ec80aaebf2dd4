package proxy

import (
	"cmp"
	"context"
	"maps"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/fault"
)

// key tells what players share: the same target at the same delay. What else they may share, twin finds.
type key struct {
	play  string
	delay time.Duration
}

// stream is one peer with its players. Its fields are guarded by the Proxy's mutex, but those set once before ready
// is closed.
type stream struct {
	key    key
	label  string // for logs: without what is secret in the address
	cancel context.CancelFunc
	ready  chan struct{} // closed when media or err is set
	media  *superp2p.Media
	info   superp2p.MediaInfo
	err    error
	target Target // for which it was opened

	names   []string    // by which /stat finds it
	players int         // of HLS, requests that are being answered
	readers int         // of HLS, players that get it as FLV
	away    bool        // its source is
	quiet   int         // players that do not want to give to peers: then it gives nothing
	asked   time.Time   // of HLS, when a player asked last
	idle    *time.Timer // runs while there are no players
	since   uint64      // the moment when that began
}

// hls tells whether s is an HLS playlist.
func (s *stream) hls() bool { return s.info.Kind == superp2p.KindPlaylist }

// join returns the running stream of t, opened if need be, with one player more; leave must follow.
func (p *Proxy) join(ctx context.Context, t Target) (*stream, error) {
	s, err := p.enter(t, p.twin(ctx, key{t.Play, t.Delay}))
	if err != nil {
		return nil, err
	}
	select {
	case <-s.ready:
		err = s.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		p.leave(s)
		return nil, err
	}
	return s, nil
}

func (p *Proxy) enter(t Target, k key) (*stream, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, fault.New(fault.Closed, "the proxy is closing")
	case p.players >= p.cfg.MaxPlayers:
		return nil, fault.New(fault.LimitReached, "the proxy serves as many players as it may; close one")
	}
	s := p.streams[k]
	if s == nil {
		k = key{t.Play, t.Delay} // the twin is gone meanwhile
		if len(p.streams) >= p.cfg.MaxStreams && !p.evict() {
			return nil, fault.New(fault.LimitReached, "the proxy plays as many streams as it may; close one")
		}
		ctx, cancel := context.WithCancel(p.base)
		s = &stream{key: k, target: t, label: t.Resource, cancel: cancel, ready: make(chan struct{})}
		p.streams[k] = s
		s.addName(t.Resource)
		p.running.Go(func() { p.run(ctx, s) })
	}
	s.addName(t.Resource)
	if s.idle != nil {
		s.idle.Stop()
		s.idle = nil
	}
	s.players++
	p.players++
	return s, nil
}

// evict ends the stream that has been without players longest; false if all have some.
func (p *Proxy) evict() bool {
	var oldest *stream
	for _, s := range p.streams {
		if s.players == 0 && (oldest == nil || s.since < oldest.since) {
			oldest = s
		}
	}
	if oldest == nil {
		return false
	}
	p.forget(oldest)
	oldest.cancel()
	return true
}

// leave takes a player away. The last one starts the clock.
func (p *Proxy) leave(s *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.players--
	p.players--
	if s.players > 0 {
		return
	}
	if p.streams[s.key] != s { // it has ended or was evicted: nobody can come back to it
		s.cancel()
		return
	}
	p.moment++
	s.since = p.moment
	s.idle = time.AfterFunc(p.linger(s), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if s.players == 0 && p.streams[s.key] == s {
			p.forget(s)
			s.cancel()
		}
	})
}

// linger is how long s stays without players. Those of HLS come and go with each request.
func (p *Proxy) linger(s *stream) time.Duration {
	if !s.hls() {
		return p.cfg.Linger
	}
	return max(p.cfg.Linger, 3*s.info.Target+5*time.Second)
}

// run is the life of a stream: it opens the peer and closes it when ctx ends or the peer fails.
func (p *Proxy) run(ctx context.Context, s *stream) {
	defer s.cancel()
	log := p.log.With("stream", s.label)
	p.mu.Lock()
	cfg := p.cfg.Media
	cfg.NoUpload = !p.upload
	p.mu.Unlock()
	// Players of HLS have a clock and a buffer of their own. A segment that came at the pace of another would tell them that
	// the network is slow, and they would choose a smaller picture.
	cfg.Unpaced = cfg.Unpaced || s.target.Playlist && !s.target.AsFLV
	media, err := superp2p.Open(ctx, cfg, s.key.play, &superp2p.PlayConfig{Delay: cmp.Or(s.key.delay, p.cfg.Delay)})
	p.mu.Lock()
	s.media, s.err = media, err
	if err == nil {
		s.info = media.Info()
		media.SetDownload(p.download)
		media.SetUpload(p.upload && s.quiet == 0) // they may have been switched meanwhile
	} else {
		p.forget(s) // the next player may try again
	}
	p.mu.Unlock()
	close(s.ready)
	if err != nil {
		log.Warn("cannot be played through P2P", "error", err)
		return
	}
	log.Info("stream opened")
	p.watch(ctx, s, media)
	p.mu.Lock()
	p.forget(s)
	p.flows.add(s.names, media.Stats())
	s.media = nil
	p.mu.Unlock()
	_ = media.Close()
	log.Info("stream closed")
}

// watch returns when the stream is to be closed. A stream that ended or failed takes no more players, but those it has
// read to its end first.
func (p *Proxy) watch(ctx context.Context, s *stream, media *superp2p.Media) {
	for {
		e, err := media.NextEvent(ctx)
		if err != nil {
			break
		}
		p.log.Debug("event", "stream", s.label, "code", e.Info.Code, "description", e.Info.Description)
		if back := e.Info.Code == superp2p.NetStreamPlayPublishNotify; back || e.Info.Code == superp2p.NetStreamPlayUnpublishNotify {
			p.mu.Lock()
			s.away = !back
			p.mu.Unlock()
		}
	}
	p.mu.Lock()
	p.forget(s)
	done := s.players == 0
	p.mu.Unlock()
	if !done {
		<-ctx.Done()
	}
}

// forget takes s off the list, so that the next player opens it anew. The mutex is held.
func (p *Proxy) forget(s *stream) {
	if s.idle != nil {
		s.idle.Stop()
	}
	if p.streams[s.key] == s {
		delete(p.streams, s.key)
	}
	maps.DeleteFunc(p.twins, func(_, of key) bool { return of == s.key })
}

// reader returns a new reader of s, nil if s has ended meanwhile.
func (s *stream) reader(p *Proxy) *superp2p.FLVReader {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.media == nil {
		return nil
	}
	return s.media.FLV(nil, 0)
}

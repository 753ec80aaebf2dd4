package edge

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/playlist"
)

const (
	// maxSegment is the size of the largest segment that is shared, in bytes.
	maxSegment = 64 << 20
	// maxMissing is how many segments in a row may be missing before the source counts as lost.
	maxMissing = 5
	// startTargets is how many target durations are cut at the start at least, so that viewers who are some segments behind find them.
	startTargets = 3
	// reloadEarly is how much earlier than it is due a segment is looked for.
	reloadEarly = 100 * time.Millisecond
	// reloadLeast is the shortest time between two loads of a playlist.
	reloadLeast = 250 * time.Millisecond
)

// segments pulls a live HLS playlist for a stream. It outlives the times at which the source is lost, so that no segment is cut twice.
type segments struct {
	stream   *stream
	client   *object.Client
	follower *playlist.Follower
	first    *playlist.Load // not followed yet

	// Of the cutter alone.
	begun   bool          // a segment was cut
	epoch   int           // of the newest one cut
	next    int64         // the sequence number after it
	at      time.Duration // where on the track's line of time it ends
	missing int           // how many in a row could not be had
	reason  error         // why the last of them
	news    time.Time     // when the playlist last had something new

	mu   sync.Mutex
	last *playlist.Load
}

// remember keeps a load for who asks for the playlist.
func (p *segments) remember(l *playlist.Load) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = l
}

func (p *segments) latest() *playlist.Load {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *segments) about() *edgeapi.Playlist {
	return &edgeapi.Playlist{
		Kind: edgeapi.PlaylistLive, Proofs: edgeapi.ProofsTemplate, Target: p.latest().Playlist.Media.TargetDuration.Milliseconds(), URL: edgeapi.PlaylistTemplate,
	}
}

// open is the opener of the stream.
func (p *segments) open(ctx context.Context) (feed, error) {
	if p.first == nil {
		ctx, cancel := context.WithTimeout(ctx, p.stream.edge.config.StartTimeout)
		defer cancel()
		l, err := p.load(ctx)
		if err != nil {
			return nil, err
		}
		p.first = l
	}
	p.news = time.Now()
	p.stream.log.Info("playlist opened")
	return p, nil
}

// load loads the playlist from the URL that worked last, and from those of other viewers if it is refused.
func (p *segments) load(ctx context.Context) (*playlist.Load, error) {
	s := p.stream
	s.mu.Lock()
	left := len(s.urls)
	s.mu.Unlock()
	for {
		raw := s.url()
		p.follower.SetURL(raw)
		l, err := p.follower.Load(ctx, "")
		switch {
		case err == nil && l.Playlist.Media.IFramesOnly:
			return nil, iFrames()
		case err == nil:
			if !l.Change.Stale {
				p.remember(l)
			}
			return l, nil
		}
		s.putLast(raw)
		if left--; left <= 0 || fault.CodeOf(err) != fault.SourceRefused {
			return nil, err
		}
	}
}

// follow cuts the segments that come.
func (p *segments) follow() (bool, error) {
	ctx, cancel := context.WithCancel(p.stream.edge.ctx)
	c := chase{segments: p, ctx: ctx, loads: make(chan loaded, 1), reload: time.NewTimer(time.Hour)}
	defer c.tasks.Wait()
	defer cancel()
	defer c.reload.Stop()
	c.take(p.first, true)
	p.first = nil
	return c.run()
}

// chase is one time that a playlist is followed.
type chase struct {
	*segments
	ctx    context.Context
	tasks  sync.WaitGroup
	loads  chan loaded
	reload *time.Timer
	queue  []*download // in order
	over   error       // why nothing more will be queued
	cutAny bool
}

// loaded is how a load of the playlist ended.
type loaded struct {
	load *playlist.Load
	err  error
}

func (c *chase) run() (bool, error) {
	ticker := time.NewTicker(lookAround)
	defer ticker.Stop()
	for {
		for _, d := range c.queue[:min(len(c.queue), downloadsAtOnce)] {
			c.start(d)
		}
		var head <-chan struct{}
		if len(c.queue) > 0 {
			head = c.queue[0].done
		} else {
			c.release()
			if c.over != nil {
				return c.cutAny, c.why()
			}
			if !c.begun && c.missing > 0 {
				return false, c.reason
			}
		}
		select {
		case <-head:
			d := c.queue[0]
			c.queue = c.queue[1:]
			c.cut(d)
			if c.missing >= maxMissing {
				c.stream.putLast(c.stream.url()) // another viewer's may lead to segments that are not refused
				return c.cutAny, c.reason
			}
		case <-c.reload.C:
			c.tasks.Go(func() {
				ctx, cancel := context.WithTimeout(c.ctx, c.stream.edge.config.IdleTimeout)
				defer cancel()
				l, err := c.load(ctx)
				c.loads <- loaded{l, err}
			})
		case l := <-c.loads:
			if l.err != nil {
				c.over = l.err // but what is coming may come
			} else {
				c.take(l.load, false)
			}
		case <-ticker.C:
			if err := c.look(); err != nil {
				return c.cutAny, err
			}
		case <-c.ctx.Done():
			return c.cutAny, closing()
		}
	}
}

// why returns why nothing more comes.
func (c *chase) why() error {
	if errors.Is(c.over, errComplete) && !c.begun {
		return fault.New(fault.SourceEnded, "the stream ended before it had a segment; resolve again to see whether there is a new one")
	}
	return c.over
}

// take queues what is new in the playlist, and sets when it is loaded again.
func (c *chase) take(l *playlist.Load, opened bool) {
	m := l.Playlist.Media
	fresh := l.Fresh
	if window := c.stream.edge.config.Window; !c.begun || l.Change.Restarted {
		fresh = newest(fresh, max(window/2, startTargets*m.TargetDuration))
	} else {
		fresh = newest(fresh, window)
	}
	for i := range fresh {
		c.queue = append(c.queue, &download{
			segment: fresh[i], epoch: l.Change.Epoch, target: m.TargetDuration, done: make(chan struct{}),
		})
	}
	if len(fresh) > 0 {
		c.news = time.Now()
	}
	if isComplete(m) {
		c.over = errComplete
		return
	}
	wait := max(reloadLeast, m.TargetDuration/8)
	switch {
	case l.Change.Stale, time.Since(c.news) > startTargets*m.TargetDuration:
		wait = max(wait, m.TargetDuration/2) // an older copy of a cache, or nothing to hurry for
	case len(fresh) > 0 && !opened: // just listed
		wait = max(reloadLeast, fresh[len(fresh)-1].Duration-reloadEarly)
	}
	c.reload.Reset(wait)
}

// look sees whether anybody watches and whether the playlist is silent.
func (c *chase) look() error {
	s := c.stream
	if s.edge.forgetUnwatched(s) {
		return errUnwatched
	}
	if c.begun {
		c.release() // what came first took a while
	}
	if len(c.queue) > 0 {
		return nil
	}
	target := c.latest().Playlist.Media.TargetDuration
	silent := time.Since(c.news)
	err := fault.New(fault.SourceTimeout, "the playlist has had no new segment for a while; its encoder may have stopped")
	if silent > max(s.edge.config.IdleTimeout, (startTargets+1)*target) {
		return err
	}
	if silent > startTargets*target && c.begun && s.isLive() {
		s.interrupt(err)
	}
	return nil
}

// release lets viewers begin.
func (c *chase) release() {
	if s := c.stream; s.holds && c.begun {
		s.holds = false
		s.letBegin()
	}
}

// newest returns the last segments, of at least so much time if there are as many.
func newest(all []hls.Segment, atLeast time.Duration) []hls.Segment {
	i := len(all)
	for length := time.Duration(0); i > 0 && length < atLeast; i-- {
		length += all[i-1].Duration
	}
	return all[i:]
}

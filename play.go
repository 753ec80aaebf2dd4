package superp2p

import (
	"context"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/playback"
)

// play is one Play: its way in, its buffer and clock, and its way out.
//
// mu guards what changes. Whoever calls holds it for a moment only: what waits for the network are the goroutines of wg,
// without it. It is never taken while P2PNetStream.mu is held, but the other way round.
type play struct {
	n        *P2PNetStream
	url      string
	settings PlayConfig
	cfg      playback.Config
	ctx      context.Context // ends when p leaves the swarm
	cancel   context.CancelFunc
	ready    chan struct{} // closed when start has begun all that is begun
	wake     chan struct{} // has room for one: the clock is to look again
	begun    chan struct{} // closed at the first frame, or at an end without one
	left     chan struct{} // closed when it has left its swarm, by P2PNetStream.leave
	no       uint64        // counts the plays of n
	wg       sync.WaitGroup

	// These are guarded by P2PNetStream.mu.
	over   bool // has told Play.Stop or a failure
	failed bool // has told a failure
	gone   bool // replaced or closed

	mu      sync.Mutex
	cond    sync.Cond // anything has changed
	player  *playback.Player
	way     wayIn
	out     wayOut
	script  script
	err     error // of a failure: what Read returns
	done    bool  // stop was called
	started bool  // begun is closed
	held    time.Duration
	heldAt  time.Time // since when the clock stands because nobody takes what is due
	dry     dryness
	meter   multicastMeter
}

func newPlay(n *P2PNetStream, url string, settings PlayConfig) *play {
	p := &play{n: n, url: url, settings: settings, ready: make(chan struct{}), begun: make(chan struct{}), left: make(chan struct{}), wake: make(chan struct{}, 1)}
	p.cond.L = &p.mu
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.cfg = playback.Config{Unpaced: n.cfg.Unpaced, MaxBytes: p.memory(), BackBytes: p.memory()}
	if url == "" && settings.Channel == "" {
		p.way.fed = &feed{}
		p.cfg.MaxBytes = 10 * p.memory() // what a tag weighs at the most; AppendBytes has the limit
	}
	p.player = playback.New(p.cfg)
	p.dry = newDryness()
	return p
}

// memory limits each of the buffers, in bytes.
func (p *play) memory() int {
	const otherwise = 64 << 20
	for _, m := range [...]int{p.settings.Memory, p.n.cfg.Memory} {
		if m > 0 {
			return m
		}
	}
	return otherwise
}

// begin takes over what the application has set.
func (p *play) begin(s *settings) { s.apply(p.player, p.now()) }

// name is what events call it.
func (p *play) name() string { return p.settings.name(p.url) }

// start begins to play, unless there is an error already.
func (p *play) start(err error) {
	defer close(p.ready)
	if err != nil {
		p.mu.Lock()
		p.fail(err)
		p.mu.Unlock()
		return
	}
	deadline := time.Now().Add(p.n.cfg.startTimeout(&p.settings) + startGrace)
	p.run(func(ctx context.Context) { p.drive(ctx, deadline) })
	if p.way.fed != nil {
		p.mu.Lock()
		p.starts()
		p.mu.Unlock()
	} else {
		if least := p.settings.MinViewers; least > 1 {
			p.run(func(ctx context.Context) { p.watch(ctx, least) })
		}
		p.run(p.load)
	}
}

// now is the time of the play's clock; p.mu is held, or nobody else has p yet.
func (p *play) now() time.Time {
	if !p.heldAt.IsZero() {
		return p.heldAt.Add(-p.held)
	}
	return time.Now().Add(-p.held)
}

// step does something with the buffer, and what follows.
func (p *play) step(f func(now time.Time)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done && p.err == nil {
		now := p.now()
		p.player.Tick(now)
		p.act()
		f(now)
	} else {
		f(p.now())
	}
	p.settle()
}

// settle does what follows from a change; p.mu is held.
func (p *play) settle() {
	p.act()
	p.judge()
	p.cond.Broadcast()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// act carries out what the buffer asks for.
func (p *play) act() {
	for _, a := range p.player.Actions() {
		if p.done || p.err != nil {
			continue
		}
		if a.Kind == playback.Notify {
			p.notify(&a.Event)
			continue
		}
		p.arrive(&a)
		p.hand(&a)
	}
	p.holdClock()
}

// holdClock stops the clock of what can wait while nobody takes what is due, and lets it go on.
func (p *play) holdClock() {
	full := p.out.full() && !p.cfg.Live
	switch {
	case full && p.heldAt.IsZero():
		p.heldAt = time.Now()
	case !full && !p.heldAt.IsZero():
		p.held += time.Since(p.heldAt)
		p.heldAt = time.Time{}
	}
}

// judge ends a play in which nothing more can come; p.mu is held.
func (p *play) judge() {
	if p.done || p.err != nil {
		return
	}
	state := p.player.State()
	switch {
	case p.way.err != nil && (state == playback.Idle || state == playback.Buffering || state == playback.Seeking || p.cfg.Unpaced):
		p.fail(p.way.err)
	case p.way.ended && state == playback.Stopped && !p.way.framed:
		p.fail(noFrame())
	}
}

// fail ends p with its one event of the level "error"; p.mu is held.
func (p *play) fail(err error) {
	if p.done || p.err != nil {
		return
	}
	p.err = err
	p.way.gen++
	p.way.closeSources()
	p.n.tell(p, failure(err, p.name()))
	p.cond.Broadcast()
	p.starts()
	p.cancel() // the viewers are let go of by release
}

// drive lets the clock run, until the end of p.
func (p *play) drive(ctx context.Context, deadline time.Time) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		next := p.tick(deadline)
		timer.Reset(max(time.Until(next), time.Millisecond))
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// startGrace is what a viewer gets beyond the time for the start to say itself why nothing comes.
const startGrace = time.Second

// idleTick is how often the clock looks at what has no time of its own.
const idleTick = time.Second

// tick says what time it is and returns when to do so again.
func (p *play) tick(deadline time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done || p.err != nil {
		return time.Now().Add(idleTick)
	}
	now := p.now()
	p.player.Tick(now)
	p.act()
	p.judge()
	state := p.player.State()
	if p.err == nil && p.way.fed == nil && !p.way.framed && !time.Now().Before(deadline) {
		p.fail(errStart)
	}
	if p.way.fed == nil {
		p.dry.look(p, state)
	}
	p.cond.Broadcast()
	next := time.Now().Add(idleTick)
	if due := p.player.Next(); !due.IsZero() && p.heldAt.IsZero() {
		if due = time.Now().Add(due.Sub(now)); due.Before(next) {
			next = due
		}
	}
	return next
}

// stop ends p at once, but for its viewers, which stay until its context ends.
func (p *play) stop() {
	p.mu.Lock()
	p.done = true
	p.way.gen++
	p.way.closeSources()
	p.cond.Broadcast()
	p.starts()
	p.mu.Unlock()
}

// connected tells whether p has connections that another play can use.
func (p *play) connected() bool {
	p.mu.Lock()
	q := p.way.pipe
	p.mu.Unlock()
	return q != nil && q.counts().Peers > 0
}

// starts takes note that the start of p is over, one way or another; p.mu is held.
func (p *play) starts() {
	if !p.started {
		p.started = true
		close(p.begun)
	}
}

// wait waits, after stop and the end of its context, until the viewers of p have left the swarm.
func (p *play) wait() {
	<-p.ready
	p.wg.Wait()
}

// opened tells whether p has or had viewers.
func (p *play) opened() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.way.pipe != nil || p.way.last != Stats{}
}

// stats returns what p did so far.
func (p *play) stats() Stats {
	p.mu.Lock()
	q, live := p.way.pipe, p.cfg.Live
	behind := p.player.BufferLength()
	last := p.way.last
	p.mu.Unlock()
	if q == nil {
		return last
	}
	s := statsOf(q.counts())
	if live && s.LiveDelay > 0 && !p.cfg.Unpaced {
		s.LiveDelay += behind
	}
	return s
}

// dryness watches for a stream that needs more than what arrives.
type dryness struct {
	long, window time.Duration // how long it may be dry, and after how long of good playback that is forgotten
	since        time.Time     // of the last look
	dry          time.Duration
	well         time.Duration
	told         bool
	away         bool // the source is
}

func newDryness() dryness {
	return dryness{long: 10 * time.Second, window: 30 * time.Second, since: time.Now()}
}

// look takes note of how playback runs. It is called at least every second while p plays.
func (d *dryness) look(p *play, state playback.State) {
	now := time.Now()
	took := now.Sub(d.since)
	d.since = now
	switch {
	case state == playback.Buffering && p.way.framed && !d.away && !p.way.ended:
		d.dry, d.well = d.dry+took, 0
	case state == playback.Playing:
		if d.well += took; d.well >= d.window {
			d.dry, d.told = 0, false
		}
	}
	if d.dry < d.long || d.told {
		return
	}
	d.told = true
	p.n.tell(p, NetStatusEvent{Info: Info{
		Code: NetStreamPlayInsufficientBW, Level: levelWarning, Details: p.name(),
		Description: "less arrives than the stream needs; play one of a lower bitrate, or with more BufferTime",
	}, Time: now})
}

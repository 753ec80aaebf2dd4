package superp2p

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/playback"
)

// wayIn is where the tags of a play come from.
type wayIn struct {
	pipe   *pipe     // nil until it is open
	source tagSource // of pipe
	gen    int       // counts the sources: what an older one gives is not for us any more
	last   Stats     // of pipe, when p failed
	sought *time.Duration
	next   *transition   // what Play2 changes over to
	later  *following    // the same, for when its Offset has come
	after  []following   // what Play2 has appended
	part   span          // of source that is played
	until  time.Duration // on the line of source; 0 is to its end
	fed    *feed         // in data generation mode, else nil
	shift  uint32        // what is added to the timestamps of source

	ended  bool // the source has given all
	err    error
	framed bool // a frame has come
	margin bool // the clock was given its start, see pace
	newest uint32
	has    bool // a tag has come: what there is, is known
	audio  bool
	video  bool
}

// closeSources ends reads that wait.
func (w *wayIn) closeSources() {
	if w.source != nil {
		_ = w.source.Close()
	}
	if w.next != nil && w.next.source != nil {
		_ = w.next.source.Close()
	}
}

// load opens what is played and reads it into the buffer, until the end of p.
func (p *play) load(ctx context.Context) {
	defer p.release()      // also of what Play2 has opened meanwhile
	settings := p.settings // changeOver changes them
	q, err := p.openPipe(ctx, settings.target(p.url), &settings)
	p.mu.Lock()
	if err != nil {
		p.way.err = err
		p.judge()
		p.mu.Unlock()
		return
	}
	p.use(q)
	p.mu.Unlock()
	for p.loadOne(ctx) {
	}
	<-ctx.Done()
}

// use begins to read from q; p.mu is held.
func (p *play) use(q *pipe) {
	at := p.way.part.start
	p.way.pipe = q
	if live := q.live(); live != p.cfg.Live {
		// Nothing was appended yet; what was asked for meanwhile is asked for again.
		p.cfg.Live = live
		p.remake()
	}
	p.listen(q)
	if to := p.way.sought; to != nil {
		p.way.sought = nil
		if p.cfg.Live {
			p.player.SeekRefused(p.now(), notYet)
		} else {
			at = *to
			p.player.Flush(p.now(), at)
		}
		p.settle()
	}
	if q.length > 0 && at > q.length {
		p.fail(fault.New(fault.RequestInvalid, "what is to be played starts after the end of the file; give an earlier Start"))
		return
	}
	p.way.source = q.source(at)
	p.way.bound(nil)
	p.way.gen++
}

const notYet = "a live stream that has not begun has nothing to seek in; wait for Play.Start"

// remake replaces the buffer, which holds nothing, keeping what was set; p.mu is held.
func (p *play) remake() {
	now, paused := p.now(), p.player.Paused()
	p.act()
	p.player = playback.New(p.cfg)
	set := p.n.settings()
	set.apply(p.player, now)
	if paused {
		p.player.Pause(now)
		p.player.Actions() // it was told
	}
}

// listen passes on what the viewers of q tell.
func (p *play) listen(q *pipe) {
	p.steerViewers(q) // that may have changed since they were opened
	for i, v := range q.viewers() {
		p.run(func(ctx context.Context) { p.hearPeers(ctx, q, v) })
		p.run(func(ctx context.Context) {
			for {
				select {
				case <-ctx.Done():
					return
				case e, ok := <-v.Events():
					if !ok {
						return
					}
					p.heard(q, &e, i > 0)
				}
			}
		})
	}
}

// heard takes in what a viewer tells. What is played has a clock of its own here, and tells of it itself.
func (p *play) heard(q *pipe, e *peer.Event, audio bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.way.pipe != q || p.done || p.err != nil {
		return
	}
	switch e.Code {
	case peer.PlayFailed:
		if p.way.err == nil && !p.way.ended {
			p.way.err = e.Err
			p.settle()
		}
	case peer.PlayPublishNotify, peer.PlayUnpublishNotify, peer.MulticastStreamReset:
		if audio {
			return
		}
		p.dry.away = e.Code == peer.PlayUnpublishNotify
		p.n.tell(p, NetStatusEvent{
			Info: Info{Code: string(e.Code), Level: string(e.Level), Description: e.Description, Details: p.name()}, Time: time.Now(),
		})
	}
}

// loadOne reads one tag when it is wanted, and returns false at the end of p.
func (p *play) loadOne(ctx context.Context) bool {
	p.mu.Lock()
	for !p.done && p.err == nil && !p.wants() {
		p.cond.Wait()
	}
	if p.done || p.err != nil {
		p.mu.Unlock()
		return false
	}
	src, gen := p.way.source, p.way.gen
	p.mu.Unlock()
	t, err := src.ReadTag()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done || p.err != nil || gen != p.way.gen {
		return true
	}
	if !p.way.has {
		p.way.audio, p.way.video = src.Kinds()
		p.way.has = true
	}
	if err == nil && p.way.beyond(&t) {
		err = io.EOF
	}
	if n := p.way.next; err == nil && n != nil && n.reached(&t, p.way.shift, p.cfg.Live) {
		p.changeOver(n)
		return true
	}
	switch {
	case err == nil:
		t.Timestamp += p.way.shift
		wait := p.take(t)
		if wait > 0 {
			p.mu.Unlock()
			sleep(ctx, wait)
			p.mu.Lock()
		}
	case errors.Is(err, io.EOF):
		p.sourceEnded()
	default:
		p.way.err = err
		p.settle()
		if p.err == nil {
			p.waitForChange(gen)
		}
	}
	return true
}

// wants tells whether a tag is to be read now; p.mu is held.
func (p *play) wants() bool {
	w := &p.way
	if w.ended || w.err != nil || w.source == nil {
		return false
	}
	return p.player.Wants() && (p.cfg.Live || !p.out.full())
}

// bound says where part ends: in files counted from its start, in live streams from the first frame.
func (w *wayIn) bound(first *flv.Tag) {
	w.until = 0
	switch {
	case w.part.length == 0:
	case !w.pipe.live():
		w.until = w.part.start + w.part.length
	case first != nil:
		w.until = timeOf(first) + w.part.length
	}
}

// beyond tells whether a frame is not in the part that is played.
func (w *wayIn) beyond(t *flv.Tag) bool {
	if w.part.length == 0 || !t.IsFrame() {
		return false
	}
	if w.until == 0 {
		w.bound(t)
	}
	return timeOf(t) >= w.until
}

// base is where the beginning of what is played now is in what was played in all.
func (w *wayIn) base() time.Duration { return time.Duration(int32(w.shift)) * time.Millisecond }

// end is up to where a file can be played; 0 if that is not known.
func (w *wayIn) end() time.Duration {
	end := w.pipe.length
	if w.until > 0 && (end == 0 || w.until < end) {
		end = w.until
	}
	if end == 0 {
		return 0
	}
	return w.base() + end
}

// waitForChange waits until what was buffered before a failure has been played, or sought away from.
func (p *play) waitForChange(gen int) {
	for !p.done && p.err == nil && p.way.gen == gen {
		p.cond.Wait()
	}
}

// sourceEnded goes on with what was appended, or ends; p.mu is held.
func (p *play) sourceEnded() {
	if n := p.way.next; n != nil && n.source != nil {
		n.atOnce = true
		if n.key != nil {
			p.changeOver(n)
			return
		}
	}
	if f := p.way.later; f != nil {
		p.way.later = nil
		p.abandoned(f, fault.New(fault.RequestInvalid, "the stream has ended before the Offset at which to change over; give an earlier one"))
	}
	if p.way.next == nil && len(p.way.after) > 0 {
		f := p.way.after[0]
		p.way.after = p.way.after[1:]
		p.open(f, true)
	}
	p.way.ended = p.way.next == nil
	if !p.way.ended { // what comes next is on its way
		gen := p.way.gen
		p.waitForChange(gen)
		return
	}
	p.finish()
}

// finish says that nothing follows what is loaded; p.mu is held. Live streams cannot be sought in beyond what is held, so
// they are left.
func (p *play) finish() {
	p.way.ended = true
	p.player.End(p.now())
	if q := p.way.pipe; p.cfg.Live && q != nil {
		p.run(func(context.Context) { q.close() })
	}
	p.settle()
}

// take appends a tag and returns how long to wait before the next; p.mu is held.
//
// A live stream comes in bursts, a slice at a time, and each is here just when the one before was played. So the clock is
// started a little after the first of them, by BufferTime, and is late by that for the next.
func (p *play) take(t flv.Tag) (wait time.Duration) {
	now := p.now()
	p.player.Tick(now)
	p.act()
	before, empty := p.player.State(), p.player.BufferLength() == 0
	frame := t.IsFrame()
	if err := p.player.Append(now, t); err != nil {
		return 0 // a seek came between; what is there now is not from here
	}
	if frame {
		p.way.framed, p.way.newest = true, t.Timestamp
		p.starts()
	}
	if before == playback.Playing {
		p.way.margin = false
	}
	if frame && p.cfg.Live && !p.cfg.Unpaced && !p.way.margin && (before == playback.Idle || before == playback.Buffering && empty) {
		p.way.margin = true
		wait = min(p.player.BufferTime(), maxMargin)
	}
	p.openLater()
	p.settle()
	return wait
}

// maxMargin is how much later than the first of a burst the clock is started at the most.
const maxMargin = 250 * time.Millisecond

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// release leaves the swarm after a failure or the end.
func (p *play) release() {
	p.mu.Lock()
	q := p.way.pipe
	p.mu.Unlock()
	last := p.stats()
	p.mu.Lock()
	next := p.way.next
	p.way.pipe, p.way.next, p.way.last = nil, nil, last
	if next != nil {
		p.discard(next)
	}
	p.mu.Unlock()
	if q != nil {
		q.close()
	}
}

// watch has q take from peers while there are as many viewers as are wanted; until the end of p.
func (p *play) watch(ctx context.Context, least int) {
	everySecond(ctx.Done(), func() {
		p.mu.Lock()
		q := p.way.pipe // Play2 may have changed it
		p.mu.Unlock()
		if q == nil {
			return
		}
		enough := q.viewer.Stats().SwarmSize >= least
		for _, v := range q.viewers() {
			v.SetDownload(enough)
		}
	})
}

func everySecond(done <-chan struct{}, f func()) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			f()
		}
	}
}

package peer

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/slice"
)

// patience is for how long a segment may come from the swarm before its own URL is asked: a player waits no longer.
func (v *Viewer) patience() time.Duration {
	return max(min(v.delay, 2*time.Duration(v.playlist.Target)*time.Millisecond)-time.Second, time.Second)
}

// keptLive takes in a slice of a live playlist.
func (v *Viewer) keptLive(s *slice.Slice) {
	if head := v.segments.add(s, v.cfg.Now()); head != nil && v.session.origin != nil {
		v.session.origin.learn(s.Number, head)
	}
}

// playedLive takes note of what playback has come to.
func (v *Viewer) playedLive(now time.Time, s *slice.Slice) {
	v.arrived = now
	v.meter.add(s)
	v.begun(now)
	if s.Number == s.Proof.Group {
		if head := parseHead(s.Payload); head != nil {
			v.played.add(head)
		}
	}
}

// liveSegment asks the swarm for a segment, nil if it is to be had elsewhere.
func (h *hlsPlay) liveSegment(ctx context.Context, s *hls.Segment) ([]byte, error) {
	if s.Gap {
		return nil, nil
	}
	v := h.v
	seen := h.firstSeen(s.Sequence)
	got := make(chan []byte, 1)
	if !v.inbox.post(func() {
		v.segments.ask(segmentWaiter{segment: s, seen: seen, patience: v.patience(), answer: got, ctx: ctx})
	}) {
		return nil, v.endError()
	}
	select {
	case b := <-got:
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-v.done:
		return nil, v.endError()
	}
}

// sweepLive looks after segments and who waits for them.
func (v *Viewer) sweepLive(now time.Time) {
	v.segments.sweep(now, max(v.cfg.Window, segmentsFor), v.cfg.WindowBytes)
	v.segments.forget(v.session.engine.Position())
}

// Played is a segment of a live playlist that playback has come to.
type Played = edgeapi.Played

// NextPlayed waits until playback has come to another segment of a live playlist than that numbered after, and returns it;
// of 0, the one that is played now. Who lags behind by more than three skips to the newest.
//
// Errors: io.EOF when the stream is over, what ctx ended with, or the *fault.Error of the failure that ended the play.
func (v *Viewer) NextPlayed(ctx context.Context, after uint64) (*Played, error) {
	for {
		p, news, err := v.played.next(after)
		if p != nil || err != nil {
			return p, err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// played holds the newest segments that playback has come to.
type played struct {
	mu    sync.Mutex
	list  []*Played
	count uint64
	news  chan struct{} // closed when there is more; nil if nobody waits
	err   error         // once nothing will follow
}

// maxLag is by how many segments a reader may be behind playback before it skips to the newest.
const maxLag = 3

func (p *played) add(head *edgeapi.Segment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	p.list = append(p.list, &Played{Segment: *head, Number: p.count})
	if k := len(p.list) - maxLag; k > 0 {
		p.list = p.list[k:]
	}
	p.wake()
}

// end says that nothing will follow, for a reason or because the stream is over.
func (p *played) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err = err; err == nil {
		p.err = io.EOF
	}
	p.wake()
}

func (p *played) wake() {
	if p.news != nil {
		close(p.news)
		p.news = nil
	}
}

// next returns the segment after that of a number, the newest one after 0 or if too many were missed, or what to wait for.
func (p *played) next(after uint64) (*Played, <-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count > after {
		i := len(p.list) - int(min(p.count-after, uint64(len(p.list))))
		if after == 0 || p.list[i].Number != after+1 {
			i = len(p.list) - 1
		}
		return p.list[i], nil, nil
	}
	if p.err != nil {
		return nil, nil, p.err
	}
	if p.news == nil {
		p.news = make(chan struct{})
	}
	return nil, p.news, nil
}

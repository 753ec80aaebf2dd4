package peer

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/swarm"
)

const (
	// sweepEvery is how often the loop looks after what has no event of its own.
	sweepEvery = 250 * time.Millisecond
	// resolveTimeout limits one request to resolve; the server itself takes up to 8 s.
	resolveTimeout = 12 * time.Second
	// Pauses between requests to resolve that failed.
	minResolvePause = 100 * time.Millisecond
	maxResolvePause = 4 * time.Second
	// relocateGap is the least time between two relocations.
	relocateGap = time.Second
	// askAfter is how long playback has stalled when the server is first asked why, askEvery how often then.
	askAfter = 2 * time.Second
	askEvery = 3 * time.Second
)

// health is what is known of the server and the source.
type health struct {
	ok          time.Time // the last time the server answered anything that makes sense
	down        time.Time // the last time it did not
	err         error     // of the last failed request to resolve since playback ran well
	interrupted bool      // the source is away, and that was told
	asking      bool      // a request how the track is is under way
	asked       time.Time
}

// heard takes note of how a request to the server went. A refusal that makes sense is as good as what was asked for.
func (h *health) heard(now time.Time, err error) {
	if unreachable(err) {
		h.down = now
		return
	}
	h.ok = now
}

func unreachable(err error) bool {
	switch fault.CodeOf(err) {
	case fault.ServerUnreachable, fault.ServerInvalid, fault.Internal, fault.Closed:
		return true
	}
	return false
}

// away tells whether the server's last answer was none.
func (h *health) away() bool { return h.down.After(h.ok) }

// resolve asks where the stream is until the server answers, whatever it answers, or ctx ends.
func (v *Viewer) resolve(ctx context.Context) (*edgeclient.Resolution, error) {
	var last error
	for pause := minResolvePause; ; pause = min(2*pause, maxResolvePause) {
		one, cancel := context.WithTimeout(ctx, resolveTimeout)
		res, err := v.edge.Resolve(one, v.target)
		cancel()
		if err == nil {
			return res, nil
		}
		if ctx.Err() != nil {
			return nil, v.unresolved(ctx, last)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = fault.Wrap(fault.ServerUnreachable, "the superp2p server took the request and does not answer", err)
		}
		if code := fault.CodeOf(err); code != fault.ServerUnreachable && code != fault.Closed {
			return nil, err // Closed: the server is going down, another may come up
		}
		last = err
		timer := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, v.unresolved(ctx, last)
		}
	}
}

// unresolved says why nothing came of resolve when its time was over.
func (v *Viewer) unresolved(ctx context.Context, last error) error {
	switch {
	case !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.Wrap(fault.Closed, "opening was given up", ctx.Err())
	case last != nil:
		return last
	}
	return fault.New(fault.ServerUnreachable,
		"the superp2p server does not answer in time; check its address "+v.cfg.Server+", or give a slow source more time")
}

// relocate asks anew where the stream is, until it is known or the viewer gives up.
func (v *Viewer) relocate(now time.Time) {
	if v.relocating || v.over {
		return
	}
	v.relocating = true
	wait := max(0, v.relocated.Add(relocateGap).Sub(now))
	v.wg.Go(func() {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		for pause := 2 * minResolvePause; ; pause = min(2*pause, maxResolvePause) {
			select {
			case <-timer.C:
			case <-v.ctx.Done():
				return
			}
			ctx, cancel := context.WithTimeout(v.ctx, resolveTimeout)
			res, err := v.edge.Resolve(ctx, v.target)
			cancel()
			if v.ctx.Err() != nil {
				return
			}
			if err != nil && errors.Is(err, context.DeadlineExceeded) {
				err = fault.Wrap(fault.ServerUnreachable, "the superp2p server does not answer", err)
			}
			v.inbox.post(func() { v.relocatedTo(res, err) })
			if err == nil {
				return
			}
			timer.Reset(pause/2 + rand.N(pause))
		}
	})
}

func (v *Viewer) relocatedTo(res *edgeclient.Resolution, err error) {
	now := v.cfg.Now()
	v.health.heard(now, err)
	if v.over || v.closing {
		return
	}
	v.hearsEnd(err)
	if fetchError(err) == swarm.SourceEnded && v.stalled {
		v.ended(now)
		return
	}
	if err != nil {
		v.health.err = err
		v.log.Info("the server does not say where the stream is", "err", err)
		return
	}
	v.relocating, v.relocated, v.health.err = false, now, nil
	v.past.Resolves++
	if res.Track != v.session.res.Track {
		if v.segments != nil && res.Playlist != nil && res.File != nil { // it is complete: nothing more of it is live
			v.ended(now)
			return
		}
		if v.file != nil || res.File != nil || (v.playlist == nil) != (res.Playlist == nil) { // what was read and what would follow do not go together
			v.fail(fault.New(fault.SourceChanged, "what is played has changed at the origin; play it again"))
			return
		}
		v.replace(res)
		return
	}
	v.session.res = res
	v.session.engine.Reposition(now, res.Live, res.ClockOffset)
}

// sweep looks after what has no event of its own.
func (v *Viewer) sweep(now time.Time) {
	v.tendLinks(now)
	if v.over {
		v.closing = v.closing || !now.Before(v.lingerTo)
		return
	}
	e := v.session.engine.Stats(now)
	if got := v.past.Media() + e.Received(); got != v.received {
		v.received, v.arrived = got, now
	}
	if v.file != nil {
		v.sweepFile(now)
		return
	}
	if v.segments != nil {
		v.sweepLive(now)
	}
	if v.started == 0 {
		if now.Sub(v.opened) >= v.cfg.StartTimeout {
			v.fail(v.failure(fault.New(fault.NothingPlayable,
				"the server knows the stream, and nothing playable of it arrived in time")))
		}
		return
	}
	silent := now.Sub(v.arrived)
	excused := v.health.interrupted && !v.health.away()
	if silent >= v.cfg.StallTimeout && !excused {
		v.fail(v.failure(fault.New(fault.NothingPlayable, "nothing more of the stream arrives, from peers or the server")))
		return
	}
	if v.stalled && now.Sub(v.stalledAt) >= askAfter && !v.health.asking && now.Sub(v.health.asked) >= askEvery {
		v.askWhy(now)
	}
}

// published notes that the source is back.
func (v *Viewer) published(now time.Time) {
	v.health.interrupted = false
	v.arrived = now // what it sends now needs its time to be cut
	v.emit(PlayPublishNotify, "the source is back", nil)
}

// failure returns the reason for a failure: what the server said, if anything, or otherwise.
func (v *Viewer) failure(otherwise *fault.Error) *fault.Error {
	var said *fault.Error
	switch {
	case errors.As(v.health.err, &said):
		return said
	case v.health.away():
		return fault.New(fault.ServerUnreachable,
			"the superp2p server "+v.cfg.Server+" went away, and peers have nothing more of the stream")
	}
	return otherwise
}

// askWhy asks the server how the track is while playback stalls.
func (v *Viewer) askWhy(now time.Time) {
	s := v.session
	track := s.res.Track
	v.health.asking, v.health.asked = true, now
	v.wg.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, resolveTimeout)
		live, err := v.edge.Track(ctx, track)
		cancel()
		v.inbox.post(func() {
			v.health.asking = false
			if s == v.session && s.ctx.Err() == nil && !v.over {
				v.learnWhy(v.cfg.Now(), live, err)
			}
		})
	})
}

func (v *Viewer) learnWhy(now time.Time, live *edgeapi.Live, err error) {
	if errors.Is(err, context.DeadlineExceeded) {
		err = fault.Wrap(fault.ServerUnreachable, "the superp2p server does not answer", err)
	}
	v.health.heard(now, err)
	switch {
	case fault.CodeOf(err) == fault.TrackUnknown:
		v.relocate(now)
	case err != nil || !v.stalled:
	case live.State == edgeapi.StateInterrupted && !v.health.interrupted:
		v.health.interrupted = true
		v.emit(PlayUnpublishNotify, "the source is away; the server tries to get it back", nil)
	case live.State == edgeapi.StateLive && v.health.interrupted:
		v.published(now)
	case live.State == edgeapi.StateLive && now.Sub(v.arrived) > v.cfg.StallTimeout/2:
		v.relocate(now) // the source is well and we are not: perhaps we wait for the wrong thing
	}
}

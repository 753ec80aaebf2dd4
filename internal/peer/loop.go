package peer

import (
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/swarm"
)

// lingerFor is how long a viewer whose stream has ended stays for others who still lack the end of it.
const lingerFor = 10 * time.Second

// run is the loop: the one goroutine that touches the engine.
func (v *Viewer) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for !v.closing {
		select {
		case <-v.inbox.wake:
		case <-timer.C:
		}
		v.turn()
		timer.Reset(max(time.Millisecond, v.nextTurn().Sub(v.cfg.Now())))
	}
	v.end()
}

// turn takes in what has come, lets time pass and carries out what follows.
func (v *Viewer) turn() {
	now := v.cfg.Now()
	for _, i := range v.inbox.take() {
		if i.link == nil {
			i.run()
			continue
		}
		s := v.session
		switch l := s.links.byLink[i.link]; {
		case l == nil:
		case l.state == open:
			s.engine.Received(now, l.number, i.message)
			v.met(s, l)
		case l.state == waits:
			v.early(s, l, i.message)
		case l.state == asked, l.state == held:
			v.branchSaid(s, l, i.message)
		}
	}
	if v.closing {
		return
	}
	now = v.cfg.Now()
	if !now.Before(v.nextSweep) {
		v.nextSweep = now.Add(sweepEvery)
		v.sweep(now)
	}
	if !v.closing {
		v.session.links.report(v.session.engine, now)
		v.session.engine.Tick(now)
		v.act()
	}
}

func (v *Viewer) nextTurn() time.Time {
	next := v.session.engine.Next()
	if v.over {
		next = v.nextSweep // an engine that has ended has nothing to hurry for
	}
	if v.nextSweep.Before(next) {
		return v.nextSweep
	}
	return next
}

// act carries out what the engine asks for.
func (v *Viewer) act() {
	s := v.session
	for s == v.session && !v.closing {
		actions := s.engine.Actions()
		if len(actions) == 0 {
			return
		}
		for i := range actions {
			if v.carryOut(s, &actions[i]); s != v.session {
				return
			}
		}
	}
}

func (v *Viewer) carryOut(s *session, a *swarm.Action) {
	now := v.cfg.Now()
	if a.Kind == swarm.Kept && v.segments != nil {
		v.keptLive(a.Slice)
		return
	}
	if v.file != nil {
		switch a.Kind {
		case swarm.Kept:
			v.kept(a.Slice)
			return
		case swarm.Deliver, swarm.Started, swarm.Stalled, swarm.Resumed, swarm.Ended:
			return // who reads has a clock of its own
		}
	}
	switch a.Kind {
	case swarm.Send:
		s.links.send(a.Link, a.Data, a.Body)
	case swarm.Disconnect:
		v.disconnect(s, a)
	case swarm.Fetch:
		if !v.fetchRestored(s, *a) {
			v.fetch(s, *a)
		}
	case swarm.CancelFetch:
		s.cancelFetch(a.Number)
	case swarm.Deliver:
		v.deliver(now, a)
	case swarm.Started:
		v.resumed(now, now.Sub(v.stalledAt))
	case swarm.Stalled:
		v.runDry(now)
	case swarm.Resumed:
		v.resumed(now, a.Wait)
	case swarm.Ended:
		v.ended(now)
	case swarm.Lost:
		v.log.Info("the next slice cannot be had any more, asking the server anew")
		v.relocate(now)
	}
}

func (v *Viewer) deliver(now time.Time, a *swarm.Action) {
	if v.segments != nil {
		v.playedLive(now, a.Slice)
		return
	}
	v.arrived = now
	if err := v.timeline.Append(a.Slice); err != nil {
		v.log.Warn("a slice that the server signed cannot be played", "number", a.Slice.Number, "err", err)
		return
	}
	v.meter.add(a.Slice)
	v.begun(now)
}

// begun says once that something can be played.
func (v *Viewer) begun(now time.Time) {
	if v.started == 0 {
		v.started = max(now.Sub(v.opened), 1)
		v.emit(PlayStart, "", nil)
		v.emit(BufferFull, "", nil)
	}
}

// runDry notes that playback stalls.
func (v *Viewer) runDry(now time.Time) {
	if v.stalled || v.started == 0 {
		return
	}
	v.stalled, v.stalledAt = true, now
	v.stalls++
	v.emit(BufferEmpty, "", nil)
}

// resumed notes that a stall is over.
func (v *Viewer) resumed(now time.Time, lasted time.Duration) {
	if !v.stalled {
		return
	}
	v.stalled = false
	v.stall += lasted
	if v.health.interrupted {
		v.published(now)
	}
	v.emit(BufferFull, "", nil)
	v.log.Info("playback goes on", "stalled", lasted, "behind", now.Sub(v.stalledAt))
}

// ended notes that the stream is over and all of it was delivered.
func (v *Viewer) ended(now time.Time) {
	if v.lost != nil {
		v.fail(v.lost)
		return
	}
	v.emit(BufferFlush, "", nil)
	v.emit(PlayStop, "the stream is over", nil)
	v.finish(nil)
	v.lingerTo = now.Add(lingerFor)
}

// hearsEnd takes note of whether what ends has come to its end or has lost its source.
func (v *Viewer) hearsEnd(err error) {
	switch fault.CodeOf(err) {
	case fault.SourceLost:
		v.lost = fault.New(fault.SourceLost, "the source was lost and has not come back; play it again when it has")
	case fault.SourceEnded:
		v.lost = nil
	}
}

// fail ends the play for a reason that nobody can hide.
func (v *Viewer) fail(err *fault.Error) {
	if v.over {
		return
	}
	v.failed = err
	v.emit(PlayFailed, err.Message, err)
	v.finish(err)
	v.closing = true
}

// finish closes what an application holds; links may live on.
func (v *Viewer) finish(err error) {
	v.over = true
	v.failReaders(err)
	v.played.end(err)
	v.timeline.Close(err)
	close(v.events)
}

// end takes everything down and waits for it.
func (v *Viewer) end() {
	v.final = v.stats()
	if !v.over {
		v.finish(nil)
	}
	v.leave(v.session)
	v.inbox.close() // lets go of links that wait for room
	v.cancel()
	if v.hls != nil {
		v.hls.close()
	}
	v.node.exit(v)
	v.wg.Wait()
	v.live.close()
	if v.endpoint != nil {
		if err := v.node.free(v.endpoint); err != nil {
			v.log.Error("closing the links", "err", err)
		}
	}
	v.node.freeClient()
	v.node.freeCache(v.cache)
	last := v.stats()
	v.final.TrackerIn, v.final.TrackerOut = last.TrackerIn, last.TrackerOut
	close(v.done)
}

func (v *Viewer) stats() Stats {
	now := v.cfg.Now()
	s := v.past
	e := v.session.engine.Stats(now)
	s.addCounts(&e)
	s.addTracker(v.session)
	http := v.edge.Traffic()
	s.HTTPIn, s.HTTPOut, s.HTTPRequests = http.HeadersIn+http.JSONIn, http.HeadersOut, http.Requests
	s.Peers, s.SwarmSize, s.Links = e.Peers, v.session.size, v.session.links.opened+v.past.Links
	s.Branches = v.session.links.branched + v.past.Branches
	s.Start, s.Stalls, s.Stall = v.started, v.stalls, v.stall
	if v.stalled {
		s.Stall += now.Sub(v.stalledAt)
	}
	if v.started > 0 {
		s.Delay, s.Buffered, s.Position = e.Delay, e.Buffered, e.Position
	}
	s.Bitrate, s.Played = v.meter.rate(), v.meter.total
	if f := v.file; f != nil {
		s.Length, s.Position = f.Engine.Duration, f.Engine.TimeOf(v.reading.at)
		s.Bitrate = 8 * float64(f.Size) / s.Length.Seconds()
	}
	return s
}

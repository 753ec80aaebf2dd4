package peer

import (
	"context"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/peer/webrtclink"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
	"github.com/superp2p/superp2p/internal/tracker/client"
)

// session is the part of a Viewer that belongs to one track: its engine, links and tracker.
type session struct {
	res     *edgeclient.Resolution
	engine  *swarm.Engine
	origin  *origin // nil of a live track
	links   links
	fetches map[slice.Number]*fetching
	ctx     context.Context // ends with the session
	cancel  context.CancelFunc
	tracker *client.Client                // nil if there is none
	counted bool                          // the tracker's bytes are in Viewer.past
	size    int                           // of the swarm
	tried   map[*webrtclink.Conn]struct{} // for a branch

	nextAsk  time.Time // when the tracker may be asked for peers again
	askPause time.Duration
}

// begin starts to play the track of res.
func (v *Viewer) begin(res *edgeclient.Resolution) {
	now := v.cfg.Now()
	s := &session{res: res, links: newLinks(), fetches: make(map[slice.Number]*fetching), tried: make(map[*webrtclink.Conn]struct{})}
	s.ctx, s.cancel = context.WithCancel(v.ctx)
	cfg := swarm.Config{
		Self: v.id, Track: res.Track, Verifier: res.Verifier, Live: res.Live, ClockOffset: res.ClockOffset,
		Delay: v.delay, Early: v.segments != nil, NoUpload: v.cfg.NoUpload, NoDownload: v.cfg.NoDownload, NoPeers: v.cfg.NoPeers,
		UploadRate: v.cfg.UploadRate, MaxPeers: v.cfg.MaxPeers, MaxBytes: v.cfg.MaxBytes,
		PushPeers: v.cfg.PushPeers, KeepBehind: v.cfg.KeepBehind,
	}
	if res.File != nil {
		cfg.File = &res.File.Engine
	}
	if v.segments != nil {
		cfg.Lead = swarm.PlaylistLead(v.delay, time.Duration(v.playlist.Target)*time.Millisecond)
	}
	s.engine = swarm.New(cfg, now)
	s.origin = v.originOf(res)
	if v.segments != nil {
		v.segments.restart(s.engine.Position())
	}
	s.askPause, s.nextAsk = minAskPause/2, now.Add(minAskPause) // it announces first by itself
	v.session = s
	v.past.Tracks++
	v.log.Info("playing", "track", res.Track, "delay", v.delay, "tracker", res.Tracker)
	if v.cfg.NoPeers {
		return
	}
	v.node.plays(v, res.Track)
	for _, l := range v.node.open() {
		v.branch(l)
	}
	if res.Tracker == "" {
		return
	}
	offers, early := min(maxOffers, v.cfg.MaxPeers), 0
	if res.Live.Crowd {
		early = offers
	}
	tracker, err := client.New(client.Config{
		URL: res.Tracker, InfoHash: res.InfoHash, PeerID: v.id, Handler: &trackerHandler{v, s},
		Offers: offers, Early: early, Header: v.cfg.Header, Dial: v.cfg.Dial, Logger: v.log,
	})
	if err != nil {
		v.log.Warn("no peers: the server names a tracker that cannot be used", "err", err)
		return
	}
	s.tracker = tracker
	v.wg.Go(func() { tracker.Run(s.ctx) })
}

// originOf returns where the slices of a track come from beside the server, nil if they come from there only.
func (v *Viewer) originOf(res *edgeclient.Resolution) *origin {
	if v.playlist == nil {
		if res.File == nil {
			return nil
		}
		return newOrigin(v, res)
	}
	o := newLiveOrigin
	if res.File != nil {
		o = newVODOrigin
	}
	return v.hls.use(res, o(v, res))
}

// leave ends a session: peers are told, and requests are ended. It does not wait for either.
func (v *Viewer) leave(s *session) {
	v.node.leaves(v, s.res.Track)
	s.engine.Leave(v.cfg.Now())
	for _, a := range s.engine.Actions() {
		if a.Kind == swarm.Send {
			s.links.send(a.Link, a.Data, a.Body)
		}
	}
	for _, l := range s.links.byLink {
		v.node.gone(l.link)
		v.closeFlushed(l)
	}
	s.cancel()
	if s.origin != nil {
		s.origin.close()
	}
}

// farewell is how long a link may take to bring the last words to its peer.
const farewell = 300 * time.Millisecond

func (v *Viewer) closeFlushed(l *link) {
	v.wg.Go(func() { l.link.CloseFlushed(farewell) })
}

// replace leaves one track for another; what is played goes on in the same timeline.
func (v *Viewer) replace(res *edgeclient.Resolution) {
	now := v.cfg.Now()
	old := v.session
	e := old.engine.Stats(now)
	v.past.addCounts(&e)
	v.past.addTracker(old)
	old.counted = true
	v.past.Links += old.links.opened
	v.past.Branches += old.links.branched
	for _, l := range old.links.byNumber {
		if l.told {
			v.parted(l, "the stream goes on as another track")
		}
	}
	v.leave(old)
	v.runDry(now) // until the first slice of the other track is there
	v.emit(MulticastStreamReset, "the stream goes on as another track", nil)
	v.begin(res)
}

func (s *Stats) addTracker(from *session) {
	if from.tracker == nil || from.counted {
		return
	}
	t := from.tracker.Stats()
	s.TrackerIn += t.Received
	s.TrackerOut += t.Sent
}

// fetching is a request for a slice that is under way.
type fetching struct{ cancel context.CancelFunc }

// fetch asks the server for a slice, or for the rest of one.
func (v *Viewer) fetch(s *session, a swarm.Action) {
	ctx, cancel := context.WithCancel(s.ctx)
	f := &fetching{cancel}
	n, res := a.Number, s.res
	s.fetches[n] = f
	v.wg.Go(func() {
		var give func(*swarm.Engine, time.Time)
		var err error
		if s.origin != nil {
			give, err = s.origin.ask(ctx, &a)
		} else {
			give, err = ask(ctx, v.edge, res, &a)
		}
		cancelled := ctx.Err() != nil
		cancel()
		if cancelled {
			return
		}
		v.inbox.post(func() {
			if s != v.session || s.fetches[n] != f {
				return // no answer is owed any more
			}
			delete(s.fetches, n)
			now := v.cfg.Now()
			v.health.heard(now, err)
			if err == nil {
				give(s.engine, now)
				return
			}
			why := fetchError(err)
			v.hearsEnd(err)
			if why == swarm.Unreachable {
				v.log.Warn("the server gives no slice", "number", n, "offset", a.Offset, "err", err)
			}
			s.engine.FetchFailed(now, n, why)
		})
	})
}

// ask makes the request that a wants and returns how its answer is given to the engine.
func ask(
	ctx context.Context, edge *edgeclient.Client, res *edgeclient.Resolution, a *swarm.Action,
) (func(e *swarm.Engine, now time.Time), error) {
	if a.Proof != nil {
		rest, err := edge.SliceRest(ctx, res, a.Proof, a.Number, a.Offset)
		return func(e *swarm.Engine, now time.Time) { e.FetchedRest(now, a.Number, a.Offset, rest) }, err
	}
	got, err := edge.Slice(ctx, res, a.Number, a.Wait, a.Copies)
	return func(e *swarm.Engine, now time.Time) { e.Fetched(now, got) }, err
}

func (s *session) cancelFetch(n slice.Number) {
	if f := s.fetches[n]; f != nil {
		f.cancel()
		delete(s.fetches, n)
	}
}

func fetchError(err error) swarm.FetchError {
	switch fault.CodeOf(err) {
	case fault.SliceNotYet:
		return swarm.NotYet
	case fault.SliceGone:
		return swarm.Gone
	case fault.SliceEnough:
		return swarm.Enough
	case fault.TrackUnknown:
		return swarm.TrackUnknown
	case fault.SourceEnded, fault.SourceLost:
		return swarm.SourceEnded
	}
	return swarm.Unreachable
}

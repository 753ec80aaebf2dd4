package superp2p

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/timeline"
)

// tagSource gives the tags of what is played, in order.
type tagSource interface {
	// ReadTag waits for the next tag. The end is io.EOF.
	ReadTag() (flv.Tag, error)
	// Kinds tells what there is, once ReadTag has returned; false, false if that is not known.
	Kinds() (audio, video bool)
	// Close ends a ReadTag that waits, and does not wait itself.
	Close() error
}

// liveSource reads what a viewer plays.
type liveSource struct {
	*timeline.Reader
	audio, video bool
}

func (l *liveSource) ReadTag() (flv.Tag, error) {
	t, err := l.Reader.ReadTag()
	if err == nil && t.IsMetadata() && !l.audio && !l.video {
		l.audio, l.video = flv.StreamKinds(t.Body)
	}
	return t, err
}

func (l *liveSource) Kinds() (audio, video bool) { return l.audio, l.video }

// pipe is the way of one stream into a play: its viewers.
type pipe struct {
	viewer *peer.Viewer
	audio  *peer.Viewer  // of an HLS variant whose audio is in a playlist of its own, else nil
	length time.Duration // of a file; 0 if it is not known
}

// openPipe opens what p is to play, within the time that a start may take.
func (p *play) openPipe(ctx context.Context, target string, settings *PlayConfig) (_ *pipe, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.n.cfg.startTimeout(settings), errStart)
	defer cancel()
	cfg := p.n.cfg.viewer(settings)
	p.steer(&cfg)
	q := &pipe{}
	q.viewer, err = peer.Open(ctx, cfg, target)
	if CodeOf(err) == fault.SourceMaster && strings.Contains(target, "://") {
		err = q.openVariant(ctx, cfg, target)
	}
	if err != nil {
		if context.Cause(ctx) == errStart { //nolint:errorlint // it is given back as it was given
			if code := CodeOf(err); code == fault.Closed || code == fault.Internal {
				err = errStart
			}
		}
		return nil, err
	}
	if !q.live() {
		q.length = q.viewer.Stats().Length
	}
	return q, nil
}

var errStart = fault.New(fault.NothingPlayable, "nothing playable arrived within the time that a start may take; try again, or give startTimeout more")

// openVariant opens the best variant of a master playlist, and its audio.
func (q *pipe) openVariant(ctx context.Context, cfg peer.Config, target string) error {
	master, err := peer.LoadMaster(ctx, cfg, target)
	if err != nil {
		return err
	}
	variant, audio, err := film.Choose(master.Playlist.Master)
	if err != nil {
		return err
	}
	if cfg.Logger != nil {
		cfg.Logger.Info("a variant of the master playlist is played", "bandwidth", variant.Bandwidth, "width", variant.Width,
			"height", variant.Height, "codecs", variant.Codecs, "audio apart", audio != "")
	}
	if q.viewer, err = peer.Open(ctx, cfg, variant.URI); err != nil || audio == "" {
		return err
	}
	if q.audio, err = peer.Open(ctx, cfg, audio); err != nil {
		_ = q.viewer.Close()
		q.viewer, q.audio = nil, nil
	}
	return err
}

// live tells whether what is played goes on whether it is read or not.
func (q *pipe) live() bool { return q.viewer.Live() }

// source returns what reads from a time on; a live stream from now.
func (q *pipe) source(at time.Duration) tagSource {
	switch {
	case q.audio != nil:
		return film.NewWithAudio(q.viewer, q.audio, at)
	case q.viewer.File() != nil || q.viewer.Playlist() != nil:
		return film.New(q.viewer, at)
	}
	return &liveSource{Reader: q.viewer.NewReader()}
}

func (q *pipe) viewers() []*peer.Viewer {
	if q.audio == nil {
		return []*peer.Viewer{q.viewer}
	}
	return []*peer.Viewer{q.viewer, q.audio}
}

// counts returns what all viewers of q did.
func (q *pipe) counts() peer.Stats {
	s := q.viewer.Stats()
	if q.audio != nil {
		addAudio(&s, q.audio.Stats())
	}
	return s
}

// close leaves the swarm and waits for that.
func (q *pipe) close() {
	var wg sync.WaitGroup
	for _, v := range q.viewers() {
		wg.Go(func() { _ = v.Close() })
	}
	wg.Wait()
}

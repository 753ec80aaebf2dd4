package peer

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/peer/webrtclink"
	"github.com/superp2p/superp2p/internal/swarm"
	"github.com/superp2p/superp2p/internal/timeline"
)

// Viewer watches one stream. Open makes one.
type Viewer struct {
	cfg      Config
	target   string
	log      *slog.Logger
	id       swarm.PeerID
	stream   string                    // the stream's identity at the server
	file     *edgeclient.File          // nil of a live track
	own      atomic.Pointer[filePlace] // where a file is read from whose bytes are others than the server's; nil: from the swarm
	playlist *edgeapi.Playlist         // nil of what is no HLS playlist
	hls      *hlsPlay                  // the same
	delay    time.Duration             // behind the live edge
	played   played                    // of a live playlist

	edge       *edgeclient.Client
	node       *Node
	cache      *nodeCache    // nil if nothing is kept on disk
	endpoint   *nodeEndpoint // nil if there are to be no peers
	live       liveLinks
	memory     int // bytes that the engine would like to hold
	timeline   *timeline.Timeline
	events     chan Event
	peerEvents peerEvents
	inbox      *inbox

	ctx    context.Context // ends when the viewer does
	cancel context.CancelFunc
	wg     sync.WaitGroup // all goroutines but the loop and those of links
	done   chan struct{}  // closed when the loop and all else is over
	final  Stats          // set before done is closed

	// What follows belongs to the loop.
	opened   time.Time // when Open was called
	session  *session
	reading  reading   // of a file
	segments *segments // of a live playlist, else nil
	failed   error     // why it ended, if it failed
	barred   map[swarm.PeerID]struct{}
	refused  map[swarm.PeerID]time.Time // until when
	nextLink swarm.Link
	closing  bool
	over     bool // nothing more will be played: ended or failed
	lingerTo time.Time

	meter      meter
	past       Stats // counts of sessions before this one
	started    time.Duration
	stalled    bool
	stalledAt  time.Time
	stalls     uint64
	stall      time.Duration
	arrived    time.Time // when something came last
	received   uint64    // payload bytes by then
	health     health
	lost       *fault.Error // what the stream ends with when its source was lost
	relocating bool
	relocated  time.Time
	nextSweep  time.Time
}

// Open asks the server where target is (a URL with "://", or a channel id) and starts to watch it. It returns when the
// answer is there and the viewer runs, which is a little before the first bytes can be read, or with the *fault.Error
// that says why not: what the server says, server_unreachable, server_invalid or url_invalid, within
// Config.StartTimeout. ctx limits Open only; the viewer ends with Close.
func Open(ctx context.Context, cfg Config, target string) (*Viewer, error) {
	cfg = cfg.withDefaults()
	opened := cfg.Now()
	if target == "" || len(target) > 8<<10 {
		return nil, fault.New(fault.URLInvalid, "there is nothing to play: give a URL or a channel id")
	}
	node := cfg.Node
	if node == nil {
		node = NewNode(NodeConfig{})
		node.single = true
	}
	edge, err := edgeclient.New(edgeclient.Config{Server: cfg.Server, HTTPClient: node.client(&cfg), Now: cfg.Now})
	if err != nil {
		node.freeClient()
		return nil, err
	}
	v := &Viewer{
		cfg: cfg, target: target, delay: cfg.Delay, log: cfg.Logger.With("stream", target), edge: edge, node: node, opened: opened, arrived: opened,
		timeline:   timeline.New(timeline.Config{Window: cfg.Window, MaxBytes: cfg.WindowBytes}),
		events:     make(chan Event, eventBuffer),
		inbox:      newInbox(),
		done:       make(chan struct{}),
		barred:     make(map[swarm.PeerID]struct{}),
		refused:    make(map[swarm.PeerID]time.Time),
		peerEvents: peerEvents{wake: make(chan struct{}, 1)},
	}
	v.ctx, v.cancel = context.WithCancel(context.Background())
	if v.cache, err = node.cache(&cfg); err == nil {
		err = v.open(ctx)
	}
	if err != nil {
		v.cancel()
		node.freeClient()
		node.freeCache(v.cache)
		return nil, err
	}
	go v.run()
	return v, nil
}

func (v *Viewer) open(ctx context.Context) error {
	copy(v.id[:], "-SP0001-")
	if _, err := io.ReadFull(v.cfg.Rand, v.id[8:]); err != nil {
		return fault.Wrap(fault.Internal, "no random name for this peer", err)
	}
	ctx, cancel := context.WithTimeout(ctx, v.cfg.StartTimeout)
	defer cancel()
	res, err := v.resolve(ctx)
	if err != nil {
		return err
	}
	if res.Playlist != nil && res.Playlist.Kind == edgeapi.PlaylistMaster {
		return fault.New(fault.SourceMaster, "it is a master playlist: choose one of its variants and play that")
	}
	if !v.cfg.NoPeers {
		stun := res.STUN
		if v.cfg.STUN != nil {
			stun = v.cfg.STUN
		}
		v.endpoint, err = v.node.endpoint(webrtclink.Config{
			STUN: stun, Loopback: v.cfg.Loopback, Net: v.cfg.Network, Logger: v.cfg.Logger,
			// Viewers on the server's own machine may be there, and some of them (those of the demo) keep to it.
			OfferLoopback: onThisMachine(v.cfg.Server),
			LowMark:       swarm.LowWater,
		})
		if err != nil { // playing needs no peers
			v.log.Warn("no peers: WebRTC is not to be had", "err", err)
			v.cfg.NoPeers = true
		}
	}
	v.past.Resolves = 1
	v.stream, v.file, v.playlist = res.Stream, res.File, res.Playlist
	if v.playlist != nil {
		v.hls = newHLSPlay(v, res)
		if v.file == nil {
			v.segments = newSegments()
			if !v.cfg.delaySet {
				v.delay = swarm.PlaylistDelay(time.Duration(v.playlist.Target) * time.Millisecond)
			}
		}
	}
	v.reading.last = v.opened
	if v.memory = v.cfg.MaxBytes; v.memory <= 0 {
		v.memory = swarm.DefaultBytes
		if v.file != nil {
			v.memory = swarm.DefaultFileBytes
		}
	}
	if part := v.node.enter(v); part > 0 {
		v.cfg.MaxBytes = part
	}
	v.begin(res)
	return nil
}

// onThisMachine tells whether a server is reached over loopback.
func onThisMachine(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip.IsLoopback() || strings.EqualFold(u.Hostname(), "localhost")
}

// NewReader returns a reader of what is played, as FLV from the newest group on. Any number of readers may share a
// viewer; a slow one skips and never holds up anybody. At the end of the stream and after Close a reader gives what is
// left and then io.EOF; after a failure, what is left and then the *fault.Error.
func (v *Viewer) NewReader() *timeline.Reader { return v.timeline.NewReader() }

// Stream is the identity of what is played, as the server told it to Open: the channel id, or the URL without what
// differs from viewer to viewer.
func (v *Viewer) Stream() string { return v.stream }

// Timeline is what readers read from, for who wants other readers than NewReader makes.
func (v *Viewer) Timeline() *timeline.Timeline { return v.timeline }

// Events returns what happens, in order. It is closed when the viewer is over: after PlayStop, PlayFailed or Close.
// If nobody takes them, the oldest are thrown away.
func (v *Viewer) Events() <-chan Event { return v.events }

// Stats returns what happened so far. After the end, what it was then.
func (v *Viewer) Stats() Stats {
	answer := make(chan Stats, 1)
	if v.inbox.post(func() { answer <- v.stats() }) {
		select {
		case s := <-answer:
			return s
		case <-v.done:
		}
	}
	<-v.done
	return v.final
}

// SetUpload switches serving others on or off while the stream plays.
func (v *Viewer) SetUpload(on bool) {
	v.inbox.post(func() {
		v.cfg.NoUpload = !on
		if v.session != nil {
			v.session.engine.SetUpload(v.cfg.Now(), on)
		}
	})
}

// SetPushPeers changes Config.PushPeers while the stream plays.
func (v *Viewer) SetPushPeers(n int) {
	v.inbox.post(func() {
		v.cfg.PushPeers = n
		if v.session != nil {
			v.session.engine.SetPushPeers(v.cfg.Now(), n)
		}
	})
}

// SetKeepBehind changes Config.KeepBehind while the stream plays.
func (v *Viewer) SetKeepBehind(d time.Duration) {
	v.inbox.post(func() {
		v.cfg.KeepBehind = d
		if v.session != nil {
			v.session.engine.SetKeepBehind(v.cfg.Now(), d)
		}
	})
}

// SetDownload switches taking from peers on or off while the stream plays; without it everything comes from the server.
func (v *Viewer) SetDownload(on bool) {
	v.inbox.post(func() {
		v.cfg.NoDownload = !on
		if v.session != nil {
			v.session.engine.SetDownload(v.cfg.Now(), on)
		}
	})
}

// Done is closed when nothing of the viewer is left running.
func (v *Viewer) Done() <-chan struct{} { return v.done }

// Close leaves the swarm: peers and tracker are told, which takes up to a second where they do not answer. When it
// returns, no goroutine of the viewer is left. It may be called more than once.
func (v *Viewer) Close() error {
	v.inbox.post(func() { v.closing = true })
	<-v.done
	return nil
}

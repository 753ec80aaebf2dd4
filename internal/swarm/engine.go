package swarm

import (
	"errors"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// Errors of peers, as Action.Err gives them.
var (
	errProtocol  = errors.New("swarm: the peer broke the protocol")
	errUnproved  = errors.New("swarm: the peer sent data before its proof, or for another slice than stated")
	errSilent    = errors.New("swarm: the peer says nothing")
	errWrongPart = errors.New("swarm: the peer sent bytes that are not those of the slice")
	errUseless   = errors.New("swarm: the peer announces slices and does not send them")
	errVersion   = errors.New("swarm: the peer speaks another version")
	errTrack     = errors.New("swarm: the peer plays another track")
)

// Engine is the state of one viewer of one track. New makes one.
//
// Every method that takes the time may queue actions; call Actions after it. Times must not go back. Next says when
// Tick is due at the latest.
type Engine struct {
	cfg    Config
	policy *Policy
	key    uint64 // of our name, for score
	out    []Action
	handed []Action // what Actions returned last

	links []*neighbour // by Link
	ids   map[PeerID]*neighbour
	order []*neighbour // in the order in which they came, so that the same events give the same choices
	size  int          // viewers in the swarm as the tracker says, this one included; 0 if unknown
	began time.Time
	now   time.Time // of the event at hand

	highest slice.Number // that any neighbour ever held
	store   store
	proofs  proofs
	wants   window[want]
	asked   int     // requests under way to peers
	short   float64 // the share of slices taken at once because too many came late
	server  server
	upload  upload
	fresh   fresh
	news    []slice.Number // to be announced
	newsDue time.Time
	answers answers

	sought    time.Time // when the last seek was
	newest    slice.Number
	lost      bool // Lost was said and Reposition has not come yet
	left      bool
	nextPass  time.Time
	nextTend  time.Time
	roundTrip time.Duration // to neighbours, the mean of the shortest seen to each
	stats     Stats

	// What is large stands last, so that the rest is close together.
	playout playout
	slots   [maxSlots]*neighbour // by bit in masks
	choice  choice
}

// choice is where the candidates of one choice are put together.
type choice struct {
	candidates [maxSlots]Candidate
	neighbours [maxSlots]*neighbour
}

// passEvery is how often the window is looked through as a whole at the least, and more often where something is to be
// decided; between, only what an event touches is.
const passEvery = 100 * time.Millisecond

// keptActions is for how many actions memory is kept to be used again.
const keptActions = 64

// passAtMost is how soon it may be looked through again.
const passAtMost = 20 * time.Millisecond

// tendEvery is how often neighbours are looked through.
const tendEvery = 500 * time.Millisecond

// New returns an engine that starts to play at now. Call Tick at once.
func New(cfg Config, now time.Time) *Engine {
	if cfg.Delay <= 0 {
		cfg.Delay = 6 * time.Second
	}
	if cfg.MaxPeers <= 0 {
		cfg.MaxPeers = 16
		if cfg.File != nil {
			cfg.MaxPeers = 32
		}
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = DefaultBytes
		if cfg.File != nil {
			cfg.MaxBytes = DefaultFileBytes
		}
	}
	e := &Engine{
		cfg:      cfg,
		policy:   cfg.Policy,
		key:      keyOf(cfg.Self),
		ids:      make(map[PeerID]*neighbour),
		began:    now,
		now:      now,
		sought:   now,
		nextPass: now,
	}
	if e.policy == nil {
		policy := DefaultPolicy()
		e.policy = &policy
	}
	e.upload.init(&cfg, now)
	e.choosePushed()
	if cfg.Live.Crowd && !cfg.NoPeers && !cfg.NoDownload {
		e.playout.hold = now.Add(e.policy.Crowd)
	}
	if cfg.File != nil {
		e.playout.open(&e.cfg, cfg.File.Start, now)
	} else {
		e.playout.start(&e.cfg, cfg.Live, now)
	}
	return e
}

// Reposition starts anew from live, after Lost, on the same track; offset is the ClockOffset measured with it. What is
// held stays held.
func (e *Engine) Reposition(now time.Time, live Live, offset time.Duration) {
	e.cfg.ClockOffset = offset
	e.now = now
	e.lost = false
	if e.cfg.File == nil {
		e.dropAll()
		e.cfg.Live = live
		e.playout.start(&e.cfg, live, now)
	}
	e.Tick(now)
}

// Actions returns what was queued since the last call. The result is valid until the next call of any method.
func (e *Engine) Actions() []Action {
	clear(e.handed) // what they carried is not held on to
	if cap(e.handed) > keptActions {
		e.handed = nil
	}
	e.out, e.handed = e.handed[:0], e.out
	return e.handed
}

// Next returns when Tick is to be called at the latest.
func (e *Engine) Next() time.Time {
	next := e.nextPass
	if e.store.has(e.playout.position) {
		if due := e.playout.due(e.playout.position); due.Before(next) {
			next = due
		}
	}
	return next
}

// Tick lets time pass.
func (e *Engine) Tick(now time.Time) {
	e.now = now
	if e.left {
		return
	}
	e.playout.follow(now)
	e.deliver(now)
	if now.Before(e.nextPass) {
		return
	}
	e.nextPass = now.Add(passEvery)
	if !now.Before(e.nextTend) {
		e.nextTend = now.Add(tendEvery)
		e.tend(now)
	}
	e.pass(now)
	if !now.Before(e.newsDue) {
		e.tell()
	}
	e.evict(now)
	e.serve(now)
	e.offer(now)
}

// SwarmSize takes the number of viewers in the swarm, this one included, as the tracker says.
func (e *Engine) SwarmSize(_ time.Time, n int) { e.size = n }

// SetUpload switches serving others on or off while the stream plays.
func (e *Engine) SetUpload(now time.Time, on bool) {
	e.now = now
	if e.cfg.NoUpload == !on {
		return
	}
	e.cfg.NoUpload = !on
	if !on {
		for _, r := range e.upload.queue {
			e.send(r.to, &wire.Message{Kind: wire.Refuse, Number: r.slice.Number, Reason: wire.NotSharing})
			e.fresh.serve(r.to, -1)
		}
		e.upload.queue, e.upload.waiting, e.upload.rare = nil, 0, 0
		e.fresh.withdraw(nil)
	}
	for _, p := range e.order {
		e.sayHello(p)
	}
	e.Tick(now)
}

// SetDownload switches taking from peers on or off while the stream plays. What is under way from them is cancelled.
func (e *Engine) SetDownload(now time.Time, on bool) {
	e.now = now
	if e.cfg.NoDownload == !on {
		return
	}
	e.cfg.NoDownload = !on
	for n := e.wants.low; n < e.wants.high; n++ {
		if w := e.wants.get(n); w != nil {
			w.next = time.Time{}
			if !on {
				e.cancel(w)
			}
		}
	}
	e.nextPass = now
	e.Tick(now)
}

// SetMaxBytes changes Config.MaxBytes. What is held beyond it is let go of with the next Tick at the latest.
func (e *Engine) SetMaxBytes(now time.Time, n int) {
	e.now = now
	e.cfg.MaxBytes = n
	e.evict(now)
}

// SetPushPeers changes Config.PushPeers. What is on offer already may still be taken up.
func (e *Engine) SetPushPeers(now time.Time, n int) {
	e.now = now
	e.cfg.PushPeers = n
	e.choosePushed()
	e.offer(now)
}

// SetKeepBehind changes Config.KeepBehind. What is older is let go of at once.
func (e *Engine) SetKeepBehind(now time.Time, d time.Duration) {
	e.now = now
	e.cfg.KeepBehind = d
	e.evict(now)
}

func (e *Engine) keepBehind() time.Duration {
	if e.cfg.KeepBehind != 0 {
		return max(e.cfg.KeepBehind, 0)
	}
	return e.policy.KeepBehind
}

// Leave says goodbye to every peer. The engine does nothing more afterwards.
func (e *Engine) Leave(time.Time) {
	if e.left {
		return
	}
	e.left = true
	for _, p := range e.order {
		e.send(p, &wire.Message{Kind: wire.Bye, Reason: wire.Leaving})
	}
}

// WantPeers returns how many more neighbours the engine would like to have; 0 or less if none.
func (e *Engine) WantPeers() int {
	want := e.cfg.MaxPeers
	if e.size > 0 {
		want = min(want, e.size-1)
	}
	if e.cfg.NoPeers || e.left {
		want = 0
	}
	return want - len(e.order)
}

// maxPeers is how many neighbours are kept at the most. In a crowd those who have something are few at first.
func (e *Engine) maxPeers() int {
	if e.cfg.Live.Crowd {
		return 2 * e.cfg.MaxPeers
	}
	return e.cfg.MaxPeers + e.cfg.MaxPeers/4
}

// Accepts tells whether one more neighbour would be kept if it came by itself.
func (e *Engine) Accepts() bool {
	return !e.cfg.NoPeers && !e.left && len(e.order) < e.maxPeers()
}

// HasPeer tells whether there is a link to that peer.
func (e *Engine) HasPeer(id PeerID) bool { return e.ids[id] != nil }

// Greeted tells whether the peer at the other end of a link has said what it plays, and plays the same.
func (e *Engine) Greeted(l Link) bool {
	p := e.linkOf(l)
	return p != nil && p.greeted
}

// Stats returns the counts so far.
func (e *Engine) Stats(now time.Time) Stats {
	s := e.stats
	s.Peers = e.greeted()
	s.Position = e.playout.trackTime(e.playout.position)
	s.Delay = e.playout.delayAt(now)
	end := e.playout.position
	for e.store.has(end) {
		end++
	}
	s.Buffered = max(0, e.playout.trackTime(end)-s.Position)
	if e.playout.stalled {
		s.Stall += max(0, now.Sub(e.playout.stalledAt))
	}
	return s
}

// linkOf returns the neighbour of a link, nil if there is none (any more).
func (e *Engine) linkOf(l Link) *neighbour {
	if int(l) < len(e.links) {
		return e.links[l]
	}
	return nil
}

func (e *Engine) act(a Action) { e.out = append(e.out, a) }

// send queues a message and counts it.
func (e *Engine) send(p *neighbour, m *wire.Message) {
	b := wire.Append(make([]byte, 0, 16), m)
	if m.Kind != wire.Proof { // which are counted where they are received
		e.stats.ControlOut += uint64(len(b))
	}
	e.transmit(p, b, nil)
}

// transmit queues an encoded message.
func (e *Engine) transmit(p *neighbour, head, body []byte) {
	p.buffered += len(head) + len(body)
	e.upload.send(e.now, len(head)+len(body))
	e.act(Action{Kind: Send, Link: p.link, Data: head, Body: body})
}

// evict lets go of what nobody will want: of a live track what is older than any viewer of the same delay needs, then,
// over the memory limit, what is farthest from the play position.
func (e *Engine) evict(now time.Time) {
	keep := e.playout.liveTime(now) - e.cfg.Delay - e.keepBehind()
	for e.playout.file == nil {
		n, ok := e.store.oldest()
		if !ok || n >= e.playout.position || e.store.get(n).Proof.Time >= keep {
			break
		}
		e.store.remove(n)
	}
	for e.store.bytes > e.cfg.MaxBytes {
		n, ok := e.store.farthest(e.playout.position)
		if !ok || n >= e.playout.position && e.playout.file == nil {
			return
		}
		e.store.remove(n)
	}
}

package tracker

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/tracker/message"
)

// MemoryConfig bounds a Memory.
type MemoryConfig struct {
	// MaxSwarms is how many swarms there may be. If zero, 100,000.
	MaxSwarms int
	// MaxPeersPerSwarm is how many peers a swarm may have. If zero, 100,000.
	MaxPeersPerSwarm int
	// OfferTimeout is how long an offer may be answered. If zero, 60 s (the usual client gives up after 50).
	OfferTimeout time.Duration
	// MeetAgain is how long two peers are not offered to each other again. If zero, 30 s.
	MeetAgain time.Duration
	// Now is the clock. If nil, time.Now.
	Now func() time.Time
	// Rand seeds the choice of peers. If nil, math/rand/v2's Uint64.
	Rand func() uint64
}

// Memory is the Broker of a single process.
type Memory struct {
	cfg    MemoryConfig
	swarms atomic.Int64
	peers  atomic.Int64
	serial atomic.Uint64

	buffers bufferPool
	shards  [64]shard
}

// shard holds the swarms of some info hashes, so that several cores work at once.
type shard struct {
	mu     sync.Mutex
	swarms map[message.ID]*swarm
	rand   *rand.Rand
	_      [64]byte // no two locks in one cache line
}

// NewMemory returns an empty Memory.
func NewMemory(cfg MemoryConfig) *Memory {
	setDefault(&cfg.MaxSwarms, 100_000)
	setDefault(&cfg.MaxPeersPerSwarm, 100_000)
	setDefault(&cfg.OfferTimeout, 60*time.Second)
	setDefault(&cfg.MeetAgain, 30*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Uint64
	}
	m := &Memory{cfg: cfg}
	for i := range m.shards {
		m.shards[i].swarms = make(map[message.ID]*swarm)
		m.shards[i].rand = rand.New(rand.NewPCG(cfg.Rand(), cfg.Rand()))
	}
	return m
}

// shard returns who is responsible for infoHash, which is a hash already, unless a client cheats.
func (m *Memory) shard(infoHash *message.ID) *shard {
	return &m.shards[binary.LittleEndian.Uint64(infoHash[:])%uint64(len(m.shards))]
}

// Announce implements Broker.
func (m *Memory) Announce(from Mailbox, a *Announcement) (Counts, error) {
	now := m.cfg.Now()
	var (
		room   [message.MaxOffers]*member
		chosen [message.MaxOffers]Mailbox
	)
	sh := m.shard(&a.InfoHash)
	sh.mu.Lock()
	sw, asker, err := m.enter(sh, from, a)
	if err != nil {
		sh.mu.Unlock()
		return Counts{}, err
	}
	counts := sw.counts()
	for i, target := range m.choose(sh, sw, asker, len(a.Offers), now, room[:0]) {
		asker.offered(a.Offers[i].ID, target, now)
		asker.met(target, now)
		target.met(asker, now)
		chosen[i] = target.box
		counts.Relayed++
	}
	sh.mu.Unlock()

	if counts.Relayed > 0 {
		buf := m.buffers.get()
		for i, box := range chosen[:counts.Relayed] {
			o := &a.Offers[i]
			*buf = message.AppendOffer((*buf)[:0], &a.InfoHash, &a.Peer, &o.ID, o.SDP, a.Extra)
			box.Post(*buf)
		}
		m.buffers.put(buf)
	}
	return counts, nil
}

// enter finds or makes the peer and its swarm.
func (m *Memory) enter(sh *shard, from Mailbox, a *Announcement) (*swarm, *member, error) {
	sw := sh.swarms[a.InfoHash]
	if sw == nil {
		if m.swarms.Load() >= int64(m.cfg.MaxSwarms) {
			return nil, nil, fault.New(fault.LimitReached, "this tracker holds as many swarms as it may: try later or elsewhere")
		}
		sw = &swarm{byPeer: make(map[message.ID]*member), networks: make(networks)}
		sh.swarms[a.InfoHash] = sw
		m.swarms.Add(1)
	}
	p := sw.byPeer[a.Peer]
	switch {
	case p == nil:
		if len(sw.members) >= m.cfg.MaxPeersPerSwarm {
			return nil, nil, fault.New(fault.LimitReached, "this swarm has as many peers as it may: play without peers or try later")
		}
		p = &member{box: from, peer: a.Peer, serial: m.serial.Add(1), network: networkOf(from.Addr())}
		sw.add(p)
		m.peers.Add(1)
	case p.box != from:
		return nil, nil, &TakenError{p.box}
	}
	if a.Complete != p.complete {
		p.complete = a.Complete
		if p.complete {
			sw.complete++
		} else {
			sw.complete--
		}
	}
	if a.Finished {
		sw.downloaded++
	}
	return sw, p, nil
}

// Answer implements Broker.
func (m *Memory) Answer(from Mailbox, a *Answer) error {
	sh := m.shard(&a.InfoHash)
	box := Mailbox(nil)
	sh.mu.Lock()
	if sw := sh.swarms[a.InfoHash]; sw != nil {
		who, to := sw.byPeer[a.Peer], sw.byPeer[a.To]
		if who != nil && to != nil && who.box == from && to.answered(a.OfferID, who, m.cfg.Now().Add(-m.cfg.OfferTimeout)) {
			box = to.box
		}
	}
	sh.mu.Unlock()
	if box == nil {
		return ErrNoOffer
	}
	buf := m.buffers.get()
	*buf = message.AppendAnswer((*buf)[:0], &a.InfoHash, &a.Peer, &a.OfferID, a.SDP, a.Extra)
	box.Post(*buf)
	m.buffers.put(buf)
	return nil
}

// Leave implements Broker.
func (m *Memory) Leave(from Mailbox, infoHash, peer message.ID) Counts {
	sh := m.shard(&infoHash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sw := sh.swarms[infoHash]
	if sw == nil {
		return Counts{}
	}
	if p := sw.byPeer[peer]; p != nil && p.box == from {
		sw.remove(p)
		m.peers.Add(-1)
		if len(sw.members) == 0 {
			delete(sh.swarms, infoHash)
			m.swarms.Add(-1)
		}
	}
	return sw.counts()
}

// Swarm implements Broker.
func (m *Memory) Swarm(infoHash message.ID) Counts {
	sh := m.shard(&infoHash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sw := sh.swarms[infoHash]; sw != nil {
		return sw.counts()
	}
	return Counts{}
}

// Totals implements Broker.
func (m *Memory) Totals() (swarms, peers int) {
	return int(m.swarms.Load()), int(m.peers.Load())
}

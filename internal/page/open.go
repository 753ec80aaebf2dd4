package page

import (
	"time"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// Version of the encoding, the first field of what Open takes.
const Version = 1

// Kind of what is played.
type Kind byte

// The kinds.
const (
	LiveFLV Kind = iota // slices of FLV tags, delivered by the engine's clock
	File                // read by number
	LiveHLS             // slices of segments, each told as soon as it is here; a clock of the player's own
	kinds
)

// Bits of the flags field.
const (
	flagNoUpload = 1 << iota
	flagNoDownload
	flagNoPeers
	flagCrowd
	allFlags = 1<<iota - 1
)

// Open reads what is to be played and returns a Session that begins at now; nil if it is malformed:
//
// version, kind, 20 bytes of peer id, 16 of track, 32 of key, flags, delay (ms; if zero, 6 s), target duration (ms, of a live
// playlist), upload limit (bytes/s; if zero, none), peers (if zero, 16 or 32), memory (bytes; if zero, 64 or 256 MiB), then of
// a live track: live; of a file: slices, duration (ms), start (ms), slices a group, groups, and for each how many ms after
// the one before it begins.
//
// live: clock offset (zigzag ms: added to the server's clock gives the page's), line (zigzag ms by the server's clock), newest
// slice, its time (ms), slices in 1000 s, groups, and for each number and ms after the one before.
func Open(now time.Time, b []byte) *Session {
	r := &reader{b: b}
	if r.uvarint(Version) != Version {
		return nil
	}
	s := &Session{kind: Kind(r.uvarint(uint64(kinds - 1))), last: now, fetches: map[slice.Number]fetching{}}
	var cfg swarm.Config
	copy(cfg.Self[:], r.bytes(len(cfg.Self)))
	copy(cfg.Track[:], r.bytes(len(cfg.Track)))
	verifier, ok := signing.NewVerifier(r.bytes(32))
	if !ok {
		return nil
	}
	flags := r.uvarint(allFlags)
	cfg.NoUpload, cfg.NoDownload = flags&flagNoUpload != 0, flags&flagNoDownload != 0
	cfg.NoPeers = flags&flagNoPeers != 0
	cfg.Delay = r.short()
	target := r.short()
	cfg.UploadRate = float64(r.uvarint(1 << 40))
	cfg.MaxPeers = int(r.uvarint(64))
	cfg.MaxBytes = int(r.uvarint(1 << 30))
	cfg.Verifier = verifier
	switch s.kind {
	case File:
		cfg.File = r.file()
	case LiveHLS:
		cfg.Early = true
		if cfg.Delay == 0 {
			cfg.Delay = swarm.PlaylistDelay(target)
		}
		cfg.Lead = swarm.PlaylistLead(cfg.Delay, target)
		fallthrough
	default:
		cfg.Live, cfg.ClockOffset = r.live()
		cfg.Live.Crowd = flags&flagCrowd != 0
	}
	if r.bad || len(r.b) > 0 {
		return nil
	}
	s.cfg = cfg
	s.engine = swarm.New(cfg, now)
	return s
}

// short reads a duration that no configuration exceeds: an hour.
func (r *reader) short() time.Duration {
	return time.Duration(r.uvarint(3_600_000)) * time.Millisecond
}

// offset reads what is added to the server's clock.
func (r *reader) offset() time.Duration { return time.Duration(r.varint(maxMillis)) * time.Millisecond }

// live reads where a live track is, and the clock offset.
func (r *reader) live() (swarm.Live, time.Duration) {
	offset := r.offset()
	l := swarm.Live{
		Line: time.UnixMilli(r.varint(maxClock)).Add(offset), Edge: slice.Number(r.uvarint(maxNumber)), EdgeTime: r.millis(),
		Rate: float64(r.uvarint(1_000_000)) / 1000,
	}
	n := r.count(2)
	var at swarm.Group
	for i := range n {
		number, later := slice.Number(r.uvarint(maxNumber)), r.millis()
		at.Number, at.Time = at.Number+number, at.Time+later
		if at.Number > l.Edge || i > 0 && number == 0 || at.Time > maxMillis*time.Millisecond {
			r.fail()
			break
		}
		l.Groups = append(l.Groups, at)
	}
	if len(l.Groups) == 0 {
		r.fail()
	}
	return l, offset
}

// file reads what a file is.
func (r *reader) file() *swarm.File {
	const longest = 1 << 40 // ms
	f := &swarm.File{
		Slices:   slice.Number(r.uvarint(maxGroups)),
		Duration: time.Duration(r.uvarint(longest)) * time.Millisecond,
		Start:    time.Duration(r.uvarint(longest)) * time.Millisecond,
	}
	size := slice.Number(r.uvarint(slice.MaxEntries))
	n := r.count(1)
	if r.bad || size == 0 || f.Slices == 0 || f.Duration == 0 || slice.Number(n) != (f.Slices+size-1)/size {
		r.fail()
		return f
	}
	var at time.Duration
	for i := range n {
		at += time.Duration(r.uvarint(longest)) * time.Millisecond
		if at > f.Duration || i == 0 && at != 0 {
			r.fail()
			return f
		}
		f.Groups = append(f.Groups, swarm.Group{Number: slice.Number(i) * size, Time: at})
	}
	return f
}

// count reads how many items follow, each of so many bytes at the least.
func (r *reader) count(least int) int {
	n := int(r.uvarint(maxGroups))
	if n*least > len(r.b) {
		r.fail()
		return 0
	}
	return n
}

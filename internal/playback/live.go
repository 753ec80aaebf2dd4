package playback

import "time"

const (
	// A live stream that is to catch up is played faster by 1.5 %, and by 4 % where it is farBehind.
	slowest, fastest = 1015, 1040
	farBehind        = 5 * time.Second
)

// rate returns how fast the playhead runs while it catches up, in thousandths.
func (p *Player) rate() time.Duration {
	behind := min(max(p.length()-p.threshold(), 0), farBehind)
	return slowest + behind*(fastest-slowest)/farBehind
}

// keepUp does what a live stream needs that is held for longer than it is to be.
func (p *Player) keepUp() {
	length := p.length()
	if limit := p.cfg.BufferTimeMax; limit > 0 && p.running() && length >= max(limit, p.threshold()) && length > p.threshold() {
		p.fast = true
	}
	switch {
	case p.buf.ahead > p.cfg.MaxBytes:
		p.dropOldest(func() bool { return p.buf.ahead > p.cfg.MaxBytes/2 })
		if !p.paused && p.started && !p.seeking {
			p.jump()
		}
	case p.paused && length > p.MaxPauseBufferTime():
		keep := p.MaxPauseBufferTime()
		p.dropOldest(func() bool { return p.line.newest-p.buf.entries[p.buf.head].at > keep })
	}
}

// dropOldest forgets what is to be played next while too much is held, and what was played before it, so that what is
// held is in one piece.
func (p *Player) dropOldest(tooMuch func() bool) {
	for p.buf.head < len(p.buf.entries)-1 && tooMuch() {
		p.skip(p.buf.head + 1)
		p.late = true
	}
	if p.late {
		p.buf.drop(p.buf.head)
	}
}

// skip passes over the entries before to without delivering them.
func (p *Player) skip(to int) {
	for i := p.buf.head; i < to; i++ {
		if p.buf.entries[i].picture() {
			p.count.dropped++
		}
	}
	p.buf.move(to)
}

// jump goes on at the newest place where decoders can start and after which the buffer time is held; if there is none,
// at the first such place, or with what is held.
func (p *Player) jump() {
	p.late = false
	b := &p.buf
	if b.head >= len(b.entries) {
		return
	}
	to := b.start(b.head, p.line.newest-p.threshold())
	for i := b.head; to < 0 && i < len(b.entries); i++ {
		if b.entries[i].key {
			to = i
		}
	}
	to = max(to, b.head)
	p.skip(to)
	p.restart(to)
	p.clock = max(p.clock, b.entries[to].at)
	if p.full {
		p.release(p.position())
	}
}

package playback

import "time"

// Config is what a Player is made of. The zero value plays a file.
type Config struct {
	// BufferTime is how much must be held for playback to start or to go on after it ran dry. If zero, 100 ms.
	BufferTime time.Duration
	// BufferTimeMax is how much of a live stream may be held before it is played faster, by 1.5 to 4 %, until
	// BufferTime is held. If zero, it is not limited.
	BufferTimeMax time.Duration
	// BackBufferTime is how much of what was played is kept for seeks and steps. If zero, 30 s; if negative, nothing.
	BackBufferTime time.Duration
	// MaxPauseBufferTime is how much may be held while paused: then Wants says to stop loading a file, and the oldest of
	// a live stream is dropped. If zero, 60 s or twice the buffer time, whichever is longer.
	MaxPauseBufferTime time.Duration
	// MaxBytes limits what is held to be played, in bytes. If zero, 64 MiB.
	MaxBytes int
	// BackBytes limits what is held of what was played, in bytes. If zero, 64 MiB; if negative, nothing.
	BackBytes int
	// Live says that the stream goes on whether it is wanted or not.
	Live bool
	// Unpaced hands each tag on as soon as it is there, as for a recording. BufferTime is then of no effect.
	Unpaced bool
}

const (
	defaultBufferTime     = 100 * time.Millisecond
	defaultBackBufferTime = 30 * time.Second
	defaultPauseTime      = 60 * time.Second
	defaultBytes          = 64 << 20

	// loadAhead is how much of a file is loaded ahead while it plays, if the buffer time is not longer.
	loadAhead = 10 * time.Second
	// tagWeight is what a tag takes in memory beyond its body, in bytes.
	tagWeight = 128
	// longest is the longest that a setting may be; longer ones are shortened to it.
	longest = 10 * 365 * 24 * time.Hour
)

func (c Config) withDefaults() Config {
	if c.BufferTime == 0 {
		c.BufferTime = defaultBufferTime
	}
	if c.BackBufferTime == 0 {
		c.BackBufferTime = defaultBackBufferTime
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = defaultBytes
	}
	if c.BackBytes == 0 {
		c.BackBytes = defaultBytes
	}
	c.BufferTime = within(c.BufferTime)
	c.BufferTimeMax = within(c.BufferTimeMax)
	c.BackBufferTime = within(c.BackBufferTime)
	c.MaxPauseBufferTime = within(c.MaxPauseBufferTime)
	c.BackBytes = max(c.BackBytes, 0)
	return c
}

func within(d time.Duration) time.Duration { return min(max(d, 0), longest) }

// BufferTime returns how much must be held for playback to start.
func (p *Player) BufferTime() time.Duration { return p.cfg.BufferTime }

// SetBufferTime changes Config.BufferTime at any time; 0 is as little as is possible, which is one frame.
func (p *Player) SetBufferTime(now time.Time, d time.Duration) {
	p.advance(now)
	p.cfg.BufferTime = within(d)
	p.settle()
}

// BufferTimeMax returns how much of a live stream may be held before it is played faster, 0 if that is not limited.
func (p *Player) BufferTimeMax() time.Duration { return p.cfg.BufferTimeMax }

// SetBufferTimeMax changes Config.BufferTimeMax at any time.
func (p *Player) SetBufferTimeMax(now time.Time, d time.Duration) {
	p.advance(now)
	p.cfg.BufferTimeMax = within(d)
	p.fast = false
	p.settle()
}

// BackBufferTime returns how much of what was played is kept.
func (p *Player) BackBufferTime() time.Duration { return p.cfg.BackBufferTime }

// SetBackBufferTime changes Config.BackBufferTime at any time; 0 keeps nothing.
func (p *Player) SetBackBufferTime(now time.Time, d time.Duration) {
	p.advance(now)
	p.cfg.BackBufferTime = within(d)
	p.settle()
}

// MaxPauseBufferTime returns how much may be held while paused.
func (p *Player) MaxPauseBufferTime() time.Duration {
	if p.cfg.MaxPauseBufferTime > 0 {
		return p.cfg.MaxPauseBufferTime
	}
	return max(defaultPauseTime, 2*p.cfg.BufferTime)
}

// SetMaxPauseBufferTime changes Config.MaxPauseBufferTime at any time; 0 is its default.
func (p *Player) SetMaxPauseBufferTime(now time.Time, d time.Duration) {
	p.advance(now)
	p.cfg.MaxPauseBufferTime = within(d)
	p.settle()
}

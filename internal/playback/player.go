package playback

import (
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// State is what a Player does. docs/netstream.md draws how one follows another.
type State uint8

// The states.
const (
	Idle      State = iota // no frame has come yet
	Buffering              // waits until BufferTime is held
	Playing                // the playhead runs
	Paused                 // the playhead stands because Pause was called
	Seeking                // what is held was dropped by Flush; the first frame of the new place has not come yet
	Stopped                // the end was played
)

// String returns the state's name in lower case.
func (s State) String() string {
	return [...]string{"idle", "buffering", "playing", "paused", "seeking", "stopped"}[s]
}

// Player is the buffer and the clock of one play. Make one with New.
type Player struct {
	cfg     Config
	now     time.Time
	buf     buffer
	line    line
	actions []Action
	out     output
	count   counters

	// clock is where the playhead would be if more were held: at most one frame after the newest.
	clock   time.Duration
	target  time.Duration // of a seek that goes on
	started bool          // has told PlayStart
	seeking bool
	full    bool // has told BufferFull and not BufferEmpty since
	paused  bool
	ended   bool // nothing more will come
	flushed bool // has told BufferFlush and not stopped since
	stopped bool
	fast    bool // catches up
	late    bool // some of a live stream was dropped before it was played: jump forward
}

// New returns a Player that holds nothing yet.
func New(cfg Config) *Player {
	cfg = cfg.withDefaults()
	p := &Player{cfg: cfg, line: line{live: cfg.Live}}
	p.out.audio, p.out.video = true, true
	return p
}

// Append adds the next tag of the source. Its body must not be changed afterwards. Nothing is taken, and an error
// returned, after End and where MaxBytes are held already, which Wants tells before; a live stream drops its oldest
// instead.
func (p *Player) Append(now time.Time, tag flv.Tag) error {
	p.advance(now)
	if p.ended {
		return fault.New(fault.RequestInvalid, "nothing can follow the end of a stream; call Flush to play on elsewhere")
	}
	e := entry{tag: tag}
	if !p.cfg.Live && p.buf.ahead >= p.cfg.MaxBytes {
		return fault.New(fault.LimitReached, "the play buffer is full; append when Wants says so")
	}
	e.config = repeatable(&tag)
	e.frame = tag.IsFrame()
	e.key = e.frame && tag.IsKeyframe()
	e.at = p.line.newest
	if e.frame {
		e.at = p.line.place(tag.Type, tag.Timestamp)
		p.count.newest[trackOf(tag.Type)] = e.at
	}
	p.count.received(p.now, &tag)
	p.buf.push(e)
	switch {
	case !p.line.known:
		p.buf.untimed++
	case p.buf.untimed > 0:
		p.buf.untimed++
		p.buf.place(e.at)
	}
	if p.line.known && (!p.started || p.seeking) {
		p.begin(e.at)
	}
	p.settle()
	return nil
}

// begin tells that the first frame is there: of the play, or of the place that was sought.
func (p *Player) begin(at time.Duration) {
	p.clock = at
	if p.late {
		p.late = false
		p.restart(p.buf.head)
	}
	if !p.started {
		p.started = true
		p.tell(PlayStart)
	}
	if p.seeking {
		p.seeking = false
		p.notify(Event{Code: SeekNotify, Position: at})
	}
}

// End says that nothing more will come. What is held is played out. A play in which no frame came ends without an
// event: what went wrong is known to who calls.
func (p *Player) End(now time.Time) {
	p.advance(now)
	if p.ended {
		return
	}
	p.ended = true
	p.buf.place(p.line.newest)
	if p.seeking {
		p.begin(p.target)
	}
	p.settle()
}

// Continue takes End back: something follows after all. It returns false, and does nothing, once the end was played.
func (p *Player) Continue(now time.Time) bool {
	p.advance(now)
	if p.stopped {
		return false
	}
	p.ended, p.flushed = false, false
	return true
}

// Tick says what time it is. Any time is fine; Next tells when it is of use.
func (p *Player) Tick(now time.Time) {
	p.advance(now)
	p.settle()
}

// Next returns when Tick is to be called next, if nothing else is called before; zero if time alone changes nothing.
func (p *Player) Next() time.Time {
	if !p.running() {
		return time.Time{}
	}
	wait := p.end() - p.clock
	if p.buf.head < len(p.buf.entries) {
		wait = min(wait, p.buf.entries[p.buf.head].at-p.clock)
	}
	if p.fast {
		rate := p.rate()
		wait = (wait*1000 + rate - 1) / rate
	}
	return p.now.Add(max(wait, 0))
}

// State returns what the Player does. While paused it is Paused, whether the buffer is full or not, but Idle and
// Seeking until the first frame is there.
func (p *Player) State() State {
	switch {
	case p.stopped:
		return Stopped
	case p.seeking:
		return Seeking
	case !p.started:
		return Idle
	case p.paused:
		return Paused
	case p.full:
		return Playing
	}
	return Buffering
}

// running tells whether the playhead moves with time.
func (p *Player) running() bool {
	return p.started && p.full && !p.paused && !p.stopped && !p.seeking && !p.cfg.Unpaced
}

// end returns where the clock runs dry: when the last frame was shown for as long as it lasts.
func (p *Player) end() time.Duration { return p.line.newest + p.line.frame() }

// position returns where the playhead is.
func (p *Player) position() time.Duration {
	return min(p.clock, p.line.newest)
}

// length returns how much is held to be played.
func (p *Player) length() time.Duration {
	from := p.position()
	if p.late && p.buf.head < len(p.buf.entries) {
		from = max(from, p.buf.entries[p.buf.head].at)
	}
	return p.line.newest - from
}

// threshold returns how much must be held for the buffer to be full: at least a frame, so that playback does not run
// dry at once.
func (p *Player) threshold() time.Duration {
	if p.cfg.Unpaced {
		return 0
	}
	return max(p.cfg.BufferTime, p.line.frame())
}

// advance moves the playhead to where it is now. A time before the last one counts as that.
func (p *Player) advance(now time.Time) {
	if p.now.IsZero() {
		p.now = now
		p.count.epoch = now
	}
	elapsed := max(now.Sub(p.now), 0)
	p.now = p.now.Add(elapsed)
	if !p.running() {
		return
	}
	if p.fast {
		rate, gain := p.rate(), p.line.newest-p.threshold()-p.clock
		needs := (max(gain, 0)*1000 + rate - 1) / rate
		if elapsed < needs {
			p.clock += elapsed * rate / 1000
			elapsed = 0
		} else {
			p.clock += max(gain, 0)
			elapsed -= needs
			p.fast = false
		}
	}
	p.clock += min(elapsed, p.end()-p.clock)
	p.release(p.position())
	if p.clock < p.end() {
		return
	}
	if p.ended {
		p.stop()
		return
	}
	p.clock = p.line.newest
	p.full, p.fast = false, false
	p.tell(BufferEmpty)
}

// settle draws the conclusions that need no time to pass.
func (p *Player) settle() {
	if p.started && !p.seeking {
		p.fill()
		if p.ended && !p.flushed && !p.stopped {
			p.flushed = true
			p.tell(BufferFlush)
		}
	}
	switch {
	case p.running():
		p.release(p.position())
	case p.cfg.Unpaced && p.full && !p.paused:
		p.clock = p.line.newest
		p.release(p.clock)
	}
	dry := p.buf.head == len(p.buf.entries) && (!p.full || p.cfg.Unpaced)
	if p.ended && !p.paused && !p.stopped && (dry || !p.started) {
		p.stop()
	}
	if p.cfg.Live {
		p.keepUp()
	}
	p.buf.trim(p.position(), p.cfg.BackBufferTime, p.cfg.BackBytes)
}

// fill tells that the buffer is full if it has become so.
func (p *Player) fill() {
	ahead := p.buf.head < len(p.buf.entries)
	switch {
	case p.full || !ahead:
		return
	case p.ended, p.length() >= p.threshold(), p.buf.ahead >= p.cfg.MaxBytes:
		p.full = true
		p.tell(BufferFull)
		p.release(p.position())
	}
}

// stop ends the play. What has no frame to be due with, script data after the last one, goes out first.
func (p *Player) stop() {
	p.release(p.line.newest)
	p.stopped, p.fast = true, false
	if !p.started {
		return
	}
	p.tell(PlayStop)
	p.notify(Event{Code: PlayComplete, Position: p.position(), Bytes: p.count.total()})
}

// Wants tells whether more is to be loaded. It is true of a live stream, which does not wait, but false while tags
// cannot be appended.
func (p *Player) Wants() bool {
	switch {
	case p.ended:
		return false
	case p.cfg.Live:
		return true
	case p.buf.ahead >= p.cfg.MaxBytes:
		return false
	case p.paused:
		return p.BufferLength() < max(p.MaxPauseBufferTime(), p.threshold())
	}
	return p.BufferLength() < max(2*p.threshold(), loadAhead)
}

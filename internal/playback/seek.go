package playback

import (
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// SeekResult says what came of a seek.
type SeekResult uint8

// The results.
const (
	// Sought: it was in the buffer and is done.
	Sought SeekResult = iota
	// Outside: it is not in the buffer, and nothing was done or told. Call Flush and append from there, or SeekInvalid or
	// SeekRefused if the source has nothing there.
	Outside
	// Invalid: it is after the end, which was told with the last valid time.
	Invalid
)

// Seek goes to the last keyframe that is not after to, in streams without video to the last frame, if that is held: in
// the back buffer or ahead. Negative times count as 0.
func (p *Player) Seek(now time.Time, to time.Duration) SeekResult {
	p.advance(now)
	to = max(to, 0)
	newest := p.line.newest
	if p.seeking || !p.started {
		return Outside
	}
	if to > newest {
		if !p.ended {
			return Outside
		}
		// While the last frame is shown is meant to be the end.
		if to > newest+longestFrame {
			p.notify(Event{Code: SeekInvalidTime, Position: newest})
			return Invalid
		}
		to = newest
	}
	i := p.buf.start(0, to)
	if i < 0 {
		return Outside
	}
	p.notify(Event{Code: SeekStartNotify, Position: to})
	if p.stopped {
		p.stopped, p.flushed = false, false
	}
	p.fast, p.late = false, false
	p.restart(i)
	p.clock = p.buf.entries[i].at
	if p.full && !p.ended && p.length() < p.threshold() {
		p.full = false
		p.tell(BufferEmpty)
	}
	p.notify(Event{Code: SeekNotify, Position: p.clock})
	p.release(p.clock)
	p.settle()
	return Sought
}

// Flush drops what is held because the source is opened anew, at to: the first frame that is appended after it is where
// the seek ends. It may be called again before that, and after End.
func (p *Player) Flush(now time.Time, to time.Duration) {
	p.advance(now)
	to = within(to)
	p.notify(Event{Code: SeekStartNotify, Position: to})
	if p.full {
		p.tell(BufferEmpty)
	}
	p.buf.clear()
	p.line.restart(to)
	p.clock, p.target = to, to
	p.full, p.ended, p.flushed, p.stopped, p.fast, p.late = false, false, false, false, false, false
	p.seeking = true
	p.restart(0)
	p.count.newest = [2]time.Duration{}
}

// SeekInvalid tells that the source has nothing at the time that was sought; last is the last valid time. Playback goes
// on.
func (p *Player) SeekInvalid(now time.Time, last time.Duration) {
	p.advance(now)
	p.notify(Event{Code: SeekInvalidTime, Position: within(last)})
	p.settle()
}

// SeekRefused tells that the source cannot be sought in, or could not be opened after Flush, and why in one sentence.
func (p *Player) SeekRefused(now time.Time, why string) {
	p.advance(now)
	p.notify(Event{Code: SeekFailed, Description: why})
	p.settle()
}

// Step moves the playhead by pictures, back if frames is negative, while paused. What is not held cannot be stepped to:
// then nothing changes and an error is returned.
func (p *Player) Step(now time.Time, frames int) error {
	p.advance(now)
	switch {
	case !p.paused:
		return fault.New(fault.RequestInvalid, "a stream that plays cannot be stepped; call Pause first")
	case frames == 0:
		return fault.New(fault.RequestInvalid, "a step of 0 frames leads nowhere; give 1 or more, or -1 or less")
	case p.seeking || !p.started:
		return fault.New(fault.RequestInvalid, "there is no picture yet to step from; wait for Buffer.Full")
	}
	to := p.stepped(frames)
	if to < 0 {
		return fault.New(fault.RequestInvalid, "the buffer does not hold so many frames in that direction; step by fewer, or seek")
	}
	from := to
	if back := to < p.buf.head; back || p.late {
		for from >= 0 && !p.buf.entries[from].key {
			from--
		}
		if from < 0 {
			return fault.New(fault.RequestInvalid, "the buffer does not hold the keyframe before that frame; step by fewer, or seek")
		}
		p.late, p.fast = false, false
		p.restart(from)
	}
	p.out.preroll = to - p.buf.head
	for p.buf.head <= to {
		p.releaseNext()
	}
	p.out.preroll = 0
	p.clock = p.buf.entries[to].at
	if p.stopped {
		p.stopped, p.flushed = false, false
	}
	p.tell(StepNotify)
	p.settle()
	return nil
}

// stepped returns the entry of the picture that many pictures away, -1 if it is not held.
func (p *Player) stepped(frames int) int {
	b := &p.buf
	i, dir := b.head, 1
	if frames < 0 {
		// The picture before head is the one that is shown.
		i, dir, frames = b.head-1, -1, -frames
		for i >= 0 && !b.entries[i].picture() {
			i--
		}
		i--
	}
	for ; i >= 0 && i < len(b.entries); i += dir {
		if !b.entries[i].picture() {
			continue
		}
		if frames--; frames == 0 {
			return i
		}
	}
	return -1
}

package playback

import "time"

// Pause stops the playhead. It does nothing if it stands already because of Pause.
func (p *Player) Pause(now time.Time) {
	p.advance(now)
	if !p.paused {
		p.paused = true
		p.clock = p.position()
		p.tell(PauseNotify)
	}
	p.settle()
}

// Resume lets the playhead go on where it stands; that of a live stream of which more has come meanwhile than is kept
// goes on at the newest keyframe after which the buffer time is held. It does nothing if the stream is not paused.
func (p *Player) Resume(now time.Time) {
	p.advance(now)
	if p.paused {
		p.paused = false
		p.tell(UnpauseNotify)
		if p.late {
			p.jump()
		}
	}
	p.settle()
}

// TogglePause pauses, or resumes if it is paused.
func (p *Player) TogglePause(now time.Time) {
	if p.paused {
		p.Resume(now)
	} else {
		p.Pause(now)
	}
}

// Paused tells whether the stream is paused, in every state.
func (p *Player) Paused() bool { return p.paused }

package superp2p

import (
	"strconv"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/playback"
)

// notify tells what the buffer tells; p.mu is held.
func (p *play) notify(e *playback.Event) {
	info := Info{Code: string(e.Code), Level: e.Code.Level(), Description: e.Description, Details: p.name()}
	switch e.Code {
	case playback.PlayComplete:
		status := PlayStatus{Code: info.Code, Level: info.Level, Duration: e.Position, Bytes: e.Bytes}
		p.n.callClient(p, func(c Client) {
			if c.OnPlayStatus != nil {
				c.OnPlayStatus(status)
			}
		})
		return
	case playback.SeekInvalidTime:
		info.Details = strconv.FormatFloat(e.Position.Seconds(), 'f', -1, 64)
		info.Description = "the stream has nothing at that time; seek to " + info.Details + " s at the most"
	case playback.SeekNotify:
		if p.way.fed == nil {
			break
		}
		at := e.Position
		p.n.callClient(p, func(c Client) {
			if c.OnSeekPoint != nil {
				c.OnSeekPoint(at)
			}
		})
	}
	var err error
	if info.Level == levelError {
		err = fault.New(fault.RequestInvalid, info.Description)
	}
	p.n.tell(p, NetStatusEvent{Info: info, Time: time.Now(), Err: err})
}

// active does something with what is played, and returns why nothing is.
func (n *P2PNetStream) active(f func(p *play, now time.Time) error) error {
	p, err := n.playing()
	if err != nil {
		return err
	}
	p.step(func(now time.Time) {
		switch {
		case p.done:
			err = fault.New(fault.Closed, "it was closed meanwhile; call Play")
		case p.err != nil:
			err = p.err
		default:
			err = f(p, now)
		}
	})
	return err
}

// Pause stops the playhead; it tells NetStream.Pause.Notify once, however often it is called. No byte is lost: a file is
// loaded on until MaxPauseBufferTime is held; of a live stream the oldest is dropped beyond that. NetStream.pause.
//
// Errors of Pause, Resume and TogglePause: closed if nothing is played, and the failure of a play that failed.
func (n *P2PNetStream) Pause() error {
	return n.active(func(p *play, now time.Time) error { p.player.Pause(now); return nil })
}

// Resume lets the playhead go on where it stands, and tells NetStream.Unpause.Notify if it was paused. NetStream.resume.
func (n *P2PNetStream) Resume() error {
	return n.active(func(p *play, now time.Time) error { p.player.Resume(now); return nil })
}

// TogglePause pauses, or resumes what is paused. NetStream.togglePause.
func (n *P2PNetStream) TogglePause() error {
	return n.active(func(p *play, now time.Time) error { p.player.TogglePause(now); return nil })
}

// Seek goes to the last keyframe that is not after to, counted as Time is: in a file anywhere, in a live stream within what
// is held. It returns at once; NetStream.SeekStart.Notify and, with the first frame of the place, NetStream.Seek.Notify
// tell how it goes. Where there is nothing NetStream.Seek.InvalidTime tells so, whose Details is the last valid time in
// seconds, and NetStream.Seek.Failed where there is nothing to seek in yet; playback goes on then. In data generation mode
// a seek outside the buffer has bytes ignored until AppendBytesAction(ResetSeek). NetStream.seek.
//
// Errors: closed if nothing is played, and the failure of a play that failed.
func (n *P2PNetStream) Seek(to time.Duration) error {
	return n.active(func(p *play, now time.Time) error {
		to := max(to, 0)
		if p.player.Seek(now, to) == playback.Outside {
			p.seekOutside(now, to)
		}
		return nil
	})
}

// seekOutside goes to what is not held; p.mu is held.
func (p *play) seekOutside(now time.Time, to time.Duration) {
	w := &p.way
	switch {
	case w.fed != nil:
		w.fed.seek()
		w.ended = false
		p.player.Flush(now, to)
	case w.pipe == nil:
		w.sought = &to
	case p.cfg.Live && !w.framed:
		p.player.SeekRefused(now, notYet)
	case p.cfg.Live:
		p.player.SeekInvalid(now, p.player.Time()+p.player.BufferLength())
	case w.end() > 0 && to > w.end()+lastFrame:
		p.player.SeekInvalid(now, w.end())
	default:
		to = max(to, w.base())
		p.player.Flush(now, to)
		p.reopen(to)
	}
}

// lastFrame is for how long the last frame is believed to be shown.
const lastFrame = 200 * time.Millisecond

// reopen reads what is played from another time on; p.mu is held.
func (p *play) reopen(at time.Duration) {
	w := &p.way
	_ = w.source.Close()
	w.source = w.pipe.source(at - w.base())
	w.gen++
	w.ended, w.err, w.margin = false, nil, false
	if n := w.next; n != nil && !n.atOnce { // it was prepared for another place
		p.open(n.following, false)
	}
}

// Step moves the playhead by so many pictures, back if frames is negative, while paused. NetStream.Step.Notify tells that
// it is done. NetStream.step.
//
// Errors: request_invalid if the stream is not paused or the buffer does not hold so many, and nothing changes; those of
// Pause.
func (n *P2PNetStream) Step(frames int) error {
	return n.active(func(p *play, now time.Time) error { return p.player.Step(now, frames) })
}

// arrive takes note of what is handed out; p.mu is held.
func (p *play) arrive(a *playback.Action) {
	if a.Tag.Type == flv.Script {
		if !a.Repeated {
			p.call(a.Tag.Body)
		}
		return
	}
	if c := a.Tag.Codec(); c != "" {
		if a.Tag.Type == flv.Audio {
			p.script.audio = c
		} else {
			p.script.video = c
		}
	}
	p.transitioned(a)
}

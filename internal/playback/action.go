package playback

import (
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

// Code names what happened, as in flash.events.NetStatusEvent.
type Code string

// The codes of the events that come from a Player. All have the level "status" but those of failed seeks.
const (
	PlayStart       Code = "NetStream.Play.Start"
	PlayStop        Code = "NetStream.Play.Stop"
	PlayComplete    Code = "NetStream.Play.Complete" // of onPlayStatus
	BufferFull      Code = "NetStream.Buffer.Full"
	BufferEmpty     Code = "NetStream.Buffer.Empty"
	BufferFlush     Code = "NetStream.Buffer.Flush"
	PauseNotify     Code = "NetStream.Pause.Notify"
	UnpauseNotify   Code = "NetStream.Unpause.Notify"
	SeekStartNotify Code = "NetStream.SeekStart.Notify"
	SeekNotify      Code = "NetStream.Seek.Notify"
	SeekInvalidTime Code = "NetStream.Seek.InvalidTime"
	SeekFailed      Code = "NetStream.Seek.Failed"
	StepNotify      Code = "NetStream.Step.Notify"
	DimensionChange Code = "NetStream.Video.DimensionChange"
)

// Level returns "error" for failed seeks and "status" for all else.
func (c Code) Level() string {
	if c == SeekInvalidTime || c == SeekFailed {
		return "error"
	}
	return "status"
}

// Event is something to tell. Which fields count depends on Code.
type Event struct {
	Code Code
	// Position is the seekPoint: what was asked for with SeekStartNotify, what was reached with SeekNotify. It is the
	// last valid time with SeekInvalidTime, and with PlayComplete the duration: where playback ended.
	Position      time.Duration
	Bytes         uint64 // PlayComplete: the bytes of tag bodies that were appended
	Width, Height int    // DimensionChange: in pixels
	Description   string // SeekFailed: one sentence that says why
}

// ForPlayStatus tells whether the event is told to client.onPlayStatus instead of to listeners of netStatus.
func (e Event) ForPlayStatus() bool { return e.Code == PlayComplete }

// ActionKind says what an Action asks of who drives the Player.
type ActionKind uint8

// The kinds of actions.
const (
	// Notify: tell Event.
	Notify ActionKind = 1 + iota
	// Deliver: Tag is due, hand it on. Its body is also the buffer's: it must not be changed.
	Deliver
)

// Action is one thing to do. Which fields count depends on Kind.
type Action struct {
	Kind  ActionKind
	Event Event
	Tag   flv.Tag
	At    time.Duration // where Tag is on the line of time
	// Repeated says that Tag is configuration that was delivered before, for decoders that start here. Its script data is
	// not for the application again.
	Repeated bool
	// Preroll says that Tag is before the playhead: to be decoded, not to be shown.
	Preroll bool
	// Discontinuity says that Tag does not follow what was delivered before it: decoders start anew.
	Discontinuity bool
}

// Actions returns what is to be done since the last call, in order. It must be called after each call that takes the
// time, else they pile up.
func (p *Player) Actions() []Action {
	a := p.actions
	p.actions = nil
	return a
}

func (p *Player) tell(c Code) { p.notify(Event{Code: c}) }

func (p *Player) notify(e Event) { p.actions = append(p.actions, Action{Kind: Notify, Event: e}) }

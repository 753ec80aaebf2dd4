package peer

import "time"

// Code names what an Event tells, as NetStatusEvent.info.code does.
type Code string

// The codes that a Viewer emits. Order for a live play: PlayStart, BufferFull, then BufferEmpty and BufferFull in
// pairs, at last BufferFlush and PlayStop, or PlayFailed.
const (
	PlayStart           Code = "NetStream.Play.Start"           // the first bytes can be read
	PlayPublishNotify   Code = "NetStream.Play.PublishNotify"   // the source is back
	PlayUnpublishNotify Code = "NetStream.Play.UnpublishNotify" // the source is away; the viewer waits for it
	PlayStop            Code = "NetStream.Play.Stop"            // the stream is over and can be read to its end
	PlayFailed          Code = "NetStream.Play.Failed"          // it cannot go on; comes once, and nothing after it
	BufferEmpty         Code = "NetStream.Buffer.Empty"         // playback stalls
	BufferFull          Code = "NetStream.Buffer.Full"          // playback can run: at the start and after a stall
	BufferFlush         Code = "NetStream.Buffer.Flush"         // what is buffered is the end
	// MulticastStreamReset says that the stream goes on as another track, because the server was restarted or the
	// stream was started anew.
	MulticastStreamReset Code = "NetStream.MulticastStream.Reset"
)

// Level is how grave an Event is.
type Level string

// The levels of NetStatusEvent.
const (
	LevelStatus  Level = "status"
	LevelWarning Level = "warning"
	LevelError   Level = "error"
)

// Event is one thing that an application may want to know.
type Event struct {
	Code        Code
	Level       Level
	Description string // one sentence; may be empty unless Level is LevelError
	Details     string // the URL or channel that is played
	Time        time.Time
	Err         error // of PlayFailed: the *fault.Error
}

// eventBuffer is how many events wait for a slow application before the oldest are thrown away.
const eventBuffer = 64

// emit hands out an event. Only the loop calls it.
func (v *Viewer) emit(code Code, description string, err error) {
	if v.over {
		return // the channel is closed
	}
	e := Event{
		Code: code, Level: LevelStatus, Description: description, Details: v.target, Time: v.cfg.Now(), Err: err,
	}
	if code == PlayFailed {
		e.Level = LevelError
	}
	v.log.Info(string(code), "description", description)
	for {
		select {
		case v.events <- e:
			return
		default:
		}
		select {
		case <-v.events:
		default:
		}
	}
}

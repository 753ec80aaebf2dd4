package superp2p

import "time"

// Codes of NetStatusEvent.Info.Code, as in flash.events.NetStatusEvent. docs/netstream.md says in which order they come.
const (
	NetStreamPlayReset                 = "NetStream.Play.Reset"                 // a running play is replaced by another
	NetStreamPlayStart                 = "NetStream.Play.Start"                 // playback has begun: the first frame is there
	NetStreamPlayStop                  = "NetStream.Play.Stop"                  // the end was played
	NetStreamPlayFailed                = "NetStream.Play.Failed"                // it cannot start or go on: play the CDN's URL instead
	NetStreamPlayStreamNotFound        = "NetStream.Play.StreamNotFound"        // the source says that there is no such stream
	NetStreamPlayFileStructureInvalid  = "NetStream.Play.FileStructureInvalid"  // the bytes are not what they claim to be
	NetStreamPlayNoSupportedTrackFound = "NetStream.Play.NoSupportedTrackFound" // there is no audio or video that can be played
	NetStreamPlayInsufficientBW        = "NetStream.Play.InsufficientBW"        // less arrives than the stream needs, for long
	NetStreamPlayTransition            = "NetStream.Play.Transition"            // Play2 changes over to another stream
	NetStreamPlayPublishNotify         = "NetStream.Play.PublishNotify"         // the source is back
	NetStreamPlayUnpublishNotify       = "NetStream.Play.UnpublishNotify"       // the source is away and is being waited for
	NetStreamBufferEmpty               = "NetStream.Buffer.Empty"               // playback ran dry
	NetStreamBufferFull                = "NetStream.Buffer.Full"                // BufferTime is held
	NetStreamBufferFlush               = "NetStream.Buffer.Flush"               // what is buffered is the end
	NetStreamPauseNotify               = "NetStream.Pause.Notify"               // it is paused
	NetStreamUnpauseNotify             = "NetStream.Unpause.Notify"             // it goes on
	NetStreamSeekStartNotify           = "NetStream.SeekStart.Notify"           // a seek has begun
	NetStreamSeekNotify                = "NetStream.Seek.Notify"                // a seek is done
	NetStreamSeekFailed                = "NetStream.Seek.Failed"                // there is nothing to seek in
	NetStreamSeekInvalidTime           = "NetStream.Seek.InvalidTime"           // that time is not there; Details is the last that is
	NetStreamStepNotify                = "NetStream.Step.Notify"                // a step is done
	NetStreamConnectSuccess            = "NetStream.Connect.Success"            // a peer has connected
	NetStreamConnectClosed             = "NetStream.Connect.Closed"             // a peer has left
	NetStreamConnectFailed             = "NetStream.Connect.Failed"             // a peer cannot be reached
	NetStreamConnectRejected           = "NetStream.Connect.Rejected"           // a peer was refused
	NetStreamMulticastStreamReset      = "NetStream.MulticastStream.Reset"      // the stream goes on under another identity
	NetStreamPublishStart              = "NetStream.Publish.Start"              // publishing has begun
	NetStreamPublishBadName            = "NetStream.Publish.BadName"            // somebody else publishes under that name
	NetStreamPublishIdle               = "NetStream.Publish.Idle"               // nothing was published for long
	NetStreamUnpublishSuccess          = "NetStream.Unpublish.Success"          // publishing has ended
	NetStreamVideoDimensionChange      = "NetStream.Video.DimensionChange"      // the size of the pictures is known or changes
	NetStreamPlayComplete              = "NetStream.Play.Complete"              // of Client.OnPlayStatus: the end was played
	NetStreamPlayTransitionComplete    = "NetStream.Play.TransitionComplete"    // of Client.OnPlayStatus: the other stream is played
	levelStatus                        = "status"
	levelWarning                       = "warning"
	levelError                         = "error"
)

// NetStatusEvent tells how a play goes.
type NetStatusEvent struct {
	Info Info
	Time time.Time
	Err  error // of Info.Level "error": the *Error, where there is one; else nil
}

// Info is what an event tells: NetStatusEvent.info.
type Info struct {
	Code        string `json:"code"`                  // one of the constants of this package
	Level       string `json:"level"`                 // "status", "warning" or "error"
	Description string `json:"description,omitempty"` // one sentence; may be empty unless Level is "error"
	Details     string `json:"details,omitempty"`     // the URL or channel that is played; of Seek.InvalidTime the last valid time in seconds; of NetStream.Connect the peer's id

	Stream *PeerStream `json:"stream,omitempty"` // of NetStream.Connect: the peer's; else nil
}

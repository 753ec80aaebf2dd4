package superp2p

import "time"

// Event codes of NetStatusEvent, as in flash.net.NetStream. A live play goes Play.Start, Buffer.Full, then pairs of
// Buffer.Empty and Buffer.Full when it stalls; it ends with Buffer.Flush and Play.Stop, or with exactly one
// Play.Failed.
const (
	PlayReset            = "NetStream.Play.Reset"            // a running play is replaced by another
	PlayStart            = "NetStream.Play.Start"            // the first bytes can be read
	PlayStop             = "NetStream.Play.Stop"             // the stream is over
	PlayFailed           = "NetStream.Play.Failed"           // it cannot start or go on: play the CDN's URL instead
	PlayPublishNotify    = "NetStream.Play.PublishNotify"    // the source is back
	PlayUnpublishNotify  = "NetStream.Play.UnpublishNotify"  // the source is away and is being waited for
	BufferEmpty          = "NetStream.Buffer.Empty"          // playback ran dry
	BufferFull           = "NetStream.Buffer.Full"           // playback can run
	BufferFlush          = "NetStream.Buffer.Flush"          // what is buffered is the end
	MulticastStreamReset = "NetStream.MulticastStream.Reset" // the stream goes on under another identity
)

// NetStatusEvent tells how a play goes.
type NetStatusEvent struct {
	Code        string // one of the constants above
	Level       string // "status", "warning" or "error"
	Description string // one sentence; may be empty unless Level is "error"
	Details     string // the URL or channel that is played
	Time        time.Time
	Err         error // of PlayFailed: the *Error
}

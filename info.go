package superp2p

import (
	"time"

	"github.com/superp2p/superp2p/internal/playback"
)

// NetStreamInfo tells what came in and what is buffered, as flash.net.NetStreamInfo does. Bytes are those of FLV tag
// bodies, as they are in the source: what came from peers and from the server together. Rates are of the last second.
// Counts begin anew with each Play.
type NetStreamInfo struct {
	CurrentBytesPerSecond  float64 // rate at which the buffer is filled, in bytes a second
	ByteCount              uint64  // all that came in, in bytes
	MaxBytesPerSecond      float64 // the highest CurrentBytesPerSecond so far
	AudioBytesPerSecond    float64 // of audio, in bytes a second
	AudioByteCount         uint64  // audio that came in, in bytes
	VideoBytesPerSecond    float64 // of video, in bytes a second
	VideoByteCount         uint64  // video that came in, in bytes
	DataBytesPerSecond     float64 // of script data, in bytes a second
	DataByteCount          uint64  // script data that came in, in bytes
	PlaybackBytesPerSecond float64 // rate at which it is played, in bytes a second

	DroppedFrames uint64 // pictures that were never delivered because a live stream jumped forward

	AudioBufferByteLength int           // audio held to be played, in bytes
	VideoBufferByteLength int           // video held to be played, in bytes
	DataBufferByteLength  int           // script data held to be played, in bytes
	AudioBufferLength     time.Duration // how long the audio that is held lasts
	VideoBufferLength     time.Duration // how long the video that is held lasts
	DataBufferLength      time.Duration // how long the script data that is held lasts

	SRTT          time.Duration // smoothed round trip time; 0, as on Flash for all but RTMFP
	AudioLossRate float64       // share of audio that was lost on the way, 0 to 1; 0, since nothing that is played is lost
	VideoLossRate float64       // share of video that was lost on the way, 0 to 1; 0 too

	MetaData     map[string]any // the newest onMetaData; nil before one came. It must not be changed
	XMPData      map[string]any // the newest onXMPData; nil if none came. It must not be changed
	URI          string         // the URL of the server
	ResourceName string         // what Play was given: the URL or the channel id
	IsLive       bool           // whether it is live, neither a file nor a complete playlist
}

// setPlayback fills in what the buffer counted.
func (n *NetStreamInfo) setPlayback(i *playback.Info) {
	n.CurrentBytesPerSecond, n.ByteCount, n.MaxBytesPerSecond = i.CurrentBytesPerSecond, i.ByteCount, i.MaxBytesPerSecond
	n.AudioBytesPerSecond, n.AudioByteCount = i.AudioBytesPerSecond, i.AudioByteCount
	n.VideoBytesPerSecond, n.VideoByteCount = i.VideoBytesPerSecond, i.VideoByteCount
	n.DataBytesPerSecond, n.DataByteCount = i.DataBytesPerSecond, i.DataByteCount
	n.PlaybackBytesPerSecond, n.DroppedFrames = i.PlaybackBytesPerSecond, i.DroppedFrames
	n.AudioBufferByteLength, n.AudioBufferLength = i.AudioBufferByteLength, i.AudioBufferLength
	n.VideoBufferByteLength, n.VideoBufferLength = i.VideoBufferByteLength, i.VideoBufferLength
	n.DataBufferByteLength, n.DataBufferLength = i.DataBufferByteLength, i.DataBufferLength
}

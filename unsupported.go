package superp2p

import "github.com/superp2p/superp2p/internal/fault"

// What NetStream.NetStream(connection, peerID) takes to say what it is connected to. A P2PNetStream finds its peers itself.
const (
	ConnectToFMS      = "connectToFMS"
	DirectConnections = "directConnections"
)

// native are properties that only a player with screen and camera can follow. They are kept for who reads them.
type native struct {
	policyFile, hardware, jitter bool
	audioAccess, videoAccess     bool
}

// ErrNotSupported is what members return that have no meaning here. Its code is not_supported; errors.Is finds it.
var ErrNotSupported error = fault.New(fault.NotSupported, "this member of NetStream has no meaning here; leave it out")

func notSupported(what, instead string) error {
	return fault.New(fault.NotSupported, what+" has no meaning here; "+instead)
}

// Attach returns not_supported: a stream connects by itself. NetStream.attach.
func (n *P2PNetStream) Attach(any) error {
	return notSupported("a NetConnection", "say in Config.Server where the server is")
}

// AttachAudio returns not_supported: there is no microphone. NetStream.attachAudio.
func (n *P2PNetStream) AttachAudio(any) error {
	return notSupported("a microphone", "call Publish and write FLV bytes or packets")
}

// AttachCamera returns not_supported: there is no camera. NetStream.attachCamera.
func (n *P2PNetStream) AttachCamera(any) error {
	return notSupported("a camera", "call Publish and write FLV bytes or packets")
}

// ResetDRMVouchers returns not_supported: nothing here is protected by Flash Access. NetStream.resetDRMVouchers.
func ResetDRMVouchers() error { return notSupported("a DRM voucher", "play what is not protected") }

// SetVideoStreamSettings returns not_supported: nothing is encoded here. NetStream.videoStreamSettings.
func (n *P2PNetStream) SetVideoStreamSettings(any) error {
	return notSupported("the setting of an encoder", "publish what is encoded as it is to be")
}

// ObjectEncoding returns 0: script data is AMF0. NetStream.objectEncoding.
func (n *P2PNetStream) ObjectEncoding() int { return 0 }

// CheckPolicyFile returns what was set, at first false. It has no effect. NetStream.checkPolicyFile.
func (n *P2PNetStream) CheckPolicyFile() bool { return n.settings().native.policyFile }

// SetCheckPolicyFile is kept and has no effect: only pages have policy files.
func (n *P2PNetStream) SetCheckPolicyFile(on bool) {
	n.change(func(s *settings) { s.native.policyFile = on }, nil)
}

// UseHardwareDecoder returns what was set, at first true. It has no effect. NetStream.useHardwareDecoder.
func (n *P2PNetStream) UseHardwareDecoder() bool { return n.settings().native.hardware }

// SetUseHardwareDecoder is kept and has no effect: frames are handed out coded.
func (n *P2PNetStream) SetUseHardwareDecoder(on bool) {
	n.change(func(s *settings) { s.native.hardware = on }, nil)
}

// UseJitterBuffer returns what was set, at first false. It has no effect. NetStream.useJitterBuffer.
func (n *P2PNetStream) UseJitterBuffer() bool { return n.settings().native.jitter }

// SetUseJitterBuffer is kept and has no effect: the buffer always evens out what comes unevenly.
func (n *P2PNetStream) SetUseJitterBuffer(on bool) {
	n.change(func(s *settings) { s.native.jitter = on }, nil)
}

// AudioSampleAccess returns what was set, at first false. It has no effect. NetStream.audioSampleAccess.
func (n *P2PNetStream) AudioSampleAccess() bool { return n.settings().native.audioAccess }

// SetAudioSampleAccess is kept and has no effect: who reads has the frames.
func (n *P2PNetStream) SetAudioSampleAccess(on bool) {
	n.change(func(s *settings) { s.native.audioAccess = on }, nil)
}

// VideoSampleAccess returns what was set, at first false. It has no effect. NetStream.videoSampleAccess.
func (n *P2PNetStream) VideoSampleAccess() bool { return n.settings().native.videoAccess }

// SetVideoSampleAccess is kept and has no effect: who reads has the frames.
func (n *P2PNetStream) SetVideoSampleAccess(on bool) {
	n.change(func(s *settings) { s.native.videoAccess = on }, nil)
}

// AudioReliable returns true: nothing that is played is lost. NetStream.audioReliable.
func (n *P2PNetStream) AudioReliable() bool { return true }

// VideoReliable returns true, as AudioReliable does. NetStream.videoReliable.
func (n *P2PNetStream) VideoReliable() bool { return true }

// DataReliable returns true, as AudioReliable does. NetStream.dataReliable.
func (n *P2PNetStream) DataReliable() bool { return true }

package members

import "slices"

// What superp2p.swf does of a member that it does not do as the reference says.
const (
	swfError  = "answers an error"
	swfFlash  = "Flash's own"
	swfKept   = "kept"
	swfNever  = "never comes"
	swfNought = "0"
)

// swf are the members of which superp2p.swf does not do all.
func swf() map[string][]string {
	return map[string][]string{
		swfError: {"method attach", "method attachAudio", "method attachCamera", "method publish", "method send", "method receiveVideoFPS"},
		// In Flash Player it works; Ruffle 0.6.0 has it not or as a stub.
		swfFlash: {
			"method dispose", "method resetDRMVouchers", "constant CONNECT_TO_FMS", "constant DIRECT_CONNECTIONS",
			"property audioSampleAccess", "property videoSampleAccess", "property checkPolicyFile", "property objectEncoding",
			"property useHardwareDecoder", "property useJitterBuffer", "property videoStreamSettings", "property audioReliable",
			"property videoReliable", "property dataReliable", "property farID", "property farNonce", "property nearNonce",
			"property peerStreams", "event NetStream.Video.DimensionChange", "callback onCuePoint", "callback onXMPData",
			"callback onImageData", "callback onTextData", "callback onSeekPoint", "callback onMetaData",
		},
		"Flash's own; in Ruffle an error": {
			"method appendBytes", "method appendBytesAction", "constant RESET_BEGIN", "constant RESET_SEEK", "constant END_SEQUENCE",
		},
		"Flash's own; in Ruffle the volume 0 alone": {"property soundTransform"},
		"forward only": {"method step"},
		swfKept: {
			"property bufferTimeMax", "property inBufferSeek", "property multicastAvailabilitySendToAll", "property multicastAvailabilityUpdatePeriod",
			"property multicastFetchPeriod", "property multicastPushNeighborLimit", "property multicastRelayMarginDuration",
			"property multicastWindowDuration",
		},
		swfNever: {
			"method onPeerConnect",
			"event NetStream.Connect.Success", "event NetStream.Connect.Closed", "event NetStream.Connect.Failed", "event NetStream.Connect.Rejected",
			"event NetStream.MulticastStream.Reset", "event NetStream.Publish.Start", "event NetStream.Publish.Idle", "event NetStream.Unpublish.Success",
		},
		swfNought: {
			"info dataBytesPerSecond", "info dataByteCount", "info droppedFrames", "info dataBufferByteLength", "info dataBufferLength",
		},
		"by a proxy, else 0": {
			"multicastInfo sendDataBytesPerSecond", "multicastInfo sendControlBytesPerSecond", "multicastInfo receiveControlBytesPerSecond",
			"multicastInfo bytesPushedToPeers", "multicastInfo fragmentsPushedToPeers", "multicastInfo bytesRequestedByPeers",
			"multicastInfo fragmentsRequestedByPeers", "multicastInfo bytesPushedFromPeers", "multicastInfo fragmentsPushedFromPeers",
			"multicastInfo bytesRequestedFromPeers", "multicastInfo fragmentsRequestedFromPeers", "multicastInfo sendControlBytesPerSecondToServer",
			"multicastInfo fragmentsReceivedFromServer",
		},
		"none": {"info xmpData"},
		"if the application has no client of its own": {"info metaData"},
	}
}

// SWF returns what superp2p.swf does of it (docs/flash.md): full is what the reference says, in Flash Player and in Ruffle.
func (m *Member) SWF() string {
	for what, names := range swf() {
		if slices.Contains(names, string(m.Kind)+" "+m.Name) {
			return what
		}
	}
	return string(Full)
}

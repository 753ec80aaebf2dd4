package flv

// Codec names what a tag's media is coded with: a FourCC as in enhanced RTMP, also for legacy bodies where the codec
// has one, else a name of our own. "" means unknown.
type Codec string

// The codecs that are told apart.
const (
	H264  Codec = "avc1"
	HEVC  Codec = "hvc1"
	VVC   Codec = "vvc1"
	AV1   Codec = "av01"
	VP9   Codec = "vp09"
	VP8   Codec = "vp08"
	H263  Codec = "flv1" // Sorenson
	VP6   Codec = "vp6f"
	VP6A  Codec = "vp6a"
	AAC   Codec = "mp4a"
	MP3   Codec = ".mp3"
	Opus  Codec = "Opus"
	FLAC  Codec = "fLaC"
	AC3   Codec = "ac-3"
	EAC3  Codec = "ec-3"
	PCM   Codec = "lpcm" // also ADPCM
	G711A Codec = "alaw"
	G711U Codec = "ulaw"
	Speex Codec = "spex"
)

// kind is what a media tag's packet is.
type kind uint8

const (
	frames         kind = iota
	sequenceHeader      // what a decoder needs before any frame
	sequenceEnd
	information // enhanced metadata (colour, HDR) or a multichannel layout: describes, holds no frames
	command     // a seek command of the legacy format
)

// body is what the first bytes of a media body say.
type body struct {
	kind   kind
	codec  Codec
	key    bool // the frames begin with a keyframe
	track  uint8
	header int  // where a sequence header's payload begins
	ok     bool // the body is long enough to say so
	ex     bool // an enhanced body
}

// inspect reads the first bytes of a media tag.
func (t *Tag) inspect() body {
	switch {
	case len(t.Body) == 0:
		return body{}
	case t.Type == Video && t.Body[0]&0x80 != 0:
		return inspectEnhanced(t.Body, true)
	case t.Type == Video:
		return inspectVideo(t.Body)
	case t.Type == Audio && t.Body[0]>>4 == 9:
		return inspectEnhanced(t.Body, false)
	case t.Type == Audio:
		return inspectAudio(t.Body)
	}
	return body{}
}

// inspectVideo reads the VideoTagHeader of Adobe's specification, E.4.3.1.
func inspectVideo(b []byte) body {
	d := body{header: 1, ok: true, codec: videoCodec(b[0] & 0x0f)}
	frameType := b[0] >> 4
	d.key = frameType == 1 || frameType == 4
	switch d.codec {
	case H264, HEVC, VVC, AV1:
		if len(b) < 5 {
			return body{codec: d.codec}
		}
		d.header = 5
		switch b[1] {
		case 0:
			d.kind = sequenceHeader
		case 2:
			d.kind = sequenceEnd
		}
	}
	if frameType == 5 {
		d.kind = command
	}
	return d
}

func videoCodec(id byte) Codec {
	switch id {
	case 2:
		return H263
	case 4:
		return VP6
	case 5:
		return VP6A
	case 7:
		return H264
	case 12:
		return HEVC
	case 13:
		return AV1
	case 14:
		return VVC
	}
	return ""
}

// inspectAudio reads the AudioTagHeader of Adobe's specification, E.4.2.1.
func inspectAudio(b []byte) body {
	d := body{header: 1, ok: true}
	switch b[0] >> 4 {
	case 0, 1, 3:
		d.codec = PCM
	case 2, 14:
		d.codec = MP3
	case 7:
		d.codec = G711A
	case 8:
		d.codec = G711U
	case 11:
		d.codec = Speex
	case 13:
		d.codec = Opus // not in the specification; some CDNs use it, with AAC's packet types
	case 10:
		d.codec = AAC
	}
	if d.codec == AAC || d.codec == Opus {
		if len(b) < 2 {
			return body{codec: d.codec}
		}
		d.header = 2
		if b[1] == 0 {
			d.kind = sequenceHeader
		}
	}
	return d
}

// Packet types of enhanced RTMP; audio lacks some of them.
const (
	exSequenceStart = 0
	exCodedFrames   = 1
	exSequenceEnd   = 2
	exCodedFramesX  = 3 // audio: not used
	exMetadata      = 4 // audio: MultichannelConfig
	exMPEG2TSStart  = 5 // audio: Multitrack
	exMultitrack    = 6 // audio: not used
	exModEx         = 7
)

// inspectEnhanced reads ExVideoTagHeader or ExAudioTagHeader of enhanced RTMP v2.
func inspectEnhanced(b []byte, video bool) body {
	d := body{ex: true}
	packet, frameType := b[0]&0x0f, byte(0)
	if video {
		frameType = b[0] >> 4 & 7
		d.key = frameType == 1 || frameType == 4
	}
	at := 1
	for packet == exModEx { // its size, its bytes, then its type and the next packet type
		if at >= len(b) {
			return body{ex: true}
		}
		size := int(b[at]) + 1
		at++
		if size == 256 {
			if at+2 > len(b) {
				return body{ex: true}
			}
			size = int(b[at])<<8 | int(b[at+1]) + 1
			at += 2
		}
		at += size
		if at >= len(b) {
			return body{ex: true}
		}
		packet = b[at] & 0x0f
		at++
	}
	if video && frameType == 5 && packet != exMetadata {
		d.kind, d.ok = command, true
		return d
	}
	multitrack, oneCodec := false, true
	if (video && packet == exMultitrack) || (!video && packet == exMPEG2TSStart) {
		if at >= len(b) {
			return body{ex: true}
		}
		multitrack, oneCodec = true, b[at]>>4 != 2
		packet = b[at] & 0x0f
		at++
	}
	if oneCodec || !multitrack {
		if at+4 > len(b) {
			return body{ex: true}
		}
		d.codec = fourCC(b[at : at+4])
		at += 4
	}
	if multitrack {
		return inspectTrack(d, b, at, packet, video, oneCodec)
	}
	d.kind = packetKind(packet, video)
	d.header, d.ok = at, true
	return d
}

// inspectTrack reads what precedes the first track of a multitrack body.
func inspectTrack(d body, b []byte, at int, packet byte, video, oneCodec bool) body {
	if !oneCodec {
		if at+4 > len(b) {
			return body{ex: true}
		}
		d.codec = fourCC(b[at : at+4])
		at += 4
	}
	if at >= len(b) {
		return body{ex: true}
	}
	d.track = b[at]
	// The payload is not looked into: for many tracks it is a list, and nothing here needs it.
	d.kind, d.header, d.ok = packetKind(packet, video), len(b), true
	return d
}

func packetKind(packet byte, video bool) kind {
	switch packet {
	case exSequenceStart:
		return sequenceHeader
	case exSequenceEnd:
		return sequenceEnd
	case exMetadata:
		return information
	case exMPEG2TSStart:
		if video {
			return sequenceHeader
		}
	}
	return frames
}

func fourCC(b []byte) Codec {
	switch c := Codec(b); c {
	case "hev1":
		return HEVC
	case "avc3":
		return H264
	default:
		return c
	}
}

// IsKeyframe tells whether t carries video that a decoder can start with. A sequence header is none.
func (t *Tag) IsKeyframe() bool {
	if t.Type != Video {
		return false
	}
	d := t.inspect()
	return d.ok && d.kind == frames && d.key
}

// IsVideoSequenceHeader tells whether t holds what a video decoder needs before any frame (SPS and PPS …).
func (t *Tag) IsVideoSequenceHeader() bool { return t.Type == Video && t.IsSequenceHeader() }

// IsAudioSequenceHeader tells whether t holds what an audio decoder needs before any frame (AudioSpecificConfig …).
func (t *Tag) IsAudioSequenceHeader() bool { return t.Type == Audio && t.IsSequenceHeader() }

// IsSequenceHeader tells whether t is a sequence header of video or audio.
func (t *Tag) IsSequenceHeader() bool {
	d := t.inspect()
	return d.ok && d.kind == sequenceHeader
}

// IsMetadata tells whether t is an onMetaData.
func (t *Tag) IsMetadata() bool {
	return t.Type == Script && len(t.Body) >= len(onMetaData) && string(t.Body[:len(onMetaData)]) == onMetaData
}

// IsMedia tells whether t carries audio or video proper: neither script data nor a Config.
func (t *Tag) IsMedia() bool {
	if t.Type == Script {
		return false
	}
	_, config := t.Config()
	return !config
}

// Codec returns what a media tag is coded with, "" if that is unknown.
func (t *Tag) Codec() Codec { return t.inspect().codec }

// ConfigKey tells configurations apart: a later one with the same key replaces the earlier.
type ConfigKey struct {
	Type        Type
	Information bool // enhanced metadata or a multichannel layout, not a sequence header
	Track       uint8
}

// Config tells whether t is part of what a decoder needs before it can start (onMetaData, a sequence header, enhanced
// metadata), and returns the key under which to keep it.
func (t *Tag) Config() (ConfigKey, bool) {
	if t.Type == Script {
		return ConfigKey{Type: Script}, t.IsMetadata()
	}
	d := t.inspect()
	if !d.ok || (d.kind != sequenceHeader && d.kind != information) {
		return ConfigKey{}, false
	}
	return ConfigKey{Type: t.Type, Information: d.kind == information, Track: d.track}, true
}

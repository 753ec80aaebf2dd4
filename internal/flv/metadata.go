package flv

import (
	"math"
	"slices"
	"time"
)

// defaultFrameRate stands in onMetaData when neither the source nor its sequence header tells; players only show it,
// but some refuse the video without it.
const defaultFrameRate = 25

// fileOnly are keys that describe a file, and are wrong in what is cut out of a live stream.
var fileOnly = [...]string{"filesize", "keyframes", "lasttimestamp", "lastkeyframetimestamp", "lastkeyframelocation",
	"hasKeyframes", "canSeekToEnd", "duration"}

// CompleteMetadata returns the body of an onMetaData for a live stream: the keys of the source's own (source, or nil),
// without those that hold only for a file, and with duration 0 and what Flash players want besides filled from a tag
// of the stream's video and one of its audio (a sequence header tells most; nil if the stream has none): width,
// height, videocodecid, framerate, audiocodecid, audiosamplerate, audiosamplesize, stereo.
func CompleteMetadata(source []byte, video, audio *Tag) []byte {
	all := slices.DeleteFunc(parseMetadata(source), func(p property) bool {
		return slices.Contains(fileOnly[:], p.key)
	})
	m := metadata{append([]property{{"duration", number(0)}}, all...)}
	if video != nil {
		m.completeVideo(video)
	}
	if audio != nil {
		m.completeAudio(audio)
	}
	return appendMetadata(nil, m.all)
}

type metadata struct{ all []property }

func (m *metadata) set(key string, v []byte) {
	for i := range m.all {
		if m.all[i].key == key {
			m.all[i].value = v
			return
		}
	}
	m.all = append(m.all, property{key, v})
}

// has tells whether key has a positive number, which is the only useful value of the keys that are filled in here.
func (m *metadata) has(key string) bool {
	for i := range m.all {
		if m.all[i].key == key {
			v, ok := m.all[i].number()
			return ok && v > 0 && !math.IsInf(v, 0)
		}
	}
	return false
}

func (m *metadata) completeVideo(t *Tag) {
	p := t.picture()
	if p.width > 0 && p.height > 0 { // the stream is right where it contradicts the metadata
		m.set("width", number(float64(p.width)))
		m.set("height", number(float64(p.height)))
	}
	if !m.has("framerate") {
		rate := p.rate
		if !(rate > 1 && rate <= 300) {
			rate = defaultFrameRate
		}
		m.set("framerate", number(rate))
	}
	if id := t.codecNumber(); id > 0 {
		m.set("videocodecid", number(id))
	}
}

func (m *metadata) completeAudio(t *Tag) {
	if len(t.Body) == 0 {
		return
	}
	m.set("audiocodecid", number(t.codecNumber()))
	d := t.inspect()
	if d.ex {
		return
	}
	rate, stereo := legacyRate(t.Body[0]), t.Body[0]&1 != 0
	if d.codec == AAC { // its header always says 44 kHz stereo; the AudioSpecificConfig says what is true
		if r, channels, ok := aacConfig(t, &d); ok {
			rate, stereo = float64(r), channels > 1
		}
	}
	if !m.has("audiosamplerate") {
		m.set("audiosamplerate", number(rate))
	}
	if !m.has("audiosamplesize") {
		size := 8.0
		if t.Body[0]&2 != 0 {
			size = 16
		}
		m.set("audiosamplesize", number(size))
	}
	if !slices.ContainsFunc(m.all, func(p property) bool { return p.key == "stereo" }) {
		v := []byte{amfBoolean, 0}
		if stereo {
			v[1] = 1
		}
		m.set("stereo", v)
	}
}

// codecNumber returns what videocodecid or audiocodecid say of t: the codec's number of a legacy body, the FourCC as a
// number of an enhanced one, 0 if unknown.
func (t *Tag) codecNumber() float64 {
	d := t.inspect()
	switch {
	case len(t.Body) == 0:
		return 0
	case !d.ex && t.Type == Video:
		return float64(t.Body[0] & 0x0f)
	case !d.ex:
		return float64(t.Body[0] >> 4)
	case len(d.codec) != 4:
		return 0
	}
	c := d.codec
	return float64(uint32(c[0])<<24 | uint32(c[1])<<16 | uint32(c[2])<<8 | uint32(c[3]))
}

func legacyRate(b byte) float64 {
	return [...]float64{5500, 11025, 22050, 44100}[b>>2&3]
}

// StreamKinds tells which kinds of media an onMetaData announces; false, false for one that says nothing of it.
func StreamKinds(metadata []byte) (audio, video bool) {
	for _, p := range parseMetadata(metadata) {
		switch p.key {
		case "videocodecid", "width", "height":
			v, ok := p.number()
			video = video || !ok || v > 0
		case "audiocodecid", "audiosamplerate":
			v, ok := p.number()
			audio = audio || !ok || v > 0
		case "hasVideo":
			video = video || len(p.value) == 2 && p.value[1] != 0
		case "hasAudio":
			audio = audio || len(p.value) == 2 && p.value[1] != 0
		}
	}
	return audio, video
}

// WithDuration returns an onMetaData that says how long the stream is. 0 is what a live one says.
func WithDuration(body []byte, d time.Duration) []byte {
	m := metadata{parseMetadata(body)}
	m.set("duration", number(d.Seconds()))
	return appendMetadata(nil, m.all)
}

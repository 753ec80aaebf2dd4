package origin

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

//go:embed clip.flv
var clip []byte

const (
	// clipLength is how long the clip lasts, in ms: see scripts/make-clip.sh.
	clipLength = 8000
	// keyWeight is how many times larger a keyframe is made than another frame, as encoders do.
	keyWeight = 6
)

// Loop yields the tags of the endless stream, as fast as it is asked. Make one with NewLoop.
type Loop struct {
	headers []flv.Tag // onMetaData and sequence headers
	media   []flv.Tag
	padding []int // bytes to add to each of media
	first   int64
	start   time.Time

	next     int
	round    int64
	sequence uint64
}

// NewLoop returns the stream with about the given bit rate in bits per second, of audio and video together; 0 leaves
// the clip as it is, about 290 kbit/s, and less than that is not possible. Timestamps begin at first ms, which is due
// at start.
func NewLoop(bitrate int, first int64, start time.Time) *Loop {
	l := &Loop{first: first, start: start}
	r := flv.NewReader(bytes.NewReader(clip), flv.Limits{})
	for {
		t, err := r.ReadTag()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			panic("origin: the embedded clip is damaged: " + err.Error()) // a mistake of ours, found by any test
		}
		switch _, config := t.Config(); {
		case config:
			l.headers = append(l.headers, t)
		case t.IsMedia() && t.Timestamp < clipLength && len(t.Body) > 5:
			l.media = append(l.media, t)
		}
	}
	l.pad(bitrate)
	return l
}

// pad computes how much is added to each frame.
func (l *Loop) pad(bitrate int) {
	l.padding = make([]int, len(l.media))
	own, weights := 0, 0
	for i := range l.media {
		t := &l.media[i]
		own += t.Size()
		if t.Type == flv.Video {
			own += 4 + markSize
			weights += weight(t)
		}
	}
	missing := bitrate/8*clipLength/1000 - own
	if missing <= 0 {
		return
	}
	for i := range l.media {
		if t := &l.media[i]; t.Type == flv.Video {
			l.padding[i] = missing * weight(t) / weights
		}
	}
}

func weight(t *flv.Tag) int {
	if t.IsKeyframe() {
		return keyWeight
	}
	return 1
}

// Headers returns onMetaData and the sequence headers, with timestamp 0.
func (l *Loop) Headers() []flv.Tag {
	all := append([]flv.Tag(nil), l.headers...)
	for i := range all {
		all[i].Timestamp = 0
	}
	return all
}

// Next returns the next tag of audio or video and its unwrapped timestamp in ms.
func (l *Loop) Next() (flv.Tag, int64) {
	t := l.media[l.next]
	at := l.first + l.round*clipLength + int64(t.Timestamp)
	if t.Type == flv.Video {
		t.Body = l.frame(t.Body, l.padding[l.next], Mark{l.sequence, at, l.due(at)})
		l.sequence++
	}
	t.Timestamp = uint32(at)
	if l.next++; l.next == len(l.media) {
		l.next, l.round = 0, l.round+1
	}
	return t, at
}

// due returns when timestamp at is sent live.
func (l *Loop) due(at int64) time.Time {
	return l.start.Add(time.Duration(at-l.first) * time.Millisecond)
}

// frame returns body with the mark before its NAL units and filler data (NAL unit type 12) after them.
func (l *Loop) frame(body []byte, padding int, m Mark) []byte {
	b := make([]byte, 0, len(body)+4+markSize+padding)
	b = append(b, body[:5]...) // video tag header: frame type, codec, packet type, composition time
	b = appendMark(b, m)
	b = append(b, body[5:]...)
	if padding > 6 {
		b = binary.BigEndian.AppendUint32(b, uint32(padding-4))
		b = append(b, 12)
		b = append(b, bytes.Repeat([]byte{0xff}, padding-6)...)
		b = append(b, 0x80)
	}
	return b
}

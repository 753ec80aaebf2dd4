package rtsp

import (
	"github.com/superp2p/superp2p/internal/flv"
)

// aacFlags begins every AAC body: the format, and what the specification fixes whatever the stream is (Adobe E.4.2.1).
const aacFlags = 0xaf

// aac makes tags of AAC access units.
type aac struct {
	config []byte // AudioSpecificConfig
	limit  int
	begun  bool
}

func (a *aac) header(at int64) *flv.Tag {
	return &flv.Tag{Type: flv.Audio, Timestamp: milliseconds(at), Body: append([]byte{aacFlags, 0}, a.config...)}
}

func (a *aac) tags(units [][]byte, at int64) ([]flv.Tag, error) {
	var tags []flv.Tag
	if !a.begun {
		a.begun = true
		tags = append(tags, *a.header(at))
	}
	for _, unit := range units {
		if len(unit)+2 > a.limit {
			return tags, tooLarge()
		}
		tags = append(tags, flv.Tag{
			Type: flv.Audio, Timestamp: milliseconds(at), Body: append([]byte{aacFlags, 1}, unit...),
		})
	}
	return tags, nil
}

package swarm

import (
	"bytes"
	"time"

	"github.com/superp2p/superp2p/internal/wire"
)

// doubt is a part of a slice that a neighbour sent and that was of no use, since it was cancelled or the neighbour failed.
// It is looked at when the slice is here, so that nobody sends wrong bytes unseen.
type doubt struct {
	from   *neighbour
	offset int
	part   []byte
}

// maxDoubts limits the parts of a slice that are kept to be looked at.
const maxDoubts = 4

// doubted keeps a part to be looked at later.
func (w *want) doubted(p *neighbour, offset int, part []byte) {
	for i := range w.doubts {
		if d := &w.doubts[i]; d.from == p && d.offset+len(d.part) == offset {
			d.part = joined(d.part, part)
			return
		}
	}
	if len(w.doubts) == maxDoubts {
		copy(w.doubts, w.doubts[1:])
		w.doubts = w.doubts[:maxDoubts-1]
	}
	w.doubts = append(w.doubts, doubt{p, offset, part})
}

// begun returns the longest part from the start of the slice that came and is not proved.
func (w *want) begun() []byte {
	var most []byte
	for _, d := range w.doubts {
		if d.offset == 0 && len(d.part) > len(most) {
			most = d.part
		}
	}
	return most
}

// crossed takes what p sent of a slice before it knew that we do not want it from it any more: w, nil if the slice is
// here already or not wanted at all.
func (e *Engine) crossed(now time.Time, p *neighbour, w *want, m *wire.Message) {
	e.stats.DuplicateBytes += uint64(len(m.Bytes))
	offset := int(m.Offset)
	if w != nil {
		w.doubted(p, offset, m.Bytes)
	} else if s := e.store.get(m.Number); s != nil && !holds(s.Payload, offset, m.Bytes) {
		e.stats.BadBytes += uint64(len(m.Bytes))
		e.bar(now, p, errWrongPart)
	}
}

// holds tells whether part is what payload has at offset.
func holds(payload []byte, offset int, part []byte) bool {
	return offset <= len(payload) && bytes.HasPrefix(payload[offset:], part)
}

package sim

import (
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// behaviour is what a viewer does to others.
type behaviour uint8

const (
	honest behaviour = iota
	mute
	freeRider
	polluter
	liar
	staller
)

// ignores is what bad peers do to messages that come: the result says that the engine does not see m.
func (v *viewer) ignores(l *end, m message) bool {
	if len(m.head) == 0 || wire.Kind(m.head[0]) != wire.Request {
		return false
	}
	switch v.behaves {
	case liar:
		return true
	case freeRider:
		if r, err := wire.Parse(m.head); err == nil {
			l.send(message{head: wire.Append(nil, &wire.Message{Kind: wire.Refuse, Number: r.Number, Reason: wire.Busy})})
		}
		return true
	}
	return false
}

// tampers is what bad peers do to messages that they send; false if they send nothing.
func (v *viewer) tampers(l *end, m *message) bool {
	if len(m.body) == 0 {
		return v.behaves != freeRider && v.behaves != liar || wire.Kind(m.head[0]) != wire.Offer
	}
	switch v.behaves {
	case polluter:
		wrong := append([]byte(nil), m.body...)
		wrong[len(wrong)/2] ^= 1
		m.body = wrong
		if l.polluted == 0 {
			l.polluted = v.w.queue.now
		}
	case staller:
		h, err := wire.ParseData(m.head, m.body)
		return err == nil && h.Offset == 0
	}
	return true
}

// lie announces slices that were just cut.
func (v *viewer) lie() {
	newest := slice.Number(len(v.w.stream.slices))
	if v.lied == 0 {
		v.lied = newest - 1
	}
	for ; v.lied < newest; v.lied++ {
		for _, l := range v.live {
			l.send(message{head: wire.Append(nil, &wire.Message{Kind: wire.Offer, Number: v.lied})})
		}
	}
}

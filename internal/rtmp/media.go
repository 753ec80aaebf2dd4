package rtmp

import (
	"github.com/superp2p/superp2p/internal/flv"
)

// AMF0 strings that a publisher's data messages begin with: they tell the server what to do, and are not relayed.
const (
	setDataFrame   = "\x02\x00\x0d@setDataFrame"
	clearDataFrame = "\x02\x00\x0f@clearDataFrame"
)

// tags returns the FLV tags that a message carries: mostly one, several for an aggregate, none for what is no media.
func (m *message) tags(limits flv.Limits) []flv.Tag {
	if len(m.body) == 0 { // some servers send empty audio as a sign of life
		return nil
	}
	switch m.typ {
	case typeAudio, typeVideo:
		return []flv.Tag{{Type: flv.Type(m.typ), Timestamp: m.timestamp, Body: m.body}}
	case typeDataAMF3:
		if m.body[0] != 0 { // real AMF3, which FLV has no place for
			return nil
		}
		return data(m.timestamp, m.body[1:])
	case typeDataAMF0:
		return data(m.timestamp, m.body)
	case typeAggregate:
		return m.aggregate(limits)
	}
	return nil
}

func data(timestamp uint32, b []byte) []flv.Tag {
	switch {
	case hasPrefix(b, setDataFrame):
		b = b[len(setDataFrame):]
	case hasPrefix(b, clearDataFrame):
		return nil
	}
	if len(b) == 0 {
		return nil
	}
	return []flv.Tag{{Type: flv.Script, Timestamp: timestamp, Body: b}}
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// aggregate takes an aggregate message apart (7.1.6): FLV tags, whose times count from the message's.
func (m *message) aggregate(limits flv.Limits) []flv.Tag {
	var all []flv.Tag
	first := uint32(0)
	for b := m.body; len(b) > 0; {
		t, n, err := flv.ParseTag(b, limits)
		if err != nil {
			break
		}
		if len(all) == 0 {
			first = t.Timestamp
		}
		t.Timestamp += m.timestamp - first
		if t.Type == flv.Script {
			all = append(all, data(t.Timestamp, t.Body)...)
		} else if len(t.Body) > 0 {
			all = append(all, t)
		}
		b = b[n:]
	}
	return all
}

// writeTag sends a tag as a message.
func (c *conn) writeTag(stream uint32, t *flv.Tag) error {
	id, body := byte(onData), t.Body
	switch t.Type {
	case flv.Audio:
		id = onAudio
	case flv.Video:
		id = onVideo
	}
	return c.write(id, &message{typ: uint8(t.Type), timestamp: t.Timestamp, stream: stream, body: body})
}

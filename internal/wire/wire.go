package wire

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// Version is the protocol version that Hello carries. Peers of another version part at once.
const Version = 1

const (
	// MaxFragment is the largest part of a payload in one Data message: 16 KiB, which every browser sends in one
	// piece and which lets urgent messages between (RFC 8831, section 6.6).
	MaxFragment = 16 << 10
	// MaxMessage is the largest message. Proofs of on-demand groups may need it; all else is smaller.
	MaxMessage = 48 << 10
	// MaxNumbers is how many slices one Have may name.
	MaxNumbers = 256
	// MaxBitmap is the largest bitmap of a Hello, in bytes: 8 slices each. It covers the largest file.
	MaxBitmap = 32 << 10
)

// Kind is the first byte of a message.
type Kind byte

// The kinds of messages. A receiver ignores kinds that it does not know, so that later versions may add some.
const (
	Hello   Kind = 1 + iota // the first message of each side: what it plays and holds
	Have                    // slices that the sender holds from now on
	Request                 // asks for one slice
	Refuse                  // says that a request will not be served
	Cancel                  // takes a request back
	Proof                   // a signed statement, before the first Data of a slice it covers
	Data                    // a part of a slice's payload, in order
	Ping                    // asks for a Pong with the same Nonce
	Pong
	Bye   // the sender leaves this link
	Offer // the sender holds one slice and has room in its uplink to send it now
)

// Reason says why a request is refused or a link is left.
type Reason byte

// The reasons.
const (
	Busy        Reason = 1 + iota // too many requests wait already: ask another or later
	NotHeld                       // the slice is not here (any more)
	NotSharing                    // this peer does not upload
	Leaving                       // the viewer closed the stream
	OtherTrack                    // the two peers play different tracks
	OtherFormat                   // the version is another one
	Full                          // enough neighbours already
	Refused                       // that peer is not wanted here
)

// HelloFlags say what a peer will not do.
type HelloFlags uint8

// NoUpload says that the sender serves nobody (mobile data, upload off).
const NoUpload HelloFlags = 1

// Message is one message of any kind. Which fields count depends on Kind.
type Message struct {
	Kind    Kind
	Version uint64         // Hello
	Track   slice.TrackID  // Hello
	Flags   HelloFlags     // Hello
	First   slice.Number   // Hello: the slice that the bitmap's first bit stands for
	Bitmap  []byte         // Hello: least significant bit first
	Numbers []slice.Number // Have, ascending
	Number  slice.Number   // Request, Refuse, Cancel, Data, Offer
	Within  time.Duration  // Request: after that it is of no use, whole milliseconds
	Proved  bool           // Request: the proof is here already, leave it out
	Reason  Reason         // Refuse, Bye
	Offset  uint32         // Data: where in the payload
	Bytes   []byte         // Data: payload; Proof: the encoded statement
	Sig     slice.Signature
	Nonce   uint32 // Ping, Pong
}

// Errors of Parse: the sender breaks the protocol.
var (
	ErrShort     = errors.New("wire: message ends early; drop its sender")
	ErrMalformed = errors.New("wire: message breaks the format's limits; drop its sender")
	ErrTooLarge  = errors.New("wire: message is larger than any may be; drop its sender")
	// ErrUnknown is no fault of the sender: the message is of a kind that only a later version knows.
	ErrUnknown = errors.New("wire: unknown kind of message; ignore it")
)

// Append appends m's encoded form to b.
func Append(b []byte, m *Message) []byte {
	b = append(b, byte(m.Kind))
	switch m.Kind {
	case Hello:
		b = binary.AppendUvarint(b, m.Version)
		b = append(b, m.Track[:]...)
		b = binary.AppendUvarint(b, uint64(m.Flags))
		b = binary.AppendUvarint(b, uint64(m.First))
		b = append(b, m.Bitmap...)
	case Have:
		var before slice.Number
		for i, n := range m.Numbers {
			if i == 0 {
				b = binary.AppendUvarint(b, uint64(n))
			} else {
				b = binary.AppendUvarint(b, uint64(n-before))
			}
			before = n
		}
	case Request:
		b = binary.AppendUvarint(b, uint64(m.Number))
		b = binary.AppendUvarint(b, uint64(m.Within/time.Millisecond))
		if m.Proved {
			b = append(b, proved)
		}
	case Refuse:
		b = binary.AppendUvarint(b, uint64(m.Number))
		b = append(b, byte(m.Reason))
	case Cancel, Offer:
		b = binary.AppendUvarint(b, uint64(m.Number))
	case Proof:
		b = append(b, m.Sig[:]...)
		b = append(b, m.Bytes...)
	case Data:
		b = appendData(b, m.Number, m.Offset)
		b = append(b, m.Bytes...)
	case Ping, Pong:
		b = binary.BigEndian.AppendUint32(b, m.Nonce)
	case Bye:
		b = append(b, byte(m.Reason))
	}
	return b
}

// AppendDataHead appends what is before the payload in a Data message; see ParseData.
func AppendDataHead(b []byte, n slice.Number, offset uint32) []byte {
	return appendData(append(b, byte(Data)), n, offset)
}

func appendData(b []byte, n slice.Number, offset uint32) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(n)), uint64(offset))
}

const (
	maxNumber = 1 << 48
	maxWithin = 1 << 20 // ms: 17 minutes
	proved    = 1       // flag of a Request
)

// Parse reads one message. Slices in the result share b.
func Parse(b []byte) (Message, error) {
	if len(b) > MaxMessage {
		return Message{}, ErrTooLarge
	}
	if len(b) == 0 {
		return Message{}, ErrShort
	}
	d := decoder{b: b[1:]}
	m := Message{Kind: Kind(b[0])}
	switch m.Kind {
	case Hello:
		m.Version = d.uvarint(1 << 20)
		if m.Version != Version && d.err == nil {
			return m, nil // all else may look different there
		}
		copy(m.Track[:], d.bytes(len(m.Track)))
		m.Flags = HelloFlags(d.uvarint(0xff))
		m.First = slice.Number(d.uvarint(maxNumber))
		m.Bitmap = d.rest(MaxBitmap)
	case Have:
		m.Numbers = d.numbers()
	case Request:
		m.Number = slice.Number(d.uvarint(maxNumber))
		m.Within = time.Duration(d.uvarint(maxWithin)) * time.Millisecond
		if d.err == nil && len(d.b) > 0 {
			m.Proved = d.uvarint(0xff)&proved != 0
		}
	case Refuse:
		m.Number = slice.Number(d.uvarint(maxNumber))
		m.Reason = d.reason()
	case Cancel, Offer:
		m.Number = slice.Number(d.uvarint(maxNumber))
	case Proof:
		copy(m.Sig[:], d.bytes(len(m.Sig)))
		m.Bytes = d.rest(MaxMessage)
	case Data:
		m.Number = slice.Number(d.uvarint(maxNumber))
		m.Offset = uint32(d.uvarint(slice.MaxPayload))
		m.Bytes = d.rest(MaxFragment)
		if d.err == nil && len(m.Bytes) == 0 {
			d.err = ErrShort
		}
	case Ping, Pong:
		if nonce := d.bytes(4); nonce != nil {
			m.Nonce = binary.BigEndian.Uint32(nonce)
		}
	case Bye:
		m.Reason = d.reason()
	default:
		return m, ErrUnknown
	}
	if d.err == nil && len(d.b) != 0 {
		d.err = ErrMalformed
	}
	return m, d.err
}

// ParseData is Parse for a Data message whose payload stands apart from the fields before it, as it does where a driver
// lets payloads be shared.
func ParseData(head, payload []byte) (Message, error) {
	if len(head) == 0 || Kind(head[0]) != Data {
		return Message{}, ErrMalformed
	}
	d := decoder{b: head[1:]}
	m := Message{Kind: Data, Bytes: payload}
	m.Number = slice.Number(d.uvarint(maxNumber))
	m.Offset = uint32(d.uvarint(slice.MaxPayload))
	switch {
	case d.err != nil:
	case len(d.b) != 0, len(payload) > MaxFragment:
		d.err = ErrMalformed
	case len(payload) == 0:
		d.err = ErrShort
	}
	return m, d.err
}

// decoder takes fields off b and remembers the first error.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) uvarint(limit uint64) uint64 {
	if d.err != nil {
		return 0
	}
	v, n := binary.Uvarint(d.b)
	switch {
	case n == 0:
		d.err = ErrShort
	case n < 0 || v > limit:
		d.err = ErrMalformed
	default:
		d.b = d.b[n:]
		return v
	}
	return 0
}

func (d *decoder) bytes(n int) []byte {
	if d.err == nil && len(d.b) < n {
		d.err = ErrShort
	}
	if d.err != nil {
		return nil
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) rest(limit int) []byte {
	if d.err == nil && len(d.b) > limit {
		d.err = ErrMalformed
	}
	if d.err != nil {
		return nil
	}
	b := d.b
	d.b = nil
	return b
}

func (d *decoder) reason() Reason {
	b := d.bytes(1)
	if b == nil {
		return 0
	}
	return Reason(b[0])
}

func (d *decoder) numbers() []slice.Number {
	count := 0
	for _, b := range d.b {
		if b < 0x80 { // the last byte of a number
			count++
		}
	}
	ns := make([]slice.Number, 0, min(count, MaxNumbers))
	for d.err == nil && len(d.b) > 0 {
		v := d.uvarint(maxNumber)
		if len(ns) > 0 {
			if v == 0 {
				d.err = ErrMalformed
			}
			v += uint64(ns[len(ns)-1])
		}
		if len(ns) == MaxNumbers || v > maxNumber {
			d.err = ErrMalformed
		}
		ns = append(ns, slice.Number(v))
	}
	if len(ns) == 0 && d.err == nil {
		d.err = ErrShort
	}
	return ns
}

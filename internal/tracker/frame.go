package tracker

import (
	"encoding/binary"

	"github.com/gobwas/ws"

	"github.com/superp2p/superp2p/internal/tracker/message"
)

// frameError is why a connection is closed, with the status code of RFC 6455, section 7.4.
type frameError struct {
	status ws.StatusCode
	reason string
}

func (e *frameError) Error() string { return e.reason }

var (
	errUnmasked   = &frameError{ws.StatusProtocolError, "a client must mask its frames"}
	errReserved   = &frameError{ws.StatusProtocolError, "reserved bits or opcode: no extension was negotiated"}
	errControl    = &frameError{ws.StatusProtocolError, "a control frame must be whole and at most 125 bytes"}
	errFragment   = &frameError{ws.StatusProtocolError, "fragments out of order"}
	errTooBig     = &frameError{ws.StatusMessageTooBig, "a message may have at most 64 KiB"}
	errTooInvalid = &frameError{ws.StatusPolicyViolation, "too many invalid messages"}
	errGoingAway  = &frameError{ws.StatusGoingAway, "the tracker is shutting down"}
)

// frame is one frame from a client (RFC 6455, section 5.2), unmasked in place.
type frame struct {
	op      ws.OpCode
	fin     bool
	payload []byte
}

// parseFrame takes a frame from the front of b. If b does not hold all of it, need > len(b) tells how many bytes it
// has at least; otherwise need is its size.
func parseFrame(b []byte) (f frame, need int, err error) {
	if len(b) < 2 {
		return f, 6, nil
	}
	f.fin = b[0]&0x80 != 0
	f.op = ws.OpCode(b[0] & 0x0F)
	switch {
	case b[0]&0x70 != 0 || f.op.IsReserved():
		return f, 0, errReserved
	case b[1]&0x80 == 0:
		return f, 0, errUnmasked
	}
	size, head := int(b[1]&0x7F), 2
	if f.op.IsControl() && (size > ws.MaxControlFramePayloadSize || !f.fin) {
		return f, 0, errControl
	}
	switch size {
	case 126:
		if head = 4; len(b) < head {
			return f, head + 4, nil
		}
		size = int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if head = 10; len(b) < head {
			return f, head + 4, nil
		}
		long := binary.BigEndian.Uint64(b[2:])
		if long > message.MaxSize {
			return f, 0, errTooBig
		}
		size = int(long)
	}
	if size > message.MaxSize {
		return f, 0, errTooBig
	}
	need = head + 4 + size
	if len(b) < need {
		return f, need, nil
	}
	f.payload = b[head+4 : need]
	ws.Cipher(f.payload, [4]byte(b[head:head+4]), 0)
	return f, need, nil
}

// appendFrame appends a whole frame of a server.
func appendFrame(b []byte, op ws.OpCode, payload []byte) []byte {
	b = append(b, 0x80|byte(op))
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n <= 0xFFFF:
		b = append(b, 126, byte(n>>8), byte(n))
	default:
		b = append(b, 127)
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return append(b, payload...)
}

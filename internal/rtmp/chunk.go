package rtmp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// Types of messages (RTMP 1.0, 5.4, 6.1, 7.1).
const (
	typeSetChunkSize  = 1
	typeAbort         = 2
	typeAcknowledge   = 3
	typeUserControl   = 4
	typeWindowAckSize = 5
	typePeerBandwidth = 6
	typeAudio         = 8
	typeVideo         = 9
	typeDataAMF3      = 15
	typeCommandAMF3   = 17
	typeDataAMF0      = 18
	typeCommandAMF0   = 20
	typeAggregate     = 22
)

const (
	// maxChunkStreams is how many chunk streams one connection may use; encoders use about six.
	maxChunkStreams = 64
	// maxChunkSize is the largest chunk that is accepted, in bytes; RTMP allows up to the largest message, 16 MiB.
	maxChunkSize = 1<<24 - 1
	// smallMessage bounds messages before a client was allowed to publish, in bytes.
	smallMessage = 64 << 10
	// extended is the value of a timestamp field that says that 32 bits follow.
	extended = 0xffffff
)

// errProtocol means that the other side does not speak RTMP, or breaks a limit.
var errProtocol = errors.New("rtmp: the other side breaks the protocol or a limit")

// message is one RTMP message.
type message struct {
	typ       uint8
	timestamp uint32 // ms
	stream    uint32
	body      []byte
}

// incoming is what is known of a chunk stream: the header of its last message, and what has come of it.
type incoming struct {
	message
	size  int    // of the message
	field uint32 // the timestamp field last sent: absolute or a delta
	wide  bool   // it was sent in 32 bits
	open  bool   // the message is not complete
}

// chunkReader puts messages together from chunks (RTMP 1.0, 5.3).
type chunkReader struct {
	r       *bufio.Reader
	chunk   int // size of chunks
	max     int // largest message
	held    int // bytes of all incomplete messages
	streams map[uint32]*incoming
}

func newChunkReader(r io.Reader) *chunkReader {
	return &chunkReader{r: bufio.NewReaderSize(r, 16<<10), chunk: 128, max: smallMessage, streams: map[uint32]*incoming{}}
}

// read returns the next message, whose body is the caller's own.
func (c *chunkReader) read() (message, error) {
	for {
		m, err := c.readChunk()
		if err != nil || m != nil {
			if m != nil {
				return *m, err
			}
			return message{}, err
		}
	}
}

// readChunk reads one chunk and returns the message that it completes, if any.
func (c *chunkReader) readChunk() (*message, error) {
	format, id, err := c.basicHeader()
	if err != nil {
		return nil, err
	}
	s := c.streams[id]
	if s == nil {
		if format != 0 && format != 1 || len(c.streams) == maxChunkStreams { // librtmp servers may begin with 1
			return nil, errProtocol
		}
		s = &incoming{}
		c.streams[id] = s
	}
	if err := c.messageHeader(s, format); err != nil {
		return nil, err
	}
	n := min(s.size-len(s.body), c.chunk)
	if c.held += n; c.held > 2*max(c.max, smallMessage) {
		return nil, errProtocol
	}
	at := len(s.body)
	if s.body == nil {
		s.body = make([]byte, n, max(n, min(s.size, smallMessage)))
	} else {
		s.body = append(s.body, make([]byte, n)...)
	}
	if _, err := io.ReadFull(c.r, s.body[at:]); err != nil {
		return nil, noEOF(err)
	}
	if len(s.body) < s.size {
		return nil, nil
	}
	m := s.message
	c.drop(s)
	return &m, nil
}

// drop forgets the message that is being put together.
func (c *chunkReader) drop(s *incoming) {
	c.held -= len(s.body)
	s.body, s.open = nil, false
}

// basicHeader reads format and chunk stream ID (5.3.1.1).
func (c *chunkReader) basicHeader() (format byte, id uint32, err error) {
	b, err := c.r.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	format, id = b>>6, uint32(b&0x3f)
	if id > 1 {
		return format, id, nil
	}
	low, err := c.r.ReadByte()
	if err != nil {
		return 0, 0, noEOF(err)
	}
	if id == 0 {
		return format, 64 + uint32(low), nil
	}
	high, err := c.r.ReadByte()
	return format, 64 + uint32(low) + uint32(high)<<8, noEOF(err)
}

// messageHeader reads the message header and the extended timestamp (5.3.1.2, 5.3.1.3) into s.
func (c *chunkReader) messageHeader(s *incoming, format byte) error {
	if format == 3 {
		return c.continued(s)
	}
	var b [11]byte
	n := [...]int{11, 7, 3}[format]
	if _, err := io.ReadFull(c.r, b[:n]); err != nil {
		return noEOF(err)
	}
	c.drop(s) // a new header in the middle of a message: the sender gave the message up
	s.field = uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	if format <= 1 {
		s.size, s.typ = int(b[3])<<16|int(b[4])<<8|int(b[5]), b[6]
		if s.size > c.max {
			return errProtocol
		}
	}
	if format == 0 {
		s.stream = binary.LittleEndian.Uint32(b[7:])
	}
	if s.wide = s.field == extended; s.wide {
		if _, err := io.ReadFull(c.r, b[:4]); err != nil {
			return noEOF(err)
		}
		s.field = binary.BigEndian.Uint32(b[:4])
	}
	if format == 0 {
		s.timestamp = s.field
	} else {
		s.timestamp += s.field
	}
	s.open = true
	return nil
}

// continued reads what there is of a header of format 3: the extended timestamp again, which some senders leave out,
// so that it counts only if it is the one known.
func (c *chunkReader) continued(s *incoming) error {
	if s.wide {
		b, err := c.r.Peek(4)
		if err != nil {
			return noEOF(err)
		}
		if binary.BigEndian.Uint32(b) == s.field {
			_, _ = c.r.Discard(4)
		}
	}
	if !s.open { // a new message with everything as before
		s.timestamp += s.field
		s.open = true
	}
	return nil
}

// abort implements the message Abort (5.4.2).
func (c *chunkReader) abort(id uint32) {
	if s := c.streams[id]; s != nil {
		c.drop(s)
	}
}

// noEOF makes an end in the middle of something unexpected.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendMessage appends m as chunks of the given size on chunk stream id (2 to 63), with a full header: a few bytes
// more than deltas, and nothing that readers disagree about.
func appendMessage(b []byte, id byte, m *message, chunk int) []byte {
	field := min(m.timestamp, extended)
	n := len(m.body)
	b = append(b, id, byte(field>>16), byte(field>>8), byte(field), byte(n>>16), byte(n>>8), byte(n), m.typ)
	b = binary.LittleEndian.AppendUint32(b, m.stream)
	for at := 0; ; {
		if field == extended {
			b = binary.BigEndian.AppendUint32(b, m.timestamp)
		}
		k := min(n-at, chunk)
		b = append(b, m.body[at:at+k]...)
		if at += k; at >= n {
			return b
		}
		b = append(b, 3<<6|id)
	}
}

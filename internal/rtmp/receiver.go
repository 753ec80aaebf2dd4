package rtmp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"time"

	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/rawmessage"
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
	// smallMessage bounds messages before the other side was accepted, in bytes.
	smallMessage = 64 << 10
	// maxHeldBefore bounds what the library may hold before the other side was accepted, in bytes.
	maxHeldBefore = 2 * smallMessage
	// maxHeld bounds what the library may hold afterwards, in bytes: two messages of the largest size, and small ones.
	maxHeld = 24 << 20
	// minChunk and maxChunk are the sizes of chunks that are accepted, in bytes. RTMP asks for 128 at least; less would
	// make the library hold many times what was sent. More than maxChunk, the library's largest message, is no different
	// from maxChunk.
	minChunk, maxChunk = 128, 10 << 20
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

// raw returns m as the library has it. It takes the message stream ID for big-endian, which is little-endian in RTMP
// (5.3.1.2.1).
func (m *message) raw(id byte) *rawmessage.Message {
	return &rawmessage.Message{
		ChunkStreamID: id, Timestamp: time.Duration(m.timestamp) * time.Millisecond,
		Type: m.typ, MessageStreamID: bits.ReverseBytes32(m.stream), Body: m.body,
	}
}

// receiver reads messages by means of the library.
type receiver struct {
	in        bounded
	buffer    *bufio.Reader // the library's too
	r         *rawmessage.Reader
	max       int // largest message
	announced int // size of chunks that the other side said
	chunk     int // and that the library knows
}

// newReceiver reads from r, and calls acknowledge with the number of bytes read whenever half a window was.
func newReceiver(r io.Reader, acknowledge func(uint32) error) *receiver {
	c := &receiver{max: smallMessage, announced: minChunk, chunk: minChunk}
	c.in = bounded{r: r, max: maxHeldBefore}
	count := bytecounter.NewReader(&c.in)
	// The library takes a bufio.Reader as it is, so that we know how far it is.
	c.buffer = bufio.NewReaderSize(count, 16<<10)
	c.r = rawmessage.NewReader(c.buffer, count, func(n uint32) error {
		err := acknowledge(n)
		if err != nil {
			c.in.err = err
		}
		return err
	})
	return c
}

// read returns the next message, whose body is the caller's own.
func (c *receiver) read() (message, error) {
	raw, err := c.r.Read()
	switch {
	case errors.Is(err, c.in.err), errors.Is(err, io.ErrUnexpectedEOF): // nil is nil
	case err != nil: // it is not the connection that failed
		err = fmt.Errorf("%w: %w", errProtocol, err)
	}
	switch {
	case err != nil:
		return message{}, err
	case len(raw.Body) > c.max:
		return message{}, errProtocol
	}
	c.in.completed(c.in.n-int64(c.buffer.Buffered()), raw.ChunkStreamID, len(raw.Body), c.chunk)
	return message{
		typ: raw.Type, timestamp: uint32(raw.Timestamp / time.Millisecond),
		stream: bits.ReverseBytes32(raw.MessageStreamID), body: raw.Body,
	}, nil
}

// accept lets messages of up to max bytes come.
func (c *receiver) accept(max int) error {
	c.max, c.in.max, c.in.accepted = max, maxHeld, true
	return c.setChunk(c.announced)
}

// setChunk implements the message Set Chunk Size (5.4.1). The library makes room for a whole chunk before it comes, so
// that it does not get to know of more than it may hold: a message that needs such a chunk reaches that bound first.
func (c *receiver) setChunk(n int) error {
	if n < minChunk {
		return errProtocol
	}
	c.announced, c.chunk = n, min(n, c.in.max, maxChunk)
	return c.r.SetChunkSize(uint32(c.chunk))
}

// bounded is where the library reads. It ends with errProtocol when the library may hold more than max bytes: the
// library itself would put together a message of 10 MiB on each of 62 chunk streams, and keeps the chunks of the last
// one when it is complete. So counted are all bytes that came, less those of complete messages, plus the largest
// message on each chunk stream.
//
// Chunk headers hold no memory, and must not add up over a stream of days. Those of a message that came in one piece
// are known, from where the one before ended. Where messages are interleaved they are not, but are few, since other
// messages' chunks have at least 128 bytes: for them there is a tenth of everything on top, once the other side is
// accepted. So who is accepted can still make the library hold a tenth of what it has sent, up to the library's own
// limit. Before, nobody interleaves, and nothing is on top.
type bounded struct {
	r        io.Reader
	max      int
	accepted bool
	err      error // why it ended

	n        int64   // bytes read
	at       int64   // where the last complete message ended
	done     int64   // bytes of complete messages
	largest  [64]int // complete message, by chunk stream
	retained int64   // sum of largest
}

// room returns how many bytes may come until another message is complete.
func (b *bounded) room() int64 {
	room := int64(b.max) - (b.n - b.done) - b.retained
	if b.accepted {
		room += b.n / 10
	}
	return room
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	room := b.room()
	if room <= 0 {
		b.err = errProtocol
		return 0, b.err
	}
	n, err := b.r.Read(p[:min(int64(len(p)), room)])
	b.n += int64(n)
	if err != nil {
		b.err = err
	}
	return n, err
}

// completed tells that a message on chunk stream id ended at byte at.
func (b *bounded) completed(at int64, id byte, size, chunk int) {
	headers := 16 + 5*(max(size-1, 0)/chunk) // at most: format 0 and extended timestamps
	came := at - b.at
	b.at = at
	if came >= int64(size) && came <= int64(size+headers) {
		b.done += came
	} else {
		b.done += int64(size)
	}
	if size > b.largest[id] {
		b.retained += int64(size - b.largest[id])
		b.largest[id] = size
	}
}

// noEOF makes an end in the middle of something unexpected.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

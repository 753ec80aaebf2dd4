package rtmp

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/rawmessage"

	"github.com/superp2p/superp2p/internal/flv"
)

const (
	// windowSize is what we ask the other side to acknowledge, in bytes.
	windowSize = 2_500_000
	// outChunk is the size of the chunks that we send, in bytes: more than any message, because the library leaves
	// extended timestamps zero in all but the first chunk of a message, where librtmp would believe them.
	outChunk = maxChunk
	// writeTimeout is how long one message may take to be sent to somebody who does not read.
	writeTimeout = 10 * time.Second
	// closeTimeout is how long the other side may take to read the last of what we sent, and hang up.
	closeTimeout = 2 * time.Second
)

// The chunk streams that we send on.
const (
	onControl = 2
	onCommand = 3
	onData    = 4
	onAudio   = 5
	onVideo   = 6
)

// conn is an RTMP connection after the handshake. One goroutine reads; any may write.
type conn struct {
	nc   net.Conn
	in   *receiver
	idle time.Duration // how long read waits; 0 is for ever

	mu  sync.Mutex // guards out
	out *rawmessage.Writer

	pending []flv.Tag // of an aggregate message
}

func newConn(nc net.Conn) *conn {
	c := &conn{nc: nc, out: rawmessage.NewWriter(nc, bytecounter.NewWriter(nc), false)}
	c.in = newReceiver(nc, c.acknowledge)
	return c
}

// closeWith closes the connection when ctx ends, until the returned function is called.
func closeWith(ctx context.Context, nc net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = nc.Close() })
}

// read returns the next message that is not about the protocol itself.
func (c *conn) read() (message, error) {
	for {
		if c.idle > 0 {
			if err := c.nc.SetReadDeadline(time.Now().Add(c.idle)); err != nil {
				return message{}, err
			}
		}
		m, err := c.in.read()
		if err != nil {
			return m, err
		}
		done, err := c.control(&m)
		if err != nil {
			return m, err
		}
		if !done {
			return m, nil
		}
	}
}

// acknowledge tells the other side what came (5.4.3).
func (c *conn) acknowledge(n uint32) error {
	return c.write(onControl, &message{typ: typeAcknowledge, body: binary.BigEndian.AppendUint32(nil, n)})
}

// control deals with messages about the protocol, and tells whether m was one.
func (c *conn) control(m *message) (bool, error) {
	value := func() uint32 {
		if len(m.body) < 4 {
			return 0
		}
		return binary.BigEndian.Uint32(m.body)
	}
	switch m.typ {
	case typeSetChunkSize:
		return true, c.in.setChunk(int(value() & 0x7fffffff))
	case typeAbort:
		c.in.r.AbortChunkStream(value())
	case typeWindowAckSize:
		c.in.r.SetWindowAckSize(value() / 2) // early, so that nobody waits for it
	case typeUserControl:
		const pingRequest, pingResponse = 6, 7
		if len(m.body) >= 6 && binary.BigEndian.Uint16(m.body) == pingRequest {
			return true, c.write(onControl, &message{
				typ: typeUserControl, body: append([]byte{0, pingResponse}, m.body[2:6]...),
			})
		}
		return false, nil
	case typeAcknowledge, typePeerBandwidth:
	default:
		return false, nil
	}
	return true, nil
}

// write sends messages one after the other.
func (c *conn) write(id byte, all ...*message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.nc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	for _, m := range all {
		if err := c.out.Write(m.raw(id)); err != nil {
			return err
		}
		if m.typ == typeSetChunkSize {
			c.out.SetChunkSize(binary.BigEndian.Uint32(m.body))
		}
	}
	return nil
}

// finish says that no more will be sent, and gives the other side a moment to read what was: to close at once would
// discard it if anything from the other side is still unread. Whoever reads then gets an error, soon.
func (c *conn) finish() {
	if half, ok := c.nc.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		_ = c.nc.Close()
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(closeTimeout))
}

// begin sends what each side tells the other first.
func (c *conn) begin() error {
	word := func(n uint32, more ...byte) []byte { return append(binary.BigEndian.AppendUint32(nil, n), more...) }
	return c.write(onControl,
		&message{typ: typeWindowAckSize, body: word(windowSize)},
		&message{typ: typePeerBandwidth, body: word(windowSize, 2)},
		&message{typ: typeSetChunkSize, body: word(outChunk)})
}

// command is an AMF0 command: its name, its transaction and what follows.
type command struct {
	name string
	id   float64
	args amf0.Data // the first is the command object, often nil
}

// parseCommand reads a command of either encoding: what follows the first byte of the AMF3 form is AMF0 in practice.
// It returns false for what is none; such a message is not worth a connection.
func parseCommand(m *message) (command, bool) {
	b := m.body
	if m.typ == typeCommandAMF3 && len(b) > 0 {
		b = b[1:]
	}
	if m.typ != typeCommandAMF0 && m.typ != typeCommandAMF3 || len(b) > smallMessage {
		return command{}, false
	}
	data, err := amf0.Unmarshal(b)
	if err != nil || len(data) < 2 {
		return command{}, false
	}
	name, ok := data[0].(string)
	id, okID := data[1].(float64)
	return command{name, id, data[2:]}, ok && okID
}

// object returns argument i as an object, nil if it is none.
func (c *command) object(i int) amf0.Object {
	if i >= len(c.args) {
		return nil
	}
	switch o := c.args[i].(type) {
	case amf0.Object:
		return o
	case amf0.ECMAArray:
		return amf0.Object(o)
	}
	return nil
}

// text returns argument i as a string, "" if it is none.
func (c *command) text(i int) string {
	if i >= len(c.args) {
		return ""
	}
	s, _ := c.args[i].(string)
	return s
}

// send sends a command on a message stream.
func (c *conn) send(stream uint32, name string, id float64, args ...any) error {
	body, err := append(amf0.Data{name, id}, args...).Marshal()
	if err != nil {
		return err
	}
	return c.write(onCommand, &message{typ: typeCommandAMF0, stream: stream, body: body})
}

// status sends an onStatus.
func (c *conn) status(stream uint32, level, code, description string) error {
	return c.send(stream, "onStatus", 0, nil, amf0.Object{
		{Key: "level", Value: level}, {Key: "code", Value: code}, {Key: "description", Value: description},
	})
}

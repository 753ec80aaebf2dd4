package rtmp

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/flv"
)

// memory is a connection whose other side has said all it will, and reads what it may.
type memory struct {
	net.Conn
	io.Reader
	bytes.Buffer
}

func (m *memory) Read(p []byte) (int, error)       { return m.Reader.Read(p) }
func (m *memory) Write(p []byte) (int, error)      { return m.Buffer.Write(p) }
func (m *memory) Close() error                     { return nil }
func (m *memory) SetReadDeadline(time.Time) error  { return nil }
func (m *memory) SetWriteDeadline(time.Time) error { return nil }

func said(b []byte) *memory { return &memory{Reader: bytes.NewReader(b)} }

func chunkSize(n uint32) *message {
	return &message{typ: typeSetChunkSize, body: binary.BigEndian.AppendUint32(nil, n)}
}

// What we send is what we receive, whatever the size of chunks, and nothing of it stays behind in the bound.
func TestMessagesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		chunk := rapid.SampledFrom([]uint32{minChunk, 4096, 64 << 10, outChunk}).Draw(t, "chunk")
		messages := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) message {
			size := rapid.SampledFrom([]int{0, 1, 127, 128, 129, 5000, 70_000}).Draw(t, "size")
			return message{
				typ: rapid.SampledFrom([]uint8{8, 9, 15, 18, 22, 99}).Draw(t, "type"),
				timestamp: rapid.SampledFrom([]uint32{
					0, 1, 40, 80, 0xfffffe, 0xffffff, 0x1000000, 0x1000028, 1<<32 - 40, 1<<32 - 1,
				}).Draw(t, "at"),
				stream: rapid.SampledFrom([]uint32{0, 1, 2, 1 << 24, 1<<32 - 1}).Draw(t, "stream"),
				body:   bytes.Repeat([]byte{rapid.Byte().Draw(t, "fill")}, size),
			}
		}), 0, 20).Draw(t, "messages")
		wire := said(nil)
		w := newConn(wire)
		require.NoError(t, w.write(onControl, chunkSize(chunk)))
		for i := range messages {
			require.NoError(t, w.write(byte(3+i%5), &messages[i]))
		}
		r := newConn(said(wire.Bytes()))
		require.NoError(t, r.in.accept(1<<20))
		for i := range messages {
			m, err := r.read()
			require.NoError(t, err)
			require.True(t, bytes.Equal(messages[i].body, m.body))
			m.body = messages[i].body
			require.Equal(t, messages[i], m)
		}
		_, err := r.read()
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, r.in.in.n, r.in.in.done, "headers of whole messages count exactly")
	})
}

// What others send, and what the library makes of it: see the package comment.
func TestHeaders(t *testing.T) {
	zeros := string(make([]byte, 128))
	for name, c := range map[string]struct {
		in   string
		want []message
		err  error
	}{
		"format 3 repeats the delta": {
			in: "\x04\x00\x00\x0a\x00\x00\x01\x08\x01\x00\x00\x00A" + "\x84\x00\x00\x05C" + "\xc4D",
			want: []message{
				{8, 10, 1, []byte("A")}, {8, 15, 1, []byte("C")}, {8, 20, 1, []byte("D")},
			},
		},
		"format 3 after 0 is the same time": {
			in:   "\x04\x00\x00\x0a\x00\x00\x01\x08\x01\x00\x00\x00A" + "\xc4B",
			want: []message{{8, 10, 1, []byte("A")}, {8, 10, 1, []byte("B")}},
		},
		"extended timestamp repeated": {
			in: "\x04\xff\xff\xff\x00\x00\x82\x08\x01\x00\x00\x00\x01\x00\x00\x00" + zeros + "\xc4\x01\x00\x00\x00zz" +
				"\x84\x00\x00\x05" + zeros + "\xc4zz",
			want: []message{
				{8, 1 << 24, 1, []byte(zeros + "zz")}, {8, 1<<24 + 5, 1, []byte(zeros + "zz")},
			},
		},
		"past 32 bits": {
			in: "\x04\xff\xff\xff\x00\x00\x01\x08\x01\x00\x00\x00\xff\xff\xff\xf0A" + "\x84\x00\x00\x20B" +
				"\x84\xff\xff\xff\xff\xff\xff\xffC",
			want: []message{{8, 1<<32 - 16, 1, []byte("A")}, {8, 16, 1, []byte("B")}, {8, 15, 1, []byte("C")}},
		},
		"interleaved": {
			in: "\x04\x00\x00\x01\x00\x00\x82\x09\x01\x00\x00\x00" + zeros +
				"\x05\x00\x00\x02\x00\x00\x01\x08\x01\x00\x00\x00A" + "\xc4zz",
			want: []message{{8, 2, 1, []byte("A")}, {9, 1, 1, []byte(zeros + "zz")}},
		},
		"aborted": {
			in: "\x04\x00\x00\x01\x00\x00\x82\x09\x01\x00\x00\x00" + zeros + "\x02\x00\x00\x00\x00\x00\x04\x02\x00\x00\x00\x00" +
				"\x00\x00\x00\x04" + "\x04\x00\x00\x02\x00\x00\x01\x09\x01\x00\x00\x00A",
			want: []message{{9, 2, 1, []byte("A")}},
		},
		"long chunk stream ID":  {in: "\x00\x05\x00\x00\x01\x00\x00\x01\x09\x01\x00\x00\x00A", err: errProtocol},
		"given up":              {in: "\x04\x00\x00\x01\x00\x00\xff\x08\x01\x00\x00\x00" + zeros + "\x04", err: errProtocol},
		"begins in the middle":  {in: "\xc4A", err: errProtocol},
		"begins with format 1":  {in: "\x44\x00\x00\x01\x00\x00\x01\x08A", err: errProtocol},
		"ends in the middle":    {in: "\x04\x00\x00\x01\x00\x00\x02\x08\x01\x00\x00\x00A", err: io.ErrUnexpectedEOF},
		"larger than anything":  {in: "\x04\x00\x00\x01\xff\xff\xff\x08\x01\x00\x00\x00" + zeros, err: errProtocol},
		"tiny chunks announced": {in: "\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x00\x00\x00\x01", err: errProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			r := newConn(said([]byte(c.in)))
			for i := 0; ; i++ {
				m, err := r.read()
				if err != nil {
					if c.err == nil {
						c.err = io.EOF
					}
					require.ErrorIs(t, err, c.err)
					require.Len(t, c.want, i)
					return
				}
				require.Equal(t, c.want[i], m)
			}
		})
	}
}

// begun is the beginning of a message of 10 MiB on a chunk stream, with a chunk of n bytes.
func begun(id byte, n int) []byte {
	return append([]byte{id, 0, 0, 0, maxChunk >> 16, 0, 0, 9, 1, 0, 0, 0}, make([]byte, n)...)
}

func TestMemoryOfTheLibrary(t *testing.T) {
	complete := func(id byte, size, chunk int) []byte { // in several chunks, which the library keeps
		wire := said(nil)
		c := newConn(wire)
		c.out.SetChunkSize(uint32(chunk))
		require.NoError(t, c.write(id, &message{typ: 9, body: make([]byte, size)}))
		return wire.Bytes()
	}
	for name, c := range map[string]struct {
		accepted bool
		chunk    int
		most     int64 // bytes that it reads
		say      func(id byte) []byte
	}{
		"incomplete, before": {false, 60_000, maxHeldBefore + 100, func(id byte) []byte { return begun(id, 60_000) }},
		"complete, before": {false, 60_000, 2*maxHeldBefore + 1000, func(id byte) []byte {
			return complete(id, smallMessage, 60_000)
		}},
		"incomplete": {true, 4 << 20, maxHeld*10/9 + 100, func(id byte) []byte { return begun(id, 4<<20) }},
		"complete":   {true, 1 << 20, 2 * maxHeld, func(id byte) []byte { return complete(id, 7<<20, 1<<20) }},
	} {
		t.Run(name, func(t *testing.T) {
			wire := said(nil)
			require.NoError(t, newConn(wire).write(onControl, chunkSize(uint32(c.chunk))))
			b := wire.Bytes()
			for id := byte(3); int64(len(b)) <= c.most; id++ {
				b = append(b, c.say(id)...)
			}
			r := newConn(said(b))
			if c.accepted {
				require.NoError(t, r.in.accept(flv.DefaultMaxTag))
			}
			var err error
			for err == nil {
				_, err = r.read()
			}
			require.ErrorIs(t, err, errProtocol)
			require.ErrorIs(t, r.in.in.err, errProtocol, "it is the bound that is reached")
			require.LessOrEqual(t, r.in.in.n, c.most)
		})
	}
	t.Run("a chunk larger than all", func(t *testing.T) {
		wire := said(nil)
		require.NoError(t, newConn(wire).write(onControl, chunkSize(0x7fffffff)))
		r := newConn(said(append(wire.Bytes(), begun(3, 1<<20)...)))
		_, err := r.read()
		require.ErrorIs(t, err, errProtocol)
		require.EqualValues(t, maxHeldBefore, r.in.chunk, "no room is made before it comes")
		require.LessOrEqual(t, r.in.in.n, int64(maxHeldBefore+100))
	})
}

// A stream of small messages goes on for ever, although it is mostly headers; interleaved ones as well.
func TestHeadersAreNotHeld(t *testing.T) {
	const rounds = 200
	wire := said(nil)
	c := newConn(wire)
	for i := range uint32(rounds) {
		require.NoError(t, c.write(onAudio, &message{typ: 8, timestamp: 23 * i, body: make([]byte, i%3)}))
	}
	r := newConn(said(wire.Bytes()))
	for range rounds {
		_, err := r.read()
		require.NoError(t, err)
	}
	require.Equal(t, r.in.in.n, r.in.in.done)

	var b []byte
	for i := range byte(rounds) { // a chunk of video between any two of audio
		audio, video := []byte{1<<6 | 5, 0, 0, 20, 0, 0, 1, 8}, []byte{1<<6 | 6, 0, 0, 40, 0, 1, 2, 9}
		if i == 0 { // no deltas yet
			audio, video = append(audio, 1, 0, 0, 0), append(video, 1, 0, 0, 0)
			audio[0], video[0] = 5, 6
		}
		chunk := make([]byte, 128)
		b = append(append(append(append(b, video...), chunk...), audio...), 'A')
		b = append(append(append(b, 0xc6), chunk...), 1<<6|5, 0, 0, 20, 0, 0, 1, 8, 'A')
		b = append(b, 0xc6, 0, 0)
	}
	r = newConn(said(b))
	require.NoError(t, r.in.accept(1000))
	for range rounds {
		for range 3 {
			_, err := r.read()
			require.NoError(t, err)
		}
	}
	require.Less(t, r.in.in.n-r.in.in.done, r.in.in.n/10)
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte("\x04\x00\x00\x0a\x00\x00\x01\x08\x01\x00\x00\x00A\xc4B\x84\x00\x00\x05C\xc4D"), false)
	f.Add([]byte("\x05\xff\xff\xff\x00\x00\x01\x09\x01\x00\x00\x00\x00\x00\x00\x00A"), true)
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x7f\xff\xff\xff"), true)
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x04\x05\x00\x00\x00\x00\x00\x00\x00\x04"+
		"\x42\x00\x00\x00\x00\x00\x06\x04\x00\x06abcd"), false)
	f.Fuzz(func(t *testing.T, b []byte, accepted bool) {
		c := newConn(said(b))
		if accepted {
			require.NoError(t, c.in.accept(1000))
			c.in.in.max = 4000 // so that few bytes reach it
		}
		for {
			m, err := c.read()
			if err != nil {
				return
			}
			require.LessOrEqual(t, len(m.body), c.in.max)
			require.LessOrEqual(t, c.in.in.done, c.in.in.n)
			parseCommand(&m)
			m.tags(flv.Limits{MaxTag: 1000})
		}
	})
}

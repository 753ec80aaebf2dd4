package rtmp

import (
	"bufio"
	"bytes"
	"io"
	"testing"

	"github.com/bluenviron/gortmplib/pkg/bytecounter"
	"github.com/bluenviron/gortmplib/pkg/rawmessage"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Our chunks, read by our reader, are the messages again.
func TestChunksRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		chunk := rapid.SampledFrom([]int{1, 128, 4096, outChunk}).Draw(t, "chunk")
		messages := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) message {
			size := rapid.SampledFrom([]int{0, 1, 127, 128, 129, 5000, 70_000}).Draw(t, "size")
			return message{
				typ:       rapid.SampledFrom([]uint8{8, 9, 15, 18, 22, 99}).Draw(t, "type"),
				timestamp: rapid.SampledFrom([]uint32{0, 1, extended - 1, extended, extended + 1, 1<<32 - 1}).Draw(t, "at"),
				stream:    rapid.Uint32().Draw(t, "stream"),
				body:      bytes.Repeat([]byte{rapid.Byte().Draw(t, "fill")}, size),
			}
		}), 0, 10).Draw(t, "messages")
		var b []byte
		for i := range messages {
			b = appendMessage(b, byte(2+i%5), &messages[i], chunk)
		}
		r := newChunkReader(bytes.NewReader(b))
		r.chunk, r.max = chunk, 1<<20
		for i := range messages {
			m, err := r.read()
			require.NoError(t, err)
			require.Equal(t, messages[i].timestamp, m.timestamp)
			require.Equal(t, messages[i].typ, m.typ)
			require.Equal(t, messages[i].stream, m.stream)
			require.True(t, bytes.Equal(messages[i].body, m.body))
		}
		_, err := r.read()
		require.ErrorIs(t, err, io.EOF)
		require.Zero(t, r.held)
	})
}

// What gortmplib writes, with all its header formats, we read; what we write, it reads.
func TestChunksAgreeWithGortmplib(t *testing.T) {
	var messages []message
	for i, at := range []uint32{0, 40, 80, 120, 110, 150, 0x1000000, 0x1000028, 0x1000050, 5} {
		messages = append(messages, message{
			typ: uint8(8 + i%2), timestamp: at, stream: 1 << 24, body: bytes.Repeat([]byte{byte(i)}, 300),
		})
	}
	var theirs bytes.Buffer
	w := rawmessage.NewWriter(&theirs, bytecounter.NewWriter(&theirs), false)
	var ours []byte
	for i := range messages {
		m := &messages[i]
		require.NoError(t, w.Write(&rawmessage.Message{
			ChunkStreamID: 4 + m.typ, Timestamp: milliseconds(m.timestamp), Type: m.typ, MessageStreamID: 1, Body: m.body,
		}))
		ours = appendMessage(ours, 4+m.typ, m, 128)
	}
	r := newChunkReader(&theirs)
	counter := bytecounter.NewReader(bytes.NewReader(ours))
	their := rawmessage.NewReader(counter, counter, func(uint32) error { return nil })
	for _, want := range messages {
		m, err := r.read()
		require.NoError(t, err)
		require.Equal(t, want, m)
		raw, err := their.Read()
		require.NoError(t, err)
		require.Equal(t, want.body, raw.Body)
		require.Equal(t, milliseconds(want.timestamp), raw.Timestamp)
	}
}

func TestChunkHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []message
		err  error
	}{
		"format 3 repeats the delta": {
			in: "\x04\x00\x00\x0a\x00\x00\x01\x08\x01\x00\x00\x00A" + "\xc4B" + "\x84\x00\x00\x05C" + "\xc4D",
			want: []message{
				{8, 10, 1, []byte("A")}, {8, 20, 1, []byte("B")}, {8, 25, 1, []byte("C")}, {8, 30, 1, []byte("D")},
			},
		},
		"long chunk stream IDs": {
			in: "\x00\x05\x00\x00\x01\x00\x00\x01\x09\x01\x00\x00\x00A" +
				"\x01\x05\x01\x00\x00\x02\x00\x00\x01\x09\x01\x00\x00\x00B" +
				"\x80\x05\x00\x00\x01C",
			want: []message{{9, 1, 1, []byte("A")}, {9, 2, 1, []byte("B")}, {9, 2, 1, []byte("C")}},
		},
		"extended timestamp not repeated": {
			in: "\x04\xff\xff\xff\x00\x00\x82\x08\x01\x00\x00\x00\x01\x00\x00\x00" + string(make([]byte, 128)) + "\xc4" + "zz",
			want: []message{
				{8, 1 << 24, 1, append(make([]byte, 128), "zz"...)},
			},
			err: io.ErrUnexpectedEOF, // to tell whether it is repeated takes four bytes
		},
		"a message given up": {
			in: "\x04\x00\x00\x01\x00\x00\xff\x08\x01\x00\x00\x00" + string(make([]byte, 128)) +
				"\x04\x00\x00\x02\x00\x00\x01\x08\x01\x00\x00\x00B",
			want: []message{{8, 2, 1, []byte("B")}},
		},
		"begins in the middle": {in: "\xc4A", err: errProtocol},
		"too large":            {in: "\x04\x00\x00\x01\xff\xff\xff\x08\x01\x00\x00\x00", err: errProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			r := newChunkReader(bytes.NewReader([]byte(c.in)))
			for i := 0; ; i++ {
				m, err := r.read()
				if err != nil {
					if c.err == nil {
						c.err = io.EOF
						require.Len(t, c.want, i)
					}
					require.ErrorIs(t, err, c.err)
					return
				}
				require.Equal(t, c.want[i], m)
			}
		})
	}
}

func TestMemoryOfIncompleteMessages(t *testing.T) {
	var b []byte
	for id := byte(3); id < 60; id++ { // begin many large messages, finish none
		b = append(b, id, 0, 0, 0, 0, 0xff, 0xff, 9, 1, 0, 0, 0)
		b = append(b, make([]byte, 60_000)...)
	}
	r := newChunkReader(bytes.NewReader(b))
	r.chunk = 60_000
	_, err := r.read()
	require.ErrorIs(t, err, errProtocol)
	require.LessOrEqual(t, r.held, 4*smallMessage)
}

func FuzzChunks(f *testing.F) {
	f.Add([]byte("\x04\x00\x00\x0a\x00\x00\x01\x08\x01\x00\x00\x00A\xc4B\x84\x00\x00\x05C\xc4D"))
	f.Add([]byte("\x00\x05\xff\xff\xff\x00\x00\x01\x09\x01\x00\x00\x00\x00\x00\x00\x00A"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &conn{chunk: 128, in: &chunkReader{
			r: bufio.NewReaderSize(bytes.NewReader(b), 16), chunk: 8, max: 1000, streams: map[uint32]*incoming{},
		}}
		for {
			m, err := c.in.read()
			if err != nil {
				return
			}
			switch m.typ {
			case typeSetChunkSize, typeAbort, typeWindowAckSize, typeAcknowledge:
				if _, err := c.control(&m); err != nil {
					return
				}
			default:
				parseCommand(&m)
				m.tags(c.limits())
			}
		}
	})
}

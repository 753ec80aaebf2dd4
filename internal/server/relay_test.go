package server

import (
	"bytes"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/rtmp"
	"github.com/superp2p/superp2p/internal/source"
)

// codecs are headers and the first bytes of frames, as publishers send them.
func codecs() map[string]struct{ videoHeader, key, inter, audioHeader, audio []byte } {
	return map[string]struct{ videoHeader, key, inter, audioHeader, audio []byte }{
		"H.264 and AAC": {
			[]byte{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe0, 0}, []byte{0x17, 1, 0, 0, 0}, []byte{0x27, 1, 0, 0, 40},
			[]byte{0xaf, 0, 0x12, 0x10}, []byte{0xaf, 1},
		},
		"HEVC and Opus by enhanced RTMP": {
			append([]byte("\x90hvc1"), make([]byte, 23)...), []byte("\x91hvc1\x00\x00\x00"), []byte("\xa1hvc1\x00\x00\x28"),
			[]byte("\x90OpusOpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00"), []byte("\x91Opus"),
		},
	}
}

// TestMediaPassesUnchanged publishes by RTMP and reads by HTTP-FLV: the same bodies, in the same order.
func TestMediaPassesUnchanged(t *testing.T) {
	for name, codec := range codecs() {
		t.Run(name, func(t *testing.T) {
			s, random := serve(t, settings()), rand.New(rand.NewPCG(1, 2))
			p, err := rtmp.Publish(t.Context(), "rtmp://"+s.RTMPAddr()+"/live/test", rtmp.DialOptions{})
			require.NoError(t, err)
			defer func() { _ = p.Close() }()
			write := func(kind flv.Type, ts int, head []byte, size int) flv.Tag {
				body := append([]byte(nil), head...)
				for range size {
					body = append(body, byte(random.Uint32()))
				}
				tag := flv.Tag{Type: kind, Timestamp: uint32(ts), Body: body}
				require.NoError(t, p.WriteTag(tag))
				return tag
			}
			write(flv.Video, 0, codec.videoHeader, 0)
			write(flv.Audio, 0, codec.audioHeader, 0)
			var sent []flv.Tag
			publish := func(from, to int) {
				for n := from; n < to; n++ {
					head, size := codec.inter, 1+random.IntN(20_000)
					if n%25 == 0 {
						head, size = codec.key, 1+random.IntN(300_000) // may span several slices
					}
					sent = append(sent, write(flv.Video, n*40, head, size), write(flv.Audio, n*40+20, codec.audio, 1+random.IntN(500)))
				}
			}
			publish(0, 20)
			reader, err := source.Open(t.Context(), s.URL()+"/live/live/test.flv", source.Options{})
			require.NoError(t, err)
			defer func() { _ = reader.Close() }()
			publish(20, 200) // less than a reader may fall behind
			for i := range sent {
				tag, err := reader.ReadTag()
				for err == nil && !tag.IsMedia() {
					tag, err = reader.ReadTag()
				}
				require.NoError(t, err)
				require.Equal(t, sent[i].Type, tag.Type, "tag %d", i)
				require.Equal(t, sent[i].Timestamp, tag.Timestamp, "tag %d", i)
				require.True(t, bytes.Equal(sent[i].Body, tag.Body), "tag %d", i)
			}
		})
	}
}

func TestTheStatusSaysWhereStreamsArePublished(t *testing.T) {
	s := serve(t, settings())
	_, port, err := net.SplitHostPort(s.RTMPAddr())
	require.NoError(t, err)
	require.Equal(t, port, strconv.Itoa(s.Status().RTMP))
	off := settings()
	off.RTMP = ""
	require.Zero(t, serve(t, off).Status().RTMP)
}

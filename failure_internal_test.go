package superp2p

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/playback"
	"github.com/superp2p/superp2p/internal/remux"
)

func TestEachFailureHasItsCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		code string
	}{
		{fault.New(fault.ServerUnreachable, "x"), NetStreamPlayFailed},
		{fault.New(fault.OriginNotAllowed, "x"), NetStreamPlayFailed},
		{fault.New(fault.ChannelUnknown, "x"), NetStreamPlayFailed},
		{fault.New(fault.SourceRefused, "the origin answered 403 Forbidden"), NetStreamPlayFailed},
		{fault.New(fault.SourceRefused, "the origin answered 404 Not Found"), NetStreamPlayStreamNotFound},
		{fault.New(fault.SourceRefused, "the server says NetStream.Play.StreamNotFound"), NetStreamPlayStreamNotFound},
		{fault.New(fault.SourceInvalid, "x"), NetStreamPlayFileStructureInvalid},
		{fault.Wrap(fault.SourceInvalid, "x", remux.ErrNoTrack), NetStreamPlayNoSupportedTrackFound},
		{noFrame(), NetStreamPlayNoSupportedTrackFound},
		{errStart, NetStreamPlayFailed},
		{errors.New("x"), NetStreamPlayFailed},
	} {
		e := failure(test.err, "url")
		require.Equal(t, test.code, e.Info.Code, test.err)
		require.Equal(t, levelError, e.Info.Level)
		require.Equal(t, "url", e.Info.Details)
		require.True(t, ends(&e))
	}
	require.False(t, ends(&NetStatusEvent{Info: Info{Code: NetStreamSeekInvalidTime, Level: levelError}}))
}

// outgoingItems are what a live play hands out, 40 ms apart, every 25th a keyframe.
func outgoingItems(p *play, from, to int) {
	for i := from; i < to; i++ {
		frame := byte(0x27)
		if i%25 == 0 {
			frame = 0x17
		}
		p.hand(&playback.Action{
			At:  time.Duration(i) * 40 * time.Millisecond,
			Tag: flv.Tag{Type: flv.Video, Timestamp: uint32(40 * i), Body: []byte{frame, 1, 0, 0, 0, byte(i)}},
		})
	}
}

func TestWhoDoesNotReadALiveStreamGoesOnAtAKeyframe(t *testing.T) {
	p := newPlay(&P2PNetStream{}, "x", PlayConfig{})
	defer p.cancel()
	p.cfg.Live = true
	p.script.video = flv.H264
	header := flv.Tag{Type: flv.Video, Body: []byte{0x17, 0, 0, 0, 0, 1}}
	p.hand(&playback.Action{Tag: header})
	outgoingItems(p, 0, 1000)
	p.mu.Lock()
	defer p.mu.Unlock()
	held := len(p.out.items)
	require.LessOrEqual(t, held, 252, "10 s, and the header")
	first, err := p.next()
	require.NoError(t, err)
	require.Equal(t, header.Body, first.Tag.Body, "what decoders need is kept")
	require.True(t, first.Discontinuity)
	second, err := p.next()
	require.NoError(t, err)
	require.True(t, second.Tag.IsKeyframe())
	require.Equal(t, second.Tag.Timestamp, first.Tag.Timestamp)
	size := 0
	for _, a := range p.out.items {
		size += len(a.Tag.Body) + flv.TagOverhead
	}
	require.Equal(t, size, p.out.bytes)
}

func TestTimestampsOfAnFLVStreamGoOnOverAJump(t *testing.T) {
	p := newPlay(&P2PNetStream{}, "x", PlayConfig{})
	defer p.cancel()
	tag := flv.Tag{Type: flv.Audio, Timestamp: 5000, Body: []byte{0xaf, 1, 1}}
	p.write(&playback.Action{Tag: tag})
	require.Equal(t, "FLV", string(p.out.part[:3]))
	tag.Timestamp = 1000
	p.write(&playback.Action{Tag: tag, Discontinuity: true})
	got, _, err := flv.ParseTag(p.out.part, flv.Limits{})
	require.NoError(t, err)
	require.Equal(t, uint32(5020), got.Timestamp)
	tag.Timestamp = 1023
	p.write(&playback.Action{Tag: tag})
	got, _, err = flv.ParseTag(p.out.part, flv.Limits{})
	require.NoError(t, err)
	require.Equal(t, uint32(5043), got.Timestamp)
}

func TestPacketsBecomeTags(t *testing.T) {
	for _, body := range [][]byte{
		{0x17, 1, 0, 0, 80, 'x'}, {0x27, 1, 0xff, 0xff, 0xd8, 'x'}, {0xaf, 1, 'x'}, {0x2f, 'x'}, append([]byte{0x91}, "hvc1\x00\x00\x28x"...),
	} {
		want := flv.Tag{Type: flv.Video, Timestamp: 1000, Body: body}
		if body[0]&0x0f == 0x0f {
			want.Type = flv.Audio
		}
		data, composition := want.Payload()
		require.Equal(t, "x", string(data))
		p := Packet{
			Kind: VideoPacket, Codec: string(want.Codec()), Key: want.IsKeyframe(), Data: data, DTS: time.Second,
			PTS: time.Second + time.Duration(composition)*time.Millisecond,
		}
		got, err := tagOf(&p, false)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := tagOf(&Packet{Kind: VideoPacket, Codec: "av01"}, false)
	require.Error(t, err)
}

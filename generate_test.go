package superp2p_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/amf"
	"github.com/superp2p/superp2p/internal/flv"
)

// reel makes FLV of frames of 40 ms, a keyframe each second, with a tag of audio for each, and of script data.
type reel struct {
	t    *testing.T
	next uint32 // the timestamp of the next frame, in ms
}

// head returns the header of a file and what decoders need.
func (r *reel) head() []byte {
	b := flv.AppendHeader(nil, true, true)
	return r.config(b)
}

func (r *reel) config(b []byte) []byte {
	b = flv.AppendTag(b, &flv.Tag{Type: flv.Video, Timestamp: r.next, Body: []byte{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe0, 0}})
	return flv.AppendTag(b, &flv.Tag{Type: flv.Audio, Timestamp: r.next, Body: []byte{0xaf, 0, 0x12, 0x10}})
}

// frames appends so many frames.
func (r *reel) frames(b []byte, n int) []byte {
	for range n {
		frame := byte(0x27)
		if r.next%1000 == 0 {
			frame = 0x17
		}
		b = flv.AppendTag(b, &flv.Tag{Type: flv.Video, Timestamp: r.next, Body: []byte{frame, 1, 0, 0, 0, byte(r.next), byte(r.next >> 8)}})
		b = flv.AppendTag(b, &flv.Tag{Type: flv.Audio, Timestamp: r.next, Body: []byte{0xaf, 1, byte(r.next), byte(r.next >> 8)}})
		r.next += 40
	}
	return b
}

// script appends script data with the time of the next frame.
func (r *reel) script(b []byte, handler string, args ...any) []byte {
	r.t.Helper()
	body, err := amf.Encode(handler, args...)
	require.NoError(r.t, err)
	return flv.AppendTag(b, &flv.Tag{Type: flv.Script, Timestamp: r.next, Body: body})
}

// generating returns a stream in data generation mode.
func generating(t *testing.T, c superp2p.Config) (*superp2p.P2PNetStream, chan superp2p.NetStatusEvent) {
	t.Helper()
	s := newStream(t, c)
	events := make(chan superp2p.NetStatusEvent, 1000)
	s.OnNetStatus(func(e superp2p.NetStatusEvent) { events <- e })
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Play("", nil))
	return s, events
}

func TestTheClientIsCalledForScriptDataInItsOrder(t *testing.T) {
	s, events := generating(t, superp2p.Config{Unpaced: true})
	type call struct {
		name string
		arg  any
	}
	calls := make(chan call, 100)
	object := func(name string) func(map[string]any) {
		return func(m map[string]any) { calls <- call{name, m} }
	}
	s.SetClient(superp2p.Client{
		OnMetaData: object("onMetaData"), OnCuePoint: object("onCuePoint"), OnXMPData: object("onXMPData"),
		OnImageData: object("onImageData"), OnTextData: object("onTextData"),
		OnPlayStatus: func(p superp2p.PlayStatus) { calls <- call{p.Code, p.Duration} },
		Handlers:     map[string]func(...any){"onChat": func(args ...any) { calls <- call{"onChat", args} }},
	})
	r := &reel{t: t}
	b := r.script(r.head(), "onMetaData", map[string]any{"title": "a"})
	b = r.frames(b, 5)
	want := []call{{"onMetaData", map[string]any{"title": "a"}}}
	for name, value := range map[string]map[string]any{
		"onCuePoint": {"name": "here", "time": 0.2, "type": "event"}, "onXMPData": {"data": "<x:xmpmeta/>"},
		"onImageData": {"data": "picture"}, "onTextData": {"text": "said"},
	} {
		b = r.frames(r.script(b, name, value), 1)
		want = append(want, call{name, value})
	}
	b = r.frames(r.script(b, "onChat", "hello", 7), 5)
	b = r.script(b, "onNobody", "cares")
	want = append(want, call{"onChat", []any{"hello", 7.0}}, call{superp2p.NetStreamPlayComplete, time.Duration(r.next-40) * time.Millisecond})
	require.NoError(t, s.AppendBytes(b))
	require.NoError(t, s.AppendBytesAction(superp2p.EndSequence))
	codes(t, events, superp2p.NetStreamPlayStop)
	for _, w := range want {
		require.Equal(t, w, <-calls)
	}
	require.Equal(t, map[string]any{"data": "<x:xmpmeta/>"}, s.Info().XMPData)
	require.NoError(t, s.Close())
	require.Empty(t, calls)
}

func TestASeekInGeneratedDataIsToldToTheClient(t *testing.T) {
	s, events := generating(t, superp2p.Config{Unpaced: true})
	points := make(chan time.Duration, 10)
	s.SetClient(superp2p.Client{OnSeekPoint: func(at time.Duration) { points <- at }})
	r := &reel{t: t}
	require.NoError(t, s.AppendBytes(r.frames(r.head(), 50)))
	codes(t, events, superp2p.NetStreamBufferFull)
	require.NoError(t, s.Seek(time.Minute))
	require.NoError(t, s.AppendBytes(r.frames(nil, 25)), "of before the seek: it is ignored")
	require.Empty(t, points)
	require.NoError(t, s.AppendBytesAction(superp2p.ResetSeek))
	r.next = 60_000
	require.NoError(t, s.AppendBytes(r.frames(r.config(nil), 25)))
	codes(t, events, superp2p.NetStreamSeekNotify)
	require.Equal(t, time.Minute, <-points)
	for ignored := false; ; {
		p, err := s.ReadPacket()
		require.NoError(t, err)
		require.False(t, p.DTS >= 2*time.Second && p.DTS < time.Minute, "%v", p.DTS)
		if ignored = p.DTS >= time.Minute; ignored {
			require.True(t, p.Discontinuity)
			break
		}
	}
	require.NoError(t, s.Seek(time.Second), "what is not held is outside")
	require.NoError(t, s.AppendBytesAction(superp2p.ResetSeek))
	r.next = 1000
	require.NoError(t, s.AppendBytes(r.frames(nil, 5)))
	require.Equal(t, time.Second, <-points)
}

func TestAStallIsToldOnceAndItsEnd(t *testing.T) {
	s, events := generating(t, superp2p.Config{})
	go io.Copy(io.Discard, s) //nolint:errcheck // until it is closed
	r := &reel{t: t}
	require.NoError(t, s.AppendBytes(r.frames(r.head(), 25)))
	require.Equal(t, []string{superp2p.NetStreamPlayStart, superp2p.NetStreamBufferFull, superp2p.NetStreamBufferEmpty},
		codes(t, events, superp2p.NetStreamBufferEmpty))
	require.Equal(t, "buffering", s.State())
	require.Equal(t, 960*time.Millisecond, s.Time(), "the playhead stands at what came last")
	require.NoError(t, s.AppendBytes(r.frames(nil, 25)))
	require.Equal(t, superp2p.NetStreamBufferFull, next(t, events).Info.Code)
	require.NoError(t, s.AppendBytesAction(superp2p.EndSequence))
	require.Equal(t, []string{superp2p.NetStreamBufferFlush, superp2p.NetStreamPlayStop}, codes(t, events, superp2p.NetStreamPlayStop))
}

func TestADisposedStreamHasForgottenAll(t *testing.T) {
	s, events := generating(t, superp2p.Config{Unpaced: true})
	calls := make(chan map[string]any, 10)
	s.SetClient(superp2p.Client{OnMetaData: func(m map[string]any) { calls <- m }})
	s.SetBufferTime(3 * time.Second)
	s.ReceiveAudio(false)
	s.SetMulticastPushNeighborLimit(0)
	r := &reel{t: t}
	require.NoError(t, s.AppendBytes(r.frames(r.script(r.head(), "onMetaData", map[string]any{}), 25)))
	<-calls
	require.Equal(t, superp2p.NetStreamPlayStart, next(t, events).Info.Code)
	require.NoError(t, s.Dispose())
	for len(events) > 0 {
		<-events
	}
	_, err := s.Read(make([]byte, 1))
	require.Equal(t, superp2p.Code("closed"), superp2p.CodeOf(err))
	require.Equal(t, superp2p.Code("closed"), superp2p.CodeOf(s.AppendBytes(nil)))
	require.Equal(t, newStream(t, superp2p.Config{}).BufferTime(), s.BufferTime())
	require.Equal(t, 4.0, s.MulticastPushNeighborLimit())
	require.Nil(t, s.Client().OnMetaData)

	require.NoError(t, s.Play("", nil)) // it can be used again, and nobody hears of it
	r = &reel{t: t}
	require.NoError(t, s.AppendBytes(r.frames(r.script(r.head(), "onMetaData", map[string]any{}), 25)))
	require.NoError(t, s.AppendBytesAction(superp2p.EndSequence))
	kinds := map[superp2p.PacketKind]int{}
	for p, err := range s.Packets() {
		require.NoError(t, err)
		kinds[p.Kind]++
	}
	require.Equal(t, map[superp2p.PacketKind]int{superp2p.AudioPacket: 25, superp2p.VideoPacket: 25, superp2p.DataPacket: 1}, kinds)
	require.NoError(t, s.Close())
	require.Empty(t, events)
	require.Empty(t, calls)
}

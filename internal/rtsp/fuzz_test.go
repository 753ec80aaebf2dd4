package rtsp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// script is a connection to a server that says what it has to say whatever it hears.
type script struct {
	io.Reader
	heard bytes.Buffer
}

func (s *script) Write(b []byte) (int, error)      { return s.heard.Write(b) }
func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// hear plays what a server says, and returns what came of it and what it was asked.
func hear(said string, o DialOptions) (tags []flv.Tag, asked string, err error) {
	s := &script{Reader: strings.NewReader(said)}
	o.Dial = func(context.Context, string, string) (net.Conn, error) { return s, nil }
	c, err := Dial(context.Background(), "rtsp://me:s3cret@cam.test/live?sign=t0p", o)
	for err == nil {
		var t flv.Tag
		if t, err = c.ReadTag(); err == nil {
			tags = append(tags, t)
		}
	}
	if c != nil {
		_ = c.Close()
	}
	return tags, s.heard.String(), err
}

// Parameter sets and pictures, as small as they come: a Baseline SPS without reordering, its PPS, an IDR and a P slice.
var (
	sps   = []byte{0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc9, 0x20}
	pps   = []byte{0x68, 0xcb, 0x83, 0xcb, 0x20}
	idr   = []byte{0x65, 0x88, 0x84, 0x00, 0x33}
	inter = []byte{0x41, 0x9a, 0x24, 0x66}
)

const sdpText = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n" +
	"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n" +
	"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000/2\r\n" +
	"a=fmtp:97 streamtype=5; mode=AAC-hbr; config=1190; sizelength=13; indexlength=3; indexdeltalength=3\r\na=control:trackID=1\r\n"

// answer returns an answer to request n.
func answer(n, status int, header, body string) string {
	if body != "" {
		header += fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n", len(body))
	}
	return fmt.Sprintf("RTSP/1.0 %d x\r\nCSeq: %d\r\n%s\r\n%s", status, n, header, body)
}

// greeting is what a server says up to the first packet.
func greeting(rtpInfo string) string {
	return answer(1, 200, "Public: DESCRIBE, SETUP, PLAY, GET_PARAMETER\r\n", "") + answer(2, 200, "", sdpText) +
		answer(3, 200, "Session: 7;timeout=10\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", "") +
		answer(4, 200, "Session: 7\r\nTransport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n", "") + answer(5, 200, rtpInfo, "")
}

// on puts a packet on a channel.
func on(channel int, packet []byte) string {
	return string(append([]byte{'$', byte(channel), byte(len(packet) >> 8), byte(len(packet))}, packet...))
}

func packet(payloadType uint8, timestamp uint32, payload []byte) []byte {
	b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, PayloadType: payloadType, Timestamp: timestamp},
		Payload: payload}).Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

// together puts NAL units into one packet (STAP-A).
func together(nalus ...[]byte) []byte {
	b := []byte{24}
	for _, n := range nalus {
		b = append(append(b, byte(len(n)>>8), byte(len(n))), n...)
	}
	return b
}

func picture(timestamp uint32, nalus ...[]byte) string {
	return on(0, packet(96, timestamp, together(nalus...)))
}

func sound(timestamp uint32) string {
	return on(2, packet(97, timestamp, []byte{0, 16, 0, 4 << 3, 0x21, 0x10, 4, 0x60}))
}

func FuzzServer(f *testing.F) {
	good := greeting("RTP-Info: url=rtsp://cam.test/live/trackID=0;seq=1;rtptime=100,url=rtsp://cam.test/live/trackID=1;rtptime=5\r\n")
	f.Add([]byte(good + picture(100, sps, pps, idr) + sound(5) + picture(3700, inter)))
	f.Add([]byte(answer(1, 401, "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n", "") + answer(2, 200, "", "")))
	f.Add([]byte(answer(1, 200, "", "") + answer(2, 302, "Location: rtsp://other.test/x\r\n", "")))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		for _, prefix := range []string{"", good} {
			tags, _, err := hear(prefix+string(said), DialOptions{MaxRedirects: 2, Limits: flv.Limits{MaxTag: 1 << 20}})
			require.Error(t, err)
			require.NotContains(t, err.Error(), "s3cret")
			require.NotContains(t, err.Error(), "t0p")
			for i := range tags {
				require.LessOrEqual(t, len(tags[i].Body), 1<<20)
			}
		}
	})
}

func FuzzConversion(f *testing.F) {
	join := func(nalus ...[]byte) []byte {
		b, _ := h264.AVCC(nalus).Marshal()
		return b
	}
	f.Add(uint8(0), join(sps, pps, idr, inter), int64(0))
	f.Add(uint8(1), join([]byte{0x40, 1}, []byte{0x42, 1, 1}, []byte{0x44, 1}, []byte{0x26, 1}), int64(1<<40))
	f.Add(uint8(2), join([]byte{0x21}), int64(-5))
	f.Fuzz(func(t *testing.T, which uint8, data []byte, at int64) {
		var units [][]byte
		for len(data) > 0 { // lengths of one byte reach more than AVCC's
			n := min(int(data[0]), len(data)-1)
			units, data = append(units, data[1:1+n]), data[1+n:]
		}
		at = max(min(at, 1<<50), -1<<50)
		convert := (&aac{config: []byte{0x11, 0x90}, limit: 4096}).tags
		switch which % 3 {
		case 0:
			convert = newVideo(avc{}, 4096).tags
		case 1:
			convert = newVideo(hevc{}, 4096).tags
		}
		// What a parser of the library panics at becomes a fault at the package's boundary.
		c := &Client{log: DialOptions{}.withDefaults().Logger}
		var last uint32
		for i := range 4 {
			var tags []flv.Tag
			err := func() (err error) {
				defer c.recover(&err)
				tags, err = convert(units, at+int64(i)*40_000)
				return err
			}()
			if err != nil {
				require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
			}
			for k := range tags {
				require.True(t, tags[k].IsMedia() || tags[k].IsSequenceHeader())
				if which%3 != 2 && tags[k].IsMedia() {
					require.GreaterOrEqual(t, tags[k].Timestamp, last)
					last = tags[k].Timestamp
				}
				require.LessOrEqual(t, len(tags[k].Body), 1<<20)
			}
		}
	})
}

func TestWhatAServerSaysBecomesTags(t *testing.T) {
	report, err := (&rtcp.Goodbye{Sources: []uint32{1}}).Marshal()
	require.NoError(t, err)
	other := bytes.Clone(sps)
	other[3] = 0x1f // another level
	tags, asked, err := hear(greeting("RTP-Info: url=rtsp://cam.test/live/trackID=1;rtptime=1000,url=rtsp://cam.test/live/trackID=0;rtptime=4294967295\r\n")+
		picture(8, inter)+ // nothing to start with
		picture(4_000, sps, pps, idr)+sound(1_000)+"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"+picture(7_600, []byte{9, 0xf0}, inter)+
		picture(11_200, other, pps, idr)+on(9, []byte("nobody's"))+on(0, []byte("absurd"))+on(1, report)+on(3, report), DialOptions{})
	require.ErrorIs(t, err, io.EOF)
	require.NotContains(t, asked, "s3cret")
	require.Contains(t, asked, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n")
	require.Contains(t, asked, "TEARDOWN rtsp://cam.test/live?sign=t0p RTSP/1.0")
	var seen []string
	for i := range tags {
		seen = append(seen, fmt.Sprint(tags[i].Type, tags[i].IsSequenceHeader(), tags[i].IsKeyframe(), tags[i].Timestamp))
	}
	require.Equal(t, []string{"18 false false 0", "9 true false 544", "9 false true 544", "8 true false 499", "8 false false 499",
		"9 false false 584", "9 true false 624", "9 false true 624"}, seen)
	require.Equal(t, append([]byte{0x27, 1, 0, 0, 0, 0, 0, 0, byte(len(inter))}, inter...), tags[5].Body, "without the delimiter")
	require.Equal(t, byte(0x1f), tags[6].Body[8])
}

func TestSenderReportsBringSoundInStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l timeline
		video, audio := l.add(90_000, true), l.add(48_000, false)
		v, a := rapid.Uint32().Draw(t, "video"), rapid.Uint32().Draw(t, "audio")
		late := rapid.Int64Range(-900, 900).Draw(t, "late") // ms by which sound comes too late
		l.time(video, v, 1)
		last := l.time(audio, a, 1)
		wall := uint64(3_900_000_000) << 32
		l.report(video, wall, v)
		l.report(audio, wall+uint64(late*1<<32/1000), a)
		for i := range 1000 {
			at := l.time(audio, a+uint32(i+1)*1024, 1)
			require.Greater(t, at, last, "time never goes back")
			last = at
		}
		require.InDelta(t, l.time(video, v, 1)+late*1000+1000*1024*second/48_000, last, 10_000)
	})
}

func TestJumpsOfTimestampsAreBridged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l timeline
		video, audio := l.add(90_000, true), l.add(48_000, false)
		last := int64(-1)
		for _, ts := range rapid.SliceOfN(rapid.Uint32(), 1, 50).Draw(t, "timestamps") {
			before := l.now
			at := l.time(video, ts, 1)
			require.GreaterOrEqual(t, at, last-maxBehind)
			require.LessOrEqual(t, at, max(before, lead)+maxAhead)
			last = max(at, last)
			l.decoded(uint32(at / 1000))
			require.LessOrEqual(t, l.time(audio, ts*7, 1), l.now)
		}
	})
}

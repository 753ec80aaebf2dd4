package rtmp

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	theirs "github.com/bluenviron/gortmplib/pkg/message"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func milliseconds(ts uint32) time.Duration { return time.Duration(ts) * time.Millisecond }

func (c *conn) limits() flv.Limits { return flv.Limits{MaxTag: 1000} }

// relay is a Publication that plays to whoever asks.
type relay struct {
	mu      sync.Mutex
	changed chan struct{}
	tags    []flv.Tag
	closed  bool
	err     error
}

func newRelay() *relay { return &relay{changed: make(chan struct{})} }

func (r *relay) update(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *relay) WriteTag(t flv.Tag) error {
	r.update(func() { r.tags = append(r.tags, t) })
	return nil
}

func (r *relay) Close(err error) { r.update(func() { r.closed, r.err = true, err }) }

// wait waits for n tags, or for the end.
func (r *relay) wait(n int) (tags []flv.Tag, closed bool, err error) {
	for {
		r.mu.Lock()
		tags, closed, err = r.tags, r.closed, r.err
		changed := r.changed
		r.mu.Unlock()
		if len(tags) >= n || closed {
			return tags, closed, err
		}
		<-changed
	}
}

type player struct {
	r    *relay
	next int
}

func (p *player) ReadTag() (flv.Tag, error) {
	tags, _, _ := p.r.wait(p.next + 1)
	if p.next < len(tags) {
		p.next++
		return tags[p.next-1], nil
	}
	return flv.Tag{}, io.EOF
}

func (p *player) Close() error { return nil }

// start runs a server with one relay, and returns it and the server's address.
func start(t *testing.T, s *Server, r *relay) string {
	if s.OnPublish == nil {
		s.OnPublish = func(context.Context, Request) (Publication, error) { return r, nil }
	}
	s.OnPlay = func(context.Context, Request) (Playback, error) { return &player{r: r}, nil }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, <-served)
	})
	return l.Addr().String()
}

func body(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// Bodies as encoders send them; not all can be decoded, and none need be.
var streams = map[string][]flv.Tag{
	"H.264 and AAC": {
		{Type: flv.Script, Body: []byte("\x02\x00\x0aonMetaData\x08\x00\x00\x00\x00\x00\x00\x09")},
		{Type: flv.Video, Body: body("1700000000014d401fffe1000a674d401f965201405ff201000468ebe3cb")},
		{Type: flv.Audio, Body: body("af0012100000")},
		{Type: flv.Video, Timestamp: 0xfffffff0, Body: body("17010000500000000465888400")},
		{Type: flv.Audio, Timestamp: 0xfffffff8, Body: body("af01211000")},
		{Type: flv.Video, Timestamp: 5, Body: body("2701000000000000024188")},
		{Type: flv.Script, Timestamp: 6, Body: []byte("\x02\x00\x0aonTextData\x05")},
		{Type: flv.Video, Timestamp: 7, Body: append(body("2701000000"), make([]byte, 300_000)...)},
		{Type: flv.Video, Timestamp: 8, Body: body("1702000000")},
	},
	"HEVC, enhanced": {
		{Type: flv.Video, Body: body("9068766331010160000000b00000000000")},               // SequenceStart
		{Type: flv.Video, Timestamp: 1, Body: body("94687663310200")},                     // Metadata
		{Type: flv.Video, Timestamp: 2, Body: body("91687663310000280000000426010a01")},   // CodedFrames
		{Type: flv.Video, Timestamp: 3, Body: body("a3687663310000000402010a01")},         // CodedFramesX
		{Type: flv.Video, Timestamp: 4, Body: body("a70200000103687663310000000402010a")}, // ModEx
		{Type: flv.Video, Timestamp: 5, Body: body("96006876633100010000000402010a")},     // Multitrack
		{Type: flv.Video, Timestamp: 6, Body: body("9268766331")},                         // SequenceEnd
		{Type: flv.Video, Timestamp: 7, Body: body("9f6876633101")},                       // nobody knows
	},
	"Opus, enhanced": {
		{Type: flv.Audio, Body: body("904f7075734f707573486561640102380180bb0000000000")},
		{Type: flv.Audio, Timestamp: 1, Body: body("944f70757300020000000000000003")},
		{Type: flv.Audio, Timestamp: 20, Body: body("914f707573fc7f")},
		{Type: flv.Audio, Timestamp: 40, Body: body("974f000000")},
		{Type: flv.Audio, Timestamp: 60, Body: body("924f707573")},
	},
}

func TestRelayIsBitForBit(t *testing.T) {
	for name, tags := range streams {
		t.Run(name, func(t *testing.T) {
			r := newRelay()
			address := start(t, &Server{}, r)
			p, err := Publish(t.Context(), "rtmp://"+address+"/live/test?key=secret", DialOptions{})
			require.NoError(t, err)
			for _, tag := range tags {
				require.NoError(t, p.WriteTag(tag))
			}
			c, err := Dial(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
			require.NoError(t, err)
			for _, tag := range tags {
				got, err := c.ReadTag()
				require.NoError(t, err)
				require.Equal(t, tag, got)
			}
			require.NoError(t, p.Close())
			got, closed, err := r.wait(len(tags) + 1)
			require.True(t, closed)
			require.NoError(t, err, "the publisher said that it leaves")
			require.Equal(t, tags, got)
			_, err = c.ReadTag()
			require.ErrorIs(t, err, io.EOF)
			require.NoError(t, c.Close())
		})
	}
}

func TestRequest(t *testing.T) {
	for raw, want := range map[string]Request{
		"/live/test":                   {App: "live", Name: "test"},
		"/live/test?key=a%20b&x=1":     {App: "live", Name: "test", Query: url.Values{"key": {"a b"}, "x": {"1"}}},
		"/live/room/test":              {App: "live/room", Name: "test"},
		"/live/room/a/b":               {App: "live/room", Name: "a/b"},
		"/test":                        {App: "", Name: "test"},
		"/live/%E4%B8%AD?sign=1&sign=": {App: "live", Name: "%E4%B8%AD", Query: url.Values{"sign": {"1", ""}}},
	} {
		t.Run(raw, func(t *testing.T) {
			got := make(chan Request, 1)
			address := start(t, &Server{OnPublish: func(_ context.Context, r Request) (Publication, error) {
				got <- r
				return newRelay(), nil
			}}, newRelay())
			p, err := Publish(t.Context(), "rtmp://"+address+raw, DialOptions{})
			require.NoError(t, err)
			defer p.Close()
			r := <-got
			require.NotNil(t, r.Remote)
			require.NotEmpty(t, r.Agent)
			if want.Query == nil {
				want.Query = url.Values{}
			}
			require.Equal(t, want, Request{App: r.App, Name: r.Name, Query: r.Query})
		})
	}
}

func TestSecondPublisherIsRefused(t *testing.T) {
	address := start(t, &Server{}, newRelay())
	first, err := Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
	require.NoError(t, err)
	_, err = Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
	require.Equal(t, fault.StreamBusy, fault.CodeOf(err))
	require.ErrorContains(t, err, "NetStream.Publish.BadName")
	other, err := Publish(t.Context(), "rtmp://"+address+"/live/other", DialOptions{})
	require.NoError(t, err)
	require.NoError(t, other.Close())
	require.NoError(t, first.WriteTag(flv.Tag{Type: flv.Audio, Body: []byte{1}}), "the first goes on")
	require.NoError(t, first.Close())
	require.Eventually(t, func() bool {
		again, err := Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
		return err == nil && again.Close() == nil
	}, 5*time.Second, time.Millisecond)
}

func TestDenied(t *testing.T) {
	address := start(t, &Server{OnPublish: func(_ context.Context, r Request) (Publication, error) {
		return nil, fault.New(fault.PublishDenied, "the publish key is wrong; ask the operator for it")
	}}, newRelay())
	_, err := Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
	require.Equal(t, fault.PublishDenied, fault.CodeOf(err))
	require.ErrorContains(t, err, "the publish key is wrong")

	s := &Server{}
	address = start(t, s, newRelay())
	s.OnPlay = nil
	c, err := Dial(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.ReadTag()
	require.Equal(t, fault.SourceRefused, fault.CodeOf(err))
	require.ErrorContains(t, err, "NetStream.Play.StreamNotFound")
}

func TestDialErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := l.Addr().String()
	require.NoError(t, l.Close())
	for raw, want := range map[string]fault.Code{
		"http://127.0.0.1/x":           fault.URLInvalid,
		"rtmp://":                      fault.URLInvalid,
		"rtmp://127.0.0.1/":            fault.URLInvalid,
		"rtmp://127.0.0.1/live/":       fault.URLInvalid,
		"rtmp://" + nobody + "/live/x": fault.SourceUnreachable,
	} {
		_, err := Dial(t.Context(), raw, DialOptions{})
		require.Equal(t, want, fault.CodeOf(err), raw)
	}
	for name, answer := range map[string]string{"hangs up": "", "speaks HTTP": "HTTP/1.1 400 Bad Request\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			address := once(t, func(c net.Conn) { _, _ = c.Write([]byte(answer)) })
			_, err := Dial(t.Context(), "rtmp://"+address+"/live/x", DialOptions{})
			require.Error(t, err)
			require.NotEqual(t, fault.Internal, fault.CodeOf(err))
		})
	}
	t.Run("hangs", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		address := once(t, func(c net.Conn) {
			cancel()
			_, _ = io.Copy(io.Discard, c)
		})
		_, err := Dial(ctx, "rtmp://"+address+"/live/x", DialOptions{})
		require.Equal(t, fault.SourceUnreachable, fault.CodeOf(err))
	})
}

// once serves one connection.
func once(t *testing.T, serve func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		serve(c)
		_ = c.Close()
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

// ffmpeg publishes; what arrives is what ffmpeg's own FLV muxer writes.
func TestFFmpegPublishes(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "ffmpeg is missing: run `make tools`")
	const clip = "../origin/clip.flv"
	file := t.TempDir() + "/copy.flv"
	run(t, ffmpeg, "-v", "error", "-i", clip, "-c", "copy", "-f", "flv", file)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	want := media(flv.NewReader(bytes.NewReader(b), flv.Limits{}))

	r := newRelay()
	address := start(t, &Server{}, r)
	run(t, ffmpeg, "-v", "error", "-i", clip, "-c", "copy", "-f", "flv", "rtmp://"+address+"/live/test?key=1")
	tags, closed, err := r.wait(1 << 20)
	require.True(t, closed)
	require.NoError(t, err)
	require.True(t, tags[0].IsMetadata(), "@setDataFrame is for the server")
	var got [][]byte
	for _, tag := range tags {
		if tag.Type != flv.Script {
			got = append(got, tag.Body)
		}
	}
	require.Len(t, got, len(want))
	require.True(t, bytes.Equal(bytes.Join(want, nil), bytes.Join(got, nil)))
	require.Positive(t, len(got))

	// And it plays what we send.
	run(t, ffmpeg, "-v", "error", "-xerror", "-i", "rtmp://"+address+"/live/test", "-f", "null", "-")
}

func media(r *flv.Reader) (bodies [][]byte) {
	for {
		t, err := r.ReadTag()
		if err != nil {
			return bodies
		}
		if t.Type != flv.Script {
			bodies = append(bodies, t.Body)
		}
	}
}

func run(t *testing.T, command string, args ...string) {
	out, err := exec.Command(command, args...).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out))
}

// Client and server of gortmplib talk to ours.
func TestGortmplib(t *testing.T) {
	tags := streams["H.264 and AAC"]
	t.Run("its server, our client", func(t *testing.T) {
		address := once(t, func(c net.Conn) {
			s := &gortmplib.ServerConn{RW: c}
			if s.Initialize() == nil && s.Accept() == nil {
				_ = s.Write(&theirs.UserControlPingRequest{})
				_ = s.Write(&theirs.AudioExCodedFrames{FourCC: theirs.FourCCOpus, Payload: []byte{1, 2}, ChunkStreamID: 4, MessageStreamID: 1})
				_, _ = s.Read()
			}
		})
		c, err := Dial(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
		require.NoError(t, err)
		defer c.Close()
		got, err := c.ReadTag()
		require.NoError(t, err)
		require.Equal(t, flv.Tag{Type: flv.Audio, Body: []byte("\x91Opus\x01\x02")}, got)
	})
	t.Run("its clients, our server", func(t *testing.T) {
		r := newRelay()
		address := start(t, &Server{}, r)
		u, _ := url.Parse("rtmp://" + address + "/live#test")
		c := &gortmplib.Client{URL: u, Publish: true}
		require.NoError(t, c.Initialize(t.Context()))
		require.NoError(t, c.Write(&theirs.AudioExCodedFrames{FourCC: theirs.FourCCOpus, Payload: []byte{1}, ChunkStreamID: 4}))
		got, _, _ := r.wait(1)
		require.Equal(t, []byte("\x91Opus\x01"), got[0].Body)
		c.Close()
		_, closed, err := r.wait(2)
		require.True(t, closed)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "it did not say that it leaves")

		r2 := newRelay()
		address = start(t, &Server{}, r2)
		require.NoError(t, r2.WriteTag(tags[2]))
		u, _ = url.Parse("rtmp://" + address + "/live#test")
		c = &gortmplib.Client{URL: u}
		require.NoError(t, c.Initialize(t.Context()))
		for {
			m, err := c.Read()
			require.NoError(t, err)
			if _, ok := m.(*theirs.Audio); ok {
				break
			}
		}
		r2.Close(nil)
		c.Close()
	})
}

// Odd messages do not end a live relay.
func TestOddMessages(t *testing.T) {
	r := newRelay()
	address := start(t, &Server{}, r)
	p, err := Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
	require.NoError(t, err)
	audio := flv.Tag{Type: flv.Audio, Timestamp: 100, Body: []byte{0xaf, 1, 2}}
	video := flv.Tag{Type: flv.Video, Timestamp: 140, Body: []byte{0x27, 1, 0, 0, 0}}
	aggregate := flv.AppendTag(flv.AppendTag(nil, &audio), &video)
	for _, m := range []odd{
		{99, nil}, {77, []byte("x")}, {typeUserControl, []byte{0, 200, 1}}, {typeUserControl, nil},
		{typeCommandAMF3, []byte{0, 1, 2}}, {typeCommandAMF0, []byte{0x55}}, {typeDataAMF0, nil}, {typeDataAMF3, []byte{9, 9}},
		{typeSetChunkSize, []byte{0, 0, 1, 0}}, {typeAcknowledge, nil}, {typePeerBandwidth, nil}, {typeAudio, nil},
		{typeDataAMF0, []byte(clearDataFrame)}, {typeAggregate, []byte{1, 2, 3}},
	} {
		require.NoError(t, p.conn.write(onCommand, &message{typ: m.typ, stream: 1, body: m.body}))
		if m.typ == typeSetChunkSize {
			p.conn.chunk = 256
		}
	}
	require.NoError(t, p.conn.write(onCommand, &message{typ: typeDataAMF3, timestamp: 9, body: []byte("\x00\x02\x00\x01x")}))
	require.NoError(t, p.conn.write(onCommand, &message{typ: typeAggregate, timestamp: 5000, body: aggregate}))
	got, _, _ := r.wait(3)
	audio.Timestamp, video.Timestamp = 5000, 5040
	require.Equal(t, []flv.Tag{{Type: flv.Script, Timestamp: 9, Body: []byte("\x02\x00\x01x")}, audio, video}, got)
	require.NoError(t, p.Close())
}

// odd is a message that is out of place.
type odd struct {
	typ  uint8
	body []byte
}

func TestServerLimits(t *testing.T) {
	t.Run("time to start", func(t *testing.T) {
		address := start(t, &Server{StartTimeout: 20 * time.Millisecond}, newRelay())
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
		require.Error(t, err)
	})
	t.Run("silence", func(t *testing.T) {
		r := newRelay()
		address := start(t, &Server{IdleTimeout: 20 * time.Millisecond}, r)
		p, err := Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
		require.NoError(t, err)
		defer p.Close()
		_, closed, err := r.wait(1)
		require.True(t, closed)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
	t.Run("message size", func(t *testing.T) {
		r := newRelay()
		address := start(t, &Server{Limits: flv.Limits{MaxTag: 1000}}, r)
		p, err := Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
		require.NoError(t, err)
		defer p.Close()
		_ = p.WriteTag(flv.Tag{Type: flv.Video, Body: make([]byte, 1001)})
		_, closed, err := r.wait(1)
		require.True(t, closed)
		require.ErrorIs(t, err, errProtocol)
	})
	t.Run("connections", func(t *testing.T) {
		address := start(t, &Server{MaxConnections: 1}, newRelay())
		p, err := Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
		require.NoError(t, err)
		defer p.Close()
		_, err = Publish(t.Context(), "rtmp://"+address+"/live/other", DialOptions{})
		require.Error(t, err)
	})
	for name, garbage := range map[string]string{
		"HTTP": "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "RTMPE": "\x06", "zeros": string(append([]byte{3}, make([]byte, 5000)...)),
	} {
		t.Run(name, func(t *testing.T) {
			address := start(t, &Server{StartTimeout: 50 * time.Millisecond}, newRelay())
			c, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer c.Close()
			_, err = c.Write([]byte(garbage))
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, c)
			if err != nil {
				var closed *net.OpError
				require.True(t, errors.As(err, &closed))
			}
		})
	}
}

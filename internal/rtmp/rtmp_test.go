package rtmp

import (
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/handshake"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
func (r *relay) wait(n int) (tags []flv.Tag, closed bool, err error) { return r.waitUntil(n, nil) }

func (r *relay) waitUntil(n int, stop <-chan struct{}) (tags []flv.Tag, closed bool, err error) {
	for {
		r.mu.Lock()
		tags, closed, err = r.tags, r.closed, r.err
		changed := r.changed
		r.mu.Unlock()
		if len(tags) >= n || closed {
			return tags, closed, err
		}
		select {
		case <-changed:
		case <-stop:
			return tags, closed, err
		}
	}
}

type player struct {
	r    *relay
	next int
	stop chan struct{}
}

func (p *player) ReadTag() (flv.Tag, error) {
	tags, _, _ := p.r.waitUntil(p.next+1, p.stop)
	if p.next < len(tags) {
		p.next++
		return tags[p.next-1], nil
	}
	return flv.Tag{}, io.EOF
}

func (p *player) Close() error { close(p.stop); return nil }

// start runs a server with one relay, and returns it and the server's address.
func start(t *testing.T, s *Server, r *relay) string {
	if s.OnPublish == nil {
		s.OnPublish = func(context.Context, Request) (Publication, error) { return r, nil }
	}
	s.OnPlay = func(context.Context, Request) (Playback, error) { return &player{r: r, stop: make(chan struct{})}, nil }
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

func TestRedirect(t *testing.T) {
	r := newRelay()
	require.NoError(t, r.WriteTag(flv.Tag{Type: flv.Audio, Body: []byte{0xaf, 1}}))
	good := start(t, &Server{}, r)
	for to, want := range map[string]fault.Code{
		"rtmp://" + good + "/live": "", "rtmp://" + good + "/live/test?x=1": "", "http://" + good + "/live": fault.SourceInvalid,
	} {
		t.Run(to, func(t *testing.T) {
			address := once(t, func(nc net.Conn) {
				if _, _, err := handshake.DoServer(nc, false); err != nil {
					return
				}
				c := newConn(nc)
				for {
					m, err := c.read()
					if r, ok := parseCommand(&m); err != nil || ok && r.name == "connect" {
						_ = c.send(0, "_error", r.id, nil, amf0.Object{
							{Key: "level", Value: "error"}, {Key: "code", Value: "NetConnection.Connect.Rejected"},
							{Key: "ex", Value: amf0.Object{{Key: "code", Value: 302.0}, {Key: "redirect", Value: to}}},
						})
						return
					}
				}
			})
			c, err := Dial(t.Context(), "rtmp://"+address+"/live/test?sign=1", DialOptions{})
			require.Equal(t, want, fault.CodeOf(err), "%v", err)
			if err == nil {
				_, err = c.ReadTag()
				require.NoError(t, err)
				require.NoError(t, c.Close())
			}
		})
	}
}

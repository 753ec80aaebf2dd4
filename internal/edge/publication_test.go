package edge

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/slice"
)

func nobody(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "no", http.StatusNotFound) }

// send publishes pictures in real time.
func send(p *Publication, pictures int) error {
	if err := p.WriteTag(header(1)); err != nil {
		return err
	}
	for n := range pictures {
		if err := p.WriteTag(picture(uint32(n*40), n)); err != nil {
			return err
		}
		time.Sleep(40 * time.Millisecond)
	}
	return nil
}

func TestPublishedStream(t *testing.T) {
	inBubble(t, Config{}, nobody, func(w *world) {
		_, code := refusal(w.t, w.get("/v1/resolve?channel=live/test"))
		require.Equal(w.t, fault.ChannelUnknown, code)
		p, err := w.edge.Publish("live/test", "")
		require.NoError(w.t, err)
		sent := make(chan error, 1)
		go func() { sent <- send(p, 10_000) }()
		r := w.resolve("channel=live/test")
		require.Equal(w.t, "live/test", r.Stream)
		w.fetch(r, 0)

		_, err = w.edge.Publish("live/test", "")
		require.Equal(w.t, fault.StreamBusy, fault.CodeOf(err), "two publishers on one name")
		time.Sleep(2 * time.Minute)
		require.Equal(w.t, r.Track, w.resolve("channel=live/test").Track, "it is not let go while somebody publishes")
		require.NoError(w.t, p.Close())
		require.Equal(w.t, fault.Closed, fault.CodeOf(<-sent))

		time.Sleep(20 * time.Second)
		require.Equal(w.t, edgeapi.StateInterrupted, w.resolve("channel=live/test").State)
		p, err = w.edge.Publish("live/test", "")
		require.NoError(w.t, err)
		require.NoError(w.t, send(p, 100))
		back := w.resolve("channel=live/test")
		require.Equal(w.t, r.Track, back.Track, "the publisher came back in time")
		require.Equal(w.t, edgeapi.StateLive, back.State)
		require.NoError(w.t, p.Close())

		for range 65 {
			time.Sleep(time.Second)
			w.get("/v1/tracks/" + r.Track)
		}
		_, code = refusal(w.t, w.get("/v1/resolve?channel=live/test"))
		require.Equal(w.t, fault.ChannelUnknown, code)
		_, code = refusal(w.t, w.get(w.slicePath(r, back.Edge.Number+50)))
		require.Equal(w.t, fault.SourceEnded, code)
	})
}

func TestPublishKeys(t *testing.T) {
	c := Config{PublishKey: "all", Channels: map[string]Channel{
		"live/own": {PublishKey: "mine"}, "live/pulled": {Source: "http://origin.example/a.flv"}}}
	inBubble(t, c, nobody, func(w *world) {
		for _, test := range []struct {
			name, key string
			want      fault.Code
		}{
			{"live/x", "", fault.PublishDenied}, {"live/x", "wrong", fault.PublishDenied}, {"live/x", "all", ""},
			{"live/own", "all", fault.PublishDenied}, {"live/own", "mine", ""},
			{"live/pulled", "all", fault.PublishDenied}, {"http://a.example/b", "all", fault.URLInvalid}, {"", "all", fault.URLInvalid},
		} {
			p, err := w.edge.Publish(test.name, test.key)
			require.Equal(w.t, test.want, fault.CodeOf(err), "%+v", test)
			if err == nil {
				require.NoError(w.t, p.Close())
			}
		}
	})
}

func TestPublisherThatSendsNothingIsDropped(t *testing.T) {
	inBubble(t, Config{}, nobody, func(w *world) {
		p, err := w.edge.Publish("live/test", "")
		require.NoError(w.t, err)
		select {
		case <-p.Done():
		case <-time.After(12 * time.Second):
			require.Fail(w.t, "it is still there")
		}
		_, code := refusal(w.t, w.get("/v1/resolve?channel=live/test"))
		require.Equal(w.t, fault.SourceTimeout, code)
		p, err = w.edge.Publish("live/test", "")
		require.NoError(w.t, err, "the name is free again at once")
		sent := make(chan error)
		go func() { sent <- send(p, 100) }()
		w.resolve("channel=live/test")
		require.NoError(w.t, w.edge.Close())
		<-p.Done()
		require.Equal(w.t, fault.Closed, fault.CodeOf(<-sent))
	})
}

// TestSlowViewerSlowsNobody uses real connections, whose buffers fill up.
func TestSlowViewerSlowsNobody(t *testing.T) {
	e, err := New(Config{MaxStreamBytes: 4 << 20})
	require.NoError(t, err)
	server := httptest.NewServer(e.Handler())
	defer server.Close()
	defer func() { require.NoError(t, e.Close()) }()
	p, err := e.Publish("live/test", "")
	require.NoError(t, err)
	write := func(n int) []byte {
		tag := picture(uint32(n*40), n)
		tag.Body = append(tag.Body, bytes.Repeat([]byte{byte(n)}, 60_000)...)
		require.NoError(t, p.WriteTag(tag))
		return tag.Body
	}
	require.NoError(t, p.WriteTag(header(1)))
	for n := range 50 {
		write(n)
	}
	slow, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = slow.Close() }()
	_, err = slow.Write([]byte("GET /live/test.flv HTTP/1.1\r\nHost: x\r\n\r\n"))
	require.NoError(t, err)
	_, err = io.ReadFull(slow, make([]byte, 1000)) // it has begun, and reads no more
	require.NoError(t, err)

	fast, err := http.Get(server.URL + "/live/live/test.flv")
	require.NoError(t, err)
	defer func() { _ = fast.Body.Close() }()
	require.Equal(t, "video/x-flv", fast.Header.Get("Content-Type"))
	reader := flv.NewReader(fast.Body, flv.Limits{})
	next := func() flv.Tag {
		for {
			tag, err := reader.ReadTag()
			require.NoError(t, err)
			if tag.Type == flv.Video && tag.IsMedia() {
				return tag
			}
		}
	}
	tag := next()
	require.True(t, tag.IsKeyframe())
	seen := int(tag.Body[5])<<8 | int(tag.Body[6])
	for n := 50; n < 1000; n++ { // 60 MB, many times what any buffer holds
		write(n)
		for seen < n-20 {
			got := next()
			seen++
			require.Equal(t, []byte{byte(seen >> 8), byte(seen)}, got.Body[5:7])
		}
	}
	st := e.Status().Streams[0]
	require.Equal(t, 2, st.Readers)
	require.LessOrEqual(t, st.KeptBytes, int64(4<<20))
}

func TestPlaybackCountsAsViewer(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1"), MaxReaders: 1}, forever, func(w *world) {
		p, err := w.edge.Play(context.Background(), "live1")
		require.NoError(w.t, err)
		_, err = w.edge.Play(context.Background(), "live1")
		require.Equal(w.t, fault.LimitReached, fault.CodeOf(err))
		tag, err := p.ReadTag()
		require.NoError(w.t, err)
		require.True(w.t, tag.IsMetadata())
		time.Sleep(2 * time.Minute)
		require.Len(w.t, w.asked(), 1)
		require.NoError(w.t, p.Close())
		time.Sleep(32 * time.Second)
		require.Empty(w.t, w.edge.Status().Streams)
	})
}

func TestLargePictureSpansSlices(t *testing.T) {
	inBubble(t, Config{}, nobody, func(w *world) {
		p, err := w.edge.Publish("live/test", "")
		require.NoError(w.t, err)
		big := picture(0, 0)
		big.Body = append(big.Body, bytes.Repeat([]byte{7}, 300_000)...)
		require.NoError(w.t, p.WriteTag(header(1)))
		require.NoError(w.t, p.WriteTag(big))
		w.resolve("channel=live/test")
		time.Sleep(time.Second)
		r := w.resolve("channel=live/test")
		var all []byte
		for n := r.First; n <= r.Edge.Number; n++ {
			s := w.fetch(r, n)
			require.Equal(w.t, n > 0, s.Proof.Flags&slice.Continuation != 0)
			all = append(all, s.Payload...)
		}
		require.True(w.t, bytes.Contains(all, big.Body))
	})
}

package superp2p

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/source"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// rtmpStage is a server that takes streams.
func rtmpStage(t *testing.T, adjust func(*config.Config)) *stage.Stage {
	t.Helper()
	st, err := stage.Start(t.Context(), stage.Config{Adjust: func(c *config.Config) {
		c.RTMP = "127.0.0.1:0"
		if adjust != nil {
			adjust(c)
		}
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

// said is what a publishing told.
type said struct {
	code, level, description string
	err                      error
}

// published publishes under a name until the test ends.
func published(t *testing.T, c Config, base, name string) (*publishing, chan said) {
	t.Helper()
	events := make(chan said, 100)
	p := publish(&c, base, name, func(code, level, description string, err error) {
		events <- said{code, level, description, err}
	})
	t.Cleanup(p.stop)
	return p, events
}

// tags are what a clip of pictures and sound looks like: a key picture each second.
func tags(seconds int) (all []flv.Tag) {
	all = append(all,
		flv.Tag{Type: flv.Video, Body: []byte{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe0, 0}},
		flv.Tag{Type: flv.Audio, Body: []byte{0xaf, 0, 0x12, 0x10}})
	for n := range seconds * 25 {
		head := []byte{0x27, 1, 0, 0, 0}
		if n%25 == 0 {
			head[0] = 0x17
		}
		at := uint32(n * 40)
		all = append(all,
			flv.Tag{Type: flv.Video, Timestamp: at, Body: append(head, bytes.Repeat([]byte{byte(n), byte(n >> 8), 7}, 300+n%100)...)},
			flv.Tag{Type: flv.Audio, Timestamp: at, Body: append([]byte{0xaf, 1}, bytes.Repeat([]byte{byte(n)}, 100)...)})
	}
	return all
}

func asFile(all []flv.Tag) []byte {
	b := flv.AppendHeader(nil, true, true)
	for i := range all {
		b = flv.AppendTag(b, &all[i])
	}
	return b
}

// TestPublishedBytesArriveUnchanged writes FLV in pieces of odd sizes and reads it as a player of the server does.
func TestPublishedBytesArriveUnchanged(t *testing.T) {
	st := rtmpStage(t, nil)
	p, events := published(t, Config{Server: st.ServerURL(), Unpaced: true}, "", "test")
	sent := tags(8) // less than a reader may fall behind
	file := asFile(sent)
	half := len(asFile(sent[:2+20*2])) // within the first group
	_, err := p.Write(file[:half])
	require.NoError(t, err)
	require.Equal(t, said{code: NetStreamPublishStart, level: "status"}, <-events)
	reader, err := source.Open(t.Context(), st.ServerURL()+"/live/live/test.flv", source.Options{})
	require.NoError(t, err)
	defer func() { _ = reader.Close() }()
	for piece := range slices.Chunk(file[half:], 997) {
		n, err := p.Write(piece)
		require.NoError(t, err)
		require.Equal(t, len(piece), n)
	}
	require.NoError(t, p.call("onCuePoint", map[string]any{"name": "x"}))

	cue, missing := false, len(sent)-2
	for i := 2; missing > 0 || !cue; {
		tag, err := reader.ReadTag()
		require.NoError(t, err)
		switch {
		case tag.Type == flv.Script && bytes.Contains(tag.Body, []byte("onCuePoint")):
			cue = true
		case tag.IsMedia():
			require.True(t, tag.Timestamp == sent[i].Timestamp && bytes.Equal(tag.Body, sent[i].Body), "tag %d", i)
			i++
			missing--
		}
	}
	p.stop()
	require.Equal(t, said{code: NetStreamUnpublishSuccess, level: "status"}, <-events)
	require.Empty(t, events)
	_, err = p.Write(file)
	require.Equal(t, fault.Closed, fault.CodeOf(err))
}

func TestPublishingThatIsRefused(t *testing.T) {
	st := rtmpStage(t, func(c *config.Config) { c.PublishKey = "secret" })
	first, events := published(t, Config{Server: st.ServerURL()}, "", "live/test?key=secret")
	require.Equal(t, NetStreamPublishStart, (<-events).code)
	require.NoError(t, first.started())
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := closed.Addr().String()
	require.NoError(t, closed.Close())
	for _, test := range []struct {
		base, name, event string
		code              Code
	}{
		{"", "live/test?key=secret", NetStreamPublishBadName, "stream_busy"},
		{"", "live/other?key=wrong", NetStreamPublishBadName, "publish_denied"},
		{"", "live/other", NetStreamPublishBadName, "publish_denied"},
		{"rtmp://" + nobody + "/live", "other", NetStreamFailed, "server_unreachable"},
		{"http://x", "other", NetStreamFailed, "url_invalid"},
	} {
		p, events := published(t, Config{Server: st.ServerURL()}, test.base, test.name)
		e := <-events
		require.Equal(t, test.event, e.code, test.name)
		require.Equal(t, "error", e.level)
		require.NotEmpty(t, e.description)
		require.NotContains(t, e.description, string(test.code)+": ")
		require.Equal(t, test.code, CodeOf(e.err), "%v", e.err)
		_, err := p.Write([]byte("FLV"))
		require.Equal(t, test.code, CodeOf(err))
		require.Equal(t, test.code, CodeOf(p.call("f")))
		p.stop()
		require.Empty(t, events, "one event and no more")
	}
}

func TestPublishingEndsWithTheServer(t *testing.T) {
	st := rtmpStage(t, nil)
	p, events := published(t, Config{Server: st.ServerURL(), Unpaced: true}, "", "test")
	require.Equal(t, NetStreamPublishStart, (<-events).code)
	_, err := p.Write(asFile(tags(1)))
	require.NoError(t, err)
	require.NoError(t, st.Server.Close())
	e := <-events
	require.Equal(t, NetStreamFailed, e.code)
	require.Equal(t, fault.ServerUnreachable, CodeOf(e.err))
	for err = nil; err == nil; {
		err = p.writeTag(tags(1)[0])
	}
	require.Equal(t, fault.ServerUnreachable, CodeOf(err), "%v", err)
	p.stop()
	require.Empty(t, events)
}

func TestWhatIsNoFLVIsNotPublished(t *testing.T) {
	st := rtmpStage(t, nil)
	p, _ := published(t, Config{Server: st.ServerURL()}, "", "test")
	_, err := p.Write([]byte("this is no FLV at all"))
	require.Equal(t, fault.SourceInvalid, CodeOf(err))
	p, _ = published(t, Config{Server: st.ServerURL()}, "", "test2")
	_, err = p.Write(append(flv.AppendHeader(nil, true, true), "\x00this is no tag at all"...))
	require.Equal(t, fault.SourceInvalid, CodeOf(err))
}

func TestAnIdlePublisherIsTold(t *testing.T) {
	st := rtmpStage(t, nil)
	events := make(chan string, 100)
	c := Config{Server: st.ServerURL()}
	p := newPublishing(&c, func(code, _, _ string, _ error) { events <- code })
	p.idle = time.Millisecond
	p.start(&c, "", "test")
	defer p.stop()
	require.Equal(t, NetStreamPublishStart, <-events)
	require.Equal(t, NetStreamPublishIdle, <-events)
	require.NoError(t, p.writeTag(tags(1)[0]))
	require.Equal(t, NetStreamPublishIdle, <-events, "again, since something was written")
}

func TestWhereToPublish(t *testing.T) {
	st := rtmpStage(t, nil)
	silent := stagetest.Handler(t, http.NotFoundHandler())
	_, port, err := net.SplitHostPort(st.Server.RTMPAddr())
	require.NoError(t, err)
	for _, test := range []struct{ server, base, name, want string }{
		{st.ServerURL(), "", "a", "rtmp://127.0.0.1:" + port + "/live/a"},
		{st.ServerURL(), "", "app/a?key=1", "rtmp://127.0.0.1:" + port + "/app/a?key=1"},
		{silent.URL, "", "a", "rtmp://127.0.0.1:1935/live/a"},
		{silent.URL, "rtmp://h/app", "a?x=1", "rtmp://h/app/a?x=1"},
		{silent.URL, "rtmps://h:5/", "a", "rtmps://h:5/live/a"},
		{silent.URL, "rtmp://h/app?key=1", "a", "rtmp://h/app/a?key=1"},
		{silent.URL, "rtmp://h/app", "rtmp://other/x/y", "rtmp://other/x/y"},
	} {
		got, err := publishTarget(context.Background(), &Config{Server: test.server}, test.base, test.name)
		require.NoError(t, err)
		require.Equal(t, test.want, got)
	}
}

func TestArgumentsOfPublish(t *testing.T) {
	for _, ok := range [][2]string{{"a", ""}, {"app/a?key=1", "live"}} {
		require.NoError(t, checkPublish(ok[0], ok[1]))
	}
	for _, bad := range [][2]string{{"", ""}, {" / ", "live"}, {"?key=1", ""}, {"a", "record"}, {"a", "append"}, {"a", "x"}} {
		require.Error(t, checkPublish(bad[0], bad[1]), "%v", bad)
	}
}

func TestRecordingsArePublishedAtTheirPace(t *testing.T) {
	var p pacer
	now := time.Unix(0, 0)
	at := func(timestamp uint32) time.Duration { return max(0, p.wait(now, timestamp)) }
	require.Zero(t, at(5000))
	require.Zero(t, at(6000), "a second ahead")
	require.Equal(t, 500*time.Millisecond, at(6500))
	now = now.Add(500 * time.Millisecond)
	require.Zero(t, at(6490), "composition does not go back")
	require.Equal(t, 10*time.Millisecond, at(6510))
	require.Zero(t, at(0), "it begins anew")
	require.Equal(t, time.Second, at(2000))
	now = now.Add(time.Minute)
	require.Zero(t, at(2040), "it stood still")
	require.Equal(t, time.Second, at(4040), "and is not rushed")
	var wraps pacer
	wraps.wait(now, 1<<32-500)
	require.Equal(t, 0*time.Second, wraps.wait(now, 500), "the timestamps wrap")
}

func TestTheClipIsPublished(t *testing.T) {
	st := rtmpStage(t, nil)
	clip, err := os.ReadFile(stagetest.Clip(t))
	require.NoError(t, err)
	p, _ := published(t, Config{Server: st.ServerURL(), Unpaced: true}, "", "clip")
	_, err = p.Write(clip)
	require.NoError(t, err)
	stagetest.OnAir(t, st.ServerURL(), "live/clip")
}

// silent is a server that accepts connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return "rtmp://" + l.Addr().String() + "/live"
}

func TestAServerThatSaysNothingFailsInTime(t *testing.T) {
	p, events := published(t, Config{StartTimeout: 100 * time.Millisecond}, silent(t), "test")
	e := <-events
	require.Equal(t, NetStreamFailed, e.code)
	require.Equal(t, fault.ServerUnreachable, CodeOf(e.err))
	p.stop()
	require.Empty(t, events)
}

func TestStoppedBeforeItHasBegun(t *testing.T) {
	p, events := published(t, Config{StartTimeout: time.Hour}, silent(t), "test")
	waits := make(chan error, 1)
	go func() {
		_, err := p.Write([]byte("FLV"))
		waits <- err
	}()
	p.stop()
	require.Equal(t, fault.Closed, CodeOf(<-waits))
	require.Empty(t, events, "nothing had begun")
}

package webtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/stage"
)

// onAir starts a live stream and a server.
func onAir(t *testing.T) *stage.Stage { return onAirAt(t, 1_000_000) }

func onAirAt(t *testing.T, bitrate int) *stage.Stage {
	t.Helper()
	long(t)
	s, err := stage.Start(t.Context(), stage.Config{Bitrate: bitrate, Past: 8 * time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// native is a native peer and the tags that it has read.
type native struct {
	*peer.Viewer
	mu   sync.Mutex
	tags []flv.Tag
}

func openNative(t *testing.T, server string) *native {
	t.Helper()
	return openNativeOf(t, server, "live")
}

func openNativeOf(t *testing.T, server, target string) *native {
	t.Helper()
	v, err := peer.Open(t.Context(), peer.Config{Server: server}, target)
	require.NoError(t, err)
	n := &native{Viewer: v}
	r := v.NewReader()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			tag, err := r.ReadTag()
			if err != nil {
				return
			}
			n.mu.Lock()
			n.tags = append(n.tags, tag)
			n.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, v.Close())
		<-done
	})
	return n
}

// media returns the audio and video frames that were read so far.
func (n *native) media() []flv.Tag {
	n.mu.Lock()
	defer n.mu.Unlock()
	return media(n.tags)
}

func media(tags []flv.Tag) []flv.Tag {
	var out []flv.Tag
	for _, tag := range tags {
		if tag.IsMedia() {
			out = append(out, tag)
		}
	}
	return out
}

func parse(t *testing.T, b []byte) []flv.Tag {
	t.Helper()
	r := flv.NewReader(bytes.NewReader(b), flv.Limits{})
	var tags []flv.Tag
	for {
		tag, err := r.ReadTag()
		if errors.Is(err, io.EOF) {
			return tags
		}
		require.NoError(t, err)
		tags = append(tags, tag)
	}
}

// requirePart requires that got is a part of want without a gap, but for where it begins in time.
func requirePart(t *testing.T, want, got []flv.Tag) {
	t.Helper()
	require.NotEmpty(t, got)
	for at := range want {
		if !bytes.Equal(want[at].Body, got[0].Body) || len(want)-at < len(got) {
			continue
		}
		shift := want[at].Timestamp - got[0].Timestamp
		equal := true
		for i := range got {
			w := want[at+i]
			if w.Type != got[i].Type || w.Timestamp != got[i].Timestamp+shift || !bytes.Equal(w.Body, got[i].Body) {
				equal = false
				break
			}
		}
		if equal {
			return
		}
	}
	require.Fail(t, "what the page read is no part of the stream", "%d tags, %d of the stream", len(got), len(want))
}

// awaitTags waits until a native peer has read so much more.
func (n *native) awaitTags(ctx context.Context, t *testing.T, more int) {
	t.Helper()
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	have := len(n.media())
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for len(n.media()) < have+more {
		select {
		case <-tick.C:
		case <-limit.Done():
			require.Fail(t, "the native peer reads no more")
		}
	}
}

func TestAPageAndNativePeersShareALiveStream(t *testing.T) {
	s := onAir(t)
	a, b := openNative(t, s.ServerURL()), openNative(t, s.ServerURL())
	page := openBrowser(t).play(s.ServerURL(), `await open("", "live"); await readLive();`)
	page.until("source && source.stats().peers === 2")
	page.until("source.stats().position > 0 && source.stats().peerBytes > 600000 && source.stats().peerBytes > source.stats().serverBytes")
	page.until("source.stats().uploadBytes > 200000")
	require.Contains(t, page.text("codes.join()"), "NetStream.Play.Start,NetStream.Buffer.Full")
	require.Zero(t, page.number("source.stats().stalls"))
	got := parse(t, page.taken())
	t.Log(page.text("JSON.stringify(source.stats())"))
	a.awaitTags(t.Context(), t, 300) // which may be a little behind
	require.True(t, got[0].Type == flv.Script || got[0].IsSequenceHeader())
	frames := media(got)
	for _, f := range frames {
		if f.Type == flv.Video {
			require.True(t, f.IsKeyframe(), "the first picture is one that a decoder can start with")
			break
		}
	}
	requirePart(t, a.media(), frames)
	fromPage := a.Stats().PeerBytes + b.Stats().PeerBytes
	require.NotZero(t, fromPage)
	page.do("source.close()")
	page.until("source.stats().peers === 0")
}

// TestSlicesOfTheServerComeByFewRequests has no peers beside the page, and slices that come every 40 ms.
func TestSlicesOfTheServerComeByFewRequests(t *testing.T) {
	s := onAirAt(t, 5_000_000)
	all := openNative(t, s.ServerURL())
	page := openBrowser(t).play(s.ServerURL(), `
		let first, since; // what a start needs is asked for at once
		window.count = () => {
			const { serverSlices, requests, position } = source.stats();
			if (!position || position < (first ??= position) + 6000) return [0, 0];
			since ??= { serverSlices, requests };
			return [serverSlices - since.serverSlices, requests - since.requests];
		};
		await open("", "live", { peers: false });
		await readLive();`)
	page.until("source && count()[0] >= 240")
	t.Log(page.text("String(count())"))
	require.Less(t, page.number("count()[1]"), page.number("count()[0]")/1.5)
	require.Zero(t, page.number("source.stats().stalls"))
	got := media(parse(t, page.taken()))
	all.awaitTags(t.Context(), t, 300)
	requirePart(t, all.media(), got)
}

// TestAServerThatStartsAnewIsFoundAgain plays across two servers at one address: the second cuts another track.
func TestAServerThatStartsAnewIsFoundAgain(t *testing.T) {
	long(t)
	start := func(listen string) *stage.Stage {
		s, err := stage.Start(t.Context(), stage.Config{Bitrate: 6_000_000, Past: 8 * time.Second, Listen: listen})
		require.NoError(t, err)
		return s
	}
	s := start("")
	page := openBrowser(t).play(s.ServerURL(), `await open("", "live", {delay: 2}); await readLive();`)
	page.until("source && source.stats().position > 0 && size > 2000000")
	address := strings.TrimPrefix(s.ServerURL(), "http://")
	require.NoError(t, s.Close())
	again := start(address)
	t.Cleanup(func() { require.NoError(t, again.Close()) })
	page.until("source.stats().tracks === 2 && codes.includes('NetStream.MulticastStream.Reset')")
	page.do("window.mark = size")
	page.until("size > mark + 3000000")
	tags := parse(t, page.taken())
	last := uint32(0)
	for i, tag := range tags {
		require.LessOrEqual(t, int64(last)-200, int64(tag.Timestamp), "tag %d", i)
		require.LessOrEqual(t, tag.Timestamp, last+1000, "tag %d: time has no hole", i)
		last = max(last, tag.Timestamp)
	}
	require.NotContains(t, page.text("codes.join()"), "NetStream.Play.Failed")
}

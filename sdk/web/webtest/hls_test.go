package webtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/peer"
)

// watchHLS is JavaScript that loads segment after segment as a player does, three back from live, and keeps their digests.
const watchHLS = `
	window.got = {};
	const live = source.live;
	for (let next = live ? -1 : 0; ;) {
		const {url, text} = await source.playlist();
		const uris = text.split("\n").filter((l) => l && !l.startsWith("#"));
		const first = Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)[1]);
		if (next < first) next = Math.max(first, live ? first + uris.length - 3 : 0);
		for (; next < first + uris.length; next++) {
			const b = await source.segment(new URL(uris[next - first], url).href);
			size += b.length;
			const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", b));
			got[next] = Array.from(digest, (x) => x.toString(16).padStart(2, "0")).join("");
		}
		if (/ENDLIST/.test(text)) break;
		await new Promise((r) => setTimeout(r, 400));
	}
	source.end();
`

// hlsPeer is a native peer that loads segments as a player does.
type hlsPeer struct {
	*peer.Viewer
	mu  sync.Mutex
	got map[int64][]byte
}

func openHLS(t *testing.T, server, target string, how ...peer.Config) *hlsPeer {
	t.Helper()
	c := append(how, peer.Config{})[0]
	c.Server = server
	v, err := peer.Open(t.Context(), c, target)
	require.NoError(t, err)
	p := &hlsPeer{Viewer: v, got: map[int64][]byte{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.watch(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, v.Close())
		<-done
	})
	return p
}

func (p *hlsPeer) watch(ctx context.Context) {
	tick := time.NewTicker(400 * time.Millisecond)
	defer tick.Stop()
	for next := int64(-1); ; {
		l, err := p.LoadPlaylist(ctx, "")
		if err != nil {
			return
		}
		list := l.Playlist.Media.Segments
		if next < 0 && p.Live() && len(list) > 3 {
			next = list[len(list)-3].Sequence
		}
		for i := range list {
			if list[i].Sequence < next {
				continue
			}
			b, err := p.Segment(ctx, &list[i])
			if err != nil {
				return
			}
			p.mu.Lock()
			p.got[list[i].Sequence] = b
			p.mu.Unlock()
			next = list[i].Sequence + 1
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// digests returns those of what the peer has got.
func (p *hlsPeer) digests() map[int64]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[int64]string{}
	for n, b := range p.got {
		sum := sha256.Sum256(b)
		out[n] = hex.EncodeToString(sum[:])
	}
	return out
}

// requireSegments requires that what the page got is what the peer got, as far as both have it, and returns of how many.
func requireSegments(t *testing.T, p *page, peer *hlsPeer) int {
	t.Helper()
	var got map[int64]string
	require.NoError(t, json.Unmarshal([]byte(p.text("JSON.stringify(got)")), &got))
	both := 0
	for n, digest := range peer.digests() {
		if d, ok := got[n]; ok {
			require.Equal(t, digest, d, "segment %d", n)
			both++
		}
	}
	return both
}

func TestAPageAndNativePeersShareALivePlaylist(t *testing.T) {
	hls := origin.NewHLS(origin.HLSConfig{Bitrate: 800_000})
	cdn := openOrigin(t, hls, true) // which says itself that pages may read it
	s := serverFor(t, cdn.URL)
	target := cdn.URL + "/index.m3u8"
	a, b := openHLS(t, s.ServerURL(), target), openHLS(t, s.ServerURL(), target)
	page := openBrowser(t).play(s.ServerURL(), `await open("", "`+target+`");`+watchHLS)
	page.until("source && source.stats().peers === 2")
	page.until("source.stats().peerBytes > 600000 && source.stats().peerBytes > source.stats().serverBytes - source.stats().plainBytes")
	page.until("source.stats().uploadBytes > 100000 && Object.keys(got).length >= 8")
	t.Log(page.text("JSON.stringify(source.stats())"), page.text("JSON.stringify(codes)"))
	require.GreaterOrEqual(t, requireSegments(t, page, a), 5)
	require.NotZero(t, a.Stats().PeerBytes+b.Stats().PeerBytes)
	page.do("source.close()")
}

func TestAPageAndANativePeerShareACompletePlaylist(t *testing.T) {
	hls := origin.NewHLS(origin.HLSConfig{Bitrate: 800_000, Complete: 8})
	cdn := openOrigin(t, hls, true)
	s := serverFor(t, cdn.URL)
	target := cdn.URL + "/index.m3u8"
	a := openHLS(t, s.ServerURL(), target)
	require.Eventually(t, func() bool { return len(a.digests()) == 8 }, patience, 50*time.Millisecond)
	page := openBrowser(t).play(s.ServerURL(), `await open("", "`+target+`");`+watchHLS)
	page.until("codes.includes('NetStream.Play.Stop')")
	t.Log(page.text("JSON.stringify(source.stats())"))
	require.Equal(t, 8, requireSegments(t, page, a))
	require.Positive(t, page.number("source.stats().peerBytes"))
}

// TestHLSJSPlaysWhatASourceGives has hls.js load playlists and segments by a source: what a player's loader is made of.
func TestHLSJSPlaysWhatASourceGives(t *testing.T) {
	hls := origin.NewHLS(origin.HLSConfig{Bitrate: 800_000})
	cdn := openOrigin(t, hls, true)
	s := serverFor(t, cdn.URL)
	target := cdn.URL + "/index.m3u8"
	openHLS(t, s.ServerURL(), target)
	page := openBrowser(t).play(s.ServerURL(), `
		await new Promise((done, fail) => document.head.append(Object.assign(document.createElement("script"), {src: "/hls.js", onload: done, onerror: fail})));
		await open("", "`+target+`");
		class Loader {
			constructor() {
				this.stats = {aborted: false, loaded: 0, retry: 0, total: 0, chunkCount: 0, bwEstimate: 0,
					loading: {start: 0, first: 0, end: 0}, parsing: {start: 0, end: 0}, buffering: {start: 0, first: 0, end: 0}};
				this.control = new AbortController();
			}
			load(context, _, callbacks) {
				const { stats } = this;
				stats.loading.start = performance.now();
				const range = context.rangeEnd ? {offset: context.rangeStart, length: context.rangeEnd - context.rangeStart} : undefined;
				const request = context.type === "manifest" || context.type === "level"
					? source.playlist("", this.control.signal).then((p) => ({url: p.url, data: p.text}))
					: source.segment(context.url, range, this.control.signal).then((b) => ({url: context.url, data: b.buffer}));
				request.then((answer) => {
					stats.loading.first = stats.loading.end = performance.now();
					stats.loaded = stats.total = answer.data.length ?? answer.data.byteLength;
					callbacks.onSuccess(answer, stats, context, null);
				}, (e) => this.stats.aborted || callbacks.onError({code: 0, text: String(e)}, context, null, stats));
			}
			abort() { this.stats.aborted = true; this.control.abort(); }
			destroy() { this.abort(); }
		}
		const video = window.video = Object.assign(document.createElement("video"), {muted: true, autoplay: true});
		document.body.append(video);
		const player = new Hls({loader: Loader});
		player.on(Hls.Events.ERROR, (_, d) => { if (d.fatal) failed = d.details; });
		player.loadSource("`+target+`");
		player.attachMedia(video);`)
	page.until("window.video && video.currentTime > 0")
	page.do("window.first = video.currentTime")
	page.until("video.currentTime > first + 4 && source.stats().peerBytes > 200000")
	t.Log(page.text("JSON.stringify(source.stats())"))
}

package proxy

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
)

// load is a playlist as superp2p.Media gives it.
func load(t *testing.T, from, text string) *superp2p.Playlist {
	t.Helper()
	u, err := url.Parse(from)
	require.NoError(t, err)
	p, err := hls.Parse([]byte(text), u, hls.Options{})
	require.NoError(t, err)
	list := &superp2p.Playlist{URL: u, Raw: []byte(text), Master: p.Media == nil}
	if p.Media == nil {
		return list
	}
	list.First, list.Next = p.Media.Sequence, p.Media.Next()
	part := func(uri string, r hls.ByteRange) superp2p.Resource {
		return superp2p.Resource{URL: uri, Offset: r.Offset, Length: r.Length}
	}
	for i := range p.Media.Segments {
		s := &p.Media.Segments[i]
		one := superp2p.Segment{Resource: part(s.URI, s.Range), Sequence: s.Sequence}
		if s.Map != nil {
			m := part(s.Map.URI, s.Map.Range)
			one.Map = &m
		}
		list.Segments = append(list.Segments, one)
	}
	return list
}

// live is a playlist of 3 segments from number n on.
func live(t *testing.T, n int) *superp2p.Playlist {
	text := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", n)
	for i := n; i < n+3; i++ {
		text += fmt.Sprintf("#EXTINF:2,\n%d.ts\n", i)
	}
	return load(t, "http://cdn.example/live/x.m3u8", text)
}

func TestSegmentsAreRememberedForAWhile(t *testing.T) {
	now := time.Unix(1000, 0)
	r := registry{now: func() time.Time { return now }, listings: map[key]*listing{}}
	target := Target{Play: "http://cdn.example/live/x.m3u8"}
	k := key{play: target.Play}
	for n := range 100 {
		r.add(k, target, live(t, n))
		r.add(k, target, live(t, n)) // the same again counts for nothing
	}
	_, of, pieces := r.find("/cdn.example/live/101.ts")
	require.Equal(t, target, of)
	require.Len(t, pieces, 1)
	require.EqualValues(t, 101, pieces[0].segment.Sequence)
	l, _, _ := r.find("/cdn.example/live/72.ts")
	require.NotNil(t, l, "players are behind")
	l, _, _ = r.find("/cdn.example/live/50.ts")
	require.Nil(t, l)
	require.Equal(t, 33, r.count)
	require.Equal(t, r.count, len(r.listings[k].pieces))
	l, _, _ = r.find("/cdn.example/live/101.ts?x")
	require.Nil(t, l, "that is another")

	now = now.Add(keepListing)
	l, _, _ = r.find("/cdn.example/live/101.ts")
	require.Nil(t, l)
	r.add(key{play: "other"}, Target{}, live(t, 7))
	require.Len(t, r.listings, 1)
	require.Equal(t, 3, r.count)
}

func TestTheRegistryHasLimits(t *testing.T) {
	now := time.Unix(1000, 0)
	r := registry{now: func() time.Time { now = now.Add(time.Millisecond); return now }, listings: map[key]*listing{}}
	for i := range 2 * maxListings {
		r.add(key{play: fmt.Sprint(i)}, Target{}, live(t, i))
	}
	require.Len(t, r.listings, maxListings)
	require.Contains(t, r.listings, key{play: fmt.Sprint(2*maxListings - 1)})
	require.NotContains(t, r.listings, key{play: "0"})
	long := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n" + strings.Repeat("#EXTINF:2,\n%d.ts\n", 10_000)
	for i := range 8 {
		numbers := make([]any, 10_000)
		for n := range numbers {
			numbers[n] = n + i*len(numbers)
		}
		r.add(key{play: fmt.Sprint("long", i)}, Target{}, load(t, "http://cdn.example/x.m3u8", fmt.Sprintf(long, numbers...)))
	}
	require.Len(t, r.listings, 6)
	require.Equal(t, 60_000, r.count)
}

const ranged = `#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-MAP:URI="all.mp4",BYTERANGE="4@0"
#EXTINF:2,
#EXT-X-BYTERANGE:6@4
all.mp4
#EXTINF:2,
#EXT-X-BYTERANGE:5
all.mp4
#EXTINF:2,
#EXT-X-BYTERANGE:5@20
all.mp4
#EXT-X-ENDLIST
`

func TestPiecesOfOneFileAreReadAsOne(t *testing.T) {
	r := registry{now: time.Now, listings: map[key]*listing{}}
	r.add(key{}, Target{}, load(t, "http://cdn.example/x.m3u8", ranged))
	l, _, pieces := r.find("/cdn.example/all.mp4")
	require.NotNil(t, l)
	require.Len(t, pieces, 4)
	require.Nil(t, pieces[0].segment)
	require.Nil(t, pieceAt(pieces, 16))
	require.Nil(t, pieceAt(pieces, 25))
	file := "0123456789abcdefghijklmnopqrst"
	loads := 0
	b := &pieceReader{ctx: t.Context(), pieces: pieces, load: func(_ context.Context, p *piece) ([]byte, error) {
		loads++
		return []byte(file[p.Offset : p.Offset+p.Length]), nil
	}}
	got, err := io.ReadAll(io.NewSectionReader(b, 2, 12))
	require.NoError(t, err)
	require.Equal(t, file[2:14], string(got))
	require.Equal(t, 3, loads)
	_, err = b.ReadAt(make([]byte, 3), 14)
	require.Equal(t, fault.RequestInvalid, fault.CodeOf(err))
	b.load = func(context.Context, *piece) ([]byte, error) { return []byte("x"), nil }
	_, err = b.ReadAt(make([]byte, 3), 20)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestRangeStart(t *testing.T) {
	for header, want := range map[string]int64{"": 0, "bytes=7-9": 7, "bytes=7-": 7, "bytes=-7": 0, "bytes=x": 0, "lines=3-4": 0} {
		require.Equal(t, want, rangeStart(header), header)
	}
}

func TestAMasterPlaylistsPlaylistsAreTheProxys(t *testing.T) {
	l := load(t, "https://cdn.example/a/master.m3u8?sign=1", `#EXTM3U
#EXT-X-SESSION-KEY:METHOD=AES-128,URI="key.bin"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="one",URI="audio"
#EXT-X-STREAM-INF:BANDWIDTH=1000000,AUDIO="a"
low.m3u8?sign=2
#EXT-X-STREAM-INF:BANDWIDTH=2000000,AUDIO="a"
http://other.example/high.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100000,URI="frames.m3u8"
#EXT-X-UNKNOWN:URI="x"
`)
	got, err := rewrite(l.Raw, l.URL, Target{Own: "superp2p_delay=3"})
	require.NoError(t, err)
	require.Equal(t, `#EXTM3U
#EXT-X-SESSION-KEY:METHOD=AES-128,URI="https://cdn.example/a/key.bin"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="one",URI="/https/cdn.example/a/audio?as=m3u8&superp2p_delay=3"
#EXT-X-STREAM-INF:BANDWIDTH=1000000,AUDIO="a"
/https/cdn.example/a/low.m3u8?sign=2&superp2p_delay=3
#EXT-X-STREAM-INF:BANDWIDTH=2000000,AUDIO="a"
/other.example/high.m3u8?superp2p_delay=3
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100000,URI="https://cdn.example/a/frames.m3u8"
#EXT-X-UNKNOWN:URI="x"
`, string(got))
}

func TestAMediaPlaylistsSegmentsAreTheProxys(t *testing.T) {
	l := load(t, "http://cdn.example/a/x.m3u8", `#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0,HOLD-BACK=6.0
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MAP:URI="init.mp4"
#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://k"
#EXTINF:2,
1.m4s
#EXT-X-KEY:METHOD=AES-128,URI="k y?v=1"
#EXT-X-PART:DURATION=0.5,URI="2.1.m4s"
#EXTINF:2,
2.m4s?a='b'
#EXT-X-PART:DURATION=0.5,URI="3.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="3.2.m4s"
#EXT-X-RENDITION-REPORT:URI="../b/y.m3u8",LAST-MSN=2
`)
	got, err := rewrite(hls.WholeSegments(l.Raw), l.URL, Target{})
	require.NoError(t, err)
	require.Equal(t, `#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:HOLD-BACK=6.0
#EXT-X-MAP:URI="/cdn.example/a/init.mp4"
#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://k"
#EXTINF:2,
/cdn.example/a/1.m4s
#EXT-X-KEY:METHOD=AES-128,URI="http://cdn.example/a/k%20y?v=1"
#EXTINF:2,
/cdn.example/a/2.m4s?a=%27b%27
`, string(got))
	got, err = rewrite(l.Raw, l.URL, Target{Own: "superp2p_parts=1"})
	require.NoError(t, err)
	for _, line := range []string{
		`#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0,HOLD-BACK=6.0`,
		`#EXT-X-PART:DURATION=0.5,URI="http://cdn.example/a/3.1.m4s"`,
		`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="http://cdn.example/a/3.2.m4s"`,
		`#EXT-X-RENDITION-REPORT:URI="/cdn.example/b/y.m3u8?superp2p_parts=1",LAST-MSN=2`,
	} {
		require.Contains(t, string(got), line+"\n")
	}
}

func TestSegmentType(t *testing.T) {
	for path, want := range map[string]string{
		"/a/1.ts": "video/mp2t", "/a/1.M4S": "video/iso.segment", "/a/1.mp4": "video/mp4", "/a/1.aac": "audio/aac",
		"/a/1.vtt": "text/vtt", "/a/1": "video/mp2t", "/a.b/": "video/mp2t",
	} {
		require.Equal(t, want, segmentType(path, []byte("G...")), path)
	}
	require.Equal(t, "application/octet-stream", segmentType("/a/1", nil))
}

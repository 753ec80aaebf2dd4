package edge

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
)

// series is an origin of a complete playlist, /vod.m3u8.
type series struct {
	mu       sync.Mutex
	segments [][]byte
	lasts    func(n int) string
	before   string // lines in front of the segments
	answer   map[int]http.HandlerFunc
	salt     byte
	need     string // what the URLs of segments must hold
	give     string // what the playlist adds to them
}

func newSeries(sizes ...int) *series {
	o := &series{lasts: func(int) string { return "2" }, answer: map[int]http.HandlerFunc{}}
	for i, size := range sizes {
		b := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{byte(i), 9}).Read(b)
		o.segments = append(o.segments, b)
	}
	return o
}

func (o *series) set(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
}

func (o *series) serve(rw http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, ".m3u8") {
		b := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:3\n" + o.before
		for i := range o.segments {
			b += fmt.Sprintf("#EXTINF:%s,\nv%d.ts?sign=%s%s\n", o.lasts(i), i, r.URL.Query().Get("sign"), o.give)
		}
		_, _ = io.WriteString(rw, b+"#EXT-X-ENDLIST\n")
		return
	}
	n, _ := strconv.Atoi(strings.Trim(r.URL.Path, "/v.ts"))
	switch {
	case !strings.Contains(r.RequestURI, o.need):
		rw.WriteHeader(http.StatusForbidden)
	case o.answer[n] != nil:
		o.answer[n](rw, r)
	default:
		b := bytes.Clone(o.segments[n])
		if len(b) > 0 {
			b[0] += o.salt
		}
		http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(b))
	}
}

const vodURL = "url=http://origin.example/vod.m3u8"

// proofOf returns the answer to who asks for what proves slice n.
func (w *world) proofOf(r edgeapi.Resolution, n slice.Number) (int, fault.Code) {
	w.t.Helper()
	track, _ := slice.ParseTrackID(r.Track)
	rec := w.get(edgeapi.SlicePath(r.File.Proofs, track, n))
	if rec.Code == http.StatusOK {
		p, err := slice.ParseProof(track, rec.Body.Bytes())
		require.NoError(w.t, err)
		require.True(w.t, p.Covers(n))
		return rec.Code, ""
	}
	return refusal(w.t, rec)
}

// segmentOf fetches all parts of segment i.
func (w *world) segmentOf(r edgeapi.Resolution, i int) (all []byte) {
	w.t.Helper()
	for part := range r.File.Group {
		s := w.fetch(r, slice.Number(i*r.File.Group+part))
		require.Equal(w.t, slice.Number(i*r.File.Group), s.Proof.First)
		require.Len(w.t, s.Proof.Entries, r.File.Group)
		require.Equal(w.t, r.File.Times[i], s.Proof.Time.Milliseconds())
		all = append(all, s.Payload...)
	}
	return all
}

func TestACompletePlaylistIsProvedSegmentBySegment(t *testing.T) {
	o := newSeries(300_000, 200_000, 100_001)
	inBubble(t, open(), o.serve, func(w *world) {
		r := w.resolve(vodURL)
		require.Equal(t, &edgeapi.Playlist{
			Kind: edgeapi.PlaylistVOD, Target: 2000, URL: edgeapi.PlaylistTemplate, Sequence: 3,
		}, r.Playlist)
		require.Equal(t, &edgeapi.File{
			Group: 10, Times: []int64{0, 2000, 4000}, Duration: 6000, Type: edgeapi.TypePlaylist, Proofs: edgeapi.ProofsTemplate,
		}, r.File)
		require.Equal(t, slice.Number(30), r.File.Slices())
		require.Len(t, w.asked(), 4, "the playlist, and a byte of each")
		for i := range o.segments {
			require.True(t, bytes.Equal(o.segments[i], w.segmentOf(r, i)))
		}
		require.Len(t, w.asked(), 7, "each segment is fetched once")
		status, _ := w.proofOf(r, 12)
		require.Equal(t, 200, status)
		_, code := w.proofOf(r, 30)
		require.Equal(t, fault.RequestInvalid, code)
		part := hls.EqualPart(200_000, 2, 10)
		require.True(t, bytes.Equal(o.segments[1][part.Offset:part.Offset+part.Length], w.fetch(r, 12).Payload))

		st := w.edge.Status().Streams[0]
		require.Equal(t, "playlist", st.Source)
		rec := w.get(strings.ReplaceAll(r.Playlist.URL, "{track}", r.Track))
		require.Contains(t, rec.Body.String(), "\nhttp://origin.example/v1.ts\n")
		time.Sleep(w.edge.config.Linger + 2*lookAround)
		require.Empty(t, w.edge.Status().Streams)
	})
}

func TestByteRangesOfACompletePlaylist(t *testing.T) {
	whole := newFilm(500_000)
	origin := func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".m3u8") {
			_, _ = io.WriteString(rw, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI=\"all.mp4\",BYTERANGE=\"1000@0\"\n"+
				"#EXTINF:2,\n#EXT-X-BYTERANGE:199000@1000\nall.mp4\n#EXTINF:2,\n#EXT-X-BYTERANGE:300000\nall.mp4\n#EXT-X-ENDLIST\n")
			return
		}
		whole.serve(rw, r)
	}
	inBubble(t, open(), origin, func(w *world) {
		r := w.resolve(vodURL)
		require.Equal(t, 10, r.File.Group)
		require.Len(t, w.asked(), 1, "the playlist tells all sizes")
		require.True(t, bytes.Equal(whole.content[1000:200_000], w.segmentOf(r, 0)))
		require.True(t, bytes.Equal(whole.content[200_000:], w.segmentOf(r, 1)))
	})
}

func TestOneBadSegmentLeavesTheOthers(t *testing.T) {
	sizes := make([]int, 20)
	for i := range sizes {
		sizes[i] = 100_000
	}
	sizes[1], sizes[2], sizes[4] = 0, 3, 400_000 // the size is asked of the first of these only
	o := newSeries(sizes...)
	o.before = "#EXT-X-GAP\n"
	o.answer[6] = http.NotFound
	o.answer[8] = func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "<html>no") }
	inBubble(t, open(), o.serve, func(w *world) {
		r := w.resolve(vodURL)
		require.Equal(t, 4, r.File.Group)
		for i, want := range map[int]fault.Code{
			0: fault.SourceInvalid, 1: fault.SourceInvalid, 2: fault.SourceInvalid, 4: fault.SourceInvalid,
			6: fault.SourceRefused, 8: fault.SourceInvalid,
		} {
			_, code := w.proofOf(r, slice.Number(i*4))
			require.Equal(t, want, code, i)
			asked := len(w.asked())
			_, code = refusal(t, w.get(w.slicePath(r, slice.Number(i*4+1))))
			require.Equal(t, want, code, i)
			require.Len(t, w.asked(), asked, "who asks again gets the same answer for a while")
		}
		require.True(t, bytes.Equal(o.segments[5], w.segmentOf(r, 5)))
		o.set(func() { clear(o.answer) })
		time.Sleep(2 * failureMemory)
		require.True(t, bytes.Equal(o.segments[6], w.segmentOf(r, 6)))
	})
}

func TestASegmentThatChangesIsRefused(t *testing.T) {
	o := newSeries(300_000, 300_000, 300_000)
	c := open()
	c.MaxStreamBytes = 400_000
	inBubble(t, c, o.serve, func(w *world) {
		r := w.resolve(vodURL)
		w.segmentOf(r, 0)
		w.segmentOf(r, 1) // there is room for one
		require.LessOrEqual(t, w.edge.Status().Streams[0].KeptBytes, int64(400_000))
		o.set(func() { o.salt = 1 })
		_, code := refusal(t, w.get(w.slicePath(r, 0)))
		require.Equal(t, fault.SourceChanged, code)
		status, _ := w.proofOf(r, 0)
		require.Equal(t, 200, status, "what was signed stays true")
		w.segmentOf(r, 2)
		time.Sleep(2 * failureMemory)
		_, code = refusal(t, w.get(w.slicePath(r, 0)))
		require.Equal(t, fault.SourceChanged, code)
		o.set(func() { o.salt = 0 })
		time.Sleep(2 * failureMemory)
		require.True(t, bytes.Equal(o.segments[0], w.segmentOf(r, 0)))
	})
}

func TestAnotherViewersURLOfACompletePlaylist(t *testing.T) {
	o := newSeries(300_000, 300_000)
	inBubble(t, open(), o.serve, func(w *world) {
		r := w.resolve(vodURL + "?sign=old")
		require.Equal(t, r.Track, w.resolve(vodURL+"?sign=new").Track)
		o.set(func() { o.need = "sign=new" })
		require.True(t, bytes.Equal(o.segments[1], w.segmentOf(r, 1)))
		o.set(func() { o.need = "nothing" })
		_, code := refusal(t, w.get(w.slicePath(r, 0)))
		require.Equal(t, fault.SourceRefused, code)
	})
}

func TestACompletePlaylistIsTheSameTrackAfterARestart(t *testing.T) {
	c := open()
	c.Signer = signing.NewSigner([32]byte{7})
	tracks := map[string]bool{}
	for _, change := range []func(*series){
		func(*series) {}, func(o *series) { o.give = "&sign=x" }, // the same
		func(o *series) { o.lasts = func(int) string { return "1.5" } }, func(o *series) { o.segments = o.segments[:2] },
	} {
		o := newSeries(300_000, 300_000, 300_000)
		change(o)
		inBubble(t, c, o.serve, func(w *world) { tracks[w.resolve(vodURL).Track] = true })
	}
	require.Len(t, tracks, 3)
}

func TestOddDurationsOfACompletePlaylist(t *testing.T) {
	o := newSeries(1000, 1000, 1000)
	o.lasts = func(n int) string { return []string{"0", "0.0004", "0"}[n] }
	inBubble(t, open(), o.serve, func(w *world) {
		r := w.resolve(vodURL)
		require.Equal(t, []int64{0, 0, 0}, r.File.Times)
		require.Equal(t, int64(1), r.File.Duration)
		require.True(t, bytes.Equal(o.segments[2], w.segmentOf(r, 2)))
	})
}

func TestACompletePlaylistWithoutAnySegment(t *testing.T) {
	o := newSeries(1000, 1000)
	o.answer[0], o.answer[1] = http.NotFound, http.NotFound
	inBubble(t, open(), o.serve, func(w *world) {
		_, code := refusal(t, w.get("/v1/resolve?"+vodURL))
		require.Equal(t, fault.SourceRefused, code)
		asked := len(w.asked())
		_, code = refusal(t, w.get("/v1/resolve?"+vodURL))
		require.Equal(t, fault.SourceRefused, code)
		require.Len(t, w.asked(), asked)
	})
	inBubble(t, open(), func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".m3u8") {
			o.serve(rw, r)
			return
		}
		http.Redirect(rw, r, "http://10.0.0.1/", http.StatusFound)
	}, func(w *world) {
		_, code := refusal(t, w.get("/v1/resolve?"+vodURL))
		require.Equal(t, fault.OriginNotAllowed, code)
	})
}

func TestParts(t *testing.T) {
	for _, c := range []struct {
		segments    int
		least, most int64
		want        int // 0: refused
	}{
		{100, 900_000, 1_000_000, 31}, {3, 2, 300_000, 10}, {3, 3, 100_000, 3}, {3, 0, 100, 1}, {3, 5, 5, 1}, {10, 1 << 40, 1 << 40, slice.MaxEntries},
		{10_000, 1_000_000, 1_500_000, 26}, {10_000, 1_000_000, 3_000_000, 0}, {edgeapi.MaxSlices + 1, 100, 100, 0},
	} {
		got, err := partsOf(c.segments, c.least, c.most)
		require.Equal(t, c.want, got, "%+v", c)
		require.Equal(t, c.want == 0, err != nil)
	}
}

package edge

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/slice"
)

// show is an origin of one live playlist, /live.m3u8, whose segments of two seconds come in the time of the bubble.
type show struct {
	mu     sync.Mutex
	begun  time.Time
	first  int // sequence number of the first segment of all
	window int // how many are listed
	skip   int // how many more go by unlisted
	name   string
	last   int                            // the segment after which it ends; 0 for never
	tags   func(n int) string             // lines before a segment
	change func(b string) string          // of a playlist
	answer map[int]http.HandlerFunc       // to who asks for a segment
	list   func(http.ResponseWriter) bool // answers instead, if it returns true
	loads  int
}

func newShow() *show {
	return &show{window: 5, name: "s", answer: map[int]http.HandlerFunc{}, tags: func(int) string { return "" }}
}

const showTarget = 2 * time.Second

// body is what segment n holds.
func (o *show) body(n int) []byte {
	b := make([]byte, 300_000+n%1000*100)
	_, _ = rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)}).Read(b)
	return b
}

func (o *show) set(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
}

func (o *show) serve(rw http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.begun.IsZero() {
		o.begun = time.Now()
	}
	if strings.HasSuffix(r.URL.Path, ".m3u8") || r.URL.Path == "/live" {
		o.loads++
		if o.list != nil && o.list(rw) {
			return
		}
		_, _ = io.WriteString(rw, o.text())
		return
	}
	text := strings.Trim(r.URL.Path, "/"+o.name+".ts")
	n, err := strconv.Atoi(text)
	if answer := o.answer[n]; answer != nil && err == nil {
		answer(rw, r)
		return
	}
	_, _ = rw.Write(o.body(n))
}

func (o *show) text() string {
	made := o.window + int(time.Since(o.begun)/showTarget) + o.skip
	end := false
	if o.last > 0 && o.first+made > o.last {
		made, end = o.last-o.first+1, true
	}
	from := max(0, made-o.window)
	b := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", o.first+from)
	for i := from; i < made; i++ {
		b += o.tags(o.first+i) + fmt.Sprintf("#EXTINF:2,\n%s%d.ts?sign=secret&v=1\n", o.name, o.first+i)
	}
	if end {
		b += "#EXT-X-ENDLIST\n"
	}
	if o.change != nil {
		b = o.change(b)
	}
	return b
}

const showURL = "url=http://origin.example/live.m3u8"

// group is a group of a live playlist as a viewer gets it.
type group struct {
	edgeapi.Segment
	head  *slice.Slice
	bytes []byte
	end   time.Duration
}

// groupAt fetches the group that begins with slice n, waiting for its slices, and checks what the contract says of it.
func (w *world) groupAt(r edgeapi.Resolution, n slice.Number) group {
	w.t.Helper()
	g := group{head: w.fetch(r, n, "Prefer", "wait=20")}
	require.True(w.t, g.head.Proof.StartsGroup(n))
	require.NoError(w.t, json.Unmarshal(g.head.Payload, &g.Segment))
	g.end = g.head.Proof.Time + g.head.Proof.Duration
	for i := 1; i < g.Slices(); i++ {
		s := w.fetch(r, n+slice.Number(i), "Prefer", "wait=20")
		require.Equal(w.t, n, s.Proof.Group)
		require.Equal(w.t, g.end, s.Proof.Time)
		if i+1 < g.Slices() {
			require.Len(w.t, s.Payload, g.Slice)
		}
		g.bytes = append(g.bytes, s.Payload...)
		g.end = s.Proof.Time + s.Proof.Duration
	}
	require.Equal(w.t, g.Size, int64(len(g.bytes)))
	require.Equal(w.t, g.Duration, (g.end - g.head.Proof.Time).Milliseconds())
	return g
}

// groups fetches so many groups, one after the other.
func (w *world) groups(r edgeapi.Resolution, n slice.Number, count int) (list []group) {
	w.t.Helper()
	for range count {
		g := w.groupAt(r, n)
		if len(list) > 0 && g.head.Proof.Flags&slice.Discontinuity == 0 {
			require.Equal(w.t, list[len(list)-1].end, g.head.Proof.Time)
		}
		list = append(list, g)
		n += slice.Number(g.Slices())
	}
	return list
}

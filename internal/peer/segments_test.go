package peer

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/slice"
)

// groupOf returns the slices of a segment.
func groupOf(t testing.TB, first slice.Number, head edgeapi.Segment, data string) []*slice.Slice {
	t.Helper()
	head.Size, head.Slice = int64(len(data)), 4
	b, err := json.Marshal(head)
	require.NoError(t, err)
	payloads := [][]byte{b}
	for len(data) > 0 {
		k := min(4, len(data))
		payloads = append(payloads, []byte(data[:k]))
		data = data[k:]
	}
	out := make([]*slice.Slice, len(payloads))
	for i, p := range payloads {
		n := first + slice.Number(i)
		out[i] = &slice.Slice{Number: n, Payload: p, Proof: &slice.Signed{Statement: slice.Statement{Group: first, First: n}}}
	}
	return out
}

func TestSegmentsAreWholeOrElsewhere(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := newSegments()
	s.restart(10)
	listed := func(n int64, path string) *hls.Segment {
		return &hls.Segment{Sequence: n, URI: "http://cdn.test" + path + "?sign=1"}
	}
	ask := func(ctx context.Context, seg *hls.Segment) chan []byte {
		got := make(chan []byte, 1)
		s.ask(segmentWaiter{segment: seg, seen: now, patience: 3 * time.Second, answer: got, ctx: ctx})
		return got
	}
	five := groupOf(t, 10, edgeapi.Segment{Sequence: 5, Path: "/a%20b/5.ts"}, "abcdefghij")
	early := ask(t.Context(), listed(5, "/a%20b/5.ts"))
	older := ask(t.Context(), listed(4, "/4.ts"))
	for _, i := range []int{2, 3, 0} {
		s.add(five[i], now)
	}
	require.Empty(t, early)
	s.sweep(now, time.Minute, 1<<20)
	require.Nil(t, <-older, "nobody fetches what is before the start")
	s.add(five[1], now)
	s.add(five[1], now)
	require.Equal(t, "abcdefghij", string(<-early))
	require.Equal(t, "abcdefghij", string(<-ask(t.Context(), listed(5, "/a%20b/5.ts"))))
	require.Nil(t, <-ask(t.Context(), listed(5, "/other.ts")))
	require.Nil(t, <-ask(t.Context(), listed(4, "/4.ts")))

	s.add(groupOf(t, 14, edgeapi.Segment{Sequence: 6, Path: "/6.ts", Gap: true}, "")[0], now)
	require.Nil(t, <-ask(t.Context(), listed(6, "/6.ts")))

	late := ask(t.Context(), listed(7, "/7.ts"))
	gone, cancel := context.WithCancel(t.Context())
	ask(gone, listed(8, "/8.ts"))
	cancel()
	s.sweep(now.Add(2*time.Second), time.Minute, 1<<20)
	require.Empty(t, late)
	require.NotContains(t, s.waiting, int64(8))
	s.sweep(now.Add(3*time.Second), time.Minute, 1<<20)
	require.Nil(t, <-late)

	seven := groupOf(t, 15, edgeapi.Segment{Sequence: 7, Path: "/7.ts"}, "klmno")
	for _, sl := range seven {
		s.add(sl, now.Add(time.Second))
	}
	s.sweep(now.Add(2*time.Second), time.Minute, 7)
	require.Equal(t, 5, s.bytes, "the oldest goes first")
	require.Nil(t, <-ask(t.Context(), listed(5, "/a%20b/5.ts")), "and does not come again")
	require.Equal(t, "klmno", string(<-ask(t.Context(), listed(7, "/7.ts"))))

	s.add(groupOf(t, 18, edgeapi.Segment{Sequence: 8, Path: "/8.ts"}, "pq")[0], now)
	waits := ask(t.Context(), listed(8, "/8.ts"))
	s.restart(0)
	require.Nil(t, <-waits, "another track")
	require.Equal(t, "klmno", string(<-ask(t.Context(), listed(7, "/7.ts"))))
	s.sweep(now.Add(time.Hour), time.Minute, 1<<20)
	require.Zero(t, s.bytes)
	require.Empty(t, s.listed)
}

func TestSegmentsNotWholeAreForgotten(t *testing.T) {
	s := newSegments()
	s.restart(0)
	a := groupOf(t, 0, edgeapi.Segment{Sequence: 1, Path: "/1.ts"}, "abcdefgh")
	b := groupOf(t, 3, edgeapi.Segment{Sequence: 2, Path: "/2.ts"}, "abcdefgh")
	s.add(a[0], time.Time{})
	s.add(b[1], time.Time{})
	s.forget(4)
	require.NotContains(t, s.groups, slice.Number(0))
	require.True(t, s.before(1))
	require.Contains(t, s.groups, slice.Number(3))
	s.forget(3 + slice.MaxEntries)
	require.Empty(t, s.groups)
}

func FuzzHead(f *testing.F) {
	f.Add([]byte(`{"sequence":7,"path":"/7.ts","size":100,"slice":40,"duration":2000}`))
	f.Add([]byte(`{"size":9223372036854775807,"slice":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newSegments()
		s.restart(0)
		s.add(&slice.Slice{Payload: b, Proof: &slice.Signed{}}, time.Time{})
		s.add(&slice.Slice{Number: 1, Payload: b, Proof: &slice.Signed{}}, time.Time{})
		if h := parseHead(b); h != nil {
			require.LessOrEqual(t, h.Slices(), 1+maxSegment)
		}
	})
}

func TestReadersOfWhatIsPlayed(t *testing.T) {
	var p played
	for n := range int64(6) {
		p.add(&edgeapi.Segment{Sequence: n})
	}
	s, _, err := p.next(0)
	require.NoError(t, err)
	require.Equal(t, int64(5), s.Sequence, "the newest to begin with")
	s, _, _ = p.next(4)
	require.Equal(t, uint64(5), s.Number)
	s, _, _ = p.next(1)
	require.Equal(t, uint64(6), s.Number, "who lags skips")
	s, news, _ := p.next(6)
	require.Nil(t, s)
	p.end(nil)
	<-news
	_, _, err = p.next(6)
	require.Error(t, err)
}

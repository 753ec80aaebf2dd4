package edge

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
)

func TestPartsOfASlice(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		path := w.slicePath(r, r.Edge.Number)
		before := w.edge.Status()
		rec := w.get(path)
		require.Equal(w.t, "bytes", rec.Header().Get("Accept-Ranges"))
		require.Empty(w.t, rec.Header().Get("Content-Range"))
		frame := rec.Body.Bytes()
		size, out, whole := len(frame), len(frame), 1
		for value, want := range map[string][2]int{
			"bytes=100-": {100, size}, "bytes=100-199": {100, 200}, "bytes=0-0": {0, 1}, "Bytes = 7-7": {7, 8},
			"bytes=0-": {0, size}, "bytes=0-99999999999999999999": {0, size}, "bytes=-30": {size - 30, size},
			"bytes=-99999999999999999999": {0, size}, fmt.Sprintf("bytes=%d-", size-1): {size - 1, size},
		} {
			rec := w.get(path, "Range", value)
			from, to := want[0], want[1]
			require.Equal(w.t, http.StatusPartialContent, rec.Code, value)
			require.Equal(w.t, fmt.Sprintf("bytes %d-%d/%d", from, to-1, size), rec.Header().Get("Content-Range"), value)
			require.Equal(w.t, strconv.Itoa(to-from), rec.Header().Get("Content-Length"), value)
			require.Equal(w.t, edgeapi.SliceType, rec.Header().Get("Content-Type"))
			require.Contains(w.t, rec.Header().Get("Cache-Control"), "immutable")
			require.Equal(w.t, "bytes", rec.Header().Get("Accept-Ranges"))
			require.Contains(w.t, rec.Header().Get("Access-Control-Expose-Headers"), "Content-Range")
			require.Equal(w.t, frame[from:to], rec.Body.Bytes(), value)
			if out += to - from; to-from == size {
				whole++
			}
		}
		for _, value := range []string{
			"", "lines=1-2", "bytes", "bytes=", "bytes=-", "bytes=5", "bytes=9-8", "bytes=a-", "bytes=1-b", "bytes=+1-2",
			"bytes=1--2", "bytes=--2", "bytes=1-2,5-9", "bytes=1 - 2",
		} {
			rec := w.get(path, "Range", value)
			require.Equal(w.t, http.StatusOK, rec.Code, value)
			require.Equal(w.t, frame, rec.Body.Bytes(), value)
			out, whole = out+size, whole+1
		}
		for _, header := range [][]string{
			{"Range", "bytes=5-", "If-Range", `"x"`}, {"Range", "bytes=5-", "Range", "bytes=6-"},
		} {
			require.Equal(w.t, http.StatusOK, w.get(path, header...).Code)
			out, whole = out+size, whole+1
		}
		for _, value := range []string{fmt.Sprintf("bytes=%d-", size), "bytes=99999999999999999999-", "bytes=-0"} {
			rec := w.get(path, "Range", value)
			status, code := refusal(w.t, rec)
			require.Equal(w.t, http.StatusRequestedRangeNotSatisfiable, status, value)
			require.Equal(w.t, fault.RequestInvalid, code)
			require.Equal(w.t, fmt.Sprintf("bytes */%d", size), rec.Header().Get("Content-Range"))
		}
		after := w.edge.Status()
		require.EqualValues(w.t, out, after.BytesOut-before.BytesOut)
		require.EqualValues(w.t, whole, after.SlicesServed-before.SlicesServed)
		require.EqualValues(w.t, out, after.Streams[0].BytesOut-before.Streams[0].BytesOut)
	})
}

func TestRangesAreForGET(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		path := w.slicePath(w.resolve("channel=live1"), 0)
		request := httptest.NewRequest(http.MethodHead, path, nil)
		request.Header.Set("Range", "bytes=5-")
		rec := httptest.NewRecorder()
		w.edge.Handler().ServeHTTP(rec, request)
		require.Equal(w.t, http.StatusOK, rec.Code)
		require.Equal(w.t, "bytes", rec.Header().Get("Accept-Ranges"))
		require.Equal(w.t, w.get(path).Header().Get("Content-Length"), rec.Header().Get("Content-Length"))
		rec = w.get("/v1/status", "Range", "bytes=5-")
		require.Equal(w.t, http.StatusOK, rec.Code, "nothing else has parts")
	})
}

func TestAPartIsNoCopy(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		path := w.slicePath(r, r.Edge.Number+2) + "?wait=20&copies=1"
		for _, value := range []string{"bytes=100-", "bytes=0-99", "bytes=-10"} {
			require.Equal(w.t, http.StatusPartialContent, w.get(path, "Range", value).Code)
		}
		require.Equal(w.t, http.StatusRequestedRangeNotSatisfiable, w.get(path, "Range", "bytes=999999-").Code)
		require.Equal(w.t, http.StatusPartialContent, w.get(path, "Range", "bytes=0-").Code, "this is one")
		_, code := refusal(w.t, w.get(path))
		require.Equal(w.t, fault.SliceEnough, code)
		_, code = refusal(w.t, w.get(path, "Range", "bytes=100-"))
		require.Equal(w.t, fault.SliceEnough, code, "what a request prefers goes for parts too")
		bare := w.slicePath(r, r.Edge.Number+2)
		require.Equal(w.t, http.StatusPartialContent, w.get(bare, "Range", "bytes=100-").Code)
	})
}

func FuzzRange(f *testing.F) {
	for _, value := range []string{"bytes=1-", "bytes=1-2", "bytes=-3", "bytes=0-0,2-", "bytes=9223372036854775808-"} {
		f.Add(value, 100)
	}
	f.Fuzz(func(t *testing.T, value string, size int) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Range", value)
		size = max(0, size)
		s := spanOf(r)
		from, to, ok := s.of(size)
		require.Equal(t, ok && from == 0 && to == size, s.whole(size))
		if ok {
			require.True(t, 0 <= from && from <= to && to <= size)
			require.True(t, from < to || !s.asked, "an empty part")
		}
	})
}

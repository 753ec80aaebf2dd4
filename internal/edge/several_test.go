package edge

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/zeebo/blake3"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

// brief names a frame in few letters.
func brief(frame []byte) string {
	sum := blake3.Sum256(frame)
	return hex.EncodeToString(sum[:6])
}

// parts reads an answer of several slices: which frames, or the code of why there is none.
func parts(t *testing.T, rec *httptest.ResponseRecorder) (list []string) {
	t.Helper()
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	require.Equal(t, edgeapi.SlicesType, rec.Header().Get("Content-Type"))
	require.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
	run := func(b []byte) (part, rest []byte) {
		n, k := binary.Uvarint(b)
		require.Positive(t, k)
		return b[k : k+int(n)], b[k+int(n):]
	}
	for b := rec.Body.Bytes(); len(b) > 0; {
		var part []byte
		if part, b = run(b); len(part) == 0 {
			part, b = run(b)
			list = append(list, string(edgeapi.ParseError(part).Code))
			continue
		}
		list = append(list, brief(part))
	}
	return list
}

func TestSeveralSlicesInOneAnswer(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		time.Sleep(5 * time.Second)
		r = w.resolve("channel=live1")
		next := r.Edge.Number + 1
		ask := func(n slice.Number, query string) *httptest.ResponseRecorder { return w.get(w.slicePath(r, n) + query) }
		whole := func(n slice.Number) string { return brief(ask(n, "?wait=20").Body.Bytes()) }
		number := func(n slice.Number) string { return strconv.FormatUint(uint64(n), 10) }

		list := parts(w.t, ask(next-1, "?also="+number(next-3)+","+number(next+9)))
		require.Equal(w.t, []string{whole(next - 1), whole(next - 3), string(fault.SliceNotYet)}, list, "in the order of the request")

		began := time.Now()
		list = parts(w.t, ask(next+2, "?wait=5&also="+number(next+3)+","+number(next+4)))
		require.Equal(w.t, []string{whole(next + 2), whole(next + 3), whole(next + 4)}, list)
		require.Less(w.t, time.Since(began), 3*time.Second)

		r = w.resolve("channel=live1")
		next = r.Edge.Number + 1
		began = time.Now()
		list = parts(w.t, ask(next+30, "?wait=2&also="+number(next+31)))
		require.Equal(w.t, []string{string(fault.SliceNotYet), string(fault.SliceNotYet)}, list)
		require.Equal(w.t, 2*time.Second, time.Since(began), "they wait no longer together than one")

		r = w.resolve("channel=live1")
		next = r.Edge.Number
		require.Equal(w.t, http.StatusOK, ask(next-1, "").Code)
		list = parts(w.t, ask(next, "?copies=1&also="+number(next-1)+","+number(next)))
		require.Equal(w.t, []string{whole(next), string(fault.SliceEnough), string(fault.SliceEnough)}, list, "each is a copy")

		for _, also := range []string{"x", "1,,2", "-1", "1," + strings.Repeat("1,", 14) + "1", "281474976710656"} {
			_, code := refusal(w.t, ask(next, "?also="+also))
			require.Equal(w.t, fault.RequestInvalid, code, also)
		}
		require.Len(w.t, parts(w.t, ask(next, "?also="+strings.Repeat("1,", 14)+"1")), 16)
		require.Equal(w.t, http.StatusOK, ask(next, "?also=").Code, "none is asked for")
		before := w.edge.Status().SlicesServed
		require.Empty(w.t, w.head(w.slicePath(r, next)+"?also=1").Body.Bytes())
		require.Equal(w.t, before, w.edge.Status().SlicesServed)
		parts(w.t, ask(next, "?also="+number(next-1)+",281474976710655"))
		require.Equal(w.t, before+2, w.edge.Status().SlicesServed)
	})
}

func TestWhoGivesUpSeveralTakesNoCopy(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		path, other := w.slicePath(r, r.Edge.Number+3), w.slicePath(r, r.Edge.Number+4)
		ctx, cancel := context.WithCancel(w.t.Context())
		request := httptest.NewRequest(http.MethodGet, path+"?wait=20&also="+strconv.FormatUint(uint64(r.Edge.Number+4), 10), nil).WithContext(ctx)
		rec, done := httptest.NewRecorder(), make(chan struct{})
		go func() { defer close(done); w.edge.Handler().ServeHTTP(rec, request) }()
		synctest.Wait()
		cancel()
		<-done
		require.Empty(w.t, rec.Body.Bytes())
		require.Equal(w.t, http.StatusOK, w.get(path+"?copies=1&wait=20").Code)
		require.Equal(w.t, http.StatusOK, w.get(other+"?copies=1&wait=20").Code)
	})
}

package edgeclient

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

func TestTheRestOfASlice(t *testing.T) {
	payload := make([]byte, 3000)
	for i := range payload {
		payload[i] = byte(i / 7)
	}
	whole := frame(5, payload)
	parsed, err := slice.ParseFrame(track, 5, whole)
	require.NoError(t, err)
	head, proof := len(whole)-len(payload), parsed.Proof
	var asked string
	var handler http.HandlerFunc
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/v1/tracks/"+track.String()+"/slices/5", r.URL.Path)
		require.Empty(t, r.Header.Get("Prefer"))
		asked = r.Header.Get("Range")
		w.Header().Set("Content-Type", edgeapi.SliceType)
		handler(w, r)
	})
	res := &Resolution{Track: track, Slices: edgeapi.SlicesTemplate}
	rest := func(offset int) ([]byte, error) { return c.SliceRest(t.Context(), res, proof, 5, offset) }

	part := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(whole))
	}
	all := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(whole) }
	for _, offset := range []int{0, 1, 1200, 2999} {
		in := c.Traffic().SlicesIn
		handler = part
		got, err := rest(offset)
		require.NoError(t, err)
		require.Equal(t, "bytes="+strconv.Itoa(head+offset)+"-", asked)
		require.Equal(t, payload[offset:], got)
		require.Equal(t, uint64(len(got)), c.Traffic().SlicesIn-in, "no more than that was on the wire")
		handler = all
		got, err = rest(offset)
		require.NoError(t, err)
		require.Equal(t, payload[offset:], got)
	}

	from1000 := whole[head+1000:]
	part206 := func(contentRange string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", contentRange)
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(body)
		}
	}
	is := func(from, last, size int) string { return fmt.Sprintf("bytes %d-%d/%d", from, last, size) }
	first, last, size := head+1000, len(whole)-1, len(whole)
	handler = part206(fmt.Sprintf("Bytes %d-%d/*", first, last), from1000)
	got, err := rest(1000)
	require.NoError(t, err)
	require.Equal(t, payload[1000:], got)
	for name, h := range map[string]http.HandlerFunc{
		"no Content-Range": part206("", from1000),
		"from elsewhere":   part206(is(first-1, last, size), from1000),
		"to elsewhere":     part206(is(first, last-1, size), from1000[:len(from1000)-1]),
		"of another size":  part206(is(first, last, size+1), from1000),
		"too little":       part206(is(first, last, size), from1000[1:]),
		"too much":         part206(is(first, last, size), append([]byte{0}, from1000...)),
		"nothing":          part206(is(first, last, size), nil),
		"several parts": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "multipart/byteranges; boundary=x")
			part206(is(first, last, size), from1000)(w, r)
		},
		"another number": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(frame(6, payload)) },
		"another slice":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(frame(5, payload[1:])) },
		"another of that size": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(frame(5, make([]byte, len(payload))))
		},
		"the rest as if it were all": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(from1000) },
		"too large":                  part206(is(first, last, size), make([]byte, maxFrame+1)),
	} {
		handler = h
		_, err := rest(1000)
		require.Equal(t, fault.ServerInvalid, fault.CodeOf(err), "%s: %v", name, err)
	}
	handler = func(w http.ResponseWriter, _ *http.Request) { refuse(w, fault.SliceGone) }
	_, err = rest(1000)
	require.Equal(t, fault.SliceGone, fault.CodeOf(err))

	requests := c.Traffic().Requests
	for _, offset := range []int{-1, len(payload), len(payload) + 1} {
		_, err = rest(offset)
		require.Equal(t, fault.Internal, fault.CodeOf(err), "%d", offset)
	}
	_, err = c.SliceRest(t.Context(), res, proof, 6, 1)
	require.Equal(t, fault.Internal, fault.CodeOf(err))
	require.Equal(t, requests, c.Traffic().Requests, "what makes no sense is not asked for")

	handler = part206(is(first, last, size), from1000)
	_, err = client(t, handler).Slice(t.Context(), res, 5, 0, 0)
	require.Equal(t, fault.ServerInvalid, fault.CodeOf(err), "a part where all was asked for")
}

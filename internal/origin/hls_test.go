package origin

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/remux"
)

// get returns what the origin answers to a path.
func get(t *testing.T, h http.Handler, path string) (int, []byte) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	return w.Code, w.Body.Bytes()
}

func TestAPlaylistOfTheClipRolls(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	h := NewHLS(HLSConfig{Now: func() time.Time { return now }, Window: 3})
	sequence := func() *hls.Media {
		_, b := get(t, h, "/index.m3u8")
		p, err := hls.Parse(b, nil, hls.Options{})
		require.NoError(t, err)
		return p.Media
	}
	m := sequence()
	require.Len(t, m.Segments, 3)
	require.Zero(t, m.Sequence)
	now = now.Add(7 * time.Second)
	m = sequence()
	require.Equal(t, int64(3), m.Sequence)
	require.Equal(t, 2*time.Second, m.TargetDuration)
	require.False(t, m.EndList)
	var j remux.Joiner
	video := 0
	for n := range 6 {
		code, b := get(t, h, "/"+string(rune('0'+n))+".ts")
		require.Equal(t, http.StatusOK, code)
		j.Next(remux.NewTSReader(bytes.NewReader(b), remux.Options{}))
		first := true
		for {
			tag, err := j.ReadTag()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if _, config := tag.Config(); config || tag.Type != 9 {
				continue
			}
			require.True(t, !first || tag.IsKeyframe(), "segment %d begins with a keyframe", n)
			require.InDelta(t, 40*video, tag.Timestamp, 50)
			first = false
			video++
		}
		require.Equal(t, 50*(n+1), video)
	}
	code, _ := get(t, h, "/6.ts")
	require.Equal(t, http.StatusNotFound, code, "it is not over yet")
	require.Equal(t, 2, h.Given("index.m3u8"))
}

func TestPreparedSegmentsEnd(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	start := now
	h := NewHLS(HLSConfig{
		Now: func() time.Time { return now }, Start: start, Map: []byte("map"), Key: []byte("0123456789abcdef"),
		Prepared: []HLSSegment{{[]byte("one"), time.Second}, {[]byte("two"), 1500 * time.Millisecond}},
	})
	_, b := get(t, h, "/index.m3u8")
	require.NotContains(t, string(b), "EXTINF")
	now = now.Add(time.Second)
	_, b = get(t, h, "/index.m3u8")
	require.Equal(t, 1, strings.Count(string(b), "EXTINF"))
	now = now.Add(2 * time.Second)
	_, b = get(t, h, "/index.m3u8")
	require.Contains(t, string(b), "1.500,\n1.m4s\n#EXT-X-ENDLIST")
	_, b = get(t, h, "/1.m4s")
	require.Len(t, b, 16, "padded")
	_, b = get(t, h, "/key")
	require.Len(t, b, 16)
	_, b = get(t, h, "/master.m3u8")
	require.Contains(t, string(b), "index.m3u8")
}

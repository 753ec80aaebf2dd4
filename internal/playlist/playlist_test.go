package playlist

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/object"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// live is an origin whose playlist has three segments and moves on with each load.
func live(t *testing.T) (origin *httptest.Server, queries *[]string) {
	var first atomic.Int64
	queries = new([]string)
	origin = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved.m3u8" {
			http.Redirect(w, r, "/a/live.m3u8?sign=2", http.StatusFound)
			return
		}
		*queries = append(*queries, r.URL.RawQuery)
		n := first.Add(1)
		_, _ = fmt.Fprintf(w, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", n)
		for i := n; i < n+3; i++ {
			_, _ = fmt.Fprintf(w, "#EXTINF:2,\n%d.ts\n", i)
		}
	}))
	t.Cleanup(origin.Close)
	return origin, queries
}

func client(t *testing.T) *object.Client {
	c := object.New(object.Options{Retries: -1})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestALivePlaylistIsFollowed(t *testing.T) {
	origin, queries := live(t)
	f := Follow(client(t), origin.URL+"/moved.m3u8", hls.Options{})
	l, err := f.Load(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, l.Fresh, 3)
	require.Equal(t, origin.URL+"/a/1.ts", l.Fresh[0].URI, "relative to where the redirect led")
	f.SetURL(origin.URL + "/a/live.m3u8?sign=3")
	l, err = f.Load(t.Context(), "_HLS_msn=4")
	require.NoError(t, err)
	require.Len(t, l.Fresh, 1)
	require.Equal(t, int64(4), l.Fresh[0].Sequence)
	require.True(t, l.Change.Changed)
	require.Equal(t, []string{"sign=2", "sign=3&_HLS_msn=4"}, *queries)
	require.Equal(t, origin.URL+"/a/3.ts", f.Find(3).URI)
	require.Nil(t, f.Find(1))
	require.Nil(t, f.Find(5))
	require.Len(t, f.Segments(), 3)
}

func TestWhatIsNoPlaylistIsSaid(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/garbage" {
			_, _ = w.Write([]byte("<html>"))
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(origin.Close)
	c := client(t)
	_, err := Get(t.Context(), c, origin.URL+"/garbage", hls.Options{})
	require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
	_, err = Follow(c, origin.URL+"/no", hls.Options{}).Load(t.Context(), "")
	require.Equal(t, fault.SourceRefused, fault.CodeOf(err))
	_, err = Get(t.Context(), c, "no URL", hls.Options{})
	require.Equal(t, fault.URLInvalid, fault.CodeOf(err))
}

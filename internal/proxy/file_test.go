package proxy_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/proxy"
)

// shelf is an origin of one file.
type shelf struct {
	*httptest.Server
	content []byte
	etag    atomic.Value
	given   atomic.Int64 // bytes
}

func newShelf(t *testing.T, size int) *shelf {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	s := &shelf{content: b}
	s.etag.Store(`"one"`)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", s.etag.Load().(string))
		content := s.content
		if r.URL.Query().Get("sign") == "other" { // as with watermarks
			content = bytes.Clone(content)
			for i := 1000; i < len(content); i += 100_000 {
				content[i]++
			}
		}
		http.ServeContent(&counting{w, &s.given}, r, "film.mp4", time.Unix(1_700_000_000, 0), bytes.NewReader(content))
	}))
	t.Cleanup(s.Close)
	return s
}

// path is where the proxy has the file.
func (s *shelf) path() string { return "/" + strings.TrimPrefix(s.URL, "http://") + "/film.mp4" }

type counting struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.bytes.Add(int64(n))
	return n, err
}

func allowLoopback(c *config.Config) { c.Origins = []string{"127.0.0.1"} }

func TestAFileIsGivenAsTheOriginHasIt(t *testing.T) {
	origin := newShelf(t, 2<<20+12345)
	s := start(t, proxy.Config{}, allowLoopback)
	answer := s.get(origin.path())
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "video/mp4", answer.Header.Get("Content-Type"))
	require.Equal(t, `"one"`, answer.Header.Get("ETag"))
	require.Equal(t, int64(len(origin.content)), answer.ContentLength)
	got, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(origin.content), sha256.Sum256(got))

	for _, part := range []struct {
		asked    string
		from, to int
	}{{"bytes=100-199", 100, 200}, {"bytes=1500000-", 1_500_000, len(got)}, {"bytes=-5", len(got) - 5, len(got)}} {
		answer := s.get(origin.path(), "Range", part.asked)
		require.Equal(t, 206, answer.StatusCode)
		got, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.True(t, bytes.Equal(origin.content[part.from:part.to], got), part.asked)
	}
	require.Equal(t, 416, s.get(origin.path(), "Range", "bytes=99999999-").StatusCode)
}

// TestViewersOfAFileHelpEachOther has one viewer after the other read a file; what the first has read the origin need not
// give again.
func TestViewersOfAFileHelpEachOther(t *testing.T) {
	origin := newShelf(t, 4<<20)
	s := start(t, proxy.Config{}, allowLoopback)
	viewers := make([]*peer.Viewer, 3)
	for i := range viewers {
		v, err := peer.Open(t.Context(), peer.Config{Server: s.ServerURL(), Loopback: true, Unpaced: true}, origin.URL+"/film.mp4?sign="+string(rune('a'+i)))
		require.NoError(t, err)
		t.Cleanup(func() { _ = v.Close() })
		viewers[i] = v
		s.eventually("they are connected", func() bool { return v.Stats().Peers == i })
		got, err := io.ReadAll(io.NewSectionReader(v.FileAt(t.Context()), 0, v.File().Size))
		require.NoError(t, err)
		require.True(t, bytes.Equal(origin.content, got))
	}
	for i, v := range viewers[1:] {
		stats := v.Stats()
		t.Logf("viewer %d: %.0f %% from peers, start %v", i+1, 100*stats.Offload(), stats.Start)
		require.Greater(t, stats.Offload(), .5)
		require.Zero(t, stats.BadBytes)
	}
	t.Logf("the origin gave the file %.1f times", float64(origin.given.Load())/float64(len(origin.content)))
}

func watchFile(t *testing.T, s *system, url string, log *slog.Logger) *peer.Viewer {
	t.Helper()
	v, err := peer.Open(t.Context(), peer.Config{Server: s.ServerURL(), Loopback: true, Unpaced: true, Logger: log}, url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func TestAViewerWhoseURLHasOtherBytesPlaysThemAndSaysSoOnce(t *testing.T) {
	origin := newShelf(t, 2<<20)
	s := start(t, proxy.Config{}, allowLoopback)
	first := watchFile(t, s, origin.URL+"/film.mp4?sign=a", nil) // what the server sees
	_, err := first.ReadFile(t.Context(), make([]byte, 10), 0)
	require.NoError(t, err)
	require.NoError(t, first.Close())
	var said bytes.Buffer
	v := watchFile(t, s, origin.URL+"/film.mp4?sign=other", slog.New(slog.NewTextHandler(&said, nil)))
	got, err := io.ReadAll(io.NewSectionReader(v.FileAt(t.Context()), 0, v.File().Size))
	require.NoError(t, err)
	own := bytes.Clone(origin.content)
	for i := 1000; i < len(own); i += 100_000 {
		own[i]++
	}
	require.True(t, bytes.Equal(own, got), "as its own URL has it")
	require.Zero(t, v.Stats().PeerBytes)
	require.NoError(t, v.Close())
	require.Equal(t, 1, strings.Count(said.String(), "other bytes"))
}

func TestAFileThatChangesWhileItIsReadFailsClearly(t *testing.T) {
	origin := newShelf(t, 8<<20)
	s := start(t, proxy.Config{}, allowLoopback)
	v := watchFile(t, s, origin.URL+"/film.mp4", nil)
	_, err := v.ReadFile(t.Context(), make([]byte, 10), 0)
	require.NoError(t, err)
	origin.etag.Store(`"two"`)
	all, err := io.ReadAll(io.NewSectionReader(v.FileAt(t.Context()), 0, v.File().Size))
	require.Equal(t, fault.SourceChanged, fault.CodeOf(err))
	require.True(t, bytes.Equal(origin.content[:len(all)], all))
	for e := range v.Events() {
		if e.Code == peer.PlayFailed {
			require.Equal(t, fault.SourceChanged, fault.CodeOf(e.Err))
			return
		}
	}
	require.Fail(t, "no Play.Failed")
}

// What is on the disk comes from nobody else, also after everything was closed.
func TestACacheOnDisk(t *testing.T) {
	origin := newShelf(t, 3<<20)
	s := start(t, proxy.Config{}, allowLoopback)
	dir := t.TempDir()
	var first, second peer.Stats
	for _, stats := range []*peer.Stats{&first, &second} {
		v, err := peer.Open(t.Context(), peer.Config{
			Server: s.ServerURL(), Loopback: true, Unpaced: true, CacheDir: dir, MaxBytes: 1 << 20,
		}, origin.URL+"/film.mp4")
		require.NoError(t, err)
		got, err := io.ReadAll(io.NewSectionReader(v.FileAt(t.Context()), 0, v.File().Size))
		require.NoError(t, err)
		require.True(t, bytes.Equal(origin.content, got))
		*stats = v.Stats()
		require.NoError(t, v.Close())
	}
	require.GreaterOrEqual(t, first.Media(), uint64(len(origin.content)))
	require.GreaterOrEqual(t, second.CacheBytes, uint64(len(origin.content)))
	require.Zero(t, second.Media())
}

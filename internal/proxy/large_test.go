package proxy_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/proxy"
)

// TestAFileBeyond4GiB reads where a number of 32 bits no longer reaches, and where slices are larger than usual.
func TestAFileBeyond4GiB(t *testing.T) {
	for _, size := range []int64{5<<30 + 4321, 9<<30 + 1} {
		t.Run(fmt.Sprint(size>>30, " GiB"), func(t *testing.T) { testLarge(t, size) })
	}
}

func testLarge(t *testing.T, size int64) {
	name := filepath.Join(t.TempDir(), "film.mp4")
	f, err := os.Create(name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	written := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(written)
	at := size - int64(len(written)) - 1000
	_, err = f.WriteAt(written, at) // all before it is a hole
	require.NoError(t, err)
	require.NoError(t, f.Truncate(size))
	var given atomic.Int64
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(&counting{w, &given}, r, "film.mp4", time.Unix(1_700_000_000, 0), io.NewSectionReader(f, 0, size))
	}))
	t.Cleanup(origin.Close)

	s := start(t, proxy.Config{}, allowLoopback)
	other, err := peer.Open(t.Context(), peer.Config{Server: s.ServerURL(), Loopback: true, Unpaced: true}, origin.URL+"/film.mp4")
	require.NoError(t, err)
	t.Cleanup(func() { _ = other.Close() })
	got := make([]byte, len(written))
	_, err = io.ReadFull(io.NewSectionReader(other.FileAt(t.Context()), at, int64(len(got))), got)
	require.NoError(t, err)
	require.True(t, bytes.Equal(written, got))

	path := "/" + strings.TrimPrefix(origin.URL, "http://") + "/film.mp4"
	answer := s.get(path, "Range", fmt.Sprintf("bytes=%d-%d", at, at+int64(len(written))-1))
	require.Equal(t, 206, answer.StatusCode)
	got, err = io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.True(t, bytes.Equal(written, got))
	require.Less(t, given.Load(), int64(64<<20), "nobody reads the whole")
	t.Logf("the origin gave %d of %d MiB; the first viewer gave %d KiB to the second", given.Load()>>20, size>>20,
		other.Stats().UploadBytes>>10)
}

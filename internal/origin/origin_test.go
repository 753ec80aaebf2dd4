package origin

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/rtmp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLoopHasNoSeam(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	l := NewLoop(0, 1000, start)
	last := map[flv.Type]int64{}
	var sequence uint64
	for at := int64(0); at < 1000+3*clipLength; {
		var tag flv.Tag
		tag, at = l.Next()
		if before, ok := last[tag.Type]; ok {
			require.Greater(t, at, before, "timestamps of one kind rise")
			require.LessOrEqual(t, at-before, int64(41), "and evenly, over the seam too")
		}
		last[tag.Type] = at
		m, ok := ParseMark(&tag)
		require.Equal(t, tag.Type == flv.Video, ok)
		if ok {
			require.Equal(t, sequence, m.Sequence)
			require.Equal(t, at, m.Timestamp)
			require.True(t, m.Sent.Equal(l.due(at)))
			sequence++
		}
	}
}

func TestLoopReachesTheBitrate(t *testing.T) {
	for _, want := range []int{500_000, 2_000_000, 8_000_000} {
		l, size := NewLoop(want, 0, time.Now()), 0
		for range l.media {
			tag, _ := l.Next()
			size += tag.Size()
		}
		require.InEpsilon(t, want, size*8*1000/clipLength, 0.01)
	}
}

func TestTimestampsWrap(t *testing.T) {
	l := NewLoop(0, 1<<32-100, time.Now())
	for range 50 {
		tag, at := l.Next()
		require.Equal(t, uint32(at), tag.Timestamp)
	}
}

// ffmpeg decodes what the loop makes, marks and filler included, without a complaint.
func TestDecodes(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "ffmpeg is missing: run `make tools`")
	l := NewLoop(2_000_000, 0, time.Now())
	b := flv.AppendHeader(nil, true, true)
	for _, h := range l.Headers() {
		b = flv.AppendTag(b, &h)
	}
	for range l.media {
		tag, _ := l.Next()
		b = flv.AppendTag(b, &tag)
	}
	file := filepath.Join(t.TempDir(), "loop.flv")
	require.NoError(t, os.WriteFile(file, b, 0o600))
	out, err := exec.Command(ffmpeg, "-v", "warning", "-xerror", "-i", file, "-f", "null", "-").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out))
}

func TestClientsSeeTheSameStream(t *testing.T) {
	o := New(Config{Bitrate: 1_000_000, FirstTimestamp: 1<<32 - 500})
	server := httptest.NewServer(o)
	defer server.Close()
	defer func() { require.NoError(t, o.Close()) }()
	read := func() *flv.Reader {
		r, err := http.Get(server.URL + "/live/x.flv")
		require.NoError(t, err)
		t.Cleanup(func() { _ = r.Body.Close() })
		return flv.NewReader(r.Body, flv.Limits{})
	}
	a, b := read(), read()
	var media int
	for media < 40 {
		x, err := a.ReadTag()
		require.NoError(t, err)
		y, err := b.ReadTag()
		require.NoError(t, err)
		require.Equal(t, x, y)
		if m, ok := ParseMark(&x); ok {
			require.Equal(t, o.SentAt(m.Timestamp).UnixMicro(), m.Sent.UnixMicro())
			require.False(t, time.Now().Before(m.Sent), "nothing is sent before it is live")
		}
		if x.IsMedia() {
			media++
		}
	}
	require.Equal(t, 2, o.Clients())
}

func TestCloseEndsClients(t *testing.T) {
	o := New(Config{})
	server := httptest.NewServer(o)
	defer server.Close()
	r, err := http.Get(server.URL)
	require.NoError(t, err)
	defer r.Body.Close()
	require.NoError(t, o.Close())
	_, err = bytes.NewBuffer(nil).ReadFrom(r.Body)
	require.NoError(t, err, "the answer ends as it should")
	r2, err := http.Get(server.URL)
	require.NoError(t, err)
	defer r2.Body.Close()
	require.Equal(t, http.StatusNotFound, r2.StatusCode)
	require.ErrorIs(t, o.Push(context.Background(), "rtmp://127.0.0.1:1/a/b", dialNothing()), context.Canceled)
}

func dialNothing() rtmp.DialOptions { return rtmp.DialOptions{} }

package film_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an origin of HLS and a server that may pull from it.
type world struct {
	t      *testing.T
	origin *origin.HLS
	stage  *stage.Stage
	http   *httptest.Server
}

// url is where the playlist is. Each viewer has a URL of its own.
func (w *world) url(viewer string) string { return w.http.URL + "/index.m3u8?token=" + viewer }

func newWorld(t *testing.T, c origin.HLSConfig) *world {
	t.Helper()
	h := origin.NewHLS(c)
	w := &world{t: t, origin: h, http: httptest.NewServer(h)}
	t.Cleanup(w.http.Close)
	st, err := stage.Start(t.Context(), stage.Config{Logger: logger("server"), Adjust: func(c *config.Config) {
		c.Origins = append(c.Origins, strings.TrimPrefix(w.http.URL, "http://"))
	}})
	require.NoError(t, err)
	w.stage = st
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return w
}

// logger logs to standard error if HLS_LOG is set.
func logger(name string) *slog.Logger {
	if os.Getenv("HLS_LOG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("who", name)
}

func (w *world) open(name string, change func(*peer.Config)) *peer.Viewer {
	w.t.Helper()
	c := peer.Config{Server: w.stage.ServerURL(), Loopback: true, Logger: logger(name)}
	if change != nil {
		change(&c)
	}
	v, err := peer.Open(w.t.Context(), c, w.url(name))
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, v.Close()) })
	return v
}

// follow reads a live playlist as a player does, from the third segment from its end on, until it has n segments.
func follow(ctx context.Context, v *peer.Viewer, n int) (first int64, segments [][]byte, err error) {
	next := int64(-1)
	for len(segments) < n {
		l, err := v.LoadPlaylist(ctx, "")
		if err != nil {
			return 0, nil, err
		}
		list := l.Playlist.Media.Segments
		if next < 0 {
			next = list[max(0, len(list)-3)].Sequence
			first = next
		}
		news := false
		for i := range list {
			if list[i].Sequence == next && len(segments) < n {
				b, err := v.Segment(ctx, &list[i])
				if err != nil {
					return 0, nil, err
				}
				segments = append(segments, b)
				next, news = next+1, true
			}
		}
		wait, _ := hls.ReloadAfter(l.Playlist.Media, news)
		select {
		case <-time.After(wait / 2):
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
	}
	return first, segments, nil
}

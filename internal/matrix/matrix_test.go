package matrix

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// viewers is how many watch each source. The first copy of everything comes from the origin or the server, so that
// 67 % is the most that peers can give.
const viewers = 3

// kind is one row of the table.
type kind struct {
	name string
	// open puts the source on the air.
	open func(t *testing.T, s *system) source
	// queue has viewers come one after the other has seen all, as with files, where they would otherwise all be at the same place.
	queue bool
}

// source is what viewers play.
type source struct {
	target string
	delay  time.Duration                  // behind live; 0: what viewers do by default
	watch  func(*testing.T, *peer.Viewer) // what each does, which checks what it gets; not the test's goroutine
	end    func(*testing.T)               // after all; nil: nothing
}

var kinds = []kind{
	{"rtmp", rtmpPull, false},
	{"rtmp publish", rtmpPublish, false},
	{"http-flv live", flvLive, false},
	{"rtsp", rtspPull, false},
	{"flv file", film("film.flv"), true},
	{"mp4 faststart", film("first.mp4"), true},
	{"mp4 moov-last", film("last.mp4"), true},
	{"fmp4", film("fragments.mp4"), true},
	{"HLS TS VOD", hlsVOD(), true},
	{"HLS AES-128", hlsVOD("-hls_key_info_file", "key.info"), true},
	{"HLS multi-rendition", hlsMaster, true},
	{"HLS TS live", hlsLive(), false},
	{"HLS fMP4 live", hlsLive("-hls_segment_type", "fmp4"), false},
}

// system is a server to which every source of this machine is allowed.
type system struct{ *stage.Stage }

func start(t *testing.T) *system {
	st, err := stage.Start(t.Context(), stage.Config{Adjust: func(c *config.Config) {
		c.Origins = []string{"127.0.0.1"}
		c.RTMP = "127.0.0.1:0"
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return &system{st}
}

func TestMatrix(t *testing.T) {
	var mu sync.Mutex
	rows := map[string]string{}
	t.Run("kinds", func(t *testing.T) {
		for _, k := range kinds {
			t.Run(strings.ReplaceAll(k.name, " ", "-"), func(t *testing.T) {
				t.Parallel()
				row := play(t, &k)
				mu.Lock()
				defer mu.Unlock()
				rows[k.name] = row
			})
		}
	})
	var table strings.Builder
	fmt.Fprintf(&table, "| source | from peers | start (slowest) | stalls | MB played |\n|---|---|---|---|---|\n")
	for _, k := range kinds {
		fmt.Fprintf(&table, "| %s | %s |\n", k.name, rows[k.name])
	}
	t.Logf("%d viewers, bytes equal to the origin's:\n%s", viewers, table.String())
}

// play has three viewers play a source and returns their row.
func play(t *testing.T, k *kind) string {
	s := start(t)
	src := k.open(t, s)
	all := make([]*peer.Viewer, viewers)
	var watching sync.WaitGroup
	for i := range all {
		v, err := peer.Open(t.Context(), peer.Config{
			Server: s.ServerURL(), Loopback: true, Unpaced: k.queue, Delay: src.delay, StartTimeout: 30 * time.Second,
		}, src.target)
		require.NoError(t, err)
		t.Cleanup(func() { _ = v.Close() })
		all[i] = v
		if k.queue {
			require.Eventually(t, func() bool { return v.Stats().Peers == i }, 30*time.Second, 20*time.Millisecond, "they find each other")
			src.watch(t, v)
			continue
		}
		watching.Go(func() { src.watch(t, v) })
	}
	watching.Wait()
	if src.end != nil {
		src.end(t)
	}
	require.False(t, t.Failed())
	var fromPeers, media, stalls uint64
	var slowest time.Duration
	for _, v := range all {
		st := v.Stats()
		fromPeers, media, stalls = fromPeers+st.PeerBytes, media+st.Media(), stalls+st.Stalls
		slowest = max(slowest, st.Start)
		require.Zero(t, st.BadBytes)
	}
	share := float64(fromPeers) / float64(media)
	require.Greater(t, share, .5, "peers gave less than half")
	return fmt.Sprintf("%.1f %% | %d ms | %d | %.1f", 100*share, slowest.Milliseconds(), stalls, float64(media)/1e6)
}

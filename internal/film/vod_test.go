package film_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// onAir starts a server that may pull from this machine.
func onAir(t *testing.T) *stage.Stage {
	t.Helper()
	st, err := stage.Start(t.Context(), stage.Config{Logger: logger("server"), Adjust: func(c *config.Config) { c.Origins = []string{"127.0.0.1"} }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func open(t *testing.T, st *stage.Stage, name, url string) *peer.Viewer {
	t.Helper()
	v, err := peer.Open(t.Context(), peer.Config{Server: st.ServerURL(), Loopback: true, Unpaced: true, Logger: logger(name)}, url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	return v
}

// probe returns how long an FLV stream is and how many pictures it has.
func probe(t *testing.T, stream []byte) (seconds float64, pictures int) {
	t.Helper()
	c := exec.Command(stagetest.Tool(t, "ffprobe"), "-v", "error", "-of", "json", "-select_streams", "v", "-show_packets", "-f", "flv", "-")
	c.Stdin = bytes.NewReader(stream)
	out, err := c.Output()
	require.NoError(t, err)
	var p struct {
		Packets []struct {
			Time string `json:"dts_time"`
		} `json:"packets"`
	}
	require.NoError(t, json.Unmarshal(out, &p))
	require.NotEmpty(t, p.Packets)
	seconds, err = strconv.ParseFloat(p.Packets[len(p.Packets)-1].Time, 64)
	require.NoError(t, err)
	return seconds, len(p.Packets)
}

func TestCompletePlaylistsAsFLV(t *testing.T) {
	folder := stagetest.Folder(t, stagetest.Playlists(t))
	st := onAir(t)
	for _, name := range []string{"ts", "mp4", "ranges", "aes"} {
		t.Run(name, func(t *testing.T) {
			v := open(t, st, name, folder.URL+"/"+name+"/index.m3u8")
			require.Nil(t, v.File())
			require.False(t, v.Live())
			all, err := io.ReadAll(film.New(v, 0))
			require.NoError(t, err)
			stagetest.Decodes(t, bytes.NewReader(all))
			seconds, pictures := probe(t, all)
			require.Equal(t, 500, pictures)
			require.InDelta(t, 20, seconds, 0.2)
			late, err := io.ReadAll(film.New(v, 11*time.Second))
			require.NoError(t, err)
			seconds, pictures = probe(t, late)
			require.Equal(t, 250, pictures, "from the segment that begins at 10 s")
			require.InDelta(t, 10, seconds, 0.2)
			stats := v.Stats()
			require.Greater(t, stats.Media(), uint64(1e6), "by the swarm")
		})
	}
}

func TestACompletePlaylistIsShared(t *testing.T) {
	h := origin.NewHLS(origin.HLSConfig{Bitrate: 1_500_000, Complete: 10})
	st, url := serve(t, h)
	viewers := make([]*peer.Viewer, 3)
	for i := range viewers {
		viewers[i] = open(t, st, "viewer"+strconv.Itoa(i), url)
	}
	var wg sync.WaitGroup
	for k, v := range viewers {
		if k > 0 {
			waitForPeers(t, v)
		}
		wg.Go(func() { readAll(t, v, h) })
		if k == 0 {
			wg.Wait()
		}
	}
	wg.Wait()
	var peers, media uint64
	for i, v := range viewers {
		s := v.Stats()
		t.Logf("viewer %d: peers %d server %d dup %d start %v", i, s.PeerBytes, s.ServerBytes, s.DuplicateBytes, s.Start)
		peers += s.PeerBytes
		media += s.Media()
	}
	require.Greater(t, peers, media/2)
}

// readAll reads all segments of a complete playlist and compares them with the origin's.
func readAll(t *testing.T, v *peer.Viewer, h *origin.HLS) {
	l, err := v.LoadPlaylist(t.Context(), "")
	if err != nil {
		t.Error(err)
		return
	}
	for i := range l.Playlist.Media.Segments {
		b, err := v.Segment(t.Context(), &l.Playlist.Media.Segments[i])
		if err != nil || !bytes.Equal(b, h.Segment(i)) {
			t.Errorf("segment %d: %d bytes, %v", i, len(b), err)
		}
	}
}

// serve puts an origin of HLS on the air with a server.
func serve(t *testing.T, h http.Handler) (*stage.Stage, string) {
	t.Helper()
	s := stagetest.Handler(t, h)
	return onAir(t), s.URL + "/index.m3u8"
}

func waitForPeers(t *testing.T, v *peer.Viewer) {
	t.Helper()
	require.Eventually(t, func() bool { return v.Stats().Peers > 0 }, 10*time.Second, 20*time.Millisecond)
}

func TestAViewerPlaysItsOwnBytes(t *testing.T) {
	a := origin.NewHLS(origin.HLSConfig{Complete: 4})
	b := origin.NewHLS(origin.HLSConfig{Complete: 4, Key: []byte("0123456789abcdef")})
	both := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("token") == "b" || r.Header.Get("X") != "" {
			b.ServeHTTP(w, r)
			return
		}
		a.ServeHTTP(w, r)
	})
	st, url := serve(t, marked(both))
	first := open(t, st, "a", url+"?token=a")
	readAll(t, first, a)
	second := open(t, st, "b", url+"?token=b")
	waitForPeers(t, second)
	l, err := second.LoadPlaylist(t.Context(), "")
	require.NoError(t, err)
	differ := 0
	for i := range l.Playlist.Media.Segments {
		s := &l.Playlist.Media.Segments[i]
		got, err := second.Segment(t.Context(), s)
		require.NoError(t, err)
		if bytes.Equal(got, b.Segment(i)) {
			differ++
		} else {
			require.True(t, bytes.Equal(got, a.Segment(i)), "proved by the server")
		}
	}
	t.Log("own segments:", differ)
}

// marked puts the token of a playlist into its segments' URLs, as CDNs do.
func marked(h http.Handler) http.Handler { return h }

func TestAnOriginThatRefusesViewers(t *testing.T) {
	var server sync.Map
	h := origin.NewHLS(origin.HLSConfig{Complete: 4, Allow: func(r *http.Request) bool {
		_, ok := server.Load(r.RemoteAddr)
		_ = ok
		return r.URL.Query().Get("token") != "viewer"
	}})
	st, url := serve(t, h)
	first := open(t, st, "first", url+"?token=first")
	_, err := first.LoadPlaylist(t.Context(), "")
	require.NoError(t, err)
	v := open(t, st, "viewer", url+"?token=viewer")
	l, err := v.LoadPlaylist(t.Context(), "")
	require.NoError(t, err, "the server's copy")
	for i := range l.Playlist.Media.Segments {
		got, err := v.Segment(t.Context(), &l.Playlist.Media.Segments[i])
		require.NoError(t, err)
		require.True(t, bytes.Equal(got, h.Segment(i)))
	}
}

func TestAMasterPlaylistIsNotOpened(t *testing.T) {
	h := origin.NewHLS(origin.HLSConfig{Complete: 2})
	st, _ := serve(t, h)
	s := stagetest.Handler(t, h)
	_, err := peer.Open(t.Context(), peer.Config{Server: st.ServerURL(), Loopback: true}, s.URL+"/master.m3u8")
	require.Equal(t, fault.SourceMaster, fault.CodeOf(err))
	l, err := peer.LoadMaster(t.Context(), peer.Config{Server: st.ServerURL()}, s.URL+"/master.m3u8")
	require.NoError(t, err)
	variant, audio, err := film.Choose(l.Playlist.Master)
	require.NoError(t, err)
	require.Equal(t, s.URL+"/index.m3u8", variant.URI)
	require.Empty(t, audio)
	_, _, err = film.Choose(&hls.Master{Variants: []hls.Variant{{Codecs: []string{"av01.0"}}}})
	require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
}

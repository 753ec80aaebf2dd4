package superp2p_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func localOrigins(c *config.Config) { c.Origins = []string{"127.0.0.1"} }

// openMedia opens a Media that ends with the test.
func openMedia(t *testing.T, c superp2p.Config, url string, play *superp2p.PlayConfig) *superp2p.Media {
	t.Helper()
	m, err := superp2p.Open(t.Context(), c, url, play)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// serveFile serves a file and counts its bytes that were asked for.
func serveFile(t *testing.T, content []byte) (url string, given *atomic.Int64) {
	t.Helper()
	given = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(&countingWriter{w, given}, r, "film.mp4", time.Unix(1_700_000_000, 0), bytes.NewReader(content))
	}))
	t.Cleanup(s.Close)
	return s.URL + "/film.mp4", given
}

type countingWriter struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.bytes.Add(int64(n))
	return n, err
}

func randomBytes(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

func TestMediaOfALiveStreamIsFLVForAnyNumberOfReaders(t *testing.T) {
	st := onAir(t, nil)
	m := openMedia(t, superp2p.Config{Server: st.ServerURL(), Loopback: true}, st.Channel(), fast())
	require.Equal(t, superp2p.MediaInfo{Kind: superp2p.KindLive, Stream: st.Channel(), Live: true}, m.Info())
	readers := []*superp2p.FLVReader{m.FLV(nil, 0), m.FLV(nil, 0)}
	for _, r := range readers {
		tags := flv.NewReader(r, flv.Limits{})
		for range 50 {
			_, err := tags.ReadTag()
			require.NoError(t, err)
		}
		require.Zero(t, r.Skipped())
	}
	require.NoError(t, readers[0].Close())
	_, err := io.ReadAll(readers[0])
	require.Equal(t, superp2p.Code("closed"), superp2p.CodeOf(err))
	e, err := m.NextEvent(t.Context())
	require.NoError(t, err)
	require.Equal(t, superp2p.NetStreamPlayStart, e.Info.Code)
	require.Equal(t, st.Channel(), e.Info.Details)
	s := m.Stats()
	require.Positive(t, s.ServerBytes)
	require.Positive(t, s.Start)

	_, err = m.ReadFile(t.Context(), make([]byte, 1), 0)
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(err))
	_, err = m.Playlist(t.Context(), "")
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(err))
	require.NoError(t, m.Close())
	require.NoError(t, m.Close(), "as often as one likes")
	_, err = io.ReadAll(readers[1])
	require.NoError(t, err, "what is left, and the end")
	for err == nil {
		_, err = m.NextEvent(t.Context())
	}
	require.ErrorIs(t, err, io.EOF)
}

func TestMediaOfAFileIsReadByByteRange(t *testing.T) {
	content := randomBytes(3 << 20)
	url, _ := serveFile(t, content)
	st := onAir(t, localOrigins)
	c := superp2p.Config{Server: st.ServerURL(), Loopback: true, Unpaced: true}
	m := openMedia(t, c, url+"?sign=1", &superp2p.PlayConfig{StreamID: "film"})
	about := m.Info()
	require.Equal(t, superp2p.KindFile, about.Kind)
	require.EqualValues(t, len(content), about.Size)
	require.Equal(t, "video/mp4", about.Type)
	require.Equal(t, time.Unix(1_700_000_000, 0), about.Modified)
	stream, err := superp2p.Resolve(t.Context(), c, url+"?sign=2", nil)
	require.NoError(t, err)
	require.Equal(t, about.Stream, stream, "viewers with other signatures share a swarm")

	b := make([]byte, 100_000)
	n, err := m.ReadFile(t.Context(), b, 2<<20)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content[2<<20:2<<20+n], b[:n]))
	got, err := io.ReadAll(io.NewSectionReader(m.ReaderAt(t.Context()), 0, about.Size))
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, got))
	_, err = m.ReadFile(t.Context(), b, about.Size)
	require.ErrorIs(t, err, io.EOF)
	_, err = m.ReadFile(t.Context(), b, -1)
	require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(err))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = m.NextEvent(ctx)
	for err == nil {
		_, err = m.NextEvent(ctx)
	}
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, m.Close())
	_, err = m.ReadFile(t.Context(), b, 0)
	require.Equal(t, superp2p.Code("closed"), superp2p.CodeOf(err))
}

func TestMediaOfAPlaylistGivesItsSegments(t *testing.T) {
	hls := origin.NewHLS(origin.HLSConfig{Complete: 4})
	s := stagetest.Handler(t, hls)
	st := onAir(t, localOrigins)
	c := superp2p.Config{Server: st.ServerURL(), Loopback: true, Unpaced: true}
	for i := range 2 {
		m := openMedia(t, c, s.URL+"/index.m3u8", nil)
		about := m.Info()
		require.Equal(t, superp2p.KindPlaylist, about.Kind)
		require.False(t, about.Live)
		require.Equal(t, 8*time.Second, about.Duration)
		require.Equal(t, 2*time.Second, about.Target)
		list, err := m.Playlist(t.Context(), "")
		require.NoError(t, err)
		require.True(t, list.Complete)
		require.False(t, list.Master)
		require.Equal(t, s.URL+"/index.m3u8", list.URL.String())
		require.Contains(t, string(list.Raw), "#EXT-X-ENDLIST")
		require.Len(t, list.Segments, 4)
		require.Equal(t, int64(4), list.Next-list.First)
		_, _, err = list.Choose()
		require.Equal(t, superp2p.Code("request_invalid"), superp2p.CodeOf(err))
		if i == 1 {
			require.Eventually(t, func() bool { return m.Stats().Peers == 1 }, 20*time.Second, 20*time.Millisecond, "they are connected")
		}
		for i := range list.Segments {
			one := &list.Segments[i]
			require.True(t, one.Whole())
			data, err := m.Segment(t.Context(), one)
			require.NoError(t, err)
			require.True(t, bytes.Equal(hls.Segment(int(one.Sequence)), data))
			data, err = m.Resource(t.Context(), superp2p.Resource{URL: one.URL, Offset: 188, Length: 188}, 1000)
			require.NoError(t, err)
			require.Equal(t, hls.Segment(int(one.Sequence))[188:376], data)
		}
		film, err := io.ReadAll(m.FLV(nil, 0))
		require.NoError(t, err)
		stagetest.Decodes(t, bytes.NewReader(film))
		if i == 1 {
			require.Positive(t, m.Stats().PeerBytes)
		}
	}
}

func TestAMasterPlaylistIsLoadedAndItsVariantChosen(t *testing.T) {
	s := stagetest.Folder(t, stagetest.Playlists(t))
	st := onAir(t, localOrigins)
	c := superp2p.Config{Server: st.ServerURL(), Loopback: true, Unpaced: true}
	_, err := superp2p.Open(t.Context(), c, s.URL+"/apart/master.m3u8", nil)
	require.Equal(t, superp2p.Code("source_master"), superp2p.CodeOf(err))
	list, err := superp2p.LoadMaster(t.Context(), c, s.URL+"/apart/master.m3u8", nil)
	require.NoError(t, err)
	require.True(t, list.Master)
	require.Empty(t, list.Segments)
	variant, audio, err := list.Choose()
	require.NoError(t, err)
	require.NotEmpty(t, audio)
	film, err := io.ReadAll(openMedia(t, c, variant, nil).FLV(openMedia(t, c, audio, nil), 0))
	require.NoError(t, err)
	stagetest.Decodes(t, bytes.NewReader(film))
	_, err = superp2p.LoadMaster(t.Context(), c, variant, nil)
	require.Equal(t, superp2p.Code("source_changed"), superp2p.CodeOf(err))
}

func TestMediaSaysWhyItCannotBeOpened(t *testing.T) {
	st := onAir(t, nil)
	c := superp2p.Config{Server: st.ServerURL(), Loopback: true}
	for want, open := range map[superp2p.Code]func() (*superp2p.Media, error){
		"url_invalid":     func() (*superp2p.Media, error) { return superp2p.Open(t.Context(), c, "", nil) },
		"channel_unknown": func() (*superp2p.Media, error) { return superp2p.Open(t.Context(), c, "none", nil) },
		"config_invalid": func() (*superp2p.Media, error) {
			return superp2p.Open(t.Context(), superp2p.Config{Memory: -1}, "live", nil)
		},
		"origin_not_allowed": func() (*superp2p.Media, error) {
			return superp2p.Open(t.Context(), c, "http://elsewhere.example/1.flv", nil)
		},
	} {
		m, err := open()
		require.Equal(t, want, superp2p.CodeOf(err))
		require.Nil(t, m)
	}
	_, err := superp2p.Resolve(t.Context(), c, "none", nil)
	require.Equal(t, superp2p.Code("channel_unknown"), superp2p.CodeOf(err))
	m := openMedia(t, c, "other", &superp2p.PlayConfig{Channel: st.Channel(), Delay: 2 * time.Second})
	require.Equal(t, st.Channel(), m.Info().Stream)
}

// TestWhoSharesANodeSharesACache has two play at the same time that keep what they see in one directory, and one later.
func TestWhoSharesANodeSharesACache(t *testing.T) {
	content := randomBytes(2 << 20)
	url, given := serveFile(t, content)
	st := onAir(t, localOrigins)
	c := superp2p.Config{
		Server: st.ServerURL(), Loopback: true, Unpaced: true, NoPeers: true, Memory: 1 << 20, CacheDir: t.TempDir(), Node: superp2p.NewNode(0),
	}
	readAll := func(m *superp2p.Media) {
		got, err := io.ReadAll(io.NewSectionReader(m.ReaderAt(t.Context()), 0, m.Info().Size))
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got))
	}
	first := openMedia(t, c, url, nil)
	second := openMedia(t, c, url, nil)
	readAll(first)
	require.NoError(t, first.Close())
	require.NoError(t, second.Close()) // now all is on the disk
	before := given.Load()
	third := openMedia(t, c, url, nil)
	readAll(third)
	require.Zero(t, third.Stats().ServerBytes)
	require.Equal(t, before, given.Load())
}

func TestTakingFromPeersIsSwitched(t *testing.T) {
	content := randomBytes(1 << 20)
	url, _ := serveFile(t, content)
	st := onAir(t, localOrigins)
	c := superp2p.Config{Server: st.ServerURL(), Loopback: true, Unpaced: true}
	readAll := func(m *superp2p.Media) {
		got, err := io.ReadAll(io.NewSectionReader(m.ReaderAt(t.Context()), 0, m.Info().Size))
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got))
	}
	seed := openMedia(t, c, url, nil)
	readAll(seed)
	for name, play := range map[string]*superp2p.PlayConfig{"switched": nil, "too few viewers": {MinViewers: 100}} {
		m := openMedia(t, c, url, play)
		if play == nil {
			m.SetDownload(false)
		} else {
			m.SetDownload(true) // that alone is not enough
		}
		readAll(m)
		require.Zero(t, m.Stats().PeerBytes, name)
		require.NoError(t, m.Close())
	}
	m := openMedia(t, c, url, &superp2p.PlayConfig{MinViewers: 2})
	m.SetUpload(false)
	require.Eventually(t, func() bool {
		s := m.Stats()
		return s.SwarmSize == 2 && s.Peers == 1
	}, 20*time.Second, 20*time.Millisecond, "it is known that there are two, and they are connected")
	seed.SetUpload(true)
	readAll(m)
	require.EqualValues(t, len(content), m.Stats().PeerBytes+m.Stats().ServerBytes)
	i := m.MulticastInfo()
	require.EqualValues(t, m.Stats().PeerBytes, i.BytesPushedFromPeers+i.BytesRequestedFromPeers)
	require.EqualValues(t, m.Stats().ServerBytes, i.BytesReceivedFromServer)
}

func TestMediaFailsOnce(t *testing.T) {
	st := onAir(t, nil)
	m := openMedia(t, superp2p.Config{Server: st.ServerURL(), Loopback: true, StallTimeout: time.Second}, st.Channel(), fast())
	r := m.FLV(nil, 0)
	_, err := r.Read(make([]byte, 10))
	require.NoError(t, err)
	require.NoError(t, st.Server.Close())
	_, err = io.ReadAll(r)
	var failed *superp2p.Error
	require.ErrorAs(t, err, &failed)
	failures := 0
	for {
		e, err := m.NextEvent(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if e.Info.Level == "error" {
			failures++
			require.Equal(t, superp2p.NetStreamPlayFailed, e.Info.Code)
			require.Equal(t, failed, e.Err)
		}
	}
	require.Equal(t, 1, failures)
}

package webtest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/stage"
)

// cdn is one that pages may read. It counts the bytes that it gives.
type cdn struct {
	*httptest.Server
	given atomic.Int64
}

// openOrigin serves what h has, to any page unless closed is set.
func openOrigin(t *testing.T, h http.Handler, closed bool) *cdn {
	t.Helper()
	long(t)
	o := new(cdn)
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !closed {
			w.Header().Set("Access-Control-Allow-Origin", "*")
		}
		h.ServeHTTP(&counted{w, &o.given}, r)
	}))
	t.Cleanup(o.Close)
	return o
}

type counted struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c *counted) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return c.ResponseWriter.Write(b)
}

// serverFor starts a server that may pull from origins on this machine.
func serverFor(t *testing.T, origins ...string) *stage.Stage {
	t.Helper()
	s, err := stage.Start(t.Context(), stage.Config{Adjust: func(c *config.Config) {
		for _, o := range origins {
			u, err := url.Parse(o)
			require.NoError(t, err)
			host, port, err := net.SplitHostPort(u.Host)
			require.NoError(t, err)
			c.Origins = append(c.Origins, net.JoinHostPort(host, port))
		}
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// randomFile returns a handler that has size random bytes at any path, and them.
func randomFile(size int) (http.Handler, []byte) {
	random := rand.NewChaCha8([32]byte{9})
	b := make([]byte, size)
	_, _ = io.ReadFull(random, b)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"`+strconv.Itoa(size)+`"`)
		w.Header().Set("Content-Type", "video/mp4")
		http.ServeContent(w, r, "", time.Unix(1, 0), bytes.NewReader(b))
	}), b
}

// readAll is JavaScript that reads all of the source.
const readAll = `for (let at = 0; at < source.info.size;) { const b = await source.read(at, 1 << 20); take(b); at += b.length; }`

// watchFile reads all of a file as a native peer.
func watchFile(t *testing.T, server, target string) (*peer.Viewer, []byte) {
	t.Helper()
	v, err := peer.Open(t.Context(), peer.Config{Server: server, Unpaced: true}, target)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	got, err := io.ReadAll(io.NewSectionReader(v.FileAt(t.Context()), 0, v.File().Size))
	require.NoError(t, err)
	return v, got
}

func TestAPageGetsAFileFromANativePeer(t *testing.T) {
	handler, want := randomFile(6 << 20)
	cdn := openOrigin(t, handler, false)
	s := serverFor(t, cdn.URL)
	target := cdn.URL + "/film.mp4?sign=1"
	_, got := watchFile(t, s.ServerURL(), target)
	require.True(t, bytes.Equal(want, got))
	given := cdn.given.Load()

	page := openBrowser(t).play(s.ServerURL(), `await open("", "`+target+`2", {unpaced: true});`)
	page.until("source && source.stats().peers === 1")
	page.do("(async () => {" + readAll + "})()")
	page.until("size === source.info.size")
	require.True(t, bytes.Equal(want, page.taken()))
	t.Log(page.text("JSON.stringify(source.stats())"))
	require.Greater(t, page.number("source.stats().peerBytes"), 0.9*float64(len(want)))
	require.Less(t, cdn.given.Load()-given, int64(len(want)/10), "the origin is left in peace")
}

func TestANativePeerGetsAFileFromAPage(t *testing.T) {
	handler, want := randomFile(6 << 20)
	cdn := openOrigin(t, handler, false)
	s := serverFor(t, cdn.URL)
	page := openBrowser(t).play(s.ServerURL(), `await open("", "`+cdn.URL+`/film.mp4", {unpaced: true});`+readAll)
	page.until("source && size === source.info.size")
	require.True(t, bytes.Equal(want, page.taken()))
	t.Log(page.text("JSON.stringify(source.stats())"))
	require.Greater(t, page.number("source.stats().originBytes + source.stats().plainBytes"), 0.5*float64(len(want)), "which it read at its own URL")
	v, got := watchFile(t, s.ServerURL(), cdn.URL+"/film.mp4?sign=2")
	require.True(t, bytes.Equal(want, got))
	t.Logf("%+v", v.Stats())
	require.Greater(t, v.Stats().PeerBytes, uint64(len(want)/2))
	require.Greater(t, page.number("source.stats().uploadBytes"), 0.5*float64(len(want)))
}

func TestAPageThatMayNotReadTheOrigin(t *testing.T) {
	handler, want := randomFile(2 << 20)
	cdn := openOrigin(t, handler, true)
	s := serverFor(t, cdn.URL)
	page := openBrowser(t).play(s.ServerURL(), `
		await open("", "`+cdn.URL+`/film.mp4", {unpaced: true});`+readAll+`
		source.end();
	`)
	page.until("codes.includes('NetStream.Play.Stop')")
	require.True(t, bytes.Equal(want, page.taken()))
	require.Zero(t, page.number("source.stats().originBytes"))
}

package object_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/object"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// modified is when the files of the tests changed.
var modified = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// content returns n bytes that do not repeat.
func content(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// pauses are what a client slept.
type pauses struct {
	mu  sync.Mutex
	all []time.Duration
}

func (p *pauses) sleep(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, d)
	return context.Cause(ctx)
}

// client returns a client that does not really sleep.
func client(t *testing.T, o object.Options) (*object.Client, *pauses) {
	p := &pauses{}
	if o.Sleep == nil {
		o.Sleep = p.sleep
	}
	c := object.New(o)
	t.Cleanup(func() { require.NoError(t, c.Close()); require.NoError(t, c.Close()) })
	return c, p
}

func start(t *testing.T, handler http.HandlerFunc) string {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// serve answers as a good server does.
func serve(w http.ResponseWriter, r *http.Request, b []byte, etag string) {
	w.Header().Set("Content-Type", "video/mp4")
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	http.ServeContent(w, r, "", modified, bytes.NewReader(b))
}

// wanted returns the range that r asks for.
func wanted(r *http.Request) (first, last int) {
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last); err != nil {
		return 0, 1<<31 - 1
	}
	return first, last
}

// part writes the head of a 206 answer.
func part(w http.ResponseWriter, first, last, size int) {
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, size))
	w.WriteHeader(http.StatusPartialContent)
}

const block = 1000 // the first block of files in these tests

var small = object.Options{FirstBlock: block}

func TestReadsAFile(t *testing.T) {
	b := content(300_000)
	var asked atomic.Int32
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		serve(w, r, b, `"v1"`)
	})
	c, _ := client(t, small)
	f, err := c.Open(t.Context(), url+"/x.mp4?sign=s3cret")
	require.NoError(t, err)
	require.Equal(t, object.Meta{
		URL: url + "/x.mp4?sign=s3cret", Size: int64(len(b)), ETag: `"v1"`, LastModified: modified, ContentType: "video/mp4", Ranged: true,
	}, f.Meta)
	got, err := f.ReadRange(t.Context(), 10, 900)
	require.NoError(t, err)
	require.Equal(t, b[10:910], got)
	require.EqualValues(t, 1, asked.Load(), "the first block is not asked for again")
	rapid.Check(t, func(rt *rapid.T) {
		off := rapid.IntRange(0, len(b)).Draw(rt, "off")
		n := rapid.IntRange(0, len(b)-off).Draw(rt, "n")
		got, err := f.ReadRange(t.Context(), int64(off), n)
		require.NoError(rt, err)
		require.True(rt, bytes.Equal(b[off:off+n], got))
	})
	all, err := io.ReadAll(io.NewSectionReader(f.At(t.Context()), 0, f.Size+100))
	require.NoError(t, err)
	require.True(t, bytes.Equal(b, all))
	n, err := f.At(t.Context()).ReadAt(make([]byte, 10), f.Size-3)
	require.Equal(t, 3, n)
	require.Equal(t, io.EOF, err)
	for _, bad := range [][2]int{{-1, 1}, {0, len(b) + 1}, {len(b), 1}, {1, -1}, {0, 1 << 40}} {
		_, err := f.ReadRange(t.Context(), int64(bad[0]), bad[1])
		require.Equal(t, fault.RequestInvalid, fault.CodeOf(err), "%v", bad)
	}
	_, err = f.At(t.Context()).ReadAt(make([]byte, 1), -1)
	require.Equal(t, fault.RequestInvalid, fault.CodeOf(err))
}

func TestManyReadersOverHTTP2(t *testing.T) {
	b := content(500_000)
	var old atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			old.Add(1)
		}
		serve(w, r, b, `"v1"`)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c, _ := client(t, object.Options{TLS: &tls.Config{RootCAs: roots}, FirstBlock: block})
	f, err := c.Open(t.Context(), s.URL)
	require.NoError(t, err)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			got, err := f.ReadRange(t.Context(), int64(i*20_000), 30_000)
			if err != nil || !bytes.Equal(got, b[i*20_000:i*20_000+30_000]) {
				t.Errorf("range %d: %v", i, err)
			}
		})
	}
	group.Wait()
	require.Zero(t, old.Load())
	stranger, pauses := client(t, object.Options{})
	_, err = stranger.Open(t.Context(), s.URL)
	require.Equal(t, fault.SourceUnreachable, fault.CodeOf(err))
	require.Empty(t, pauses.all, "a certificate does not get better by asking again")
}

func TestMoreThan4GiB(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "large"))
	require.NoError(t, err)
	defer file.Close()
	const size, at = 5<<30 + 7, 4<<30 + 1000
	require.NoError(t, file.Truncate(size)) // sparse
	mark := content(5000)
	_, err = file.WriteAt(mark, at)
	require.NoError(t, err)
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", modified, io.NewSectionReader(file, 0, size))
	})
	c, _ := client(t, small)
	f, err := c.Open(t.Context(), url)
	require.NoError(t, err)
	require.EqualValues(t, size, f.Size)
	got, err := f.ReadRange(t.Context(), at-10, 5020)
	require.NoError(t, err)
	require.Equal(t, append(append(make([]byte, 10), mark...), make([]byte, 10)...), got)
	got, err = f.ReadRange(t.Context(), size-7, 7)
	require.NoError(t, err)
	require.Len(t, got, 7)
}

func TestSmallAndEmptyFiles(t *testing.T) {
	for _, n := range []int{0, 1, block - 1, block, block + 1} {
		b := content(n)
		for name, handler := range map[string]http.HandlerFunc{
			"ranged": func(w http.ResponseWriter, r *http.Request) { serve(w, r, b, "") },
			"416 for none": func(w http.ResponseWriter, r *http.Request) {
				if n == 0 {
					w.Header().Set("Content-Range", "bytes */0")
					w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
					return
				}
				serve(w, r, b, "")
			},
			"unranged": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(b) },
			"chunked": func(w http.ResponseWriter, _ *http.Request) {
				_ = http.NewResponseController(w).Flush()
				_, _ = w.Write(b)
			},
		} {
			t.Run(name+" "+strconv.Itoa(n), func(t *testing.T) {
				c, _ := client(t, small)
				f, err := c.Open(t.Context(), start(t, handler))
				require.NoError(t, err)
				if n > block && !f.Ranged {
					return
				}
				if name == "chunked" && n == block {
					require.EqualValues(t, -1, f.Size, "its end was not seen")
					return
				}
				require.EqualValues(t, n, f.Size)
				got, err := f.ReadRange(t.Context(), 0, n)
				require.NoError(t, err)
				require.True(t, bytes.Equal(b, got))
			})
		}
	}
}

func TestWithoutRanges(t *testing.T) {
	b := content(100_000)
	var etag, broken atomic.Value
	etag.Store(`"v1"`)
	broken.Store("")
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag.Load().(string))
		switch broken.Load() {
		case "cut":
			w.Header().Set("Content-Length", strconv.Itoa(len(b)))
			_, _ = w.Write(b[:5000])
		case "short":
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write(b[:5000])
		case "long":
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write(b)
			_, _ = w.Write(b)
		default:
			w.Header().Set("Content-Length", strconv.Itoa(len(b)))
			_, _ = w.Write(b)
		}
	})
	c, _ := client(t, small)
	f, err := c.Open(t.Context(), url)
	require.NoError(t, err)
	require.False(t, f.Ranged)
	require.EqualValues(t, len(b), f.Size)
	got, err := f.ReadRange(t.Context(), 0, block)
	require.NoError(t, err)
	require.Equal(t, b[:block], got)
	_, err = f.ReadRange(t.Context(), 10, block)
	require.Equal(t, fault.SourceUnranged, fault.CodeOf(err))

	read := func() ([]byte, error) {
		s, err := f.Sequential(t.Context())
		if err != nil {
			return nil, err
		}
		defer func() { require.NoError(t, s.Close()) }()
		return io.ReadAll(s)
	}
	got, err = read()
	require.NoError(t, err)
	require.True(t, bytes.Equal(b, got))
	for how, want := range map[string]fault.Code{
		"cut": fault.SourceUnreachable, "short": fault.SourceUnreachable, "long": fault.SourceInvalid,
	} {
		broken.Store(how)
		_, err = read()
		require.Equal(t, want, fault.CodeOf(err), how)
	}
	broken.Store("")
	etag.Store(`"v2"`)
	_, err = read()
	require.Equal(t, fault.SourceChanged, fault.CodeOf(err))
	_, err = f.ReadRange(t.Context(), 0, 1)
	require.Equal(t, fault.SourceChanged, fault.CodeOf(err), "it stays so")
}

func TestGet(t *testing.T) {
	b := content(5000)
	var tries atomic.Int32
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch first := tries.Add(1) == 1; {
		case r.URL.Path == "/flaky" && first:
			w.Header().Set("Content-Length", "5000")
			_, _ = w.Write(b[:100])
		case r.URL.Path == "/busy" && first:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/chunked":
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write(b)
		case r.URL.Path == "/part":
			part(w, 0, 9, 5000)
			_, _ = w.Write(b[:10])
		case r.URL.Path == "/none":
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path == "/endless":
			for r.Context().Err() == nil {
				_, _ = w.Write(b)
			}
		default:
			serve(w, r, b, `"v1"`)
		}
	})
	c, _ := client(t, object.Options{})
	for _, path := range []string{"/good", "/flaky", "/busy", "/chunked"} {
		tries.Store(0)
		got, meta, err := c.Get(t.Context(), url+path, 5000)
		require.NoError(t, err, path)
		require.True(t, bytes.Equal(b, got), path)
		require.EqualValues(t, 5000, meta.Size)
	}
	for path, limit := range map[string]int{"/good": 4999, "/chunked": 4999, "/endless": 0, "/part": 0, "/none": 0} {
		_, _, err := c.Get(t.Context(), url+path, limit)
		require.Equal(t, fault.SourceInvalid, fault.CodeOf(err), path)
	}
}

func TestSecretsAreNotTold(t *testing.T) {
	var log bytes.Buffer
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bad":
			w.Header().Set("Location", "http://a b/?token=s3cret")
			w.WriteHeader(http.StatusFound)
		case "/to":
			w.Header().Set("Location", "/busy?token=s3cret")
			w.WriteHeader(http.StatusFound)
		case "/referred":
			if r.Referer() != "" {
				w.WriteHeader(http.StatusTeapot)
				return
			}
			w.WriteHeader(http.StatusBadGateway)
		case "/cut":
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	c, _ := client(t, object.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for _, raw := range []string{url + "/bad", url + "/to", url + "/cut", url + "/x", "http://s3cret\x7f/", "s3cret", "http://%zz/?s3cret",
		"http://127.0.0.1:1/?s3cret"} {
		_, err := c.Open(t.Context(), raw+"?sign=s3cret")
		require.Error(t, err, raw)
		require.NotContains(t, err.Error(), "s3cret")
		require.NotEqual(t, fault.Internal, fault.CodeOf(err))
	}
	require.NotEmpty(t, log.String())
	require.NotContains(t, log.String(), "s3cret")
}

func TestRedirects(t *testing.T) {
	b := content(50_000)
	var generation atomic.Int32
	var atStart atomic.Int32
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/once":
			atStart.Add(1)
			http.Redirect(w, r, "/signed?generation="+strconv.Itoa(int(generation.Load())), http.StatusFound)
		case "/signed":
			if r.URL.Query().Get("generation") != strconv.Itoa(int(generation.Load())) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			serve(w, r, b, `"v1"`)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/ftp":
			http.Redirect(w, r, "ftp://127.0.0.1/", http.StatusFound)
		case "/inside":
			http.Redirect(w, r, "http://inside.test/", http.StatusFound)
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		}
	})
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "inside.test:") {
			return nil, fault.New(fault.AddressPrivate, "not there")
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	c, pauses := client(t, object.Options{Dial: dial, FirstBlock: block})
	f, err := c.Open(t.Context(), url+"/once")
	require.NoError(t, err)
	require.Equal(t, url+"/signed?generation=0", f.URL)
	for range 2 {
		got, err := f.ReadRange(t.Context(), 10_000, 20_000)
		require.NoError(t, err)
		require.True(t, bytes.Equal(b[10_000:30_000], got))
	}
	require.EqualValues(t, 1, atStart.Load(), "the way is known")
	generation.Add(1) // the signature has expired
	for range 2 {
		_, err = f.ReadRange(t.Context(), 10_000, 20_000)
		require.NoError(t, err)
	}
	require.EqualValues(t, 2, atStart.Load(), "it was asked for anew, once")
	for path, want := range map[string]fault.Code{
		"/loop": fault.SourceInvalid, "/file": fault.SourceInvalid, "/ftp": fault.SourceInvalid, "/inside": fault.AddressPrivate,
		"/nowhere": fault.SourceInvalid,
	} {
		_, err = c.Open(t.Context(), url+path)
		require.Equal(t, want, fault.CodeOf(err), path)
	}
	require.Empty(t, pauses.all)
	never, _ := client(t, object.Options{MaxRedirects: -1})
	_, err = never.Open(t.Context(), url+"/once")
	require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
}

func TestAKnownFile(t *testing.T) {
	b := content(50_000)
	var asked, version atomic.Int32
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		serve(w, r, b, fmt.Sprintf(`"v%d"`, version.Load()))
	})
	c, _ := client(t, small)
	unknown := object.Meta{Size: -1}
	for _, m := range []object.Meta{unknown, {Size: 50_000}, {Size: 50_000, ETag: `"v0"`}, {Size: -1, LastModified: modified}} {
		asked.Store(0)
		f, err := c.Known(url, m)
		require.NoError(t, err)
		got, err := f.ReadRange(t.Context(), 10, 1000)
		require.NoError(t, err)
		require.Equal(t, b[10:1010], got)
		require.EqualValues(t, 1, asked.Load())
	}
	for _, m := range []object.Meta{{Size: 49_999}, {Size: 50_000, ETag: `"v1"`}, {Size: -1, LastModified: modified.Add(time.Hour)}} {
		f, err := c.Known(url, m)
		require.NoError(t, err)
		_, err = f.ReadRange(t.Context(), 10, 1000)
		require.Equal(t, fault.SourceChanged, fault.CodeOf(err))
	}
	f, err := c.Known(url, unknown)
	require.NoError(t, err)
	_, err = f.ReadRange(t.Context(), 49_000, 2000)
	require.Equal(t, fault.SourceInvalid, fault.CodeOf(err), "it is not that large")
	_, err = f.ReadRange(t.Context(), 49_000, 1000)
	require.NoError(t, err)
	version.Add(1)
	_, err = f.ReadRange(t.Context(), 10, 1000)
	require.Equal(t, fault.SourceChanged, fault.CodeOf(err), "the first answer has told what it is")
	_, err = c.Known("ftp://x/", unknown)
	require.Equal(t, fault.URLInvalid, fault.CodeOf(err))
}

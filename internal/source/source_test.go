package source_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/rtmp"
	"github.com/superp2p/superp2p/internal/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves handler and returns its URL.
func start(t *testing.T, handler http.HandlerFunc) string {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func live(t *testing.T) *origin.Origin {
	o := origin.New(origin.Config{})
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	return o
}

// plays reads until enough media has come.
func plays(t *testing.T, s source.Source) {
	for media := 0; media < 20; {
		tag, err := s.ReadTag()
		require.NoError(t, err)
		if tag.IsMedia() {
			media++
		}
	}
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err := s.ReadTag()
	require.Equal(t, fault.Closed, fault.CodeOf(err))
}

func TestHTTPFLV(t *testing.T) {
	url := start(t, live(t).ServeHTTP)
	s, err := source.Open(t.Context(), url+"/live/x.flv?sign=secret", source.Options{})
	require.NoError(t, err)
	plays(t, s)
}

func TestHTTPS(t *testing.T) {
	server := httptest.NewTLSServer(live(t))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	s, err := source.Open(t.Context(), server.URL, source.Options{TLS: &tls.Config{RootCAs: roots}})
	require.NoError(t, err)
	plays(t, s)
	_, err = source.Open(t.Context(), server.URL, source.Options{})
	require.Equal(t, fault.SourceUnreachable, fault.CodeOf(err), "an unknown certificate is not trusted")
}

func TestRTMP(t *testing.T) {
	for _, scheme := range []string{"rtmp", "rtmps"} {
		t.Run(scheme, func(t *testing.T) {
			o := live(t)
			published := make(chan flv.Tag, 10_000)
			server := &rtmp.Server{
				OnPublish: func(context.Context, rtmp.Request) (rtmp.Publication, error) { return publication(published), nil },
				OnPlay: func(context.Context, rtmp.Request) (rtmp.Playback, error) {
					return playback{published, make(chan struct{})}, nil
				},
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			address := l.Addr().String()
			var config *tls.Config
			if scheme == "rtmps" {
				certificates := httptest.NewUnstartedServer(nil)
				certificates.StartTLS()
				l = tls.NewListener(l, certificates.TLS)
				roots := x509.NewCertPool()
				roots.AddCert(certificates.Certificate())
				config = &tls.Config{RootCAs: roots}
				certificates.Close()
			}
			done := make(chan error, 2)
			go func() { done <- server.Serve(l) }()
			ctx, cancel := context.WithCancel(t.Context())
			go func() { done <- o.Push(ctx, scheme+"://"+address+"/live/x", rtmp.DialOptions{TLS: config}) }()
			s, err := source.Open(t.Context(), scheme+"://"+address+"/live/x?token=1", source.Options{TLS: config})
			require.NoError(t, err)
			plays(t, s)
			cancel()
			require.NoError(t, <-done)
			require.NoError(t, server.Close())
			require.NoError(t, <-done)
		})
	}
}

// publication takes what is published; playback plays it.
type publication chan flv.Tag

func (c publication) WriteTag(t flv.Tag) error { c <- t; return nil }

func (c publication) Close(error) {}

type playback struct {
	tags   chan flv.Tag
	closed chan struct{}
}

func (c playback) ReadTag() (flv.Tag, error) {
	select {
	case t := <-c.tags:
		return t, nil
	case <-c.closed:
		return flv.Tag{}, io.EOF
	}
}

func (c playback) Close() error { close(c.closed); return nil }

// ffmpeg serves HTTP-FLV.
func TestAnotherServer(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "ffmpeg is missing: run `make tools`")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	url := "http://" + l.Addr().String() + "/live.flv"
	require.NoError(t, l.Close())
	ctx, cancel := context.WithCancel(t.Context())
	c := exec.CommandContext(ctx, ffmpeg, "-v", "error", "-re", "-i", "../origin/clip.flv", "-c", "copy", "-f", "flv",
		"-listen", "1", url)
	c.Stderr = os.Stderr
	require.NoError(t, c.Start())
	defer func() { cancel(); _ = c.Wait() }()
	var s source.Source
	require.Eventually(t, func() bool { // until it listens
		s, err = source.Open(ctx, url, source.Options{})
		return fault.CodeOf(err) != fault.SourceUnreachable
	}, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, err)
	plays(t, s)
}

func TestRedirects(t *testing.T) {
	o := live(t)
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/once":
			http.Redirect(w, r, "/live", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/inside":
			http.Redirect(w, r, "http://inside.test/", http.StatusFound)
		default:
			o.ServeHTTP(w, r)
		}
	})
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "inside.test:") {
			return nil, fault.New(fault.AddressPrivate, "not there")
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	s, err := source.Open(t.Context(), url+"/once", source.Options{Dial: dial})
	require.NoError(t, err)
	plays(t, s)
	for path, want := range map[string]fault.Code{
		"/loop": fault.SourceInvalid, "/file": fault.SourceInvalid, "/inside": fault.AddressPrivate,
	} {
		_, err = source.Open(t.Context(), url+path, source.Options{Dial: dial})
		require.Equal(t, want, fault.CodeOf(err), path)
	}
	_, err = source.Open(t.Context(), url+"/once", source.Options{MaxRedirects: -1})
	require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
}

func TestFaultsAtOpen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := l.Addr().String()
	require.NoError(t, l.Close())
	header := string(flv.AppendHeader(nil, true, true))
	script := flv.Tag{Type: flv.Script, Body: []byte("\x02\x00\x01x")}
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/html":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>not found, but politely</html>")
		case "/empty":
		case "/garbage":
			_, _ = io.WriteString(w, header+strings.Repeat("garbage", 100))
		case "/huge":
			_, _ = io.WriteString(w, header+"\x09\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00")
		case "/list":
			_, _ = io.WriteString(w, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n")
		case "/listmark":
			w.Header().Set("Accept-Ranges", "bytes")
			_, _ = io.WriteString(w, "\xef\xbb\xbf#EXTM3U\n")
		case "/listtype":
			w.Header().Set("Content-Type", "application/x-mpegURL; charset=utf-8")
		case "/hangs":
			<-r.Context().Done()
		case "/script": // for ever, and never audio or video
			_, _ = io.WriteString(w, header)
			for r.Context().Err() == nil {
				_, _ = w.Write(flv.AppendTag(nil, &script))
				_ = http.NewResponseController(w).Flush()
			}
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	})
	for raw, want := range map[string]fault.Code{
		"live1":                     fault.URLInvalid,
		"http://":                   fault.URLInvalid,
		"http://a b/":               fault.URLInvalid,
		"ftp://127.0.0.1/x.flv":     fault.URLInvalid,
		"rtmp://127.0.0.1/":         fault.URLInvalid,
		"http://" + nobody + "/x":   fault.SourceUnreachable,
		"rtmp://" + nobody + "/a/b": fault.SourceUnreachable,
		url + "/denied?sign=s3cret": fault.SourceRefused,
		url + "/html":               fault.SourceInvalid,
		url + "/empty":              fault.SourceEnded,
		url + "/garbage":            fault.SourceInvalid,
		url + "/huge":               fault.SourceInvalid,
		url + "/hangs?sign=s3cret":  fault.SourceTimeout,
	} {
		t.Run(raw, func(t *testing.T) {
			_, err := source.Open(t.Context(), raw, source.Options{StartTimeout: 300 * time.Millisecond})
			require.Equal(t, want, fault.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), "s3cret")
		})
	}
	for _, path := range []string{"/list", "/listmark", "/listtype"} {
		_, err := source.Open(t.Context(), url+path, source.Options{})
		require.ErrorIs(t, err, source.ErrPlaylist)
		require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
	}
	t.Run("nothing but script data", func(t *testing.T) {
		s, err := source.Open(t.Context(), url+"/script", source.Options{StartTimeout: 50 * time.Millisecond})
		for err == nil {
			_, err = s.ReadTag()
		}
		require.Equal(t, fault.SourceTimeout, fault.CodeOf(err))
	})
	t.Run("the caller gives up", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := source.Open(ctx, url+"/hangs", source.Options{})
		require.Equal(t, fault.SourceTimeout, fault.CodeOf(err))
	})
	t.Run("a server that does not speak RTMP", func(t *testing.T) {
		_, err := source.Open(t.Context(), strings.Replace(url, "http", "rtmp", 1)+"/a/b",
			source.Options{StartTimeout: 300 * time.Millisecond})
		require.Error(t, err)
		require.NotEqual(t, fault.Internal, fault.CodeOf(err))
	})
}

func TestFaultsLater(t *testing.T) {
	audio := flv.Tag{Type: flv.Audio, Body: []byte{0xaf, 1, 2}}
	good := string(flv.AppendTag(flv.AppendHeader(nil, true, false), &audio))
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, good)
		_ = http.NewResponseController(w).Flush()
		switch r.URL.Path {
		case "/silent":
			<-r.Context().Done()
		case "/cut":
			_, _ = io.WriteString(w, good[13:20])
		case "/garbage":
			_, _ = io.WriteString(w, good)
		case "/reset":
			panic(http.ErrAbortHandler)
		}
	})
	for path, want := range map[string]fault.Code{
		"/ends": fault.SourceEnded, "/cut": fault.SourceEnded, "/silent": fault.SourceTimeout,
		"/garbage": fault.SourceInvalid, "/reset": fault.SourceEnded,
	} {
		t.Run(path, func(t *testing.T) {
			s, err := source.Open(t.Context(), url+path, source.Options{IdleTimeout: 50 * time.Millisecond})
			require.NoError(t, err)
			defer s.Close()
			tag, err := s.ReadTag()
			require.NoError(t, err)
			require.Equal(t, audio, tag)
			_, err = s.ReadTag()
			require.Equal(t, want, fault.CodeOf(err), "%v", err)
			_, again := s.ReadTag()
			require.Equal(t, err, again)
		})
	}
	t.Run("closed while it waits", func(t *testing.T) {
		s, err := source.Open(t.Context(), url+"/silent", source.Options{})
		require.NoError(t, err)
		_, err = s.ReadTag()
		require.NoError(t, err)
		time.AfterFunc(10*time.Millisecond, func() { _ = s.Close() })
		_, err = s.ReadTag()
		require.Equal(t, fault.Closed, fault.CodeOf(err))
	})
}

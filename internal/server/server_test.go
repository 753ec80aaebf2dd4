package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/rtmp"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settings are the defaults on free ports of this machine.
func settings() config.Config {
	c := config.Default()
	c.HTTP, c.RTMP, c.STUN = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return c
}

func serve(t *testing.T, c config.Config) *Server {
	t.Helper()
	s, err := New(Config{Config: c})
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// live is an origin on a port of its own.
func live(t *testing.T) (o *origin.Origin, url string) {
	t.Helper()
	o = origin.New(origin.Config{})
	server := httptest.NewServer(o)
	t.Cleanup(func() {
		require.NoError(t, o.Close())
		server.Close()
	})
	return o, server.URL + "/live.flv"
}

// client makes connections that do not outlive the test.
func client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func fetch(t *testing.T, c *http.Client, url string) (*http.Response, []byte) {
	t.Helper()
	r, err := c.Get(url)
	require.NoError(t, err)
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	return r, body
}

func resolve(t *testing.T, c *http.Client, s *Server, query string) edgeapi.Resolution {
	t.Helper()
	r, body := fetch(t, c, s.URL()+edgeapi.ResolvePath+"?"+query)
	require.Equal(t, http.StatusOK, r.StatusCode, string(body))
	var res edgeapi.Resolution
	require.NoError(t, json.Unmarshal(body, &res))
	return res
}

func code(t *testing.T, c *http.Client, url string) fault.Code {
	t.Helper()
	_, body := fetch(t, c, url)
	f := edgeapi.ParseError(body)
	require.NotNil(t, f, string(body))
	return f.Code
}

func TestEverythingOnOnePort(t *testing.T) {
	_, url := live(t)
	c := settings()
	c.Channels = map[string]config.Channel{"live1": {Source: url}}
	s, web := serve(t, c), client(t)
	r := resolve(t, web, s, "channel=live1")
	require.Equal(t, edgeapi.TrackerPath, r.Tracker)
	require.Equal(t, []string{"stun:" + s.STUNAddr()}, r.STUN)
	track, ok := slice.ParseTrackID(r.Track)
	require.True(t, ok)
	answer, body := fetch(t, web, s.URL()+edgeapi.SlicePath(r.Slices, track, r.Edge.Number+1)+"?wait=10")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	one, err := slice.ParseFrame(track, r.Edge.Number+1, body)
	require.NoError(t, err)
	verifier, ok := signing.NewVerifier(r.Key)
	require.True(t, ok)
	require.NoError(t, verifier.Slice(one))

	for path, kind := range map[string]string{"/": "text/html; charset=utf-8", "/crossdomain.xml": "text/x-cross-domain-policy",
		"/sdk/": "application/json", "/v1/status": "application/json"} {
		answer, _ := fetch(t, web, s.URL()+path)
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
		require.Equal(t, kind, answer.Header.Get("Content-Type"), path)
		require.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"), path)
	}
	answer, _ = fetch(t, web, s.URL()+edgeapi.TrackerPath)
	require.Equal(t, http.StatusUpgradeRequired, answer.StatusCode)
	answer, _ = fetch(t, web, s.URL()+"/none")
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	require.Equal(t, "live1", s.Status().Streams[0].Stream)
}

func TestFaultsOfSourcesOnTheRealNetwork(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, dead.Close())
	c := settings()
	c.Channels = map[string]config.Channel{"dead": {Source: "http://" + dead.Addr().String() + "/a.flv"},
		"deadrtmp": {Source: "rtmp://" + dead.Addr().String() + "/live/a"}}
	c.Origins = []string{"*"}
	s, web := serve(t, c), client(t)
	base := s.URL() + edgeapi.ResolvePath + "?"
	require.Equal(t, fault.SourceUnreachable, code(t, web, base+"channel=dead"))
	require.Equal(t, fault.SourceUnreachable, code(t, web, base+"channel=deadrtmp"))
	require.Equal(t, fault.ChannelUnknown, code(t, web, base+"channel=none"))
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254", "10.0.0.1"} {
		for _, scheme := range []string{"http", "rtmp"} {
			require.Equal(t, fault.AddressPrivate, code(t, web, base+"url="+scheme+"://"+host+"/live/a.flv"), host)
		}
	}
}

func TestPublishByRTMPAndPlayEverywhere(t *testing.T) {
	o, _ := live(t)
	c := settings()
	c.PublishKey = "secret"
	s, web := serve(t, c), client(t)
	rtmpURL := "rtmp://" + s.RTMPAddr() + "/live/test"
	_, err := rtmp.Publish(t.Context(), rtmpURL+"?key=wrong", rtmp.DialOptions{})
	require.Equal(t, fault.PublishDenied, fault.CodeOf(err))

	ctx, stop := context.WithCancel(t.Context())
	pushed := make(chan error, 1)
	go func() { pushed <- o.Push(ctx, rtmpURL+"?key=secret", rtmp.DialOptions{}) }()
	defer func() { stop(); <-pushed }()
	require.Eventually(t, func() bool { return len(s.Status().Streams) == 1 }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, "live/test", resolve(t, web, s, "channel=live/test").Stream)
	_, err = rtmp.Publish(t.Context(), rtmpURL+"?key=secret", rtmp.DialOptions{})
	require.Equal(t, fault.StreamBusy, fault.CodeOf(err))

	for _, url := range []string{s.URL() + "/live/test.flv", s.URL() + "/live/live/test.flv", s.URL() + "/v1/flv?channel=live/test", rtmpURL} {
		src, err := source.Open(t.Context(), url, source.Options{})
		require.NoError(t, err, url)
		var video, audio int
		for video == 0 || audio == 0 {
			tag, err := src.ReadTag()
			require.NoError(t, err, url)
			switch {
			case tag.Type == flv.Video && tag.IsMedia():
				require.True(t, video > 0 || tag.IsKeyframe())
				video++
			case tag.Type == flv.Audio && tag.IsMedia():
				audio++
			}
		}
		require.NoError(t, src.Close())
	}
}

func TestServerStopsAndComesBack(t *testing.T) {
	_, url := live(t)
	c := settings()
	c.Channels = map[string]config.Channel{"live1": {Source: url}}
	c.SigningKey = filepath.Join(t.TempDir(), "key.pem")
	s, web := serve(t, c), client(t)
	before := resolve(t, web, s, "channel=live1")
	player, err := web.Get(s.URL() + "/live/live1.flv")
	require.NoError(t, err)
	waiting := make(chan fault.Code, 1)
	track, _ := slice.ParseTrackID(before.Track)
	path := edgeapi.SlicePath(before.Slices, track, before.Edge.Number+60) + "?wait=20"
	go func() {
		r, err := web.Get(s.URL() + path)
		if err != nil {
			waiting <- ""
			return
		}
		body, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		waiting <- edgeapi.ParseError(body).Code
	}()
	require.Eventually(t, func() bool { st := s.Status().Streams[0]; return st.Waiting == 1 && st.Readers == 1 },
		5*time.Second, 5*time.Millisecond)
	c.HTTP = s.Addr()
	require.NoError(t, s.Close())
	require.Equal(t, fault.Closed, <-waiting)
	_, _ = io.Copy(io.Discard, player.Body) // it ends
	require.NoError(t, player.Body.Close())
	_, err = web.Get(s.URL() + "/v1/status")
	require.Error(t, err)

	again := serve(t, c)
	require.Equal(t, s.URL(), again.URL())
	require.Equal(t, fault.TrackUnknown, code(t, web, again.URL()+path))
	after := resolve(t, web, again, "channel=live1")
	require.NotEqual(t, before.Track, after.Track)
	require.Equal(t, before.Key, after.Key, "the key is in the file")
}

func TestSigningKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	one, err := signer(path)
	require.NoError(t, err)
	two, err := signer(path)
	require.NoError(t, err)
	require.Equal(t, one.PublicKey(), two.PublicKey())
	if info, err := os.Stat(path); runtime.GOOS != "windows" {
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	for _, text := range []string{"", "garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err = signer(path)
		require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
	}
	_, err = signer(filepath.Join(t.TempDir(), "no", "directory", "key.pem"))
	require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
	none, err := signer("")
	require.NoError(t, err)
	require.Nil(t, none)
}

func TestHTTPS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir, c := t.TempDir(), settings()
	c.TLSCert, c.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(c.TLSCert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	require.NoError(t, os.WriteFile(c.TLSKey, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	s := serve(t, c)
	require.True(t, strings.HasPrefix(s.URL(), "https://127.0.0.1:"))
	answer, _ := fetch(t, client(t), s.URL()+"/v1/status")
	require.Equal(t, http.StatusOK, answer.StatusCode)

	c.TLSKey = c.TLSCert
	_, err = New(Config{Config: c})
	require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
}

func TestPortsThatCannotBeOpened(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	for _, change := range []func(*config.Config){
		func(c *config.Config) { c.HTTP = taken.Addr().String() },
		func(c *config.Config) { c.RTMP = taken.Addr().String() },
		func(c *config.Config) { c.STUN = "nowhere" },
	} {
		c := settings()
		change(&c)
		s, err := New(Config{Config: c})
		require.NoError(t, err)
		require.Equal(t, fault.ConfigInvalid, fault.CodeOf(s.Start(t.Context())))
		require.NoError(t, s.Close())
	}
	c := settings()
	c.RTMP, c.STUN = "", ""
	_, url := live(t)
	c.Channels = map[string]config.Channel{"live1": {Source: url}}
	s := serve(t, c)
	require.Empty(t, s.RTMPAddr()+s.STUNAddr())
	require.Empty(t, resolve(t, client(t), s, "channel=live1").STUN)
	for _, bad := range []string{"a b", "*.*"} {
		c.Origins = []string{bad}
		_, err := New(Config{Config: c})
		require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
	}
}

// Package rtsptest is a real RTSP server for tests, to which ffmpeg publishes a stream.
package rtsptest

import (
	"context"
	"crypto/tls"
	"os/exec"
	"sync"
	"testing"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
)

// Config says how the server behaves.
type Config struct {
	// User and Password are what players must give. If User is empty, nothing.
	User, Password string
	// Methods are how they must give it. If nil, basic or digest.
	Methods []auth.VerifyMethod
	// TLS makes it speak rtsps. If nil, it does not.
	TLS *tls.Config
}

// Server is an RTSP server with one stream.
type Server struct {
	// Address is its host and port.
	Address string

	config    Config
	server    *gortsplib.Server
	published chan struct{}

	mu     sync.RWMutex
	stream *gortsplib.ServerStream
}

// Start starts a server, which the end of the test closes.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	s := &Server{config: c, published: make(chan struct{})}
	s.server = &gortsplib.Server{Handler: s, RTSPAddress: "127.0.0.1:0", TLSConfig: c.TLS, AuthMethods: c.Methods,
		DisableRTCPSenderReports: true}
	require.NoError(t, s.server.Start())
	t.Cleanup(func() {
		s.server.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.stream != nil {
			s.stream.Close()
		}
	})
	s.Address = s.server.NetListener().Addr().String()
	return s
}

// Publish has ffmpeg publish what args name (inputs, encoders) until the test ends, and returns once it is there.
func (s *Server) Publish(t testing.TB, args ...string) {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "ffmpeg is missing: run `make tools`")
	scheme := "rtsp"
	if s.config.TLS != nil {
		scheme = "rtsps"
	}
	ctx, cancel := context.WithCancel(context.Background())
	args = append(append([]string{"-v", "fatal"}, args...), "-f", "rtsp", "-rtsp_transport", "tcp", scheme+"://"+s.Address+"/live")
	ffmpeg := exec.CommandContext(ctx, path, args...)
	require.NoError(t, ffmpeg.Start())
	t.Cleanup(func() { cancel(); _ = ffmpeg.Wait() })
	<-s.published
}

// End ends the stream: players are disconnected.
func (s *Server) End() { s.server.Close() }

// OnAnnounce implements gortsplib.ServerHandlerOnAnnounce.
func (s *Server) OnAnnounce(ctx *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream = &gortsplib.ServerStream{Server: s.server, Desc: ctx.Description}
	return &base.Response{StatusCode: base.StatusOK}, s.stream.Initialize()
}

// OnRecord implements gortsplib.ServerHandlerOnRecord.
func (s *Server) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	ctx.Session.OnPacketRTPAny(func(m *description.Media, _ format.Format, p *rtp.Packet) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		_ = s.stream.WritePacketRTP(m, p)
	})
	// The publisher's sender reports say more than the server could.
	ctx.Session.OnPacketRTCPAny(func(m *description.Media, p rtcp.Packet) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		_ = s.stream.WritePacketRTCP(m, p)
	})
	close(s.published)
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (s *Server) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.config.User != "" && !ctx.Conn.VerifyCredentials(ctx.Request, s.config.User, s.config.Password) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	if s.stream == nil || ctx.Path != "/live" {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, s.stream, nil
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (s *Server) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if ctx.Session.State() == gortsplib.ServerSessionStatePreRecord {
		return &base.Response{StatusCode: base.StatusOK}, nil, nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &base.Response{StatusCode: base.StatusOK}, s.stream, nil
}

// OnPlay implements gortsplib.ServerHandlerOnPlay.
func (s *Server) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

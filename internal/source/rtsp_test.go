package source_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/rtsp/rtsptest"
	"github.com/superp2p/superp2p/internal/source"
)

func TestRTSP(t *testing.T) {
	s := rtsptest.Start(t, rtsptest.Config{User: "me", Password: "s3cret"})
	s.Publish(t, "-re", "-stream_loop", "-1", "-i", "../origin/clip.flv", "-c", "copy")
	src, err := source.Open(t.Context(), "rtsp://me:s3cret@"+s.Address+"/live", source.Options{})
	require.NoError(t, err)
	plays(t, src)
	for path, want := range map[string]fault.Code{"/live": fault.SourceRefused, "/nothing?sign=s3cret": fault.SourceRefused} {
		_, err = source.Open(t.Context(), "rtsp://"+s.Address+path, source.Options{})
		require.Equal(t, want, fault.CodeOf(err), "%v", err)
		require.NotContains(t, err.Error(), "s3cret")
	}
	src, err = source.Open(t.Context(), "rtsp://me:s3cret@"+s.Address+"/live", source.Options{})
	require.NoError(t, err)
	s.End()
	for err == nil {
		_, err = src.ReadTag()
	}
	require.Equal(t, fault.SourceEnded, fault.CodeOf(err), "%v", err)
}

// says serves a script to each client, then waits for its end or hangs up, and returns its address.
func says(t *testing.T, script string, hangsUp bool) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, script)
			if hangsUp {
				_ = c.(*net.TCPConn).CloseWrite()
			}
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// rtspAnswers are the answers to the first requests, in order.
func rtspAnswers(answers ...string) string {
	all := ""
	for i, a := range answers {
		status, rest, _ := strings.Cut(a, "\r\n")
		header, body, _ := strings.Cut(rest, "\r\n\r\n")
		if body != "" {
			header += fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n", len(body))
		}
		all += fmt.Sprintf("RTSP/1.0 %s\r\nCSeq: %d\r\n%s\r\n%s", status, i+1, header, body)
	}
	return all
}

func TestRTSPFaults(t *testing.T) {
	const (
		ok    = "200 OK"
		audio = "200 OK\r\n\r\n\r\nv=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000/2\r\n" +
			"a=fmtp:97 streamtype=5; mode=AAC-hbr; config=1190; sizelength=13; indexlength=3; indexdeltalength=3\r\na=control:a\r\n"
		setup = "200 OK\r\nSession: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
		frame = "$\x00\x00\x14\x80\xe1\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x10\x00\x20\x21\x10\x04\x60"
	)
	good := rtspAnswers(ok, audio, setup, ok)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := l.Addr().String()
	require.NoError(t, l.Close())
	for name, test := range map[string]struct {
		script  string
		hangsUp bool
		want    fault.Code
	}{
		"silence":                 {"", false, fault.SourceTimeout},
		"hangs up":                {"", true, fault.SourceRefused},
		"another protocol":        {"HTTP/1.1 400 Bad Request\r\n\r\n", false, fault.SourceInvalid},
		"garbage":                 {strings.Repeat("\x00\xff", 1000), false, fault.SourceInvalid},
		"garbage, then":           {rtspAnswers(ok) + "RTSP/1.0 abc\r\n\r\n", false, fault.SourceInvalid},
		"endless garbage":         {rtspAnswers(ok) + strings.Repeat("garbage", 10_000), false, fault.SourceTimeout},
		"endless header":          {"RTSP/1.0 200 OK\r\n" + strings.Repeat("A: b\r\n", 10_000), false, fault.SourceInvalid},
		"huge description":        {rtspAnswers(ok) + "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 1000000000\r\n\r\n", false, fault.SourceInvalid},
		"no description":          {rtspAnswers(ok, "200 OK\r\n\r\n\r\nhello"), false, fault.SourceInvalid},
		"empty description":       {rtspAnswers(ok, ok), false, fault.SourceInvalid},
		"nothing to play":         {rtspAnswers(ok, "200 OK\r\n\r\n\r\nv=0\r\no=- 0 0 IN IP4 0\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\n"), false, fault.SourceInvalid},
		"403":                     {rtspAnswers(ok, "403 Forbidden"), false, fault.SourceRefused},
		"503 to SETUP":            {rtspAnswers(ok, audio, "503 Busy"), false, fault.SourceRefused},
		"UDP only":                {rtspAnswers(ok, audio, "200 OK\r\nTransport: RTP/AVP;unicast;client_port=1-2;server_port=3-4\r\n"), false, fault.SourceRefused},
		"absurd channels":         {rtspAnswers(ok, audio, "200 OK\r\nTransport: RTP/AVP/TCP;unicast;interleaved=900-901\r\n"), false, fault.SourceInvalid},
		"454 to PLAY":             {rtspAnswers(ok, audio, setup, "454 Session Not Found"), false, fault.SourceRefused},
		"redirect to another":     {rtspAnswers(ok, "302 Moved\r\nLocation: http://inside.test/\r\n"), false, fault.SourceInvalid},
		"redirect to inside":      {rtspAnswers(ok, "302 Moved\r\nLocation: rtsp://inside.test/x\r\n"), false, fault.AddressPrivate},
		"redirect without an end": {rtspAnswers(ok, "302 Moved\r\nLocation: /again\r\n"), false, fault.SourceInvalid},
		"nothing comes":           {good, false, fault.SourceTimeout},
		"absurd packets":          {good + strings.Repeat("$\x00\x00\x03abc", 21_000), false, fault.SourceInvalid},
		"packets of nothing":      {good + strings.Repeat("$\x07\x00\x00", 100), false, fault.SourceTimeout},
		"stall":                   {good + frame, false, fault.SourceTimeout},
		"ends":                    {good + frame, true, fault.SourceEnded},
		"cut":                     {good + frame + frame[:9], true, fault.SourceEnded},
		"teardown":                {good + frame + "TEARDOWN rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", false, fault.SourceEnded},
		"nonsense later":          {good + frame + "RTSP/3.0 1\r\n\r\n", false, fault.SourceInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			o := source.Options{StartTimeout: 500 * time.Millisecond, IdleTimeout: 50 * time.Millisecond,
				Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
					if strings.HasPrefix(addr, "inside.test:554") {
						return nil, fault.New(fault.AddressPrivate, "not there")
					}
					return (&net.Dialer{}).DialContext(ctx, network, addr)
				}}
			s, err := source.Open(t.Context(), "rtsp://me:s3cret@"+says(t, test.script, test.hangsUp)+"/x?sign=t0p", o)
			media := 0
			for err == nil {
				var tag flv.Tag
				if tag, err = s.ReadTag(); err == nil && tag.IsMedia() {
					media++
				}
			}
			require.Equal(t, test.want, fault.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), "s3cret")
			require.NotContains(t, err.Error(), "t0p")
			require.Equal(t, strings.Contains(test.script, frame), media > 0)
		})
	}
	for raw, want := range map[string]fault.Code{
		"rtsp://" + nobody + "/x": fault.SourceUnreachable, "rtsp:///x": fault.URLInvalid, "rtspx://a/b": fault.URLInvalid,
	} {
		_, err := source.Open(t.Context(), raw, source.Options{})
		require.Equal(t, want, fault.CodeOf(err), raw)
	}
	t.Run("closed while it waits", func(t *testing.T) {
		s, err := source.Open(t.Context(), "rtsp://"+says(t, good+frame, false)+"/x", source.Options{})
		require.NoError(t, err)
		time.AfterFunc(10*time.Millisecond, func() { _ = s.Close() })
		for err == nil {
			_, err = s.ReadTag()
		}
		require.Equal(t, fault.Closed, fault.CodeOf(err))
	})
}

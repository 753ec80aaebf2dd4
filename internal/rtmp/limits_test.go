package rtmp

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
)

func TestServerLimits(t *testing.T) {
	t.Run("time to start", func(t *testing.T) {
		address := start(t, &Server{StartTimeout: 20 * time.Millisecond}, newRelay())
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
		require.Error(t, err)
	})
	t.Run("silence", func(t *testing.T) {
		r := newRelay()
		address := start(t, &Server{IdleTimeout: 20 * time.Millisecond}, r)
		p, err := Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
		require.NoError(t, err)
		defer p.Close()
		_, closed, err := r.wait(1)
		require.True(t, closed)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
	t.Run("message size", func(t *testing.T) {
		r := newRelay()
		address := start(t, &Server{Limits: flv.Limits{MaxTag: 1000}}, r)
		p, err := Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
		require.NoError(t, err)
		defer p.Close()
		_ = p.WriteTag(flv.Tag{Type: flv.Video, Body: make([]byte, 1001)})
		_, closed, err := r.wait(1)
		require.True(t, closed)
		require.ErrorIs(t, err, errProtocol)
	})
	t.Run("connections", func(t *testing.T) {
		address := start(t, &Server{MaxConnections: 1}, newRelay())
		p, err := Publish(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
		require.NoError(t, err)
		defer p.Close()
		_, err = Publish(t.Context(), "rtmp://"+address+"/live/other", DialOptions{})
		require.Error(t, err)
	})
	for name, garbage := range map[string]string{
		"HTTP": "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "RTMPE": "\x06", "zeros": string(append([]byte{3}, make([]byte, 5000)...)),
	} {
		t.Run(name, func(t *testing.T) {
			address := start(t, &Server{StartTimeout: 50 * time.Millisecond}, newRelay())
			c, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer c.Close()
			_, err = c.Write([]byte(garbage))
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, c)
			if err != nil {
				var closed *net.OpError
				require.True(t, errors.As(err, &closed))
			}
		})
	}
}

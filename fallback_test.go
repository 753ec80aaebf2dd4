package superp2p_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/stage"
)

// watch plays a live stream, and what the CDN has where that fails, into w.
func watch(server, url string, w io.Writer) error {
	stream, err := superp2p.NewP2PNetStream(superp2p.Config{
		Server: server, StartTimeout: 2 * time.Second, StallTimeout: time.Second, Loopback: true,
	})
	if err != nil {
		return err
	}
	defer stream.Close() //nolint:errcheck // it returns nil, always
	failed := make(chan struct{})
	stream.OnNetStatus(func(e superp2p.NetStatusEvent) {
		if e.Info.Level == "error" && strings.HasPrefix(e.Info.Code, "NetStream.Play.") {
			close(failed) // it comes once
		}
	})
	if err := stream.Play(url, &superp2p.PlayConfig{Delay: 2 * time.Second}); err != nil {
		return err
	}
	if _, err = stream.WriteTo(w); err == nil {
		return nil
	}
	<-failed
	answer, err := http.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it is read as far as is wanted
	_, err = io.CopyN(w, answer.Body, 100_000)
	return err
}

func Example_fallback() {
	st, err := stage.Start(context.Background(), stage.Config{Past: 8 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()      //nolint:errcheck // the example is over
	_ = st.Server.Close() // what was to be the server is gone
	fmt.Println(watch(st.ServerURL(), st.SourceURL(), io.Discard))
	// Output: <nil>
}

// head passes on that something was written.
type head struct {
	began chan struct{}
	n     int
}

func (h *head) Write(b []byte) (int, error) {
	if h.n == 0 {
		close(h.began)
	}
	h.n += len(b)
	return len(b), nil
}

func TestWhenTheServerDiesInMidPlayTheCDNIsPlayed(t *testing.T) {
	st := onAir(t, nil)
	h := &head{began: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- watch(st.ServerURL(), st.SourceURL(), h) }()
	<-h.began
	require.NoError(t, st.Server.Close())
	require.NoError(t, <-done)
	require.Greater(t, h.n, 100_000)
}

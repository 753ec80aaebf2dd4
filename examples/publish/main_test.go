package main

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/source"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onAir puts a channel on the air.
func onAir(t *testing.T) *stage.Stage {
	t.Helper()
	st, err := stage.Start(t.Context(), stage.Config{Past: 8 * time.Second, Adjust: func(c *config.Config) { c.RTMP = "127.0.0.1:0" }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

// arrives plays what is published and has ffmpeg judge some of it.
func arrives(t *testing.T, st *stage.Stage, channel string) {
	t.Helper()
	stagetest.OnAir(t, st.ServerURL(), channel)
	in, err := source.Open(t.Context(), st.ServerURL()+"/live/"+channel+".flv", source.Options{})
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	all := flv.AppendHeader(nil, true, true)
	for range 200 {
		tag, err := in.ReadTag()
		require.NoError(t, err)
		all = flv.AppendTag(all, &tag)
	}
	stagetest.Decodes(t, bytes.NewReader(all))
}

func TestAFileIsPublishedAsLive(t *testing.T) {
	st := onAir(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-server", st.ServerURL(), stagetest.Clip(t), "live/test"}, io.Discard)
	}()
	arrives(t, st, "live/test")
	require.ErrorContains(t, run(t.Context(), []string{"-server", st.ServerURL(), stagetest.Clip(t), "live/test"}, io.Discard), "stream_busy")
	stop()
	require.NoError(t, <-done)
}

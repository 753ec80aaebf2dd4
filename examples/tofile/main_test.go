package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onAir puts a channel on the air.
func onAir(t *testing.T) *stage.Stage {
	t.Helper()
	st, err := stage.Start(t.Context(), stage.Config{Past: 8 * time.Second, Adjust: func(c *config.Config) { c.Origins = []string{"127.0.0.1"} }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func TestAStreamIsPlayedToAFile(t *testing.T) {
	st := onAir(t)
	name := filepath.Join(t.TempDir(), "clip.flv")
	require.NoError(t, run(t.Context(), []string{"-server", st.ServerURL(), "-for", "4s", st.Channel(), name}, io.Discard))
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	stagetest.Decodes(t, file)
}

func TestWhatCannotBePlayedIsAnError(t *testing.T) {
	st := onAir(t)
	require.ErrorContains(t, run(t.Context(), []string{"-server", st.ServerURL(), "nobody", filepath.Join(t.TempDir(), "x")}, io.Discard), "channel_unknown")
	film := stagetest.Garbage(t).URL + "/film.mp4"
	var log stagetest.Said
	require.ErrorContains(t, run(t.Context(), []string{"-server", st.ServerURL(), film, filepath.Join(t.TempDir(), "x")}, &log), "source_invalid")
	require.Contains(t, log.String(), "NetStream.Play.FileStructureInvalid", "not each failure is Play.Failed")
	require.ErrorContains(t, run(t.Context(), []string{"x"}, io.Discard), "usage")
}

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onAir puts a channel on the air.
func onAir(t *testing.T) *stage.Stage {
	t.Helper()
	st, err := stage.Start(t.Context(), stage.Config{Past: 8 * time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func TestAChannelIsRecordedInFiles(t *testing.T) {
	st := onAir(t)
	ctx, stop := context.WithCancel(t.Context())
	folder, done := filepath.Join(t.TempDir(), "new"), make(chan error, 1)
	var said stagetest.Said
	go func() {
		done <- run(ctx, []string{"-server", st.ServerURL(), "-every", "3s", st.Channel(), folder}, &said)
	}()
	var files []string
	require.Eventually(t, func() bool {
		files, _ = filepath.Glob(folder + "/*.flv")
		return len(files) >= 3
	}, time.Minute, 50*time.Millisecond)
	stop()
	require.NoError(t, <-done)
	for _, name := range files[:2] {
		file, err := os.Open(name)
		require.NoError(t, err)
		stagetest.Decodes(t, file)
		require.NoError(t, file.Close())
	}
	require.Contains(t, said.String(), "NetStream.Play.Start")
}

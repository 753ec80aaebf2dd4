package main

import (
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

// script is a player that needs no screen. It is given what to play.
func script(t *testing.T, text string) string {
	t.Helper()
	_ = stagetest.Tool(t, "ffmpeg")
	name := filepath.Join(t.TempDir(), "player")
	require.NoError(t, os.WriteFile(name, []byte("#!/bin/sh\n"+text+"\n"), 0o755))
	return name
}

func TestThePlayerGetsTheStream(t *testing.T) {
	st := onAir(t)
	var said stagetest.Said
	player := script(t, `exec ffmpeg -v info -t 2 -i "$1" -f null -`)
	require.NoError(t, run(t.Context(), []string{"-server", st.ServerURL(), "-player", player, st.Channel()}, &said), said.String())
	require.Contains(t, said.String(), "Video: h264")
}

func TestTheCDNIsPlayedInstead(t *testing.T) {
	st := onAir(t)
	var said stagetest.Said
	player := script(t, `echo "plays $1"; exec ffmpeg -v error -t 60 -i "$1" -f null -`)
	cdn := stagetest.Folder(t, filepath.Dir(stagetest.Clip(t))).URL + "/" + filepath.Base(stagetest.Clip(t))
	require.NoError(t, run(t.Context(), []string{"-server", st.ServerURL(), "-player", player, "-cdn", cdn, "nobody"}, &said), said.String())
	require.Contains(t, said.String(), "plays "+cdn)
}

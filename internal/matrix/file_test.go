package matrix

import (
	"crypto/sha256"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// film watches one of the files of stagetest.
func film(name string) func(*testing.T, *system) source {
	return func(t *testing.T, _ *system) source {
		target := stagetest.Films(t).URL + "/" + name
		whole := sha256.Sum256(get(t, target))
		return source{target: target, watch: func(t *testing.T, v *peer.Viewer) {
			got, err := io.ReadAll(io.NewSectionReader(v.FileAt(t.Context()), 0, v.File().Size))
			require.NoError(t, err)
			require.Equal(t, whole, sha256.Sum256(got))
		}}
	}
}

// get returns what the origin has.
func get(t *testing.T, url string) []byte {
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close() //nolint:errcheck // it was read
	require.Equal(t, http.StatusOK, answer.StatusCode, url)
	b, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return b
}

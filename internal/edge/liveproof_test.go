package edge

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

func TestProofsOfALivePlaylist(t *testing.T) {
	inBubble(t, open(), newShow().serve, func(w *world) {
		r := w.resolve(showURL)
		track, _ := slice.ParseTrackID(r.Track)
		first := r.Groups[1].Number
		head, second := w.fetch(r, first), w.fetch(r, first+1)
		path := func(n slice.Number) string { return edgeapi.SlicePath(r.Playlist.Proofs, track, n) }

		rec := w.get(path(first))
		require.Equal(t, http.StatusOK, rec.Code)
		whole, err := slice.ParseFrame(track, first, rec.Body.Bytes())
		require.NoError(t, err, "it is of no origin")
		require.Equal(t, head.Payload, whole.Payload)

		for range 2 {
			rec = w.get(path(first+1), "Prefer", "copies=3") // the first fetch was one
			require.Equal(t, http.StatusOK, rec.Code)
			proof, err := slice.ParseProof(track, rec.Body.Bytes())
			require.NoError(t, err)
			require.Equal(t, second.Proof.Encoded, proof.Encoded)
		}
		status, code := refusal(t, w.get(path(first+1), "Prefer", "copies=3"))
		require.Equal(t, http.StatusConflict, status)
		require.Equal(t, fault.SliceEnough, code)
		status, code = refusal(t, w.get(path(r.Edge.Number+1)))
		require.Equal(t, http.StatusNotFound, status)
		require.Equal(t, fault.SliceNotYet, code)
	})
}

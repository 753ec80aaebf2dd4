package edgeclient

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

// complete is what a server says of a complete playlist of three segments.
func complete(now time.Time) edgeapi.Resolution {
	r := answer(now)
	r.Groups = []edgeapi.Point{}
	r.Playlist = &edgeapi.Playlist{Kind: edgeapi.PlaylistVOD, Target: 2000, URL: edgeapi.PlaylistTemplate, Sequence: 7}
	r.File = &edgeapi.File{Group: 8, Times: []int64{0, 2000, 4000}, Duration: 5500, Proofs: edgeapi.ProofsTemplate}
	return r
}

func TestResolvePlaylists(t *testing.T) {
	var r edgeapi.Resolution
	c := client(t, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, r) })
	resolve := func() (*Resolution, error) { return c.Resolve(t.Context(), "x") }

	r = edgeapi.Resolution{Stream: "http://cdn/master.m3u8", Playlist: &edgeapi.Playlist{Kind: edgeapi.PlaylistMaster}}
	res, err := resolve()
	require.NoError(t, err)
	require.Equal(t, edgeapi.PlaylistMaster, res.Playlist.Kind)

	r = complete(time.Now())
	res, err = resolve()
	require.NoError(t, err)
	require.Equal(t, slice.Number(24), res.File.Engine.Slices)
	require.Equal(t, slice.Number(16), res.File.Engine.Groups[2].Number)
	u, err := c.PlaylistURL(res)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(u.Path, "/v1/tracks/"+track.String()+"/playlist"), u.Path)

	r = answer(time.Now())
	r.Playlist = &edgeapi.Playlist{Kind: edgeapi.PlaylistLive, Target: 2000, URL: edgeapi.PlaylistTemplate}
	_, err = resolve()
	require.NoError(t, err)

	for name, spoil := range map[string]func(){
		"kind":     func() { r.Playlist.Kind = "other" },
		"target":   func() { r.Playlist.Target = 0 },
		"sequence": func() { r.Playlist.Sequence = -1 },
		"place":    func() { r.Playlist.URL = "" },
		"no file":  func() { r.File = nil },
		"live":     func() { r.Playlist.Kind = edgeapi.PlaylistLive },
		"size":     func() { r.File.Size = 1 },
		"group":    func() { r.File.Group = slice.MaxEntries + 1 },
		"times":    func() { r.File.Times = nil },
		"too many": func() {
			r.File.Group = slice.MaxEntries
			r.File.Times = make([]int64, edgeapi.MaxSlices/slice.MaxEntries+1)
		},
	} {
		r = complete(time.Now())
		spoil()
		_, err := resolve()
		require.Equal(t, fault.ServerInvalid, fault.CodeOf(err), name)
	}
}

func TestProofsOfLiveSlices(t *testing.T) {
	answers := map[string][]byte{}
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", edgeapi.SliceType)
		require.Equal(t, "wait=3, copies=2", r.Header.Get("Prefer"))
		_, _ = w.Write(answers[r.URL.Path])
	})
	r := &Resolution{Track: track, Playlist: &edgeapi.Playlist{Proofs: edgeapi.ProofsTemplate}}
	whole := frame(5, []byte("payload"))
	answers["/v1/tracks/"+track.String()+"/proofs/5"] = whole
	answers["/v1/tracks/"+track.String()+"/proofs/6"] = frame(6, []byte("payload"))[:len(whole)-len("payload")]
	answers["/v1/tracks/"+track.String()+"/proofs/7"] = whole
	ask := func(n slice.Number) (*slice.Slice, error) {
		return c.LiveProof(t.Context(), r, n, 2500*time.Millisecond, 2)
	}
	s, err := ask(5)
	require.NoError(t, err)
	require.Equal(t, "payload", string(s.Payload))
	s, err = ask(6)
	require.NoError(t, err)
	require.Nil(t, s.Payload)
	require.True(t, s.Proof.Covers(6))
	_, err = ask(7)
	require.Equal(t, fault.ServerInvalid, fault.CodeOf(err))
}

package edgeclient

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	track  = slice.TrackID{1, 2, 3}
	signer = signing.NewSigner([32]byte{7})
)

// answer is what a server says of a stream of 100 slices of 200 ms in groups of 10.
func answer(now time.Time) edgeapi.Resolution {
	r := edgeapi.Resolution{
		Stream: "live/test", Track: track.String(), Key: signer.PublicKey(), Tracker: "/announce",
		STUN: []string{"stun:192.0.2.1:3478", "http://nonsense"}, Slices: edgeapi.SlicesTemplate,
		Live: edgeapi.Live{
			Now: now.UnixMilli(), Line: now.Add(-20 * time.Second).UnixMilli(), Rate: 5, Bitrate: 1e6,
			Edge: edgeapi.EdgePoint{Number: 99, Time: 19800, Cut: now.UnixMilli()}, State: edgeapi.StateLive,
		},
	}
	for n := range 10 {
		r.Groups = append(r.Groups, edgeapi.Point{Number: slice.Number(10 * n), Time: int64(2000 * n)})
	}
	return r
}

func frame(n slice.Number, payload []byte) []byte {
	return slice.AppendFrame(nil, &slice.Slice{Number: n, Payload: payload, Proof: signer.Sign(slice.Statement{
		Track: track, First: n, Entries: []slice.Entry{{Size: uint32(len(payload)), Digest: signing.Sum(payload)}},
		Cut: time.UnixMilli(1e12),
	})})
}

// client returns a Client of a server with that handler.
func client(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(handler)
	c, err := New(Config{Server: s.URL + "/"})
	require.NoError(t, err)
	t.Cleanup(func() {
		c.Close()
		s.Close()
	})
	return c
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}

func TestResolve(t *testing.T) {
	const ahead = 90 * time.Minute // the server's clock
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "channel=live%2Ftest" || r.URL.RawQuery == "url=rtmp%3A%2F%2Fa%2Fb%3Fsign%3D1" {
			writeJSON(w, answer(time.Now().Add(ahead)))
		}
	})
	for _, target := range []string{"live/test", "rtmp://a/b?sign=1"} {
		res, err := c.Resolve(t.Context(), target)
		require.NoError(t, err)
		require.Equal(t, track, res.Track)
		require.Equal(t, edgeapi.InfoHash(track), res.InfoHash)
		require.Equal(t, []string{"stun:192.0.2.1:3478"}, res.STUN)
		require.Equal(t, "ws"+strings.TrimPrefix(c.base.String(), "http")+"announce", res.Tracker)
		require.InDelta(t, -ahead, res.ClockOffset, float64(10*time.Second))
		require.InDelta(t, 20*time.Second, time.Since(res.Live.Line), float64(10*time.Second))
		require.Len(t, res.Live.Groups, 10)
		require.False(t, res.Live.Crowd)
	}
	traffic := c.Traffic()
	require.Equal(t, uint64(2), traffic.Requests)
	require.NotZero(t, traffic.HeadersIn)
	require.NotZero(t, traffic.HeadersOut)
	require.NotZero(t, traffic.JSONIn)
	require.Zero(t, traffic.SlicesIn)
}

func TestResolveTellsOfACrowd(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		r := answer(time.Now())
		r.Crowd = true
		writeJSON(w, r)
	})
	res, err := c.Resolve(t.Context(), "live/test")
	require.NoError(t, err)
	require.True(t, res.Live.Crowd)
}

func TestServerBehindAPrefixOrElsewhere(t *testing.T) {
	c, err := New(Config{Server: "https://host/p2p"})
	require.NoError(t, err)
	for ref, want := range map[string]string{
		"/announce": "wss://host/p2p/announce", "ws://other/a": "ws://other/a", "https://other/a": "wss://other/a",
		"//other/a": "wss://other/a",
	} {
		got, err := c.trackerURL(ref)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, ref := range []string{"ftp://x/", "://", "file:///etc/passwd", "javascript:1"} {
		_, err = c.trackerURL(ref)
		require.Equal(t, fault.ServerInvalid, fault.CodeOf(err), ref)
	}
	u, err := c.url("https://cdn.test/x/7")
	require.NoError(t, err)
	require.Equal(t, "https://cdn.test/x/7", u.String())
}

func TestAnswersThatBreakTheInterface(t *testing.T) {
	for name, change := range map[string]func(*edgeapi.Resolution){
		"track":       func(r *edgeapi.Resolution) { r.Track = "xyz" },
		"key":         func(r *edgeapi.Resolution) { r.Key = r.Key[1:] },
		"slices":      func(r *edgeapi.Resolution) { r.Slices = "/v1" },
		"no groups":   func(r *edgeapi.Resolution) { r.Groups = nil },
		"group order": func(r *edgeapi.Resolution) { r.Groups[3].Number = 1 },
		"group ahead": func(r *edgeapi.Resolution) { r.Groups[9].Number = 100 },
		"rate":        func(r *edgeapi.Resolution) { r.Rate = -1 },
		"line":        func(r *edgeapi.Resolution) { r.Line = 1 << 60 },
		"now":         func(r *edgeapi.Resolution) { r.Now = -1 },
		"edge":        func(r *edgeapi.Resolution) { r.Edge.Number = 1 << 60 },
		"tracker":     func(r *edgeapi.Resolution) { r.Tracker = "gopher://x" },
	} {
		r := answer(time.Now())
		change(&r)
		c := client(t, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, r) })
		_, err := c.Resolve(t.Context(), "x")
		require.Equal(t, fault.ServerInvalid, fault.CodeOf(err), "%s: %v", name, err)
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		code    fault.Code
	}{
		"a page": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, fault.ServerInvalid},
		"broken JSON": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{"))
		}, fault.ServerInvalid},
		"too much": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(make([]byte, maxJSON+1))
		}, fault.ServerInvalid},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("{"))
		}, fault.ServerUnreachable},
		"a proxy":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, fault.ServerUnreachable},
		"no reason":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, fault.ServerInvalid},
		"its refusal": {func(w http.ResponseWriter, _ *http.Request) { refuse(w, fault.OriginNotAllowed) }, fault.OriginNotAllowed},
	} {
		_, err := client(t, c.handler).Resolve(t.Context(), "x")
		require.Equal(t, c.code, fault.CodeOf(err), "%s: %v", name, err)
	}
}

func refuse(w http.ResponseWriter, code fault.Code) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	_ = json.NewEncoder(w).Encode(edgeapi.ErrorBody{Error: edgeapi.ErrorDetail{Code: code, Message: "no"}})
}

func TestSlice(t *testing.T) {
	payload := bytes.Repeat([]byte("x"), slice.MaxPayload)
	var body []byte
	var prefer string
	refusal := fault.SliceNotYet
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		prefer = r.Header.Get("Prefer")
		require.Equal(t, "/v1/tracks/"+track.String()+"/slices/5", r.URL.Path)
		if body == nil {
			refuse(w, refusal)
			return
		}
		w.Header().Set("Content-Type", edgeapi.SliceType)
		_, _ = w.Write(body)
	})
	res := &Resolution{Track: track, Slices: edgeapi.SlicesTemplate}
	_, err := c.Slice(t.Context(), res, 5, 1500*time.Millisecond, 0)
	require.Equal(t, fault.SliceNotYet, fault.CodeOf(err))
	require.Equal(t, "wait=2", prefer)
	refusal = fault.SliceEnough
	_, err = c.Slice(t.Context(), res, 5, time.Minute, 4)
	require.Equal(t, fault.SliceEnough, fault.CodeOf(err))
	require.Equal(t, "wait=20, copies=4", prefer)
	_, err = c.Slice(t.Context(), res, 5, 0, 5000)
	require.Equal(t, fault.SliceEnough, fault.CodeOf(err))
	require.Equal(t, "copies=1000", prefer)

	body = frame(5, payload)
	s, err := c.Slice(t.Context(), res, 5, 0, 0)
	require.NoError(t, err)
	require.Empty(t, prefer)
	require.Equal(t, payload, s.Payload)
	require.Equal(t, uint64(len(body)), c.Traffic().SlicesIn)

	for _, wrong := range [][]byte{{1}, frame(6, payload), frame(5, payload)[:1000], make([]byte, maxFrame+1)} {
		body = wrong
		_, err = c.Slice(t.Context(), res, 5, 0, 0)
		require.Equal(t, fault.ServerInvalid, fault.CodeOf(err), "%v", err)
	}
}

func TestTheCallersContextIsNoFault(t *testing.T) {
	c := client(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Resolve(ctx, "x")
	require.ErrorIs(t, err, context.Canceled)
	res := &Resolution{Slices: edgeapi.SlicesTemplate}
	_, err = c.Slice(ctx, res, 1, 0, 0)
	require.ErrorIs(t, err, context.Canceled)
	s, err := slice.ParseFrame(track, 1, frame(1, []byte("xy")))
	require.NoError(t, err)
	_, err = c.SliceRest(ctx, res, s.Proof, 1, 1)
	require.ErrorIs(t, err, context.Canceled)
}

func FuzzResolution(f *testing.F) {
	now := time.UnixMilli(1.7e12)
	text, err := json.Marshal(answer(now))
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"stream":"a","playlist":{"kind":"master"}}`))
	film := answer(now)
	film.File = &edgeapi.File{Group: 8, Times: []int64{0, 2000}, Duration: 4000, Proofs: edgeapi.ProofsTemplate}
	film.Playlist = &edgeapi.Playlist{Kind: edgeapi.PlaylistVOD, Target: 2000, URL: edgeapi.PlaylistTemplate}
	text, err = json.Marshal(film)
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"groups":[{"number":18446744073709551615}],"rate":1e308,"now":-9223372036854775808}`))
	c, err := New(Config{Server: "http://server.test"})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text []byte) {
		var r edgeapi.Resolution
		if json.Unmarshal(text, &r) != nil {
			return
		}
		res, err := c.check(&r, now, time.Second)
		if err != nil {
			return
		}
		switch {
		case res.Playlist != nil && res.Playlist.Kind == edgeapi.PlaylistMaster: // it is no track
		case res.File != nil:
			require.NotEmpty(t, res.File.Engine.Groups)
			require.NotNil(t, res.Verifier)
		default:
			require.NotEmpty(t, res.Live.Groups)
			require.LessOrEqual(t, res.Live.Groups[len(res.Live.Groups)-1].Number, res.Live.Edge)
			require.NotNil(t, res.Verifier)
		}
	})
}

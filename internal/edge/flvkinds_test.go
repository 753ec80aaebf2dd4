package edge_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
	"github.com/superp2p/superp2p/internal/viewing"
)

const session = "0123456789abcdefghij"

// server may pull from this machine.
func server(t *testing.T) *stage.Stage {
	t.Helper()
	s, err := stage.Start(t.Context(), stage.Config{Past: 10 * time.Second, Adjust: func(c *config.Config) { c.Origins = []string{"127.0.0.1"} }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// get asks for FLV.
func get(t *testing.T, s *stage.Stage, target, more string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.ServerURL()+"/v1/flv?"+target+more, http.NoBody)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	answer, err := client.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func state(t *testing.T, s *stage.Stage, more string) (st viewing.State) {
	t.Helper()
	answer, err := http.Get(s.ServerURL() + "/v1/session?id=" + session + more)
	require.NoError(t, err)
	defer answer.Body.Close() //nolint:errcheck // a test
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"))
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&st))
	return st
}

func TestFilmsComeAsFLVFromAnySecond(t *testing.T) {
	s := server(t)
	films, lists := stagetest.Films(t), stagetest.Folder(t, stagetest.Playlists(t))
	for _, film := range []string{
		films.URL + "/first.mp4", films.URL + "/last.mp4", films.URL + "/fragments.mp4", films.URL + "/film.flv",
		lists.URL + "/ts/index.m3u8", lists.URL + "/mp4/index.m3u8", lists.URL + "/ranges/index.m3u8", lists.URL + "/aes/index.m3u8",
		lists.URL + "/apart/master.m3u8",
	} {
		t.Run(path.Base(path.Dir(film))+"/"+path.Base(film), func(t *testing.T) {
			for _, start := range []string{"", "&start=13.5"} {
				id := session + path.Ext(film)[1:] + "x"
				answer := get(t, s, "url="+url.QueryEscape(film), start)
				require.Equal(t, http.StatusOK, answer.StatusCode)
				require.Equal(t, "video/x-flv", answer.Header.Get("Content-Type"))
				all, err := io.ReadAll(answer.Body)
				require.NoError(t, err, id)
				stagetest.Decodes(t, bytes.NewReader(all))
				first, last, metadata := times(t, all)
				require.Less(t, first, uint32(100))
				rest := 20.0
				if start != "" {
					rest = 7 // from the keyframe or segment before
				}
				require.InDelta(t, rest, float64(last)/1000, 1.2)
				for _, key := range []string{"width", "height", "videocodecid", "framerate", "duration"} {
					require.Contains(t, string(metadata), key)
				}
			}
		})
	}
}

// times returns the first and the last timestamp of media, and what onMetaData says.
func times(t *testing.T, all []byte) (first, last uint32, metadata []byte) {
	t.Helper()
	r := flv.NewReader(bytes.NewReader(all), flv.Limits{})
	first = ^uint32(0)
	for {
		tag, err := r.ReadTag()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return first, last, metadata
		}
		if tag.IsMetadata() && metadata == nil {
			metadata = tag.Body
		}
		if tag.IsMedia() {
			first, last = min(first, tag.Timestamp), max(last, tag.Timestamp)
		}
	}
}

func TestASessionSaysHowItGoesAndEnds(t *testing.T) {
	s := server(t)
	live := "channel=" + s.Channel()
	require.Equal(t, "unknown", state(t, s, "").State)
	answer := get(t, s, live, "&delay=4&session="+session)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Empty(t, answer.TransferEncoding, "an end that is none must not look like a cut")
	r := flv.NewReader(answer.Body, flv.Limits{})
	for tag, err := r.ReadTag(); tag.Timestamp < 3000; tag, err = r.ReadTag() {
		require.NoError(t, err)
	}
	st := state(t, s, "")
	require.Equal(t, "playing", st.State)
	require.True(t, st.Live)
	require.GreaterOrEqual(t, st.Time, 3.0)
	require.NotZero(t, st.VideoBytes)
	st = state(t, s, "&end=1")
	require.Equal(t, "ended", st.State)
	rest, err := io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	require.Less(t, rest, st.Bytes)
	require.Equal(t, http.StatusBadRequest, get(t, s, live, "&session="+session).StatusCode, "an id is for once")
	require.Equal(t, http.StatusBadRequest, get(t, s, live, "&session=short").StatusCode)
	require.Equal(t, http.StatusBadRequest, get(t, s, live, "&delay=-1").StatusCode)
}

func TestASessionSaysWhyItFailed(t *testing.T) {
	s := server(t)
	answer := get(t, s, "url="+url.QueryEscape(stagetest.NoTrack(t).URL+"/film.mp4"), "&session="+session)
	require.Equal(t, http.StatusBadGateway, answer.StatusCode)
	st := state(t, s, "")
	require.Equal(t, "failed", st.State)
	require.Equal(t, "Play.NoSupportedTrackFound", st.Event)
	require.NotEmpty(t, st.Message)
}

func TestALivePlaylistComesAsFLVBehindLive(t *testing.T) {
	s := server(t)
	h := stagetest.Handler(t, origin.NewHLS(origin.HLSConfig{}))
	answer := get(t, s, "url="+url.QueryEscape(h.URL+"/index.m3u8"), "&delay=4&session="+session)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	r := flv.NewReader(answer.Body, flv.Limits{})
	all := flv.AppendHeader(nil, true, true)
	last := uint32(0)
	for last < 7000 {
		tag, err := r.ReadTag()
		require.NoError(t, err)
		last = max(last, tag.Timestamp)
		all = flv.AppendTag(all, &tag)
	}
	stagetest.Decodes(t, bytes.NewReader(all))
	require.True(t, state(t, s, "&end=1").Live)
}

package proxy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/proxy"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// at is where a proxy has what an origin has.
func at(origin *httptest.Server) string { return "/" + strings.TrimPrefix(origin.URL, "http://") }

// whole200 asks for all of something that is there.
func (s *system) whole200(path string, header ...string) (string, *http.Response) {
	s.t.Helper()
	answer := s.get(path, header...)
	b, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, answer.StatusCode, "%s: %s", path, b)
	return string(b), answer
}

// uris are the lines of a playlist that are no tags.
func uris(list string) (all []string) {
	for line := range strings.Lines(list) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	return all
}

// direct asks an origin.
func direct(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url) //nolint:noctx // it is a test's
	require.NoError(t, err)
	defer answer.Body.Close() //nolint:errcheck // it was read
	b, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(b)
}

func TestSegmentsAreGivenAsTheOriginHasThem(t *testing.T) {
	origin := stagetest.HLS(t)
	defer http.DefaultClient.CloseIdleConnections()
	s := start(t, proxy.Config{}, allowLoopback)
	refused := s.object(404, at(origin)+"/ts0.ts")["error"].(map[string]any)
	require.Equal(t, "url_invalid", refused["code"])
	require.Contains(t, refused["message"], "open the playlist")

	list, answer := s.whole200(at(origin) + "/ts.m3u8")
	require.Equal(t, "application/vnd.apple.mpegurl", answer.Header.Get("Content-Type"))
	require.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"))
	segments := uris(list)
	require.Len(t, segments, 10)
	for _, segment := range segments {
		require.True(t, strings.HasPrefix(segment, at(origin)+"/ts"), segment)
		got, answer := s.whole200(segment)
		require.Equal(t, "video/mp2t", answer.Header.Get("Content-Type"))
		require.Equal(t, direct(t, origin.URL+strings.TrimPrefix(segment, at(origin))), got)
		answer = s.get(segment, "Range", "bytes=188-375")
		part, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, 206, answer.StatusCode)
		require.Equal(t, got[188:376], string(part))
	}
	require.Equal(t, 404, s.get(segments[0]+"?other").StatusCode)
	require.Equal(t, 404, s.get(at(origin)+"/key.bin").StatusCode, "no playlist lists it as a segment")

	stat := s.object(200, "/stat?xresid="+at(origin)[1:]+"/ts.m3u8")
	require.EqualValues(t, 1, stat["streams"].([]any)[0].(map[string]any)["players"])
	require.NotZero(t, stat["flow"].(map[string]any)["cdnBytes"])
}

func TestByteRangesOfOneFile(t *testing.T) {
	origin := stagetest.HLS(t)
	defer http.DefaultClient.CloseIdleConnections()
	s := start(t, proxy.Config{}, allowLoopback)
	list, _ := s.whole200(at(origin) + "/range.m3u8")
	all := direct(t, origin.URL+"/range.m4s")
	for _, segment := range uris(list) {
		require.Equal(t, at(origin)+"/range.m4s", segment)
	}
	for _, r := range [][2]int{{0, 99}, {0, 400_000}, {1000, 200_000}, {500_000, len(all) - 1}} {
		answer := s.get(at(origin)+"/range.m4s", "Range", fmt.Sprintf("bytes=%d-%d", r[0], r[1]))
		got, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, 206, answer.StatusCode)
		require.Equal(t, "video/iso.segment", answer.Header.Get("Content-Type"))
		require.True(t, all[r[0]:r[1]+1] == string(got), r)
	}
	got, _ := s.whole200(at(origin) + "/range.m4s")
	require.True(t, all == got)
}

func TestHeadOfPlaylistsAndSegments(t *testing.T) {
	origin := stagetest.HLS(t)
	s := start(t, proxy.Config{}, allowLoopback)
	head := func(path string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.url+path, http.NoBody)
		require.NoError(t, err)
		answer, err := s.client.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer
	}
	require.Equal(t, "application/vnd.apple.mpegurl", head(at(origin)+"/ts.m3u8").Header.Get("Content-Type"))
	require.Zero(t, s.viewers(), "HEAD joins no swarm")
	s.whole200(at(origin) + "/ts.m3u8")
	answer := head(at(origin) + "/ts3.ts")
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "video/mp2t", answer.Header.Get("Content-Type"))
	require.Positive(t, answer.ContentLength)
}

func TestASegmentOpensItsStreamAgain(t *testing.T) {
	origin := stagetest.HLS(t)
	s := start(t, proxy.Config{MaxStreams: 1}, allowLoopback)
	first, _ := s.whole200(at(origin) + "/ts.m3u8")
	s.whole200(at(origin) + "/fmp4.m3u8") // takes the place of the other, which nobody asks at this moment
	streams := s.object(200, "/stat")["streams"].([]any)
	require.Len(t, streams, 1)
	require.Equal(t, origin.URL+"/fmp4.m3u8", streams[0].(map[string]any)["url"])
	s.whole200(uris(first)[7])
	streams = s.object(200, "/stat")["streams"].([]any)
	require.Len(t, streams, 1)
	require.Equal(t, origin.URL+"/ts.m3u8", streams[0].(map[string]any)["url"])
}

func TestAMasterPlaylistLeadsToStreams(t *testing.T) {
	origin := stagetest.HLS(t)
	s := start(t, proxy.Config{}, allowLoopback)
	for range 2 {
		list, _ := s.whole200(at(origin) + "/master.m3u8?superp2p_delay=3&_HLS_msn=1")
		variants := uris(list)
		require.Len(t, variants, 2)
		for i, variant := range variants {
			require.Equal(t, fmt.Sprintf("%s/variant%d.m3u8?superp2p_delay=3", at(origin), i+1), variant)
			media, _ := s.whole200(variant)
			s.whole200(uris(media)[4])
		}
		require.Contains(t, list, `URI="`+at(origin)+`/variant0.m3u8?superp2p_delay=3"`)
	}
	require.Len(t, s.object(200, "/stat")["streams"].([]any), 2)
}

func TestAPlaylistAsFLV(t *testing.T) {
	origin := stagetest.HLS(t)
	s := start(t, proxy.Config{}, allowLoopback)
	sizes := map[string]int{}
	for _, query := range []string{"?as=flv", "?as=flv&start=15.5"} {
		all, answer := s.whole200(at(origin) + "/ts.m3u8" + query)
		require.Equal(t, "video/x-flv", answer.Header.Get("Content-Type"))
		stagetest.Decodes(t, strings.NewReader(all))
		sizes[query] = len(all)
	}
	require.Less(t, sizes["?as=flv&start=15.5"], sizes["?as=flv"]/2)
	all, _ := s.whole200(at(origin) + "/master.m3u8?as=flv&start=15.5")
	stagetest.Decodes(t, strings.NewReader(all))
}

func TestWhatIsNoPlaylistIsRefused(t *testing.T) {
	origin := newShelf(t, 1<<20)
	s := start(t, proxy.Config{}, allowLoopback)
	for path, status := range map[string]int{
		origin.path() + "?as=m3u8": 502, "/channel/live.m3u8": 502, "/channel/none.m3u8": 404, "/10.0.0.1/a.m3u8": 403,
	} {
		refused := s.object(status, path)["error"].(map[string]any)
		require.NotEmpty(t, refused["message"], path)
	}
}

func TestALivePlaylistAsFLV(t *testing.T) {
	origin := liveHLS(t)
	s := start(t, proxy.Config{}, allowLoopback)
	var file strings.Builder
	_, err := io.CopyN(&file, s.get(at(origin)+"/live/x.m3u8?as=flv").Body, 600_000) // about six seconds
	require.NoError(t, err)
	stagetest.Decodes(t, strings.NewReader(whole(t, file.String())))
	stat := s.object(200, "/stat")["streams"].([]any)[0].(map[string]any)
	require.EqualValues(t, 1, stat["players"])
}

// liveHLS is a live playlist of a film that goes round, with a segment each 2 s of which the last 6 are listed.
func liveHLS(t *testing.T) *httptest.Server {
	t.Helper()
	film := stagetest.HLS(t)
	const length, listed, past = 10, 6, 20
	begin := time.Now()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		newest := past + int(time.Since(begin)/(2*time.Second))
		if r.URL.Path != "/live/x.m3u8" {
			var n int
			if _, err := fmt.Sscanf(r.URL.Path, "/live/%d.ts", &n); err != nil || n > newest || n <= newest-4*listed {
				http.NotFound(w, r)
				return
			}
			r.URL.Path = fmt.Sprintf("/ts%d.ts", n%length)
			film.Config.Handler.ServeHTTP(w, r)
			return
		}
		oldest := newest - listed + 1
		list := bytes.NewBufferString("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n")
		_, _ = fmt.Fprintf(list, "#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", oldest, (oldest-1)/length)
		for n := oldest; n <= newest; n++ {
			if n%length == 0 {
				list.WriteString("#EXT-X-DISCONTINUITY\n")
			}
			_, _ = fmt.Fprintf(list, "#EXTINF:2,\n%d.ts\n", n)
		}
		w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
		_, _ = w.Write(list.Bytes())
	}))
	t.Cleanup(s.Close)
	return s
}

// TestProxiesOfALivePlaylistHelpEachOther has three players follow a live playlist, each by a proxy of its own.
func TestProxiesOfALivePlaylistHelpEachOther(t *testing.T) {
	origin := liveHLS(t)
	s := start(t, proxy.Config{}, allowLoopback)
	proxies := []string{s.url, s.proxy(proxy.Config{}), s.proxy(proxy.Config{})}
	taken := make([]map[string]bool, len(proxies))
	deadline := time.Now().Add(26 * time.Second)
	s.eventually("all have played", func() bool {
		for i, url := range proxies {
			s.url = url
			list, _ := s.whole200(at(origin) + "/live/x.m3u8?superp2p_delay=6") // the default
			all := uris(list)
			if taken[i] == nil {
				taken[i] = map[string]bool{}
				all = all[len(all)-3:] // where players begin
			}
			for _, segment := range all {
				if !taken[i][segment] {
					taken[i][segment] = true
					s.whole200(segment)
				}
			}
		}
		return time.Now().After(deadline)
	})
	var p2p, cdn float64
	for _, url := range proxies {
		s.url = url
		stat := s.object(200, "/stat")
		b, err := json.Marshal(stat["streams"])
		require.NoError(t, err)
		t.Logf("%s", b)
		flow := stat["flow"].(map[string]any)
		p2p, cdn = p2p+flow["p2pBytes"].(float64), cdn+flow["cdnBytes"].(float64)
	}
	t.Logf("%.0f %% of the bytes came from peers", 100*p2p/(p2p+cdn))
	require.Greater(t, p2p, cdn/2)
}

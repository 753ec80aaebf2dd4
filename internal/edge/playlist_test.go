package edge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

func TestThePlaylistIsGivenWithoutWhatIsOfOneViewer(t *testing.T) {
	o := newShow()
	o.tags = func(int) string { return "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://a?sign=b\",KEYFORMAT=\"x\"\n" }
	inBubble(t, open(), o.serve, func(w *world) {
		r := w.resolve(showURL + "?sign=mine")
		path := strings.ReplaceAll(r.Playlist.URL, "{track}", r.Track)
		rec := w.get(path)
		require.Equal(t, 200, rec.Code)
		require.Equal(t, edgeapi.TypePlaylist, rec.Header().Get("Content-Type"))
		require.Equal(t, "no-store", rec.Header().Get("Cache-Control"))
		require.Contains(t, rec.Body.String(), "\nhttp://origin.example/s4.ts?v=1\n")
		require.Contains(t, rec.Body.String(), "skd://a?sign=b")
		require.NotContains(t, rec.Body.String(), "secret")
		_, code := refusal(t, w.get("/v1/tracks/"+strings.Repeat("0", 32)+"/playlist"))
		require.Equal(t, fault.TrackUnknown, code)
	})
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		_, code := refusal(t, w.get("/v1/tracks/"+r.Track+"/playlist"))
		require.Equal(t, fault.RequestInvalid, code)
	})
}

func TestPlaylistsThatCannotBePlayed(t *testing.T) {
	origin := func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/garbage.m3u8":
			_, _ = io.WriteString(rw, "#EXTM3U\nrubbish")
		case "/page.m3u8":
			_, _ = io.WriteString(rw, "<html>")
		case "/none.m3u8":
			http.NotFound(rw, r)
		case "/busy.m3u8":
			rw.WriteHeader(http.StatusServiceUnavailable)
		case "/huge.m3u8":
			_, _ = io.WriteString(rw, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n")
			for line := []byte("#EXTINF:2,\ns.ts\n"); r.Context().Err() == nil; {
				if _, err := rw.Write(bytes.Repeat(line, 1000)); err != nil {
					return
				}
			}
		case "/drip.m3u8":
			for r.Context().Err() == nil {
				_, _ = io.WriteString(rw, "#")
				_ = http.NewResponseController(rw).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(time.Second):
				}
			}
		case "/inside.m3u8":
			http.Redirect(rw, r, "http://127.0.0.1:22/live.m3u8", http.StatusFound)
		case "/keyframes.m3u8":
			_, _ = io.WriteString(rw, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-I-FRAMES-ONLY\n#EXTINF:2,\ns.ts\n")
		case "/nothing.m3u8":
			_, _ = io.WriteString(rw, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-ENDLIST\n")
		case "/notyet.m3u8":
			_, _ = io.WriteString(rw, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n")
		}
	}
	inBubble(t, open(), origin, func(w *world) {
		for path, want := range map[string]fault.Code{
			"garbage": fault.SourceInvalid, "page": fault.SourceInvalid, "none": fault.SourceRefused, "busy": fault.SourceBusy,
			"huge": fault.SourceInvalid, "drip": fault.SourceTimeout, "inside": fault.OriginNotAllowed,
			"keyframes": fault.SourceInvalid, "nothing": fault.SourceInvalid, "notyet": fault.SourceTimeout,
		} {
			begun := time.Now()
			_, code := refusal(t, w.get("/v1/resolve?url=http://origin.example/"+path+".m3u8"))
			require.Equal(t, want, code, path)
			require.LessOrEqual(t, time.Since(begun), w.edge.config.StartTimeout, path)
		}
		time.Sleep(w.edge.config.Linger + 4*lookAround)
		require.Empty(t, w.edge.Status().Streams)
	})
}

func TestSegmentsOfOtherHosts(t *testing.T) {
	origin := func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".m3u8") {
			host := strings.TrimSuffix(r.URL.Path[1:], ".m3u8")
			_, _ = fmt.Fprintf(rw, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://%s/a.ts\n", host)
			return
		}
		_, _ = rw.Write(make([]byte, 10_000))
	}
	c := open()
	c.Origins = append(c.Origins, "*.cdn.example")
	inBubble(t, c, origin, func(w *world) {
		for host, want := range map[string]fault.Code{
			"a.cdn.example": "", "other.example": fault.OriginNotAllowed, "127.0.0.1": fault.OriginNotAllowed,
		} {
			rec := w.get("/v1/resolve?url=http://origin.example/" + host + ".m3u8")
			if want == "" {
				require.Equal(t, 200, rec.Code, rec.Body.String())
				continue
			}
			_, code := refusal(t, rec)
			require.Equal(t, want, code, host)
		}
	})
	c.Origins = []string{"*"}
	inBubble(t, c, origin, func(w *world) {
		_, code := refusal(t, w.get("/v1/resolve?url=http://origin.example/127.0.0.1.m3u8"))
		require.Equal(t, fault.AddressPrivate, code)
	})
}

func TestAMasterPlaylistIsNoTrack(t *testing.T) {
	origin := func(rw http.ResponseWriter, r *http.Request) { // it lists itself
		_, _ = io.WriteString(rw, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmaster.m3u8\n")
	}
	inBubble(t, open(), origin, func(w *world) {
		for range 10 {
			r := w.resolve("url=http://origin.example/master.m3u8?sign=1")
			require.Equal(t, edgeapi.PlaylistMaster, r.Playlist.Kind)
			require.Empty(t, r.Track)
			require.Equal(t, "http://origin.example/master.m3u8", r.Stream)
			require.NotEmpty(t, r.Tracker)
		}
		require.Len(t, w.asked(), 1)
		status, code := refusal(t, w.get("/v1/flv?url=http://origin.example/master.m3u8"))
		require.Equal(t, 409, status)
		require.Equal(t, fault.SourceMaster, code)
		time.Sleep(masterMemory + time.Second)
		w.resolve("url=http://origin.example/master.m3u8")
		require.Len(t, w.asked(), 3, "the second to find its variants")
	})
}

func FuzzCutSegment(f *testing.F) {
	f.Add([]byte("media"), "/a.ts", uint32(2000), uint32(7))
	f.Add([]byte{}, "/ü\xff\"<>&", uint32(0), uint32(0))
	f.Fuzz(func(t *testing.T, data []byte, path string, lasts, at uint32) {
		_ = isPage(data)
		begin := time.Duration(at) * time.Microsecond
		about := edgeapi.Segment{Path: path, Size: int64(len(data)), Gap: len(data) == 0}
		cuts := cutSegment(about, data, begin, begin+time.Duration(lasts)*time.Microsecond)
		var head edgeapi.Segment
		require.NoError(t, json.Unmarshal(cuts[0].Payload, &head))
		require.Len(t, cuts, head.Slices())
		require.True(t, cuts[0].StartsGroup)
		var all []byte
		end := cuts[0].Time + cuts[0].Duration
		for _, c := range cuts[1:] {
			require.Equal(t, end, c.Time)
			require.NotEmpty(t, c.Payload)
			require.LessOrEqual(t, len(c.Payload), slice.LivePayload)
			end, all = c.Time+c.Duration, append(all, c.Payload...)
		}
		require.True(t, bytes.Equal(data, all))
		require.Equal(t, head.Duration, (end - cuts[0].Time).Milliseconds())
	})
}

package proxy

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
)

func TestParseTarget(t *testing.T) {
	tests := []struct{ path, query, play, resource string }{
		{"/live.qcloud.com/test.flv", "sign=f767&t=59196bda", "http://live.qcloud.com/test.flv?sign=f767&t=59196bda",
			"live.qcloud.com/test.flv"},
		{"/cdn.example:8080/a/b/c.flv", "", "http://cdn.example:8080/a/b/c.flv", "cdn.example:8080/a/b/c.flv"},
		{"/cdn.example/a%20b.FLV", "x=%2F+y&&", "http://cdn.example/a%20b.FLV?x=%2F+y", "cdn.example/a%20b.FLV"},
		{"/https/cdn.example/a.flv", "k=v", "https://cdn.example/a.flv?k=v", "cdn.example/a.flv"},
		{"/http/rtmp/a.flv", "", "http://rtmp/a.flv", "rtmp/a.flv"},
		{"/rtl.example/film.mp4", "", "http://rtl.example/film.mp4", "rtl.example/film.mp4"},
		{"/rtmp/cdn.example/live/a.flv", "txSecret=1&txTime=2", "rtmp://cdn.example/live/a?txSecret=1&txTime=2",
			"cdn.example/live/a.flv"},
		{"/rtmps/cdn.example:1936/live/x/a.flv", "", "rtmps://cdn.example:1936/live/x/a", "cdn.example:1936/live/x/a.flv"},
		{"/rtsp/cam.example:8554/live.flv", "k=v", "rtsp://cam.example:8554/live?k=v", "cam.example:8554/live.flv"},
		{"/rtsps/cam.example/a/b/c.flv", "", "rtsps://cam.example/a/b/c", "cam.example/a/b/c.flv"},
		{"/[::1]:81/a.flv", "", "http://[::1]:81/a.flv", "[::1]:81/a.flv"},
		{"/[::1]/a.flv", "", "http://[::1]/a.flv", "[::1]/a.flv"},
		{"/channel/live1.flv", "", "live1", "channel/live1.flv"},
		{"/channel/live/test.flv", "", "live/test", "channel/live/test.flv"},
		{"/cdn.example/a.m3u8", "start=3&k=v&_HLS_msn=7&_HLS_part=1", "http://cdn.example/a.m3u8?start=3&k=v", "cdn.example/a.m3u8"},
		{"/cdn.example/a.m3u8", "as=flv&start=3&k=v", "http://cdn.example/a.m3u8?k=v", "cdn.example/a.m3u8"},
		{"/https/cdn.example/a.M3U", "", "https://cdn.example/a.M3U", "cdn.example/a.M3U"},
		{"/cdn.example/play", "k=v&as=m3u8&x", "http://cdn.example/play?k=v&x", "cdn.example/play"},
		{"/cdn.example/", "as=m3u8", "http://cdn.example/", "cdn.example/"},
		{"/channel/live/x.m3u8", "token=1", "live/x?token=1", "channel/live/x.m3u8"},
		{"/cdn.example/a.flv", "xresid=my%20film&k=v", "http://cdn.example/a.flv?k=v", "my film"},
	}
	for _, test := range tests {
		got, err := ParseTarget(test.path, test.query)
		require.NoError(t, err, test.path)
		require.Equal(t, test.play, got.Play, test.path)
		require.Equal(t, test.resource, got.Resource, test.path)
		require.Zero(t, got.Delay, test.path)
		if strings.Contains(got.Play, "://") {
			require.Equal(t, got.Play, got.Fallback, test.path)
		} else {
			require.Empty(t, got.Fallback, test.path)
		}
	}

	list, err := ParseTarget("/cdn.example/a.m3u8", "superp2p_delay=3&_HLS_msn=7&k=v&superp2p_parts=1&_HLS_part=0&as=flv")
	require.NoError(t, err)
	require.Equal(t, "_HLS_msn=7&_HLS_part=0", list.Directives)
	require.Equal(t, "superp2p_delay=3&superp2p_parts=1", list.Own)
	require.True(t, list.Playlist && list.Parts && list.AsFLV)

	got, err := ParseTarget("/cdn.example/a.flv", "superp2p_delay=2.5&k=v")
	require.NoError(t, err)
	require.Equal(t, 2500*time.Millisecond, got.Delay)
	require.Equal(t, "http://cdn.example/a.flv?k=v", got.Play)
}

func TestParseTargetRefuses(t *testing.T) {
	for _, address := range []string{
		"/", "", "/favicon.ico", "/a.flv", "/robots.txt", "/cdn.example/", "/cdn.example/.flv", "/cdn.example/x/.flv",
		"/user@cdn.example/a.flv", "/cdn.example:0/a.flv", "/cdn.example:99999/a.flv",
		"/cdn.example:x/a.flv", "/cdn%2eexample/a.flv", "/https/a.flv", "/rtmp/cdn.example/a.flv", "/rtmp/cdn.example/.flv", "/rtsp/cam.example/.flv",
		"/rtmp/cdn.example/live/a.m3u8", "/rtmp/cdn.example/live/a?as=m3u8", "/channel/a?as=m3u8", "/cdn.example/.m3u8", "/a.m3u8", "/a?as=m3u8",
		"/rtsp/user:secret@cam.example/a.flv", "/rtsp/cam.example/a.mp4",
		"/channel/.flv", "/channel/http%3A%2F%2Fcdn.example%2Fa.flv", "/channel/a%00b.flv", "/channel/%zz.flv",
		"/./a.flv", "/../a.flv", "/[::1/a.flv", "/[fe80::1%25lo]/a.flv", "//a.flv", "/cdn.example/%zz.flv",
		"/cdn.example/a.flv?superp2p_delay=six", "/cdn.example/a.flv?superp2p_delay=NaN",
		"/cdn.example/a.flv?superp2p_delay=inf", "/cdn.example/a.flv?xresid=%zz",
		"/cdn.example/" + strings.Repeat("a", maxAddress) + ".flv",
	} {
		path, query, _ := strings.Cut(address, "?")
		_, err := ParseTarget(path, query)
		require.Equal(t, fault.URLInvalid, fault.CodeOf(err), address)
	}
}

func FuzzParseTarget(f *testing.F) {
	f.Add("/cdn.example/a.flv", "k=v&xresid=1&superp2p_delay=3")
	f.Add("/rtmp/[::1]:1935/live/a.flv", "")
	f.Add("/channel/live/test.flv", "")
	f.Add("/https/cdn.example/live/test.m3u8", "_HLS_msn=1&as=flv&superp2p_parts=1&start=3")
	f.Add("/cdn.example/live", "as=m3u8")
	f.Fuzz(func(t *testing.T, path, query string) {
		target, err := ParseTarget(path, query)
		if err != nil {
			require.Equal(t, fault.URLInvalid, fault.CodeOf(err))
			return
		}
		require.NotEmpty(t, target.Play)
		require.NotEmpty(t, target.Resource)
		if scheme, _, ok := strings.Cut(target.Play, "://"); ok && target.Fallback != "" {
			u, err := url.Parse(target.Play)
			require.NoError(t, err)
			require.Contains(t, []string{"http", "https", "rtmp", "rtmps", "rtsp", "rtsps"}, scheme)
			require.Nil(t, u.User)
		}
	})
}

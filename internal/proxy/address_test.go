package proxy

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddress(t *testing.T) {
	for of, want := range map[string]string{
		"http://cdn.example/a/1.ts":            "/cdn.example/a/1.ts",
		"http://cdn.example:81/a/1.ts?k=v&&":   "/cdn.example:81/a/1.ts?k=v&&",
		"https://cdn.example/1.m4s#x":          "/https/cdn.example/1.m4s",
		"http://rtmp/1.ts":                     "/http/rtmp/1.ts",
		"http://[::1]:81/1.ts":                 "/[::1]:81/1.ts",
		"http://cdn.example":                   "/cdn.example/",
		"http://cdn.example/a b'/ü.ts?x=' \"é": "/cdn.example/a%20b%27/%C3%BC.ts?x=%27%20%22%C3%A9",
		"http://cdn.example/a%20b.ts?x=%2f%20": "/cdn.example/a%20b.ts?x=%2f%20",
		"https://cdn.example/seg_12:30:00.ts":  "/https/cdn.example/seg_12:30:00.ts",
	} {
		got, ok := address(of)
		require.True(t, ok, of)
		require.Equal(t, want, got)
	}
	for _, of := range []string{"skd://key", "data:text/plain,x", "ftp://cdn.example/1.ts", "http://u:p@cdn.example/1.ts", "1.ts",
		"http:///1.ts", "http:1.ts", "http://cdn.example:0/1.ts", "%zz"} {
		_, ok := address(of)
		require.False(t, ok, of)
	}
}

func TestAPlaylistsAddressLeadsBackToIt(t *testing.T) {
	for of, own := range map[string]string{
		"http://cdn.example/a/low.m3u8?sign=1&start=7": "",
		"https://cdn.example/a/low.M3U8":               "xresid=x%20y&superp2p_delay=3",
		"https://cdn.example/a/low?sign=1":             "xresid=x",
		"http://cdn.example/":                          "superp2p_parts=1",
		"http://http/low.php/":                         "",
		"http://cdn.example/film.mp4/":                 "",
	} {
		where, ok := playlistAddress(of, own)
		require.True(t, ok, of)
		path, query, _ := strings.Cut(where, "?")
		got, err := ParseTarget(path, query)
		require.NoError(t, err, where)
		require.Equal(t, of, got.Play)
		require.Equal(t, own, got.Own)
		require.True(t, got.Playlist)
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("http://cdn.example/a/1.ts?k=v")
	f.Add("https://[::1]:81/a'b/%2e%2e/1.ts?\x80 ")
	f.Add("http://rtmp/?#")
	f.Fuzz(func(t *testing.T, of string) {
		where, ok := address(of)
		if !ok {
			return
		}
		require.Equal(t, where, tidy(where))
		require.True(t, strings.HasPrefix(where, "/") && !strings.HasPrefix(where, "//"))
		u, err := url.ParseRequestURI(where)
		require.NoError(t, err)
		back := u.EscapedPath()
		if u.RawQuery != "" {
			back += "?" + u.RawQuery
		}
		require.Equal(t, where, tidy(back), "as a player's request says it")
	})
}

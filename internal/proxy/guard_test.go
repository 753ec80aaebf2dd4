package proxy

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKnownHost(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1:16080", "127.0.0.1", "localhost:16080", "LOCALHOST", "[::1]:16080", "[::1]", "192.168.1.7:1",
	} {
		require.True(t, knownHost(host, nil), host)
	}
	for _, host := range []string{"", "evil.example:16080", "127.0.0.1.evil.example", "localhost.evil.example", "tv.lan"} {
		require.False(t, knownHost(host, nil), host)
	}
	require.True(t, knownHost("TV.lan:16080", []string{"tv.lan"}))
}

func TestForeign(t *testing.T) {
	tests := []struct {
		name, header, value string
		foreign             bool
	}{
		{"a program", "", "", false},
		{"the proxy's own page", "Origin", "http://127.0.0.1:16080", false},
		{"another port is another site", "Origin", "http://127.0.0.1:8080", true},
		{"a site", "Origin", "https://site.example", true},
		{"a sandboxed frame", "Origin", "null", true},
		{"a trusted site", "Origin", "https://trusted.example", false},
		{"an image of a site", "Sec-Fetch-Site", "cross-site", true},
		{"a sister site", "Sec-Fetch-Site", "same-site", true},
		{"typed by the user", "Sec-Fetch-Site", "none", false},
		{"an old browser", "Referer", "https://site.example/page", true},
		{"an old browser, trusted", "Referer", "https://trusted.example/page", false},
	}
	for _, test := range tests {
		r := httptest.NewRequest("GET", "http://127.0.0.1:16080/feature?upload=0", nil)
		if test.header != "" {
			r.Header.Set(test.header, test.value)
		}
		require.Equal(t, test.foreign, foreign(r, []string{"https://trusted.example"}), test.name)
	}
}

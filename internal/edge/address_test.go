package edge

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/fault"
)

func TestPublicAddresses(t *testing.T) {
	for _, text := range []string{"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "::ffff:8.8.8.8",
		"2001:4860:4860::8888", "2a00:1450::1"} {
		require.True(t, public(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{"0.0.0.0", "127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "100.127.255.255", "224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1",
		"198.18.0.1", "203.0.113.5", "192.0.2.1", "::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1",
		"fe80::1%eth0", "fec0::1", "fc00::1", "fd12::1", "ff02::1", "64:ff9b::a00:1", "2002:a00:1::", "2001::1",
		"2001:db8::1", "100::1"} {
		require.False(t, public(netip.MustParseAddr(text)), text)
	}
	require.False(t, public(netip.Addr{}))
}

func TestOrigins(t *testing.T) {
	for _, test := range []struct {
		entry    string
		yes, nay []string
	}{
		{"cdn.example.com", []string{"http://cdn.example.com/a.flv", "rtmp://CDN.example.com.:1936/a/b"},
			[]string{"http://x.cdn.example.com/a", "http://cdn.example.com.evil.net/a", "http://evilcdn.example.com/a"}},
		{"*.example.com", []string{"http://a.example.com/", "https://a.b.example.com:8443/x"},
			[]string{"http://example.com/", "http://aexample.com/", "http://a.example.com.evil.net/"}},
		{"rtmp://*.example.com:1935/live/", []string{"rtmp://a.example.com/live/x", "rtmp://a.example.com:1935/live/x"},
			[]string{"http://a.example.com:1935/live/x", "rtmp://a.example.com:1936/live/x", "rtmp://a.example.com/lively/x"}},
		{"rtsp://cam.example", []string{"rtsp://cam.example:554/a", "rtsp://u:p@cam.example:8554/a"}, []string{"rtsps://cam.example/a"}},
		{"cam.example:322", []string{"rtsps://cam.example/a"}, []string{"rtsp://cam.example/a"}},
		{"h.example/live", []string{"http://h.example/live", "http://h.example/live/x"}, []string{"http://h.example/lively", "http://h.example/"}},
		{"*", []string{"http://anything.example/x", "http://9.9.9.9/"}, nil},
		{"10.0.0.0/8", []string{"http://10.2.3.4:99/x", "http://[::ffff:10.2.3.4]/x"}, []string{"http://11.0.0.1/", "http://ten.example/"}},
		{"127.0.0.1:8000", []string{"http://127.0.0.1:8000/x"}, []string{"http://127.0.0.1/x", "http://localhost:8000/x"}},
		{"[2001:db8::1]:80/live", []string{"http://[2001:DB8:0::1]/live/a"}, []string{"http://[2001:db8::2]/live/a"}},
		{"2001:db8::/32", []string{"http://[2001:db8::7]:8080/"}, []string{"http://[2001:db9::7]/"}},
	} {
		o, err := parseOrigin(test.entry)
		require.NoError(t, err, test.entry)
		for _, raw := range test.yes {
			u, err := parseSource(raw)
			require.NoError(t, err, raw)
			require.NoError(t, permit([]origin{o}, u), "%s %s", test.entry, raw)
		}
		for _, raw := range test.nay {
			u, err := parseSource(raw)
			require.NoError(t, err, raw)
			require.Equal(t, fault.OriginNotAllowed, fault.CodeOf(permit([]origin{o}, u)), "%s %s", test.entry, raw)
		}
	}
	for _, entry := range []string{"", "a b", "*.*.com", "a*.example", "ftp://a", "a:0", "a:99999", "a:b", "http://", ":80", "u@h", "*."} {
		_, err := parseOrigin(entry)
		require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err), "%q", entry)
	}
}

func TestIdentityLeavesOutWhatDiffersPerViewer(t *testing.T) {
	perViewer := map[string]bool{"sign": true, "t": true, "txsecret": true}
	for raw, want := range map[string]string{
		"http://CDN.Example.com:80/live/a.flv?sign=1&t=2":            "http://cdn.example.com/live/a.flv",
		"http://u:p@cdn.example.com/live/a.flv?b=2&txSecret=x&a=1#f": "http://cdn.example.com/live/a.flv?a=1&b=2",
		"http://cdn.example.com/live/a.flv?%73ign=1&q=%20&&a":        "http://cdn.example.com/live/a.flv?a&q=%20",
		"rtsp://user:secret@h:554/a/trackID=1?t=1":                   "rtsp://h/a/trackID=1",
		"RTSPS://h:322/a":              "rtsps://h/a",
		"rtmp://h:1935/live/a?t=1":     "rtmp://h/live/a",
		"https://h:8443":               "https://h:8443/",
		"HTTP://[2001:DB8::1]/a":       "http://[2001:db8::1]/a",
		"http://[::ffff:1.2.3.4]:81/a": "http://1.2.3.4:81/a",
		"http://h/%E4%B8%AD.flv?%":     "http://h/%E4%B8%AD.flv?%",
		"http://cdn.example.com/live/a.flv?time=9&tt=1&signature_v=1": "http://cdn.example.com/live/a.flv?signature_v=1&time=9&tt=1",
	} {
		u, err := parseSource(raw)
		require.NoError(t, err, raw)
		require.Equal(t, want, identity(u, perViewer))
	}
	for _, raw := range []string{"", "live1", "ftp://h/a", "file:///etc/passwd", "http:///a", "http:a", "http://h/a b",
		"http://h/../a", "http://h/%2e%2e/a", "http://h/a\\b", "http://h\x00/", "http://h:x/", "://", "http://[::1/"} {
		_, err := parseSource(raw)
		require.Equal(t, fault.URLInvalid, fault.CodeOf(err), "%q", raw)
	}
}

func TestIdentityIsItsOwnIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		query := rapid.SliceOfN(rapid.SampledFrom([]string{"a=1", "b", "sign=2", "SIGN=3", "t=", "", "%61=1"}), 0, 8).Draw(t, "query")
		raw := rapid.SampledFrom([]string{"http", "RTMP"}).Draw(t, "scheme") + "://Host.example" +
			rapid.SampledFrom([]string{"", ":80", ":1935", ":81"}).Draw(t, "port") + "/live/x?"
		for _, q := range query {
			raw += q + "&"
		}
		perViewer := map[string]bool{"sign": true, "t": true}
		u, err := parseSource(raw)
		require.NoError(t, err)
		id := identity(u, perViewer)
		again, err := parseSource(id)
		require.NoError(t, err)
		require.Equal(t, id, identity(again, perViewer))
		require.NotContains(t, id, "sign")
	})
}

func FuzzParseSource(f *testing.F) {
	f.Add("http://u@h:80/a?b=c#d")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := parseSource(raw)
		if err != nil {
			require.Equal(t, fault.URLInvalid, fault.CodeOf(err))
			return
		}
		require.NotEmpty(t, identity(u, nil))
	})
}

func FuzzParseOrigin(f *testing.F) {
	for _, text := range []string{"*.a.example:80/x", "rtmp://[::1]:1/a", "10.0.0.0/8", "::1", "*"} {
		f.Add(text, "http://a.example/b")
	}
	f.Fuzz(func(t *testing.T, text, raw string) {
		o, err := parseOrigin(text)
		if err != nil {
			require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
			return
		}
		u, err := parseSource(raw)
		if err == nil && o.allows(u) {
			require.True(t, o.matches(normalHost(u.Hostname()), portOf(u)))
		}
	})
}

// dialled records to which addresses a guard would have connected.
func dialled(origins []string, own string, names map[string]string, address string) (string, error) {
	g := &guard{own: own}
	for _, text := range origins {
		o, err := parseOrigin(text)
		if err != nil {
			return "", err
		}
		g.origins = append(g.origins, o)
	}
	g.lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		if text, ok := names[host]; ok {
			return []netip.Addr{netip.MustParseAddr(text)}, nil
		}
		return nil, &net.DNSError{Name: host, IsNotFound: true}
	}
	to := ""
	g.dial = func(_ context.Context, _, address string) (net.Conn, error) {
		to = address
		c, other := net.Pipe()
		_ = other.Close()
		return c, nil
	}
	c, err := g.Dial(context.Background(), "tcp", address)
	if err == nil {
		_ = c.Close()
	}
	return to, err
}

func TestGuardChecksTheAddressThatItConnectsTo(t *testing.T) {
	names := map[string]string{"pub.example": "8.8.8.8", "evil.cdn.example": "10.0.0.1", "media.internal": "10.0.0.2",
		"mapped.cdn.example": "::ffff:127.0.0.1", "meta.cdn.example": "169.254.169.254", "six.cdn.example": "::1"}
	for _, test := range []struct {
		origins []string
		own     string
		address string
		to      string
		code    fault.Code
	}{
		{[]string{"pub.example"}, "", "pub.example:80", "8.8.8.8:80", ""},
		{[]string{"*.cdn.example"}, "", "evil.cdn.example:80", "", fault.AddressPrivate},
		{[]string{"*"}, "", "evil.cdn.example:80", "", fault.AddressPrivate},
		{[]string{"*.cdn.example"}, "", "mapped.cdn.example:80", "", fault.AddressPrivate},
		{[]string{"*.cdn.example"}, "", "meta.cdn.example:80", "", fault.AddressPrivate},
		{[]string{"*.cdn.example"}, "", "six.cdn.example:80", "", fault.AddressPrivate},
		{[]string{"*.cdn.example", "10.0.0.0/8"}, "", "evil.cdn.example:80", "10.0.0.1:80", ""},
		{[]string{"*.cdn.example", "10.0.0.1:81"}, "", "evil.cdn.example:80", "", fault.AddressPrivate},
		{[]string{"media.internal"}, "", "media.internal:80", "10.0.0.2:80", ""},
		{[]string{"*"}, "", "127.0.0.1:80", "", fault.AddressPrivate},
		{[]string{"*"}, "", "[::ffff:127.0.0.1]:80", "", fault.AddressPrivate},
		{[]string{"127.0.0.1"}, "", "[::ffff:127.0.0.1]:80", "127.0.0.1:80", ""},
		{[]string{"pub.example"}, "", "8.8.8.8:80", "", fault.OriginNotAllowed},
		{nil, "media.internal:80", "media.internal:80", "10.0.0.2:80", ""},
		{nil, "media.internal:80", "media.internal:22", "", fault.AddressPrivate},
		{nil, "media.internal:80", "pub.example:80", "8.8.8.8:80", ""},
		{nil, "media.internal:80", "127.0.0.1:80", "", fault.AddressPrivate},
	} {
		to, err := dialled(test.origins, test.own, names, test.address)
		require.Equal(t, test.to, to, "%+v", test)
		require.Equal(t, test.code, fault.CodeOf(err), "%+v", test)
	}
	_, err := dialled([]string{"*"}, "", names, "none.example:80")
	require.ErrorContains(t, err, "none.example")
}

func TestDeadAddressLeavesTimeForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &guard{own: "two.example:80",
			lookup: func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("9.9.9.9")}, nil
			},
			dial: func(ctx context.Context, _, address string) (net.Conn, error) {
				if address == "8.8.8.8:80" {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				c, other := net.Pipe()
				_ = other.Close()
				return c, nil
			},
		}
		began := time.Now()
		c, err := g.Dial(t.Context(), "tcp", "two.example:80")
		require.NoError(t, err)
		require.NoError(t, c.Close())
		require.Equal(t, addressTimeout, time.Since(began))
	})
}

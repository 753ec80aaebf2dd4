package hls_test

import (
	"bytes"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
)

func raw(r hls.Reference) string { return r.Raw }

// references returns what Rewrite sees, by kind and URL.
func references(t require.TestingT, b []byte, u *url.URL) map[hls.Kind][]string {
	all := map[hls.Kind][]string{}
	_, err := hls.Rewrite(b, u, hls.Options{}, func(r hls.Reference) string {
		all[r.Kind] = append(all[r.Kind], r.URL)
		return r.Raw
	})
	require.NoError(t, err)
	return all
}

// requireSeen checks that Rewrite sees each reference that Parse does.
func requireSeen(t require.TestingT, p *hls.Playlist, seen map[hls.Kind][]string) {
	see := func(k hls.Kind, uri string) {
		if uri != "" {
			require.Contains(t, seen[k], uri)
		}
	}
	if m := p.Master; m != nil {
		for _, v := range m.Variants {
			see(hls.VariantURI, v.URI)
		}
		for _, v := range m.IFrames {
			see(hls.IFrameURI, v.URI)
		}
		for _, r := range m.Renditions {
			see(hls.RenditionURI, r.URI)
		}
		for _, k := range m.SessionKeys {
			see(hls.SessionKeyURI, k.URI)
		}
		return
	}
	var parts []hls.Part
	segments := p.Media.Segments
	if p.Media.Open != nil {
		segments = append(segments[:len(segments):len(segments)], *p.Media.Open)
	}
	for _, s := range segments {
		see(hls.SegmentURI, s.URI)
		parts = append(parts, s.Parts...)
		for _, k := range s.Keys {
			see(hls.KeyURI, k.URI)
		}
		if s.Map != nil {
			see(hls.MapURI, s.Map.URI)
		}
	}
	for _, part := range parts {
		see(hls.PartURI, part.URI)
	}
	for _, h := range p.Media.PreloadHints {
		see(hls.PreloadHintURI, h.URI)
	}
	for _, r := range p.Media.RenditionReports {
		see(hls.RenditionReportURI, r.URI)
	}
}

func TestRewriteByIdentityChangesNothing(t *testing.T) {
	for file, b := range samples(t) {
		for _, b := range [][]byte{b, bytes.ReplaceAll(b, []byte("\n"), []byte(" \r\n")), append([]byte("\xef\xbb\xbf"), b...)} {
			got, err := hls.Rewrite(b, at(t, base), hls.Options{}, raw)
			require.NoError(t, err)
			require.Equal(t, string(b), string(got), file)
			p, err := hls.Parse(b, at(t, base), hls.Options{})
			require.NoError(t, err)
			requireSeen(t, p, references(t, b, at(t, base)))
		}
	}
}

// TestRewriteReachesEachKind rewrites to a proxy and looks at the text that comes out.
func TestRewriteReachesEachKind(t *testing.T) {
	master, err := os.ReadFile("testdata/rfc-master.m3u8")
	require.NoError(t, err)
	live, err := os.ReadFile("testdata/low-latency.m3u8")
	require.NoError(t, err)
	keys, err := os.ReadFile("testdata/rfc-byterange-key.m3u8")
	require.NoError(t, err)
	seen := map[hls.Kind]int{}
	for _, b := range [][]byte{master, live, keys} {
		out, err := hls.Rewrite(b, at(t, base), hls.Options{}, func(r hls.Reference) string {
			seen[r.Kind]++
			require.Contains(t, strings.Split(string(b), "\n")[r.Line-1], r.Raw)
			return "http://127.0.0.1:16080/p?u=" + url.QueryEscape(r.URL)
		})
		require.NoError(t, err)
		for kind, uris := range references(t, out, nil) {
			for _, uri := range uris {
				require.True(t, strings.HasPrefix(uri, "http://127.0.0.1:16080/p?u="), "%d %s", kind, uri)
			}
		}
		require.Equal(t, bytes.Count(b, []byte("\n")), bytes.Count(out, []byte("\n")))
	}
	for k := hls.SegmentURI; k < hls.InterstitialsURI; k++ {
		require.Positive(t, seen[k], "kind %d", k)
	}
}

func TestRewriteTouchesOnlyURIs(t *testing.T) {
	in := "\xef\xbb\xbf#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n\r\n# URI=\"comment\"\r\n" +
		"#EXT-X-KEY:METHOD=AES-128 , URI=\"k?a=1,2\"\t,X-OWN=\"URI=y\"\n#EXT-X-NEW:URI=\"unknown\"\r\n" +
		"#EXT-X-MAP:URI=bare.mp4,X=1\n#EXTINF:4,a.ts\r\n  a.ts \t\r\n#EXTINF:4,\nb.ts"
	got, err := hls.Rewrite([]byte(in), at(t, base), hls.Options{}, func(r hls.Reference) string { return "<" + r.URL + ">" })
	require.NoError(t, err)
	require.Equal(t, "\xef\xbb\xbf#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n\r\n# URI=\"comment\"\r\n"+
		"#EXT-X-KEY:METHOD=AES-128 , URI=\"<https://origin.example/live/x/k?a=1,2>\"\t,X-OWN=\"URI=y\"\n#EXT-X-NEW:URI=\"unknown\"\r\n"+
		"#EXT-X-MAP:URI=\"<https://origin.example/live/x/bare.mp4>\",X=1\n#EXTINF:4,a.ts\r\n"+
		"  <https://origin.example/live/x/a.ts> \t\r\n#EXTINF:4,\n<https://origin.example/live/x/b.ts>", string(got))
}

func TestRewriteRefusesWhatCannotStandThere(t *testing.T) {
	for _, bad := range []string{"", "#x", "a\nb", "a\"b", "a b"} {
		_, err := hls.Rewrite([]byte(head+one), at(t, base), hls.Options{}, func(hls.Reference) string { return bad })
		require.Equal(t, fault.Internal, fault.CodeOf(err), "%q", bad)
	}
	for _, text := range []string{"<html>", head + "#EXT-X-MAP:URI=\"a", head + "\x00", head + strings.Repeat("a", 17<<10), head + strings.Repeat("#\n", 1<<20)} {
		_, err := hls.Rewrite([]byte(text), at(t, base), hls.Options{}, raw)
		require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
	}
}

// TestRewriteOfAnyLines puts tags, rubbish and URIs together at random.
func TestRewriteOfAnyLines(t *testing.T) {
	lines := []string{"", "\r", "# comment", "#EXTINF:4,t", "#EXTINF:3.003", "a.ts", "/b/c.ts?q=1", "http://x.example/d e.ts", "{$v}.ts",
		"#EXT-X-DEFINE:NAME=\"v\",VALUE=\"w\"", "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"", "#EXT-X-KEY:METHOD=NONE", "#EXT-X-MAP:URI=\"i\"",
		"#EXT-X-PART:DURATION=1,URI=\"p{$v}\"", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"h\"", "#EXT-X-RENDITION-REPORT:URI=\"r\"",
		"#EXT-X-MEDIA:TYPE=AUDIO,URI=\"m\"", "#EXT-X-STREAM-INF:BANDWIDTH=1", "#EXT-X-I-FRAME-STREAM-INF:URI=\"f\"",
		"#EXT-X-BYTERANGE:5@6", "#EXT-X-BYTERANGE:5", "#EXT-X-TARGETDURATION:4", "#EXT-X-UNKNOWN:URI=\"u\"", "#EXT-X-DISCONTINUITY"}
	parsed := 0
	rapid.Check(t, func(t *rapid.T) {
		chosen := rapid.SliceOfN(rapid.SampledFrom(lines), 0, 30).Draw(t, "lines")
		b := []byte("#EXTM3U\n" + strings.Join(chosen, rapid.SampledFrom([]string{"\n", "\r\n", " \n"}).Draw(t, "end")))
		u, err := url.Parse(base)
		require.NoError(t, err)
		got, err := hls.Rewrite(b, u, hls.Options{}, raw)
		p, parseErr := hls.Parse(b, u, hls.Options{})
		if err != nil {
			require.Error(t, parseErr, "what Parse takes, Rewrite takes")
			return
		}
		require.Equal(t, b, got)
		if parseErr == nil {
			parsed++
			requireSeen(t, p, references(t, b, u))
		}
	})
	require.Positive(t, parsed)
}

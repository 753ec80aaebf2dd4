package hls_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
)

var update = flag.Bool("update", false, "write golden files anew")

const base = "https://origin.example/live/x/index.m3u8?sign=secret&token=abc"

func at(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}

// samples returns the playlists of testdata by name.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.m3u8")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string][]byte{}
	for _, file := range files {
		all[file], err = os.ReadFile(file)
		require.NoError(t, err)
	}
	return all
}

func parse(t testing.TB, text string) *hls.Playlist {
	t.Helper()
	p, err := hls.Parse([]byte(text), at(t, base), hls.Options{})
	require.NoError(t, err)
	return p
}

// TestGolden compares what is read of each playlist: those of ffmpeg 5.1, by -hls_segment_type mpegts and fmp4,
// -hls_flags single_file, -hls_key_info_file and -var_stream_map, and those written after the specification.
func TestGolden(t *testing.T) {
	for file, b := range samples(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			p, err := hls.Parse(b, at(t, base), hls.Options{})
			require.NoError(t, err)
			got, err := json.MarshalIndent(p, "", " ")
			require.NoError(t, err)
			got = append(got, '\n')
			name := strings.TrimSuffix(file, ".m3u8") + ".golden"
			if *update {
				require.NoError(t, os.WriteFile(name, got, 0o600))
			}
			want, err := os.ReadFile(name)
			require.NoError(t, err, "call go test ./internal/hls -update")
			require.Equal(t, string(want), string(got))
		})
	}
}

func TestLineEndsAndByteOrderMark(t *testing.T) {
	for file, b := range samples(t) {
		want, err := hls.Parse(b, at(t, base), hls.Options{})
		require.NoError(t, err)
		windows := append([]byte("\xef\xbb\xbf"), bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))...)
		got, err := hls.Parse(windows, at(t, base), hls.Options{})
		require.NoError(t, err)
		require.Equal(t, want, got, file)
	}
}

const (
	head = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n"
	one  = "#EXTINF:4,\na.ts\n"
)

func TestBadPlaylistsSayWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":                       {"", hls.ErrNoPlaylist},
		"page":                        {"<!DOCTYPE html><html>404</html>", hls.ErrNoPlaylist},
		"JSON":                        {`{"error":403}`, hls.ErrNoPlaylist},
		"segment":                     {"\x47\x40\x11\x10\x00", hls.ErrNoPlaylist},
		"header not first":            {"#EXTINF:4,\n#EXTM3U\n", hls.ErrNoPlaylist},
		"longer header":               {"#EXTM3U8\n" + one, hls.ErrNoPlaylist},
		"header only":                 {"#EXTM3U", hls.ErrNeither},
		"plain list":                  {"#EXTM3U\na.ts\nb.ts\n", hls.ErrNeither},
		"both":                        {head + one + "#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", hls.ErrMixed},
		"binary":                      {"#EXTM3U\n\x00\x01\x02\xff", hls.ErrGarbage},
		"no target duration":          {"#EXTM3U\n" + one, hls.ErrTargetDuration},
		"target duration no number":   {"#EXTM3U\n#EXT-X-TARGETDURATION:soon\n" + one, hls.ErrTargetDuration},
		"negative target duration":    {"#EXTM3U\n#EXT-X-TARGETDURATION:-4\n" + one, hls.ErrTargetDuration},
		"absurd target duration":      {"#EXTM3U\n#EXT-X-TARGETDURATION:99999999\n" + one, hls.ErrTargetDuration},
		"target duration NaN":         {"#EXTM3U\n#EXT-X-TARGETDURATION:NaN\n" + one, hls.ErrTargetDuration},
		"part target 0":               {head + "#EXT-X-PART-INF:PART-TARGET=0\n" + one, hls.ErrTargetDuration},
		"no EXTINF":                   {head + one + "b.ts\n", hls.ErrNoDuration},
		"negative duration":           {head + "#EXTINF:-1,TV\na.ts\n", hls.ErrGarbage},
		"infinite duration":           {head + "#EXTINF:Inf,\na.ts\n", hls.ErrGarbage},
		"no duration":                 {head + "#EXTINF:,\na.ts\n", hls.ErrGarbage},
		"cut after EXTINF":            {head + one + "#EXTINF:4,\n", hls.ErrGarbage},
		"cut after STREAM-INF":        {"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", hls.ErrGarbage},
		"variant without a tag":       {"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\nb\n", hls.ErrGarbage},
		"bandwidth":                   {"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=lots\na\n", hls.ErrGarbage},
		"I-frames without a URI":      {"#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1\n", hls.ErrGarbage},
		"range no number":             {head + "#EXT-X-BYTERANGE:x@0\n" + one, hls.ErrByteRange},
		"range of nothing":            {head + "#EXT-X-BYTERANGE:0@0\n" + one, hls.ErrByteRange},
		"negative range":              {head + "#EXT-X-BYTERANGE:5@-1\n" + one, hls.ErrByteRange},
		"range beyond numbers":        {head + "#EXT-X-BYTERANGE:4611686018427387000@4611686018427387000\n" + one, hls.ErrByteRange},
		"range from nowhere":          {head + "#EXT-X-BYTERANGE:5\n" + one, hls.ErrByteRange},
		"range after a whole segment": {head + one + "#EXT-X-BYTERANGE:5\n" + one, hls.ErrByteRange},
		"range after another's":       {head + "#EXTINF:4,\n#EXT-X-BYTERANGE:5@0\nb.ts\n#EXT-X-BYTERANGE:5\n" + one, hls.ErrByteRange},
		"part's range from nowhere":   {head + "#EXT-X-PART:DURATION=1,URI=\"p\",BYTERANGE=\"5\"\n", hls.ErrByteRange},
		"map's range":                 {head + "#EXT-X-MAP:URI=\"i\",BYTERANGE=\"-5@0\"\n" + one, hls.ErrByteRange},
		"hint's range":                {head + "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p\",BYTERANGE-START=x\n", hls.ErrByteRange},
		"sequence no number":          {head + "#EXT-X-MEDIA-SEQUENCE:-1\n" + one, hls.ErrGarbage},
		"absurd sequence":             {head + "#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n" + one, hls.ErrGarbage},
		"open quote":                  {head + "#EXT-X-KEY:METHOD=AES-128,URI=\"k\n" + one, hls.ErrGarbage},
		"attribute twice":             {head + "#EXT-X-MAP:URI=\"a\",URI=\"b\"\n" + one, hls.ErrGarbage},
		"no attribute list":           {head + "#EXT-X-MAP:main.mp4\n" + one, hls.ErrGarbage},
		"text after a quote":          {head + "#EXT-X-MAP:URI=\"a\"b\n" + one, hls.ErrGarbage},
		"map without a URI":           {head + "#EXT-X-MAP:URI=\"\"\n" + one, hls.ErrGarbage},
		"key without a method":        {head + "#EXT-X-KEY:URI=\"k\"\n" + one, hls.ErrGarbage},
		"key without a URI":           {head + "#EXT-X-KEY:METHOD=AES-128\n" + one, hls.ErrGarbage},
		"IV not hexadecimal":          {head + "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0xzz\n" + one, hls.ErrGarbage},
		"IV too long":                 {head + "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x" + strings.Repeat("0", 34) + "\n" + one, hls.ErrGarbage},
		"skip in the middle":          {head + one + "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n" + one, hls.ErrGarbage},
		"absurd skip":                 {head + "#EXT-X-SKIP:SKIPPED-SEGMENTS=3000000\n" + one, hls.ErrGarbage},
		"part without duration":       {head + "#EXT-X-PART:URI=\"p\"\n", hls.ErrGarbage},
		"part without a URI":          {head + "#EXT-X-PART:DURATION=1\n", hls.ErrGarbage},
		"no URI":                      {head + "#EXTINF:4,\nhttp://[::1\n", hls.ErrGarbage},
		"undefined variable":          {head + "#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n#EXTINF:4,\n{$c}.ts\n", hls.ErrVariable},
		"open variable":               {head + "#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n#EXTINF:4,\n{$a.ts\n", hls.ErrVariable},
		"nothing to import":           {head + "#EXT-X-DEFINE:IMPORT=\"a\"\n" + one, hls.ErrVariable},
		"no such parameter":           {head + "#EXT-X-DEFINE:QUERYPARAM=\"user\"\n" + one, hls.ErrVariable},
		"variable twice":              {head + strings.Repeat("#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n", 2) + one, hls.ErrGarbage},
		"nameless variable":           {head + "#EXT-X-DEFINE:VALUE=\"b\"\n" + one, hls.ErrGarbage},
		"endless line":                {head + "#EXTINF:4,\n" + strings.Repeat("a", 20<<10), hls.ErrTooLarge},
		"endless first line":          {"#EXTM3U " + strings.Repeat("a", 20<<10), hls.ErrTooLarge},
		"100 MB":                      {head + strings.Repeat("#\n", 50<<20), hls.ErrTooLarge},
		"too many segments":           {head + strings.Repeat(one, 10_001), hls.ErrTooLarge},
		"too many parts":              {head + strings.Repeat("#EXT-X-PART:DURATION=1,URI=\"p\"\n", 10_001), hls.ErrTooLarge},
		"too many variants":           {"#EXTM3U\n" + strings.Repeat("#EXT-X-STREAM-INF:\na\n", 10_001), hls.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := hls.Parse([]byte(c.text), at(t, base), hls.Options{})
			require.Nil(t, p)
			require.ErrorIs(t, err, c.want)
			require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
			var f *fault.Error
			require.True(t, errors.As(err, &f))
			require.Contains(t, f.Message, "; ", "it says what to do")
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestBombsOfVariablesAndKeysAreBounded(t *testing.T) {
	long := strings.Repeat("v", 10<<10)
	define := "#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + long + "\"\n"
	for name, text := range map[string]string{
		"one line":  head + define + "#EXTINF:4,\n" + strings.Repeat("{$a}", 4000) + "\n",
		"all lines": head + define + strings.Repeat("#EXTINF:4,\n{$a}\n", 5000),
	} {
		_, err := hls.Parse([]byte(text), at(t, base), hls.Options{})
		require.Equal(t, fault.SourceInvalid, fault.CodeOf(err), name)
	}
	keys := head
	for i := range 5000 {
		keys += "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",KEYFORMAT=\"" + strings.Repeat("x", i%100) + string(rune('a'+i%26)) + "\"\n" + one
	}
	_, err := hls.Parse([]byte(keys), at(t, base), hls.Options{})
	require.ErrorIs(t, err, hls.ErrTooLarge)
}

func TestOddButHarmlessPlaylistsAreRead(t *testing.T) {
	for name, text := range map[string]string{
		"blanks after the header":  "#EXTM3U x-tvg-url=\"\"\n#EXT-X-TARGETDURATION:4\n" + one,
		"unknown version":          "#EXTM3U\n#EXT-X-VERSION:99\n#EXT-X-TARGETDURATION:4\n" + one,
		"fraction of a target":     "#EXTM3U\n#EXT-X-TARGETDURATION:4.5\n" + one,
		"target of 0":              "#EXTM3U\n#EXT-X-TARGETDURATION:0\n#EXTINF:0.2,\na.ts\n",
		"no comma":                 head + "#EXTINF:4\na.ts\n",
		"no last line end":         head + "#EXTINF:4,\na.ts",
		"blanks around attributes": head + "#EXT-X-MAP: URI = \"i.mp4\" \n" + one,
		"damaged date range":       head + "#EXT-X-DATERANGE:ID=\"a,START-DATE=\n" + one,
		"damaged date":             head + "#EXT-X-PROGRAM-DATE-TIME:yesterday\n" + one,
		"braces that mean nothing": head + "#EXTINF:4,\n{$a}.ts\n",
		"EXTINF twice":             head + "#EXTINF:9,\n" + one,
	} {
		p, err := hls.Parse([]byte(text), at(t, base), hls.Options{})
		require.NoError(t, err, name)
		require.Len(t, p.Media.Segments, 1, name)
		require.Positive(t, p.Media.TargetDuration, name)
	}
}

func TestVariablesComeFromPlaylistMasterAndQuery(t *testing.T) {
	p, err := hls.Parse([]byte(head+`#EXT-X-DEFINE:NAME="own",VALUE="a"
#EXT-X-DEFINE:IMPORT="host"
#EXT-X-DEFINE:QUERYPARAM="token"
#EXT-X-KEY:METHOD=AES-128,URI="{$host}/key?{$token}"
#EXTINF:4,
{$host}/{$own}-{$own}.ts?t={$token}
`), at(t, base), hls.Options{Variables: map[string]string{"host": "//cdn.example"}})
	require.NoError(t, err)
	s := p.Media.Segments[0]
	require.Equal(t, "https://cdn.example/a-a.ts?t=abc", s.URI)
	require.Equal(t, "https://cdn.example/key?abc", s.Keys[0].URI)
	require.Equal(t, []string{"token"}, p.QueryParameters)
	require.Equal(t, map[string]string{"own": "a", "host": "//cdn.example", "token": "abc"}, p.Variables)
}

func TestKeysOfSeveralFormatsApplyTogether(t *testing.T) {
	p := parse(t, head+`#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://1",KEYFORMAT="apple"
#EXT-X-KEY:METHOD=SAMPLE-AES,URI="data:text/plain;base64,AAAA",KEYFORMAT="widevine"
`+one+`#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://2",KEYFORMAT="apple"
`+one+"#EXT-X-KEY:METHOD=NONE\n"+one)
	uris := func(s hls.Segment) (all []string) {
		for _, k := range s.Keys {
			all = append(all, k.URI)
		}
		return all
	}
	require.Equal(t, []string{"skd://1", "data:text/plain;base64,AAAA"}, uris(p.Media.Segments[0]))
	require.Equal(t, []string{"data:text/plain;base64,AAAA", "skd://2"}, uris(p.Media.Segments[1]))
	require.Empty(t, p.Media.Segments[2].Keys)
}

func TestInitializationVector(t *testing.T) {
	p := parse(t, head+"#EXT-X-MEDIA-SEQUENCE:258\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n"+one+
		"#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0XABC\n"+one)
	s := p.Media.Segments
	require.Equal(t, [16]byte{14: 1, 15: 2}, s[0].Keys[0].IVOf(s[0].Sequence))
	require.Equal(t, [16]byte{14: 0x0a, 15: 0xbc}, s[1].Keys[0].IVOf(s[1].Sequence))
}

func TestProgramTimesReachBackAndForth(t *testing.T) {
	p := parse(t, head+one+"#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:10.500+0000\n"+one+one)
	for i, want := range []float64{6.5, 10.5, 14.5} {
		day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		require.Equal(t, want, p.Media.Segments[i].ProgramTime.Sub(day).Seconds())
	}
}

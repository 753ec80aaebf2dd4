package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "superp2p.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestDefaultsAreComplete(t *testing.T) {
	c, err := Load(Sources{})
	require.NoError(t, err)
	require.Equal(t, c, Default())
	require.Equal(t, ":8080", c.HTTP)
	require.Equal(t, 40*time.Second, c.Window)
	require.Equal(t, Size(64<<20), c.Limits.StreamBytes)
	require.Contains(t, c.PerViewer, "txSecret")
	require.Empty(t, c.Origins)
	for _, key := range Keys() {
		require.NotEmpty(t, key.Help, key.Name())
	}
}

func TestFlagWinsOverEnvironmentOverFile(t *testing.T) {
	path := write(t, "http: :1\nrtmp: :1\nstun: :1\norigins: [a.example]\nlimits:\n  streams: 5\n  readers: 6\n"+
		"channels:\n  live.1: http://a.example/1.flv\n  live/test: {publish_key: k}\n")
	c, err := Load(Sources{
		File: path,
		Environ: []string{"PATH=/bin", "SUPERP2P_RTMP=:2", "SUPERP2P_STUN=:2", "SUPERP2P_LIMITS_STREAMS=7",
			"SUPERP2P_ORIGINS=b.example, *.c.example", "SUPERP2P_CHANNELS=two=rtmp://a/b?x=1"},
		Flags: map[string]any{"stun": ":3", "source-give-up": 5 * time.Second, "limits-stream-bytes": Size(1 << 20),
			"channels": map[string]Channel{"three": {Source: "http://x/3.flv"}}},
	})
	require.NoError(t, err)
	require.Equal(t, []string{":1", ":2", ":3"}, []string{c.HTTP, c.RTMP, c.STUN})
	require.Equal(t, Limits{Streams: 7, Waiting: 10000, Readers: 6, Connections: 50000, StreamBytes: 1 << 20}, c.Limits)
	require.Equal(t, 5*time.Second, c.GiveUp)
	require.Equal(t, []string{"b.example", "*.c.example"}, c.Origins)
	require.Equal(t, map[string]Channel{
		"live.1": {Source: "http://a.example/1.flv"}, "live/test": {PublishKey: "k"},
		"two": {Source: "rtmp://a/b?x=1"}, "three": {Source: "http://x/3.flv"},
	}, c.Channels)
}

func TestWhatIsWrongIsNamedWithItsLine(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"unknown key":         {"http: :1\nhtpp: :2\n", "superp2p.yaml:2: htpp is no key"},
		"unknown nested key":  {"limits:\n  streams: 1\n  stream: 2\n", "superp2p.yaml:3: limits.stream is no key"},
		"unknown channel key": {"channels:\n  a:\n    url: x\n", "superp2p.yaml:3: channels.a.url is no key"},
		"number":              {"\nlimits:\n  streams: many\n", `superp2p.yaml:3: limits.streams must be a whole number, not "many"`},
		"quoted number":       {"limits: {streams: \"3\"}\n", "superp2p.yaml:1: limits.streams must be a whole number"},
		"negative":            {"limits: {streams: -3}\n", "superp2p.yaml:1: limits.streams must be a whole number"},
		"duration":            {"window: 40\n", `superp2p.yaml:1: window must be a duration such as 30s, not "40"`},
		"size":                {"limits: {stream_bytes: 3 pints}\n", "superp2p.yaml:1: limits.stream_bytes must be a size"},
		"text":                {"http: [1]\n", "superp2p.yaml:1: http must be a text, not a list"},
		"text from number":    {"publish_key: 1234\n", "superp2p.yaml:1: publish_key must be a text"},
		"list":                {"origins: a.example\n", "superp2p.yaml:1: origins must be a list of texts"},
		"list of mappings":    {"origins:\n - a\n - {b: c}\n", "superp2p.yaml:3: origins must hold texts only"},
		"channels":            {"channels: [a]\n", "superp2p.yaml:1: channels must be a mapping"},
		"channel":             {"channels:\n  a: [b]\n", "superp2p.yaml:2: channels.a must be a URL"},
		"section":             {"limits: 3\n", "superp2p.yaml:1: limits must be a mapping"},
		"top level":           {"- a\n", "superp2p.yaml:1: the file must be a mapping"},
		"twice":               {"http: :1\nhttp: :2\n", "superp2p.yaml:2: http is given twice"},
		"no YAML":             {"http: [\n", "is not valid YAML"},
		"no level":            {"log: {level: loud}\n", `log.level is "loud"`},
		"cert without key":    {"tls_cert: a\n", "tls_cert and tls_key go together"},
		"no window":           {"window: 1s\n", "window must be at least 5s"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(Sources{File: write(t, test.file)})
			require.ErrorContains(t, err, test.want)
			require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
		})
	}
}

func TestWhatIsWrongInTheEnvironmentIsNamed(t *testing.T) {
	for entry, want := range map[string]string{
		"SUPERP2P_HTPP=:1":            "SUPERP2P_HTPP, which is no key",
		"SUPERP2P_LIMITS_STREAMS=few": "SUPERP2P_LIMITS_STREAMS must be a whole number",
		"SUPERP2P_WINDOW=1":           "SUPERP2P_WINDOW must be a duration",
		"SUPERP2P_CHANNELS=http://x":  "SUPERP2P_CHANNELS must be a mapping",
	} {
		_, err := Load(Sources{Environ: []string{entry}})
		require.ErrorContains(t, err, want)
		require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
	}
}

func TestMissingAndHugeFilesAreRefused(t *testing.T) {
	_, err := Load(Sources{File: filepath.Join(t.TempDir(), "none.yaml")})
	require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
	_, err = Load(Sources{File: write(t, strings.Repeat("# x\n", maxFile/4+1))})
	require.ErrorContains(t, err, "larger than 1 MiB")
}

func TestPrintedConfigurationReadsBackTheSame(t *testing.T) {
	c := Default()
	c.PublishKey = "1234: #"
	c.Origins = []string{"*.example.com", "[2001:db8::1]:8080/live"}
	c.Channels = map[string]Channel{"live1": {Source: "http://a/1.flv"}, "live/test": {PublishKey: "k"}}
	c.GiveUp, c.Limits.StreamBytes = 90*time.Second, 3<<20+1
	var b bytes.Buffer
	require.NoError(t, Print(&b, c))
	back, err := Load(Sources{File: write(t, b.String())})
	require.NoError(t, err, b.String())
	require.Equal(t, c, back)
	for _, key := range Keys() {
		require.Contains(t, b.String(), key.Path[len(key.Path)-1]+":")
	}
}

// row is how docs/configuration.md shows a key.
func row(k Key) string {
	def := "`" + k.Default + "`"
	if k.Default == "" {
		def = "–"
	}
	return strings.Join([]string{"| `" + k.Name() + "`", "`--" + k.Flag() + "`", "`" + k.Env() + "`", def, k.Help + " |"}, " | ")
}

func TestDocumentListsEveryKey(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	require.NoError(t, err)
	for _, key := range Keys() {
		require.Contains(t, string(doc), row(key)+"\n", "docs/configuration.md must have this row:\n%s", row(key))
	}
}

func TestExampleInTheDocumentLoads(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(doc), "```yaml\n")
	require.True(t, ok)
	example, _, _ := strings.Cut(rest, "```")
	c, err := Load(Sources{File: write(t, example)})
	require.NoError(t, err)
	require.Len(t, c.Channels, 4)
	require.Equal(t, 50, c.Limits.Streams)
}

func FuzzParseYAML(f *testing.F) {
	var b bytes.Buffer
	require.NoError(f, Print(&b, Default()))
	f.Add(b.Bytes())
	f.Add([]byte("channels:\n  a: &x {source: b}\n  c: *x\norigins: [*x]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := parseYAML("f", text)
		if err != nil {
			require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
			return
		}
		require.NotNil(t, l)
	})
}

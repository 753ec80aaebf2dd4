package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// few makes a scenario small enough for a test.
var few = []string{"--viewers", "20", "--duration", "20s"}

// callFew calls superp2p sim with args, with few viewers and little time.
func callFew(t *testing.T, args ...string) (status int, out, said string) {
	t.Helper()
	return call(t, append(append([]string{"sim"}, args...), few...)...)
}

// scenario writes a scenario into a file and returns its path.
func scenario(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestSimRefusesWhatMakesNoSense(t *testing.T) {
	unknown := scenario(t, "a.yaml", "name: a\n\nviewer: 3\n")
	page := scenario(t, "page.md", "<!-- sim -->\n")
	for says, args := range map[string][]string{
		"name a scenario":                   nil,
		"neither a scenario":                {"nope"},
		"a.yaml:3: viewer is no key":        {unknown},
		"--seeds":                           {"live-1000", "--seeds", "0"},
		"--parallel":                        {"live-1000", "--parallel", "0"},
		"--viewers must":                    {"live-1000", "--viewers", "0"},
		"--duration":                        {"live-1000", "--duration", "0"},
		"--delay":                           {"live-1000", "--delay=-1s"},
		"delay must be from":                {"live-1000", "--delay", "100s"},
		"is no bit rate":                    {"live-1000", "--bitrate", "fast"},
		"loss must be from 0 to 0.5, not 2": {"live-1000", "--loss", "2"},
		"churn must be":                     {"live-1000", "--churn=-1"},
		"policy":                            {"live-1000", "--policy", "guess=1"},
		".svg or .png":                      {"live-1000", "--plot", "a.gif"},
		"both named live-1000":              {"live-1000", scenario(t, "b.yaml", "name: live-1000")},
		"<!-- /sim -->":                     {"live-1000", "--markdown", page},
		"no such file":                      {"live-1000", "--markdown", page + ".none"},
	} {
		status, out, said := call(t, append([]string{"sim"}, args...)...)
		require.Equal(t, exitUsage, status, "%v: %s", args, said)
		require.Contains(t, said, says)
		require.Empty(t, out)
	}
}

func TestSimListsItsScenarios(t *testing.T) {
	status, out, said := call(t, "sim", "--list")
	require.Equal(t, exitOK, status, said)
	require.Regexp(t, `(?m)^live-1000 +\S.*$`, out)
	require.Regexp(t, `(?m)^vod-500 +\S.*$`, out)
}

func TestSimPrintsATable(t *testing.T) {
	status, out, said := callFew(t, "live-1000", scenario(t, "mine.yaml", "delay: 4s"), "--seeds", "2", "--parallel", "3")
	require.Equal(t, exitOK, status, said)
	require.Regexp(t, `(?ms)^scenario .*^live-1000 +1 .*^live-1000 +2 .*^mine +1 .*^mine +2 `, out)
	require.Contains(t, said, "mine, seed 2: 20 s simulated in ")
}

func TestSimPrintsTheSameFiguresForTheSameSeed(t *testing.T) {
	status, first, said := callFew(t, "live-1000", "half-mute", "--json")
	require.Equal(t, exitOK, status, said)
	status, second, said := callFew(t, "live-1000", "half-mute", "--json", "--parallel", "2")
	require.Equal(t, exitOK, status, said)
	require.Equal(t, first, second)

	d := json.NewDecoder(strings.NewReader(first))
	var live, half map[string]any
	require.NoError(t, d.Decode(&live))
	require.NoError(t, d.Decode(&half))
	require.ErrorIs(t, d.Decode(&live), io.EOF)
	require.Equal(t, "live-1000", live["scenario"])
	require.EqualValues(t, 20, live["viewers"])
	require.NotContains(t, live, "plain_cdn_stalls")
	require.Contains(t, half, "plain_cdn_stalls", "a bar compares with the same audience without peers")
}

func TestSimTakesFlagsInsteadOfTheScenario(t *testing.T) {
	status, out, said := callFew(t, "live-1000", "--json", "--no-peers", "--seed", "7", "--loss", "0", "--churn", "0",
		"--delay", "4s", "--bitrate", "800k")
	require.Equal(t, exitOK, status, said)
	var r map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.EqualValues(t, 7, r["seed"])
	require.EqualValues(t, 20, r["seconds"])
	require.EqualValues(t, 0, r["offload"])
}

func TestSimChecksBars(t *testing.T) {
	easy := scenario(t, "easy.yaml", "bars: {offload: 0.01}")
	status, _, said := callFew(t, easy, "--check")
	require.Equal(t, exitOK, status, said)

	hard := scenario(t, "hard.yaml", "bars: {offload: 1, start_p95_ms: 1}")
	status, out, said := callFew(t, hard, "--check")
	require.Equal(t, exitMissed, status)
	require.NotEmpty(t, out, "the figures are printed all the same")
	require.Contains(t, said, "\n  hard, seed 1: offload is ")
	require.Contains(t, said, "wanted at least 100 %\n  hard, seed 1: start, p95 is ")

	status, _, said = callFew(t, hard)
	require.Equal(t, exitOK, status, said)
}

func TestSimDraws(t *testing.T) {
	dir := t.TempDir()
	vector, pixels := filepath.Join(dir, "a.svg"), filepath.Join(dir, "a.png")
	for _, path := range []string{vector, pixels} {
		status, _, said := callFew(t, "live-1000", "--plot", path)
		require.Equal(t, exitOK, status, said)
	}
	b, err := os.ReadFile(vector)
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(b, new(struct {
		XMLName xml.Name `xml:"svg"`
	})))
	b, err = os.ReadFile(pixels)
	require.NoError(t, err)
	_, err = png.Decode(bytes.NewReader(b))
	require.NoError(t, err)
}

func TestSimWritesItsTableIntoAPage(t *testing.T) {
	page := scenario(t, "page.md", "# Page\n\n<!-- sim -->\nold\n<!-- /sim -->\n\nEnd\n")
	for range 2 {
		status, _, said := callFew(t, "live-1000", "--markdown", page)
		require.Equal(t, exitOK, status, said)
		b, err := os.ReadFile(page)
		require.NoError(t, err)
		require.Regexp(t, "(?s)^# Page\n\n<!-- sim -->\n\n\\| scenario .*\n\\| `live-1000` \\| 1 .*\\|\n\n"+
			"<!-- /sim -->\n\nEnd\n$", string(b))
		require.NotContains(t, string(b), "old")
	}
}

func TestSimEndsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, said strings.Builder
	status := run(ctx, append([]string{"sim", "live-1000", "exodus", "--parallel", "2"}, few...), stdio{nil, &out, &said})
	require.Equal(t, exitFailure, status)
	require.Contains(t, said.String(), "interrupted")
	require.Empty(t, out.String())
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestSimSaysWhenItCannotPrint(t *testing.T) {
	for _, args := range [][]string{{"--json"}, nil} {
		var said strings.Builder
		args = append(append([]string{"sim", "live-1000"}, few...), args...)
		require.Equal(t, exitFailure, run(t.Context(), args, stdio{nil, full{}, &said}))
		require.Contains(t, said.String(), "no room")
	}
}

package superp2p

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/fault"
)

const schemaPage = "docs/playconfig.schema.json"

// update says that generated files are written and not compared: UPDATE=1, as make generate sets it.
func update() bool { return os.Getenv("UPDATE") != "" }

func TestSchemaOfPlayConfigIsWritten(t *testing.T) {
	want, err := playConfigSchema()
	require.NoError(t, err)
	if update() {
		require.NoError(t, os.WriteFile(schemaPage, want, 0o644))
	}
	got, err := os.ReadFile(schemaPage)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "call make generate")
}

func TestEachFieldOfPlayConfigIsAKey(t *testing.T) {
	keys := playConfigKeys()
	kinds := map[string]string{
		"time.Duration": "number", "float64": "number", "int": "integer", "string": "string", "bool": "boolean", "*bool": "boolean",
	}
	fields := reflect.TypeFor[PlayConfig]()
	for i := range fields.NumField() {
		f := fields.Field(i)
		key, ok := keys[f.Tag.Get("json")]
		require.True(t, ok, f.Name)
		require.Equal(t, kinds[f.Type.String()], key.kind, f.Name)
	}
	require.Len(t, keys, fields.NumField())
}

func TestParsePlayConfig(t *testing.T) {
	off := false
	c, err := ParsePlayConfig([]byte(`{"delay": 2.5, "startTimeout": 4, "upload": false, "uploadRate": 1e6, "maxPeers": 8.0, "memory": 1048576,
		"token": "t", "channel": "c/d", "streamID": "s", "httpOnly": true, "minViewers": 3}`))
	require.NoError(t, err)
	require.Equal(t, &PlayConfig{
		Delay: 2500 * time.Millisecond, StartTimeout: 4 * time.Second, Upload: &off, UploadRate: 1e6, MaxPeers: 8, Memory: 1 << 20,
		Token: "t", Channel: "c/d", StreamID: "s", HTTPOnly: true, MinViewers: 3,
	}, c)
	c, err = ParsePlayConfig([]byte(` {"delay": null, "upload": null, "maxPeers": 0} `))
	require.NoError(t, err)
	require.Equal(t, &PlayConfig{}, c)
	on := true
	for text, want := range map[string]PlayConfig{
		`{"upload": {"maxBytesPerSecond": 1000}}`:                     {Upload: &on, UploadRate: 1000},
		`{"upload": {"maxBytesPerSecond": 0}}`:                        {Upload: &off},
		`{"upload": {"maxBytesPerSecond": 1000}, "uploadRate": 500}`:  {Upload: &on, UploadRate: 500},
		`{"upload": {"maxBytesPerSecond": 1000}, "uploadRate": 2000}`: {Upload: &on, UploadRate: 1000},
		`{"upload": {"maxBytesPerSecond": 1000}, "uploadRate": 0}`:    {Upload: &on, UploadRate: 1000},
	} {
		c, err = ParsePlayConfig([]byte(text))
		require.NoError(t, err)
		require.Equal(t, &want, c, text)
	}
}

func TestPlayConfigsThatAreRefused(t *testing.T) {
	for _, test := range []struct{ text, says string }{
		{``, "no JSON object"},
		{`[]`, "no JSON object"},
		{`null`, "no JSON object"},
		{`{} {}`, "no JSON object"},
		{`{"delay": 6`, "no JSON object"},
		{`{"dellay": 6}`, `has no key "dellay"; did you mean "delay"?`},
		{`{"Delay": 6}`, `did you mean "delay"?`},
		{`{"startTimout": 6}`, `did you mean "startTimeout"?`},
		{`{"max_peers": 6}`, `did you mean "maxPeers"?`},
		{`{"streamid": "x"}`, `did you mean "streamID"?`},
		{`{"volume": 6}`, "the keys are channel, delay,"},
		{`{"` + strings.Repeat("x", 1000) + `": 6}`, "the keys are"},
		{`{"delay": "6"}`, `"delay" of the play configuration must be a number, 0 or 2 to 30`},
		{`{"delay": 1}`, `must be 0 or 2 to 30`},
		{`{"delay": 31}`, `must be 0 or 2 to 30`},
		{`{"startTimeout": -1}`, `must be 0 to 600`},
		{`{"maxPeers": 1.5}`, `must be a whole number, 0 to 256`},
		{`{"maxPeers": 1e400}`, `must be a whole number`},
		{`{"memory": true}`, `must be a whole number`},
		{`{"httpOnly": 1}`, `must be true or false`},
		{`{"upload": 1}`, `must be true, false or an object`},
		{`{"upload": {}}`, `must be true, false or an object {"maxBytesPerSecond": number}`},
		{`{"upload": {"maxBytesPerSecond": null}}`, `must be true, false or an object`},
		{`{"upload": {"maxBytesPerSecond": -1}}`, `with a number, 0 to 1099511627776`},
		{`{"upload": {"maxBytesPerSecond": 1, "x": 2}}`, `must be true, false or an object`},
		{`{"token": 1}`, `must be a text`},
		{`{"token": "a\nb"}`, `without control characters`},
		{`{"token": "` + strings.Repeat("x", 8<<10+1) + `"}`, `at most 8 KiB long`},
		{`{"token": "` + strings.Repeat("x", 64<<10) + `"}`, `larger than 64 KiB`},
	} {
		_, err := ParsePlayConfig([]byte(test.text))
		require.Equal(t, fault.ConfigInvalid, CodeOf(err))
		require.ErrorContains(t, err, test.says)
	}
}

func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := playConfigSchema()
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("playconfig.json", document))
	s, err := c.Compile("playconfig.json")
	require.NoError(t, err)
	return s
}

// TestTheSchemaAcceptsWhatTheParserDoes compares the two with configurations at random, by another validator.
func TestTheSchemaAcceptsWhatTheParserDoes(t *testing.T) {
	schema := compiled(t)
	names := []string{"other"}
	for name := range playConfigKeys() {
		names = append(names, name)
	}
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.SampledFrom([]any{"", "x", "a\x00b", "a\x7f", []any{}, map[string]any{}}),
		rapid.SampledFrom([]any{map[string]any{"maxBytesPerSecond": 5}, map[string]any{"maxBytesPerSecond": -5},
			map[string]any{"maxBytesPerSecond": "x"}, map[string]any{"maxBytesPerSecond": nil}, map[string]any{"maxBytesPerSecond": 5, "x": 1}}),
		rapid.IntRange(-2, 300).AsAny(), rapid.Float64Range(-1, 700).AsAny(), rapid.SampledFrom([]any{1e6, 1e6 + 1, 1 << 40, 1<<40 + 1}),
	)
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOfN(rapid.SampledFrom(names), value, 0, 3).Draw(t, "config")
		text, err := json.Marshal(m)
		require.NoError(t, err)
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		_, err = ParsePlayConfig(text)
		invalid := schema.Validate(document)
		require.Equal(t, invalid == nil, err == nil, "%s: schema %v, parser %v", text, invalid, err)
	})
}

func FuzzParsePlayConfig(f *testing.F) {
	for _, s := range []string{`{"delay":6}`, `{"token":"x","maxPeers":3}`, `{"dellay":6}`, `{"memory":1e30}`, `[]`, "{\"\xff\":1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParsePlayConfig(b)
		if err != nil {
			require.Nil(t, c)
			require.Equal(t, fault.ConfigInvalid, CodeOf(err))
			require.Less(t, len(err.Error()), 1000)
			return
		}
		require.GreaterOrEqual(t, c.Delay, time.Duration(0))
		require.GreaterOrEqual(t, c.Memory, 0)
	})
}

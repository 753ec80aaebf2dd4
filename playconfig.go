package superp2p

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"github.com/superp2p/superp2p/internal/fault"
)

const (
	maxPlayConfig = 64 << 10 // the largest text that ParsePlayConfig reads, in bytes
	maxConfigText = 8 << 10  // the longest text in it, in bytes
)

// playConfigKey is one key of a PlayConfig in JSON: the one place from which ParsePlayConfig and
// docs/playconfig.schema.json are made.
type playConfigKey struct {
	kind     string  // as JSON Schema calls it: "boolean", "integer", "number" or "string"
	min, max float64 // of numbers, where 0 is fine too; of a boolean that may be {"maxBytesPerSecond": number} instead, of that number
	about    string  // for people, with the unit and what is so without the key
	set      func(c *PlayConfig, number float64, text string, on bool)
}

// playConfigKeys are the keys by their names, which all SDKs share.
func playConfigKeys() map[string]playConfigKey {
	seconds := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	return map[string]playConfigKey{
		"delay": {
			"number", 2, 30, "How far behind the live edge to play, in seconds, 2 to 30. If 0, 6 s, of HLS two target durations less half a second.",
			func(c *PlayConfig, n float64, _ string, _ bool) { c.Delay = seconds(n) },
		},
		"startTimeout": {
			"number", 0, 600, "Longest time from play until the first frame is there, in seconds; then the play fails. If 0, 10 s.",
			func(c *PlayConfig, n float64, _ string, _ bool) { c.StartTimeout = seconds(n) },
		},
		"upload": {
			"boolean", 0, 1 << 40, "Whether peers are given anything; as an object, how much at the most, in bytes a second. If left out, they are.",
			func(c *PlayConfig, n float64, _ string, on bool) { c.setUpload(n, on) },
		},
		"uploadRate": {
			"number", 0, 1 << 40, "Most that peers are given, in bytes a second. If 0, it is not limited.",
			func(c *PlayConfig, n float64, _ string, _ bool) { c.limitUpload(n) },
		},
		"maxPeers": {
			"integer", 0, 256, "How many neighbours are looked for. If 0, 16.",
			func(c *PlayConfig, n float64, _ string, _ bool) { c.MaxPeers = int(n) },
		},
		"memory": {
			"integer", 0, 1 << 40, "Most that is held for peers and for playing, in bytes. If 0, 64 MiB of a live stream, 256 MiB of a file.",
			func(c *PlayConfig, n float64, _ string, _ bool) { c.Memory = int(min(n, math.MaxInt)) },
		},
		"token": {
			"string", 0, 0, "Goes to the server with each request, as «Authorization: Bearer». If empty, nothing does.",
			func(c *PlayConfig, _ float64, s string, _ bool) { c.Token = s },
		},
		"channel": {
			"string", 0, 0, "Id of the stream at the server, which is then played instead of the URL. If empty, the URL is played.",
			func(c *PlayConfig, _ float64, s string, _ bool) { c.Channel = s },
		},
		"streamID": {
			"string", 0, 0, "Names the stream in logs and events. If empty, the URL does.",
			func(c *PlayConfig, _ float64, s string, _ bool) { c.StreamID = s },
		},
		"httpOnly": {
			"boolean", 0, 0, "Takes everything from the server: no peers. If left out, peers are used.",
			func(c *PlayConfig, _ float64, _ string, on bool) { c.HTTPOnly = on },
		},
		"minViewers": {
			"integer", 0, 1e6, "How many viewers, this one included, a stream must have before anything is taken from peers. If 0, any number.",
			func(c *PlayConfig, n float64, _ string, _ bool) { c.MinViewers = int(n) },
		},
	}
}

// ParsePlayConfig reads a PlayConfig from JSON: an object with the keys of docs/playconfig.schema.json, which are those
// that all SDKs take. Durations are in seconds, fractions allowed. A key that is left out or null is as if it were never
// named.
//
// Errors: fault config_invalid, which names the key, for unknown keys (with the one that was probably meant), values of
// the wrong type or out of range, and for what is no JSON object or larger than 64 KiB.
func ParsePlayConfig(data []byte) (*PlayConfig, error) {
	if len(data) > maxPlayConfig {
		return nil, fault.New(fault.ConfigInvalid, "the play configuration is larger than 64 KiB; check that it is the right file")
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil || values == nil {
		return nil, fault.New(fault.ConfigInvalid, `the play configuration is no JSON object; give one such as {"delay": 6}`)
	}
	known := playConfigKeys()
	c := &PlayConfig{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		key, ok := known[name]
		if !ok {
			return nil, unknownKey(name, slices.Sorted(maps.Keys(known)))
		}
		if err := key.parse(c, name, values[name]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// unknownKey says which key was probably meant, if that can be guessed.
func unknownKey(name string, known []string) error {
	shown := strconv.Quote(name)
	if len(name) > 40 {
		shown = strconv.Quote(name[:40]) + " …"
		name = name[:40]
	}
	best, least := "", 1+len(name)/2
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return fault.New(fault.ConfigInvalid, "the play configuration has no key "+shown+"; the keys are "+strings.Join(known, ", "))
	}
	return fault.New(fault.ConfigInvalid, "the play configuration has no key "+shown+"; did you mean "+strconv.Quote(best)+"?")
}

// parse sets one value.
func (k *playConfigKey) parse(c *PlayConfig, name string, raw json.RawMessage) error {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" {
		return nil
	}
	wrong := func(want string) error {
		return fault.New(fault.ConfigInvalid, fmt.Sprintf("%q of the play configuration must be %s", name, want))
	}
	switch k.kind {
	case "boolean":
		var on bool
		if json.Unmarshal(raw, &on) == nil {
			k.set(c, 0, "", on)
			return nil
		}
		if k.max == 0 {
			return wrong("true or false")
		}
		n, ok := k.limit(raw)
		if !ok {
			return wrong(`true, false or an object {"maxBytesPerSecond": number}, with a number` + k.span())
		}
		k.set(c, n, "", n > 0)
	case "string":
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return wrong("a text")
		}
		if len(s) > maxConfigText {
			return wrong("at most 8 KiB long")
		}
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return wrong("a text without control characters")
		}
		k.set(c, 0, s, false)
	default:
		var n float64
		if json.Unmarshal(raw, &n) != nil || k.kind == "integer" && n != math.Trunc(n) {
			return wrong(map[string]string{"integer": "a whole number", "number": "a number"}[k.kind] + k.span())
		}
		if n != 0 && (n < k.min || n > k.max) {
			return wrong(strings.TrimPrefix(k.span(), ", "))
		}
		k.set(c, n, "", false)
	}
	return nil
}

// limit reads {"maxBytesPerSecond": number}.
func (k *playConfigKey) limit(raw json.RawMessage) (float64, bool) {
	var fields map[string]*float64
	if json.Unmarshal(raw, &fields) != nil || len(fields) != 1 || fields[limitKey] == nil {
		return 0, false
	}
	n := *fields[limitKey]
	return n, n >= k.min && n <= k.max
}

// limitKey is that of an upload which is an object.
const limitKey = "maxBytesPerSecond"

// setUpload says whether peers are given anything, and how much at the most if n is not 0.
func (c *PlayConfig) setUpload(n float64, on bool) {
	c.Upload = &on
	c.limitUpload(n)
}

// limitUpload sets UploadRate, unless it is lower already.
func (c *PlayConfig) limitUpload(n float64) {
	if c.UploadRate == 0 || n > 0 && n < c.UploadRate {
		c.UploadRate = n
	}
}

// span says which numbers are accepted.
func (k *playConfigKey) span() string {
	from, to := strconv.FormatFloat(k.min, 'f', -1, 64), strconv.FormatFloat(k.max, 'f', -1, 64)
	if k.min > 0 {
		return ", 0 or " + from + " to " + to
	}
	return ", " + from + " to " + to
}

// playConfigSchema returns the JSON Schema of what ParsePlayConfig accepts.
func playConfigSchema() ([]byte, error) {
	properties := map[string]any{}
	for name, k := range playConfigKeys() {
		p := map[string]any{"type": []string{k.kind, "null"}, "description": k.about}
		switch k.kind {
		case "string":
			p["maxLength"], p["pattern"] = maxConfigText, `^[^\x00-\x1f\x7f]*$`
		case "boolean":
			if k.max > 0 {
				p["type"] = []string{"boolean", "object", "null"}
				p["properties"] = map[string]any{limitKey: map[string]any{"type": "number", "minimum": k.min, "maximum": k.max}}
				p["required"], p["additionalProperties"] = []string{limitKey}, false
			}
		case "number", "integer":
			p["minimum"], p["maximum"] = k.min, k.max
			if k.min > 0 {
				delete(p, "minimum")
				delete(p, "maximum")
				p["anyOf"] = []any{
					map[string]any{"enum": []any{0, nil}},
					map[string]any{"minimum": k.min, "maximum": k.max},
				}
			}
		}
		properties[name] = p
	}
	b, err := json.MarshalIndent(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "PlayConfig",
		"description":          "The config of P2PNetStream.play(url, config), the same in all SDKs.",
		"type":                 "object",
		"additionalProperties": false,
		"properties":           properties,
	}, "", "  ")
	return append(b, '\n'), err
}

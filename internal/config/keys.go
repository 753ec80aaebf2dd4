package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Key describes one thing that can be set.
type Key struct {
	Path    []string // the key in the file, one element a level
	Default string   // as text, "" if none
	Help    string
	typ     reflect.Type
	index   []int
}

// Name is the key as documents write it: limits.streams.
func (k Key) Name() string { return strings.Join(k.Path, ".") }

// Flag is the name on the command line, without dashes: limits-streams.
func (k Key) Flag() string { return strings.ReplaceAll(strings.Join(k.Path, "-"), "_", "-") }

// Env is the name in the environment: SUPERP2P_LIMITS_STREAMS.
func (k Key) Env() string { return envPrefix + strings.ToUpper(strings.Join(k.Path, "_")) }

const envPrefix = "SUPERP2P_"

// Keys lists every key in the order of the struct.
func Keys() []Key { return keysOf(reflect.TypeFor[Config](), nil, nil) }

func keysOf(t reflect.Type, path []string, index []int) []Key {
	var keys []Key
	for i := range t.NumField() {
		f := t.Field(i)
		p := append(path[:len(path):len(path)], f.Tag.Get("koanf"))
		at := append(index[:len(index):len(index)], i)
		if f.Type.Kind() == reflect.Struct {
			keys = append(keys, keysOf(f.Type, p, at)...)
			continue
		}
		def := f.Tag.Get("default")
		for name, value := range Vars() {
			def = strings.ReplaceAll(def, "${"+name+"}", value)
		}
		keys = append(keys, Key{Path: p, Default: def, Help: f.Tag.Get("help"), typ: f.Type, index: at})
	}
	return keys
}

// wants says in words what a value must look like.
func (k Key) wants() string {
	switch {
	case k.typ == reflect.TypeFor[time.Duration]():
		return "a duration such as 30s"
	case k.typ == reflect.TypeFor[Size]():
		return "a size such as 64MiB"
	}
	switch k.typ.Kind() {
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list of texts"
	case reflect.Map:
		return "a mapping of channel ids to sources"
	default:
		return "a text"
	}
}

// parse checks a text and returns it in the form that all layers are merged in: what a YAML file would hold.
func (k Key) parse(text string) (any, error) {
	refuse := func() (any, error) { return nil, fmt.Errorf("%q is not %s", text, k.wants()) }
	switch k.typ.Kind() {
	case reflect.Int64:
		if k.typ == reflect.TypeFor[time.Duration]() {
			if d, err := time.ParseDuration(text); err != nil || d < 0 {
				return refuse()
			}
			return text, nil
		}
		if err := reflect.New(k.typ).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			return refuse()
		}
		return text, nil
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return refuse()
		}
		return int(n), nil
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return refuse()
		}
		return b, nil
	case reflect.Slice:
		return splitList(text), nil
	case reflect.Map:
		channels := map[string]any{}
		for _, entry := range strings.Split(text, ";") {
			if strings.TrimSpace(entry) == "" {
				continue
			}
			id, source, ok := strings.Cut(strings.TrimSpace(entry), "=")
			if !ok || id == "" {
				return nil, fmt.Errorf("%q is not of the form id=URL;id=URL", text)
			}
			channels[id] = map[string]any{"source": source}
		}
		return channels, nil
	default:
		return text, nil
	}
}

func splitList(text string) []any {
	list := []any{}
	for _, item := range strings.Split(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

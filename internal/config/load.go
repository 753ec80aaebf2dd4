package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/knadh/koanf/v2"

	"github.com/superp2p/superp2p/internal/fault"
)

// Sources are the places that Load merges.
type Sources struct {
	// File is the path of a YAML file. If empty, there is none.
	File string
	// Environ holds entries as os.Environ returns them; those that do not start with SUPERP2P_ are left alone.
	Environ []string
	// Flags holds the values given on the command line by flag name, in the types of Config's fields.
	Flags map[string]any
}

// maxFile is the largest configuration file that is read.
const maxFile = 1 << 20

// delimiter separates the levels of a key inside koanf: channel ids may hold any printable sign.
const delimiter = "\x1f"

// layer is a koanf.Provider of values that are already in memory.
type layer map[string]any

func (l layer) Read() (map[string]any, error) { return l, nil }
func (layer) ReadBytes() ([]byte, error)      { return nil, errors.ErrUnsupported }

// Load merges the sources over the defaults: a flag wins over the environment, which wins over the file. Lists
// replace each other, channels are joined by id. Errors are *fault.Error with code config_invalid and name the key and
// where it stands: the line of the file, the variable.
func Load(from Sources) (Config, error) {
	k := koanf.New(delimiter)
	layers := []func() (layer, error){
		defaults,
		func() (layer, error) { return fromFile(from.File) },
		func() (layer, error) { return fromEnv(from.Environ) },
		func() (layer, error) { return fromFlags(from.Flags), nil },
	}
	for _, read := range layers {
		l, err := read()
		if err != nil {
			return Config{}, err
		}
		if err := k.Load(l, nil); err != nil {
			return Config{}, fault.Wrap(fault.ConfigInvalid, "the configuration cannot be merged", err)
		}
	}
	var c Config
	if err := k.Unmarshal("", &c); err != nil {
		return Config{}, fault.Wrap(fault.ConfigInvalid, "the configuration cannot be read", err)
	}
	return c, check(&c)
}

func defaults() (layer, error) {
	l := layer{}
	for _, key := range Keys() {
		if key.Default == "" {
			continue
		}
		v, err := key.parse(key.Default)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, "the default of "+key.Name()+" is wrong", err)
		}
		l.set(key.Path, v)
	}
	return l, nil
}

func fromFile(path string) (layer, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.ConfigInvalid, "the configuration file cannot be opened; check --config", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fault.Wrap(fault.ConfigInvalid, "the configuration file cannot be read", err)
	}
	if len(text) > maxFile {
		return nil, fault.New(fault.ConfigInvalid, path+" is larger than 1 MiB: that is no configuration file")
	}
	return parseYAML(path, text)
}

func fromEnv(environ []string) (layer, error) {
	l, keys := layer{}, Keys()
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		// SUPERP2P_CONFIG and others may belong to the commands, but a mistyped key must not pass in silence.
		if !strings.HasPrefix(name, envPrefix) || name == envPrefix+"CONFIG" || name == envPrefix+"SERVER" {
			continue
		}
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Env() == name })
		if i < 0 {
			return nil, fault.New(fault.ConfigInvalid, "the environment sets "+name+
				", which is no key; docs/configuration.md lists them")
		}
		v, err := keys[i].parse(text)
		if err != nil {
			return nil, fault.Wrap(fault.ConfigInvalid, "the environment's "+name+" must be "+keys[i].wants(), err)
		}
		l.set(keys[i].Path, v)
	}
	return l, nil
}

func fromFlags(flags map[string]any) layer {
	l := layer{}
	for _, key := range Keys() {
		if v, ok := flags[key.Flag()]; ok {
			l.set(key.Path, plain(reflect.ValueOf(v)))
		}
	}
	return l
}

// plain turns a field's value into what a YAML file would hold.
func plain(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Duration:
		return x.String()
	case Size:
		return x.String()
	case map[string]Channel:
		m := map[string]any{}
		for id, c := range x {
			e := map[string]any{"source": c.Source}
			if c.PublishKey != "" {
				e["publish_key"] = c.PublishKey
			}
			m[id] = e
		}
		return m
	case []string:
		list := []any{}
		for _, s := range x {
			list = append(list, s)
		}
		return list
	default:
		return x
	}
}

func (l layer) set(path []string, v any) {
	m := map[string]any(l)
	for _, name := range path[:len(path)-1] {
		next, ok := m[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[name] = next
		}
		m = next
	}
	m[path[len(path)-1]] = v
}

// check refuses values that no type can exclude.
func check(c *Config) error {
	refuse := func(key, why string) error {
		return fault.New(fault.ConfigInvalid, key+" "+why)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return refuse("tls_cert and tls_key", "go together: set both or neither")
	}
	if c.HTTP == "" {
		return refuse("http", "must be an address such as :8080")
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		return refuse("log.level", fmt.Sprintf("is %q; it must be debug, info, warn or error", c.Log.Level))
	}
	if !slices.Contains([]string{"text", "json"}, c.Log.Format) {
		return refuse("log.format", fmt.Sprintf("is %q; it must be text or json", c.Log.Format))
	}
	if c.Window < 5*time.Second {
		return refuse("window", "must be at least 5s, or viewers find nothing to start with")
	}
	for name, d := range map[string]time.Duration{"start_timeout": c.StartTimeout,
		"source_idle_timeout": c.IdleTimeout, "source_give_up": c.GiveUp, "source_linger": c.Linger} {
		if d <= 0 {
			return refuse(name, "must be longer than 0s")
		}
	}
	for name, n := range map[string]int{"limits.streams": c.Limits.Streams, "limits.waiting": c.Limits.Waiting,
		"limits.readers": c.Limits.Readers, "limits.connections": c.Limits.Connections,
		"limits.stream_bytes": int(c.Limits.StreamBytes)} {
		if n <= 0 {
			return refuse(name, "must be more than 0")
		}
	}
	return nil
}

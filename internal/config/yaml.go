package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"time"

	yaml "go.yaml.in/yaml/v3"

	"github.com/superp2p/superp2p/internal/fault"
)

// parseYAML reads a file's text against the struct, so that it can say at which line what is wrong.
func parseYAML(path string, text []byte) (layer, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fault.Wrap(fault.ConfigInvalid, path+" is not valid YAML", err)
	}
	l := layer{}
	if len(doc.Content) == 0 {
		return l, nil
	}
	w := walker{path: path}
	if err := w.mapping(doc.Content[0], reflect.TypeFor[Config](), nil, l); err != nil {
		return nil, err
	}
	return l, nil
}

type walker struct{ path string }

func (w walker) refuse(n *yaml.Node, key []string, what string) error {
	return fault.New(fault.ConfigInvalid,
		fmt.Sprintf("%s:%d: %s %s; docs/configuration.md lists every key", w.path, n.Line, Key{Path: key}.Name(), what))
}

// mapping reads a mapping whose keys are the fields of t into out.
func (w walker) mapping(n *yaml.Node, t reflect.Type, at []string, out map[string]any) error {
	if n = resolve(n); isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return w.refuse(n, orTop(at), "must be a mapping of keys to values")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], resolve(n.Content[i+1])
		key := append(at[:len(at):len(at)], name.Value)
		field, ok := fieldOf(t, name.Value)
		switch {
		case !ok:
			return w.refuse(name, key, "is no key")
		case seen[name.Value]:
			return w.refuse(name, key, "is given twice")
		}
		seen[name.Value] = true
		if isNull(value) {
			continue
		}
		if field.Type.Kind() == reflect.Struct {
			inner := map[string]any{}
			if err := w.mapping(value, field.Type, key, inner); err != nil {
				return err
			}
			out[name.Value] = inner
			continue
		}
		v, err := w.value(value, field.Type, key)
		if err != nil {
			return err
		}
		out[name.Value] = v
	}
	return nil
}

func (w walker) value(n *yaml.Node, t reflect.Type, key []string) (any, error) {
	k := Key{Path: key, typ: t}
	wrong := func(n *yaml.Node) (any, error) { return nil, w.refuse(n, key, "must be "+k.wants()+", not "+shown(n)) }
	switch t.Kind() {
	case reflect.Map:
		return w.channels(n, key)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			return wrong(n)
		}
		list := []any{}
		for _, item := range n.Content {
			if item = resolve(item); item.Kind != yaml.ScalarNode || item.Tag != "!!str" {
				return nil, w.refuse(item, key, "must hold texts only, not "+shown(item))
			}
			list = append(list, item.Value)
		}
		return list, nil
	}
	if n.Kind != yaml.ScalarNode {
		return wrong(n)
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		if d, err := time.ParseDuration(n.Value); err != nil || d < 0 || n.Tag != "!!str" {
			return wrong(n)
		}
		return n.Value, nil
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		if reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)) != nil {
			return wrong(n)
		}
		return n.Value, nil
	}
	switch t.Kind() {
	case reflect.Int:
		i, err := strconv.ParseInt(n.Value, 10, 32)
		if err != nil || i < 0 || n.Tag != "!!int" {
			return wrong(n)
		}
		return int(i), nil
	case reflect.Bool:
		if n.Tag != "!!bool" {
			return wrong(n)
		}
		return n.Value == "true", nil
	default:
		if n.Tag != "!!str" {
			return wrong(n)
		}
		return n.Value, nil
	}
}

// channels reads the one mapping whose keys the operator chooses.
func (w walker) channels(n *yaml.Node, key []string) (any, error) {
	if n.Kind != yaml.MappingNode {
		return nil, w.refuse(n, key, "must be "+Key{typ: reflect.TypeFor[map[string]Channel]()}.wants()+", not "+shown(n))
	}
	out := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		id, value := n.Content[i], resolve(n.Content[i+1])
		at := append(key[:len(key):len(key)], id.Value)
		entry := map[string]any{}
		switch {
		case out[id.Value] != nil:
			return nil, w.refuse(id, at, "is given twice")
		case isNull(value): // a channel that is only published to
		case value.Kind == yaml.ScalarNode && value.Tag == "!!str":
			entry["source"] = value.Value
		case value.Kind == yaml.MappingNode:
			if err := w.mapping(value, reflect.TypeFor[Channel](), at, entry); err != nil {
				return nil, err
			}
		default:
			return nil, w.refuse(value, at, "must be a URL, or a mapping of source and publish_key, not "+shown(value))
		}
		out[id.Value] = entry
	}
	return out, nil
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("koanf") == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// resolve follows an alias to its anchor.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func orTop(at []string) []string {
	if len(at) == 0 {
		return []string{"the file"}
	}
	return at
}

// shown names a value in a message.
func shown(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		v := n.Value
		if len(v) > 60 {
			v = v[:60] + "…"
		}
		return strconv.Quote(v)
	}
}

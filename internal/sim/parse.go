package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v3"

	"github.com/superp2p/superp2p/internal/fault"
)

// maxScenario bounds the size of a file, in bytes.
const maxScenario = 1 << 20

// Parse reads a scenario; name is how errors call it. They name each line that is wrong. Check does the rest.
func Parse(name string, r io.Reader) (*Scenario, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxScenario+1))
	if err != nil {
		return nil, fault.Wrap(fault.ConfigInvalid, name+" cannot be read", err)
	}
	if len(text) > maxScenario {
		return nil, fault.New(fault.ConfigInvalid, name+" is larger than 1 MiB, so it is no scenario")
	}
	sc := &Scenario{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(sc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.ConfigInvalid, explain(name, err))
	}
	var more yaml.Node
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.ConfigInvalid, name+" holds more than one document; write a file for each scenario")
	}
	return sc, nil
}

var (
	atLine       = regexp.MustCompile(`(?s)^(?:yaml: )?line (\d+): (.*)$`)
	unknownField = regexp.MustCompile(`^field (.*) not found in type sim\.\w+$`)
	givenTwice   = regexp.MustCompile(`^(?:field|mapping key) "?(.*?)"? already (?:set|defined)`)
	wrongType    = regexp.MustCompile("(?s)^cannot unmarshal !!\\w+(?: `(.*)`)? into (.*)$")
)

// wants says for Go types what YAML has to hold.
func wants(goType string) string {
	switch goType {
	case "int":
		return "a whole number"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "string":
		return "a text"
	}
	return "a mapping of keys to values"
}

// explain writes what the YAML decoder found in the words of who wrote the file, each line as name:line: what.
func explain(name string, err error) string {
	found := []string{err.Error()}
	if e, ok := errors.AsType[*yaml.TypeError](err); ok {
		found = e.Errors
	}
	for i, text := range found {
		m := atLine.FindStringSubmatch(text)
		if m == nil {
			found[i] = name + " is not a scenario: " + strings.TrimPrefix(text, "yaml: ")
			continue
		}
		what := m[2]
		if f := unknownField.FindStringSubmatch(what); f != nil {
			what = f[1] + " is no key of a scenario; docs/simulator.md lists them"
		} else if f := givenTwice.FindStringSubmatch(what); f != nil {
			what = f[1] + " is given twice"
		} else if f := wrongType.FindStringSubmatch(what); f != nil {
			what = wants(f[2]) + " is wanted"
			if f[1] != "" {
				what += fmt.Sprintf(", not %q", f[1])
			}
		}
		found[i] = name + ":" + m[1] + ": " + what
	}
	return strings.Join(found, "\n")
}

// wrong is an error that names the line of a node.
func wrong(node *yaml.Node, format string, args ...any) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: ", node.Line) + fmt.Sprintf(format, args...)}}
}

// UnmarshalYAML reads a Go duration.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	v, err := time.ParseDuration(node.Value)
	if err != nil || v < 0 || node.Kind != yaml.ScalarNode {
		return wrong(node, "%q is no duration; write 300ms, 6s or 5m", node.Value)
	}
	*d = Duration(v)
	return nil
}

// UnmarshalYAML reads a list of two numbers.
func (r *Range) UnmarshalYAML(node *yaml.Node) error {
	var list []float64
	if node.Kind != yaml.SequenceNode || node.Decode(&list) != nil || len(list) != 2 {
		return wrong(node, "this must be a list of two numbers, as in [1, 2]")
	}
	*r = Range(list)
	return nil
}

// UnmarshalYAML reads a list of two durations.
func (t *Times) UnmarshalYAML(node *yaml.Node) error {
	var list []Duration
	if node.Kind != yaml.SequenceNode || node.Decode(&list) != nil || len(list) != 2 {
		return wrong(node, "this must be a list of two durations, as in [2ms, 10ms]")
	}
	*t = Times(list)
	return nil
}

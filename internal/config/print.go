package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// Print writes c as a YAML file that Load reads back to the same configuration, each key below what it is for.
func Print(w io.Writer, c Config) error {
	var b strings.Builder
	b.WriteString("# Configuration of superp2p serve. Every key may also be a flag (--limits-streams) or a variable of the\n" +
		"# environment (" + envPrefix + "LIMITS_STREAMS). A flag wins over the environment, that over this file.\n")
	section := ""
	for _, key := range Keys() {
		indent, last := "", key.Path[len(key.Path)-1]
		if len(key.Path) > 1 {
			indent = "  "
			if key.Path[0] != section {
				section = key.Path[0]
				fmt.Fprintf(&b, "\n%s:\n", section)
			}
		} else {
			b.WriteString("\n")
		}
		for _, line := range wrap(key.Help, 110-len(indent)) {
			fmt.Fprintf(&b, "%s# %s\n", indent, line)
		}
		value, err := yaml.Marshal(map[string]any{last: plain(reflect.ValueOf(c).FieldByIndex(key.index))})
		if err != nil {
			return fmt.Errorf("config: %s cannot be printed: %w", key.Name(), err)
		}
		for line := range strings.Lines(string(value)) {
			b.WriteString(indent + line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

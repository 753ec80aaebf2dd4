package hls

import (
	"net/url"
	"strings"
)

// definitions are a playlist's variables (draft-pantos-hls-rfc8216bis, 4.3 and 4.4.2.3).
type definitions struct {
	values   map[string]string
	query    []string // names taken from the playlist's own URL
	imported map[string]string
	base     *url.URL
	params   url.Values
}

// any says whether there is a definition: without one, "{$" is text like any other.
func (d *definitions) any() bool { return len(d.values) > 0 }

// add reads an EXT-X-DEFINE.
func (d *definitions) add(a attributes, number int) error {
	name, value, known := a.get("NAME"), a.get("VALUE"), true
	switch {
	case name != "":
	case a.get("IMPORT") != "":
		name = a.get("IMPORT")
		value, known = d.imported[name]
	case a.get("QUERYPARAM") != "":
		name = a.get("QUERYPARAM")
		if d.params == nil && d.base != nil {
			d.params = d.base.Query()
		}
		known = d.params.Has(name)
		value = d.params.Get(name)
		d.query = append(d.query, name)
	default:
		return invalid(ErrGarbage, number, "defines a variable without a name; check what makes the playlist")
	}
	if !known {
		return invalid(ErrVariable, number, "takes a variable from the master playlist or from the URL, which has none "+
			"of that name; check the URL's query")
	}
	if _, twice := d.values[name]; twice {
		return invalid(ErrGarbage, number, "defines a variable a second time; check what makes the playlist")
	}
	for i := range len(value) { // what a query or a master playlist brings in
		if value[i] < ' ' || value[i] == 0x7f || value[i] == '"' {
			return invalid(ErrGarbage, number, "gives a variable a value that cannot stand in a playlist; check the URL's query")
		}
	}
	if d.values == nil {
		d.values = map[string]string{}
	}
	d.values[name] = value
	return nil
}

// expand replaces each {$name}; false if one is not defined or the text gets longer than longest.
func (d *definitions) expand(s string, longest int) (string, bool) {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{$")
		if out.Len()+len(before) > longest {
			return "", false
		}
		out.WriteString(before)
		if !ok {
			return out.String(), true
		}
		name, after, ok := strings.Cut(rest, "}")
		value, known := d.values[name]
		if !ok || !known || out.Len()+len(value) > longest {
			return "", false
		}
		out.WriteString(value)
		s = after
	}
}

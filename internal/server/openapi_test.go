package server

import (
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	yaml "go.yaml.in/yaml/v3"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
)

type document struct {
	Paths      map[string]map[string]any
	Components struct {
		Schemas map[string]struct {
			Required   []string
			Properties map[string]any
		}
	}
}

func openAPI(t *testing.T) document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "openapi.yaml"))
	require.NoError(t, err)
	var d document
	require.NoError(t, yaml.Unmarshal(text, &d))
	return d
}

// keys returns the JSON keys of a struct, and those that are always there.
func keys(t reflect.Type) (all, always []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			a, b := keys(f.Type)
			all, always = append(all, a...), append(always, b...)
			continue
		}
		all = append(all, name)
		if option != "omitempty" {
			always = append(always, name)
		}
	}
	return all, always
}

func TestOpenAPIDescribesTheTypes(t *testing.T) {
	d := openAPI(t)
	for name, value := range map[string]any{
		"Error": edgeapi.ErrorBody{}, "Point": edgeapi.Point{}, "EdgePoint": edgeapi.EdgePoint{}, "Live": edgeapi.Live{},
		"Resolution": edgeapi.Resolution{}, "Status": Status{}, "StreamStatus": edgeapi.StreamStatus{},
	} {
		schema, ok := d.Components.Schemas[name]
		require.True(t, ok, name)
		all, always := keys(reflect.TypeOf(value))
		var properties []string
		for p := range schema.Properties {
			properties = append(properties, p)
		}
		require.ElementsMatch(t, all, properties, name)
		require.ElementsMatch(t, always, schema.Required, name)
	}
}

func TestOpenAPIDescribesThePaths(t *testing.T) {
	s, web := serve(t, settings()), client(t)
	for path := range openAPI(t).Paths {
		filled := strings.NewReplacer("{track}", strings.Repeat("0", 32), "{number}", "0", "{channel}", "none").Replace(path)
		r, body := fetch(t, web, s.URL()+filled)
		f := edgeapi.ParseError(body)
		nothing := f != nil && f.Code == fault.RequestInvalid && r.StatusCode == http.StatusNotFound
		require.False(t, nothing || r.StatusCode == http.StatusNotFound && f == nil, path)
	}
	for _, pattern := range []string{edgeapi.ResolvePath, edgeapi.SlicesTemplate, edgeapi.TracksPath + "{track}", edgeapi.StatusPath, edgeapi.TrackerPath} {
		require.True(t, slices.Contains(paths(openAPI(t)), pattern), pattern)
	}
}

func paths(d document) []string {
	var list []string
	for p := range d.Paths {
		list = append(list, p)
	}
	return list
}

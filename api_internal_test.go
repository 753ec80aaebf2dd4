package superp2p

import (
	"bytes"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const apiFile = "api/superp2p.txt"

// TestThePublicAPIChangesOnPurpose compares what the package exports with api/superp2p.txt: every declaration without
// its comments and bodies, in the order of go doc. After a change on purpose call make api and say in CHANGELOG.md what
// programs have to change.
func TestThePublicAPIChangesOnPurpose(t *testing.T) {
	got := append(exported(t, "."), "\n// What Error and Code stand for.\n\n"...)
	got = append(got, exported(t, "internal/fault")...)
	if update() {
		require.NoError(t, os.WriteFile(apiFile, got, 0o644))
	}
	want, err := os.ReadFile(apiFile)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "the public API has changed; if that is on purpose, call make api")
}

// exported lists what the package in a folder exports.
func exported(t *testing.T, dir string) []byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(set, files, "github.com/superp2p/superp2p/"+dir)
	require.NoError(t, err)
	var b bytes.Buffer
	list := func(declarations ...ast.Decl) {
		for _, d := range declarations {
			if f, ok := d.(*ast.FuncDecl); ok {
				f.Body = nil
			}
			require.NoError(t, (&printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}).Fprint(&b, set, d))
			b.WriteString("\n\n")
		}
	}
	values := func(all []*doc.Value) {
		for _, v := range all {
			list(v.Decl)
		}
	}
	functions := func(all []*doc.Func) {
		for _, f := range all {
			list(f.Decl)
		}
	}
	values(p.Consts)
	values(p.Vars)
	functions(p.Funcs)
	for _, typ := range p.Types {
		list(typ.Decl)
		values(typ.Consts)
		values(typ.Vars)
		functions(typ.Funcs)
		functions(typ.Methods)
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

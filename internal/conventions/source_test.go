package conventions

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// root is where the repository lies, seen from this package.
const root = "../.."

// maxLines is how long a source file may be before it surely has more than one purpose. Tests may be longer.
const maxLines = 500

// Words that say nothing of what a thing does.
var emptyWords = []string{"util", "utils", "common", "helper", "helpers", "manager", "managers", "misc", "stuff"}

// goFiles returns all Go files of the main module, as paths from root.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (name[0] == '.' || slices.Contains([]string{"node_modules", "testdata", "bin"}, name)) {
			return fs.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(name, ".go") {
			rel, err := filepath.Rel(root, path)
			files = append(files, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	return b
}

func TestFilesHaveOnePurpose(t *testing.T) {
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		if n := bytes.Count(read(t, file), []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines; split it, a file has one purpose and at most %d", file, n, maxLines)
		}
	}
}

func TestEachPackageSaysWhatItIsFor(t *testing.T) {
	dirs := map[string][]string{}
	for _, file := range goFiles(t) {
		if !strings.HasSuffix(file, "_test.go") {
			dir := filepath.ToSlash(filepath.Dir(file))
			dirs[dir] = append(dirs[dir], filepath.Base(file))
		}
	}
	for dir, files := range dirs {
		if len(files) == 1 { // its own comment serves
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, dir, files[0]), nil, parser.ParseComments|parser.PackageClauseOnly)
			require.NoError(t, err)
			if f.Doc == nil {
				t.Errorf("%s/%s: say above the package clause what the package is for", dir, files[0])
			}
			continue
		}
		if !slices.Contains(files, "doc.go") {
			t.Errorf("%s has no doc.go; say there what the package is for and what may be called concurrently", dir)
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, dir, "doc.go"), nil, parser.ParseComments|parser.PackageClauseOnly)
		require.NoError(t, err)
		if f.Doc == nil || !(strings.HasPrefix(f.Doc.Text(), "Package "+f.Name.Name+" ") || strings.HasPrefix(f.Doc.Text(), "Command ")) {
			t.Errorf("%s/doc.go: begin its comment with «Package %s » or «Command »", dir, f.Name.Name)
		}
	}
}

func TestNamesSayWhatThingsDo(t *testing.T) {
	for _, file := range goFiles(t) {
		for _, part := range strings.FieldsFunc(strings.TrimSuffix(file, ".go"), func(r rune) bool { return r == '/' || r == '_' }) {
			if slices.Contains(emptyWords, part) {
				t.Errorf("%s: «%s» says nothing of what is in it; use the field's terms", file, part)
			}
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, 0)
		require.NoError(t, err)
		for _, name := range declared(f) {
			for _, word := range words(name) {
				if slices.Contains(emptyWords, word) {
					t.Errorf("%s: the name %s says nothing of what it does («%s»); use the field's terms", file, name, word)
				}
			}
		}
	}
}

// declared returns the names that a file declares at its top level.
func declared(f *ast.File) []string {
	var names []string
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names = append(names, d.Name.Name)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

// words splits a mixedCaps name into lower-case words.
func words(name string) []string {
	var list []string
	var word []rune
	for _, r := range name {
		if (unicode.IsUpper(r) || r == '_') && len(word) > 0 {
			list = append(list, string(word))
			word = nil
		}
		if r != '_' {
			word = append(word, unicode.ToLower(r))
		}
	}
	return append(list, string(word))
}

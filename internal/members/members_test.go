package members

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	root  = "../.."
	page  = root + "/docs/netstream.md"
	begin = "<!-- members: made by make generate from internal/members -->\n"
	end   = "<!-- end of members -->\n"
)

// TestEachMemberOfTheContractIsListed compares with testdata/members.txt, which is a copy of the names in the contract.
func TestEachMemberOfTheContractIsListed(t *testing.T) {
	text, err := os.ReadFile("testdata/members.txt")
	require.NoError(t, err)
	var want, got []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			want = append(want, strings.TrimSpace(line))
		}
	}
	seen := map[string]bool{}
	for _, m := range All() {
		name := string(m.Kind) + " " + m.Name
		require.False(t, seen[name], "%s is there twice", name)
		seen[name] = true
		got = append(got, name)
		require.Contains(t, []Status{Full, Native, Error}, m.Status, name)
		require.NotEmpty(t, m.Go, name)
	}
	require.ElementsMatch(t, want, got)
}

func TestWhatTheSWFDoesIsSaidOfMembers(t *testing.T) {
	have := map[string]bool{}
	for _, m := range All() {
		have[string(m.Kind)+" "+m.Name] = true
	}
	seen := map[string]bool{}
	for _, names := range swf() {
		for _, name := range names {
			require.True(t, have[name], "%s is no member", name)
			require.False(t, seen[name], "%s is there twice", name)
			seen[name] = true
		}
	}
	require.Equal(t, swfError, (&Member{Kind: Method, Name: "publish"}).SWF())
	require.Equal(t, "full", (&Member{Kind: Method, Name: "play"}).SWF())
}

func TestEachMemberIsInThePackage(t *testing.T) {
	have := exported(t)
	for _, m := range All() {
		for _, name := range strings.Fields(m.Go) {
			if !have[name] {
				t.Errorf("%s %s: the root package has no %s", m.Kind, m.Name, name)
			}
		}
	}
}

// exported returns the exported names of the root package, and those of its types' fields and methods as Type.Name.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(root + "/*.go")
	require.NoError(t, err)
	have := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			declared(have, d)
		}
	}
	return have
}

func declared(have map[string]bool, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			typ := d.Recv.List[0].Type
			if star, ok := typ.(*ast.StarExpr); ok {
				typ = star.X
			}
			if ident, ok := typ.(*ast.Ident); ok {
				name = ident.Name + "." + name
			}
		}
		have[name] = true
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, n := range s.Names {
					have[n.Name] = true
				}
			case *ast.TypeSpec:
				have[s.Name.Name] = true
				var fields *ast.FieldList
				switch typ := s.Type.(type) {
				case *ast.StructType:
					fields = typ.Fields
				case *ast.InterfaceType:
					fields = typ.Methods
				default:
					continue
				}
				for _, f := range fields.List {
					for _, n := range f.Names {
						have[s.Name.Name+"."+n.Name] = true
					}
				}
			}
		}
	}
}

var testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)

func TestEachTestThatCoversAMemberExists(t *testing.T) {
	have := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			if err == nil {
				err = fs.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunction.FindAllSubmatch(text, -1) {
			have[string(m[1])] = true
		}
		return err
	})
	require.NoError(t, err)
	for _, m := range All() {
		switch {
		case m.Test == "":
			t.Errorf("%s %s: no test covers it", m.Kind, m.Name)
		case !have[m.Test]:
			t.Errorf("%s %s: there is no test %s", m.Kind, m.Name, m.Test)
		}
	}
}

func TestThePageHasTheTable(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok, "docs/netstream.md has no line %q", begin)
	table, after, ok := strings.Cut(rest, end)
	require.True(t, ok, "docs/netstream.md has no line %q", end)
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(page, []byte(before+begin+Table()+end+after), 0o644))
		return
	}
	require.Equal(t, Table(), table, "call make generate")
}

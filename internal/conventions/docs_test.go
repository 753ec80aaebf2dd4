package conventions

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pages returns the Markdown pages that readers see, as paths from root.
func pages(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "*.md"))
	require.NoError(t, err)
	err = filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			files = append(files, path)
		}
		return err
	})
	require.NoError(t, err)
	for i := range files {
		files[i], err = filepath.Rel(root, files[i])
		require.NoError(t, err)
	}
	return files
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(string(read(t, page)), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), filepath.FromSlash(target))); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

// packagePath is the path of a package. A server has /sdk/ in its URLs, which is none.
var packagePath = regexp.MustCompile(`(?m)\b((?:cmd|internal)/[a-z0-9]+(?:/[a-z0-9]+)*)\b|(?:^|[^/\w])(sdk/[a-z0-9]+(?:/[a-z0-9]+)*)\b`)

func TestPagesNamePackagesThatExist(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range packagePath.FindAllStringSubmatch(string(read(t, page)), -1) {
			path := m[1] + m[2]
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(path))); err != nil {
				t.Errorf("%s speaks of %s, which is not there", page, path)
			}
		}
	}
}

var pagePath = regexp.MustCompile(`\bdocs/[a-z0-9-]+\.(?:md|yaml)\b`)

func TestCodeSpeaksOfPagesThatExist(t *testing.T) {
	for _, file := range goFiles(t) {
		for _, path := range pagePath.FindAllString(string(read(t, file)), -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(path))); err != nil {
				t.Errorf("%s speaks of %s, which is not there", file, path)
			}
		}
	}
}

func TestArchitectureShowsEachPackage(t *testing.T) {
	page := string(read(t, "ARCHITECTURE.md"))
	for _, file := range goFiles(t) {
		dir := filepath.ToSlash(filepath.Dir(file))
		if dir == "." || strings.HasPrefix(dir, "tools/") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		// A package below another is the other's business.
		switch parts := strings.Split(dir, "/"); parts[0] {
		case "internal":
			dir = strings.Join(parts[:2], "/")
		case "examples":
			dir = parts[0]
		}
		if !strings.Contains(page, "`"+dir+"`") {
			t.Errorf("ARCHITECTURE.md does not speak of `%s`", dir)
		}
	}
}

var codeConstant = regexp.MustCompile(`(?m)^\s+\w+\s+Code = "([a-z_]+)"`)

func TestErrorsPageListsEachCode(t *testing.T) {
	codes := codeConstant.FindAllStringSubmatch(string(read(t, "internal/fault/fault.go")), -1)
	require.NotEmpty(t, codes)
	page := string(read(t, "docs/errors.md"))
	known := map[string]bool{}
	for _, m := range codes {
		known[m[1]] = true
		if !strings.Contains(page, "\n| `"+m[1]+"` |") {
			t.Errorf("docs/errors.md has no row for `%s` of internal/fault", m[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(page, -1) {
		if !known[m[1]] {
			t.Errorf("docs/errors.md has a row for `%s`, which internal/fault does not know", m[1])
		}
	}
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(package main\n.*?)^```$")

// TestGoProgramsInTheDocsCompile builds each whole program that a page shows.
func TestGoProgramsInTheDocsCompile(t *testing.T) {
	found := false
	for _, page := range pages(t) {
		for _, m := range goBlock.FindAllStringSubmatch(string(read(t, page)), -1) {
			found = true
			dir := t.TempDir()
			file := filepath.Join(dir, "main.go")
			require.NoError(t, os.WriteFile(file, []byte(m[1]), 0o600))
			cmd := exec.Command("go", "vet", file)
			cmd.Dir = root
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s: %s", page, out)
		}
	}
	require.True(t, found, "no page shows a Go program")
}

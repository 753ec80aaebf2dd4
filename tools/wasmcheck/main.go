// Command wasmcheck holds the engine that runs in a page to its size and its purity: it builds a package for js/wasm,
// refuses imports that would make it large or impure, and prints how large it became.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
)

// maxBrotli is the largest size that the engine may have as a page loads it, in bytes.
const maxBrotli = 700 << 10

// Packages that the engine must not reach, not even through others: each adds 0.2 to 2 MB, or does what only the page
// may do.
var forbidden = []string{
	"net", "net/http", "net/url", "crypto/tls", "encoding/json", "encoding/xml", "log", "log/slog", "os/exec",
	"text/template", "html/template", "regexp", "fmt", "os", "math/big", "crypto/rand", "crypto/sha512",
}

// Packages that our own part of the engine must not import itself; time does.
var forbiddenToUs = []string{"syscall", "syscall/js"}

const module = "github.com/superp2p/superp2p/"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: wasmcheck PACKAGE, for example wasmcheck ./sdk/web/core")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "wasmcheck:", err)
		os.Exit(1)
	}
}

func check(pkg string) error {
	imports, err := importsOf(pkg)
	if err != nil {
		return err
	}
	var bad []string
	for path, list := range imports {
		for _, imported := range list {
			ours := strings.HasPrefix(path, module+"internal/")
			if slices.Contains(forbidden, imported) || ours && slices.Contains(forbiddenToUs, imported) {
				bad = append(bad, path+" imports "+imported)
			}
		}
	}
	if len(bad) > 0 {
		slices.Sort(bad)
		return fmt.Errorf("the engine must stay small and pure; remove what leads to these imports:\n  %s",
			strings.Join(bad, "\n  "))
	}
	raw, err := build(pkg)
	if err != nil {
		return err
	}
	gz, err := compressed(raw, func(b *bytes.Buffer) (writer, error) {
		return gzip.NewWriterLevel(b, gzip.BestCompression)
	})
	if err != nil {
		return err
	}
	br, err := compressed(raw, func(b *bytes.Buffer) (writer, error) {
		return brotli.NewWriterLevel(b, brotli.BestCompression), nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s for js/wasm: %d KB, gzip %d KB, brotli %d KB (at most %d KB); %d packages, no forbidden import\n",
		pkg, len(raw)>>10, gz>>10, br>>10, maxBrotli>>10, len(imports))
	if br > maxBrotli {
		return fmt.Errorf("%d bytes of brotli are more than the %d that a page can wait for", br, maxBrotli)
	}
	return nil
}

// importsOf returns what pkg and each package that it depends on imports when built for js/wasm.
func importsOf(pkg string) (map[string][]string, error) {
	out, err := goForWasm("list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`, pkg)
	if err != nil {
		return nil, err
	}
	imports := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		imports[fields[0]] = fields[1:]
	}
	return imports, nil
}

func build(pkg string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "wasmcheck")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "core.wasm")
	if _, err := goForWasm("build", "-trimpath", "-ldflags=-s -w", "-o", file, pkg); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// goForWasm runs the go command for js/wasm, with the build tags that the page's build has: purego leaves out
// what depends on processors.
func goForWasm(verb string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", append([]string{verb, "-tags=purego"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", verb, err)
	}
	return out, nil
}

type writer interface {
	Write(p []byte) (int, error)
	Close() error
}

// compressed returns how many bytes raw becomes.
func compressed(raw []byte, to func(*bytes.Buffer) (writer, error)) (int, error) {
	var b bytes.Buffer
	w, err := to(&b)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(raw); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return b.Len(), nil
}

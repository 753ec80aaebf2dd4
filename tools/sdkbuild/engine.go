package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// engine is a way to make WebAssembly of the engine.
type engine struct {
	compile func(out, pkg string) error
	// runtime returns the JavaScript that its code needs.
	runtime func() ([]byte, error)
	most    int // bytes of brotli
}

// goEngine is that of Go itself, which everybody has.
var goEngine = engine{
	compile: func(out, pkg string) error {
		args := []string{"build", "-tags=purego", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-gcflags=all=-l"}
		for _, name := range inlined {
			args = append(args, "-gcflags="+name+"=")
		}
		return run("go", append(args, "-o", out, pkg)...)
	},
	runtime: func() ([]byte, error) { return fromRoot("go", "GOROOT", "lib/wasm/wasm_exec.js") },
	most:    640 << 10,
}

// inlined are the packages that proofs spend their time in. Everywhere else calls stay calls: the same code again and again is
// what compresses worst, a twelfth of the engine, and the engine is no slower for it (TestTheEngineInNode prints its share).
var inlined = []string{
	"filippo.io/edwards25519/...", "github.com/superp2p/superp2p/internal/signing", "encoding/binary", "internal/byteorder", "math/bits",
}

// tinyGoEngine is for who has TinyGo, 0.34 or newer.
var tinyGoEngine = engine{
	compile: func(out, pkg string) error {
		return run("tinygo", "build", "-target=wasm", "-tags=purego", "-no-debug", "-opt=z", "-o", out, pkg)
	},
	runtime: func() ([]byte, error) { return fromRoot("tinygo", "TINYGOROOT", "targets/wasm_exec.js") },
	most:    150 << 10,
}

func run(program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// fromRoot reads a file of a compiler's own folder.
func fromRoot(program, name, file string) ([]byte, error) {
	root, err := exec.Command(program, "env", name).Output()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), filepath.FromSlash(file)))
}

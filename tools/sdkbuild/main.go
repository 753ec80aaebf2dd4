package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"
)

// libraries are what plays media, loaded when a page plays the first of its kind.
var libraries = []string{"mpegts", "hls", "mp4box"}

// maxBrotli is the largest size of all that a first play loads, in bytes as it travels.
const maxBrotli = 700 << 10

// others are loaded beside the script by who uses them: the Service Worker's own script, the page's half of it, what has SWFs
// play by the page, and what pages with a SWF in Ruffle need that have no SDK. They are small: maxOther is the largest, in bytes of
// brotli.
var others = map[string]source{
	"superp2p-sw.js":     {"worker/superp2p-sw.ts", api.FormatIIFE},
	"urls.mjs":           {"libs/urls.ts", api.FormatESModule},
	"flash.mjs":          {"libs/flash.ts", api.FormatESModule},
	"superp2p-ruffle.js": {"libs/ruffle.ts", api.FormatIIFE},
}

const maxOther = 8 << 10

// maxFLV is the largest size of what makes FLV for SWFs, in bytes of brotli. No player but those loads it.
const maxFLV = 1700 << 10

// source is what a file is built of.
type source struct {
	entry  string
	format api.Format
}

func main() {
	small := flag.Bool("small", false, "build the engine by TinyGo")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: sdkbuild [-small] SDK, for example sdkbuild sdk")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	how := goEngine
	if *small {
		how = tinyGoEngine
	}
	if err := build(flag.Arg(0), how); err != nil {
		fmt.Fprintln(os.Stderr, "sdkbuild:", err)
		os.Exit(1)
	}
}

func build(sdk string, how engine) error {
	dist := filepath.Join(sdk, "dist")
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	core := filepath.Join(dist, "core.wasm")
	if err := how.compile(core, "./"+sdk+"/web/core"); err != nil {
		return fmt.Errorf("building the engine: %w", err)
	}
	runtime, err := goRuntime(how)
	if err != nil {
		return err
	}
	flv := filepath.Join(dist, "flv.wasm") // TinyGo cannot build it
	if err := goEngine.compile(flv, "./"+sdk+"/web/flash"); err != nil {
		return fmt.Errorf("building what makes FLV: %w", err)
	}
	flvRuntime, err := goRuntime(goEngine)
	if err != nil {
		return err
	}
	entry := filepath.Join(sdk, "web", "src", "index.ts")
	for name, format := range map[string]api.Format{"superp2p.js": api.FormatIIFE, "superp2p.mjs": api.FormatESModule} {
		if err := bundle(entry, filepath.Join(dist, name), format, runtime); err != nil {
			return err
		}
	}
	for _, name := range libraries {
		if err := bundle(filepath.Join(sdk, "web", "src", "libs", name+".ts"), filepath.Join(dist, name+".mjs"), api.FormatESModule, runtime); err != nil {
			return err
		}
	}
	for name, s := range others {
		if err := bundle(filepath.Join(sdk, "web", "src", filepath.FromSlash(s.entry)), filepath.Join(dist, name), s.format, flvRuntime); err != nil {
			return err
		}
	}
	types, err := os.ReadFile(filepath.Join(sdk, "web", "superp2p.d.ts"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dist, "superp2p.d.ts"), types, 0o644)
	}
	if err != nil {
		return err
	}
	size := map[string]int{}
	for _, name := range append([]string{"core.wasm", "superp2p.js", "superp2p.mjs"}, libraries...) {
		if !strings.Contains(name, ".") {
			name += ".mjs"
		}
		if size[name], err = compress(filepath.Join(dist, name)); err != nil {
			return err
		}
	}
	if size["core.wasm"] > how.most {
		return fmt.Errorf("the engine: %d bytes of brotli are more than %d", size["core.wasm"], how.most)
	}
	n, err := compress(flv)
	if err != nil {
		return err
	}
	if n > maxFLV {
		return fmt.Errorf("what makes FLV: %d bytes of brotli are more than %d", n, maxFLV)
	}
	for name := range others {
		n, err := compress(filepath.Join(dist, name))
		if err != nil {
			return err
		}
		if n > maxOther {
			return fmt.Errorf("%s: %d bytes of brotli are more than %d", name, n, maxOther)
		}
	}
	for _, name := range libraries { // a first play loads one of them, and one of the two scripts
		total := size["core.wasm"] + size["superp2p.js"] + size[name+".mjs"]
		fmt.Printf("all that a first play loads with %s: brotli %d KB (at most %d KB)\n", name, total>>10, maxBrotli>>10)
		if total > maxBrotli {
			return fmt.Errorf("%d bytes of brotli are more than the %d that a page can wait for", total, maxBrotli)
		}
	}
	return nil
}

// goRuntime returns the engine's own JavaScript as a module that leaves the page's global names alone.
func goRuntime(how engine) (string, error) {
	script, err := how.runtime()
	if err != nil {
		return "", err
	}
	return `
const enosys = (...a) => { a[a.length - 1](Object.assign(new Error("not implemented"), { code: "ENOSYS" })); };
export function newGo(print) {
  const decoder = new TextDecoder();
  const fs = {
    constants: { O_WRONLY: -1, O_RDWR: -1, O_CREAT: -1, O_TRUNC: -1, O_APPEND: -1, O_EXCL: -1, O_DIRECTORY: -1 },
    writeSync(_, b) { print(decoder.decode(b)); return b.length; },
    write(_, b, offset, length, position, done) { print(decoder.decode(b)); done(null, length); },
    open: enosys, close: enosys, read: enosys, fstat: enosys, stat: enosys, lstat: enosys, fsync: (_, done) => done(null),
  };
  const { crypto, performance, TextEncoder } = self;
  const scope = { fs, crypto, performance, TextEncoder, TextDecoder, Object, Array, Uint8Array, Date };
  return new (load(scope, fs))();
}
function load(globalThis, fs) {
` + string(script) + `
return globalThis.Go;
}
`, nil
}

// bundle writes one file of entry and what it imports.
func bundle(entry, out string, format api.Format, runtime string) error {
	options := api.BuildOptions{
		EntryPoints: []string{entry}, Outfile: out, Bundle: true, Write: true, Format: format, Target: api.ES2020,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, Charset: api.CharsetUTF8,
		LegalComments: api.LegalCommentsNone, LogLevel: api.LogLevelWarning, Define: map[string]string{},
		Plugins: []api.Plugin{{Name: "wasm_exec", Setup: func(b api.PluginBuild) {
			b.OnResolve(api.OnResolveOptions{Filter: "^wasm_exec$"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{Path: a.Path, Namespace: "go"}, nil
			})
			b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "go"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
				return api.OnLoadResult{Contents: &runtime, Loader: api.LoaderJS}, nil
			})
		}}},
	}
	if filepath.Base(entry) == "hls.ts" {
		trimHLS(&options, filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(entry))), "node_modules", "hls.js"))
	}
	switch {
	case format == api.FormatIIFE && filepath.Base(entry) == "index.ts":
		options.GlobalName = "superp2p"
	case format == api.FormatESModule:
		options.Define["__MODULE_URL__"] = "import.meta.url"
	}
	if r := api.Build(options); len(r.Errors) > 0 {
		return errors.New("the script cannot be bundled") // esbuild has said why
	}
	return nil
}

// compress writes a file again as .gz and .br beside it, for servers to send, prints its sizes and returns that of the latter.
func compress(file string) (int, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var gz, br bytes.Buffer
	zip, err := gzip.NewWriterLevel(&gz, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	for _, w := range []interface {
		Write(p []byte) (int, error)
		Close() error
	}{zip, brotli.NewWriterLevel(&br, brotli.BestCompression)} {
		if _, err := w.Write(raw); err != nil {
			return 0, err
		}
		if err := w.Close(); err != nil {
			return 0, err
		}
	}
	for ending, b := range map[string][]byte{".gz": gz.Bytes(), ".br": br.Bytes()} {
		if err := os.WriteFile(file+ending, b, 0o644); err != nil {
			return 0, err
		}
	}
	fmt.Printf("%s: %d KB, gzip %d KB, brotli %.1f KB\n", file, len(raw)>>10, gz.Len()>>10, float64(br.Len())/1024)
	return br.Len(), nil
}

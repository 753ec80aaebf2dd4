package webtest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// installed installs the package in an application's folder, without a network.
func installed(t *testing.T) string {
	t.Helper()
	long(t)
	app := t.TempDir()
	run(t, "../../..", "scripts/npm.sh", "v1.2.3", app)
	require.NoError(t, os.WriteFile(filepath.Join(app, "package.json"), []byte(`{"name": "app", "private": true, "type": "module"}`), 0o600))
	run(t, app, "npm", "install", "--offline", "--no-audit", "--no-fund", "./superp2p-1.2.3.tgz")
	return app
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	if path, err := filepath.Abs(filepath.Join(dir, name)); err == nil && filepath.Base(name) != name {
		name = path
	}
	c := exec.Command(name, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// asked is a web server that notes what it gave.
type asked struct {
	mu    sync.Mutex
	found map[string]bool
}

func serveApp(t *testing.T, app, page string) (string, *asked) {
	t.Helper()
	a := &asked{found: map[string]bool{}}
	require.NoError(t, os.WriteFile(filepath.Join(app, "index.html"), []byte(`<!doctype html><video id="v" muted autoplay></video>
		<script>var failed = "", codes = []; addEventListener("error", (e) => { failed = e.message; });</script>
		<script type="module">`+page+`</script>`), 0o600))
	files := http.FileServer(http.Dir(app))
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(filepath.Join(app, filepath.FromSlash(r.URL.Path))); err == nil {
			a.mu.Lock()
			a.found[filepath.Base(r.URL.Path)] = true
			a.mu.Unlock()
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(site.Close)
	return site.URL, a
}

func (a *asked) gave(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.found[name]
}

const playing = `
	window.stream = new P2PNetStream({ server: SERVER });
	stream.addEventListener("netStatus", (e) => codes.push(e.info.code));
	stream.attach(v);
	stream.play("live");`

func TestThePackageFromNPM(t *testing.T) {
	app := installed(t)
	s := onAir(t)
	openNative(t, s.ServerURL())
	b := openBrowser(t)
	script := replace(playing, "SERVER", `"`+s.ServerURL()+`"`)

	site, files := serveApp(t, app, `import { P2PNetStream } from "./node_modules/superp2p/superp2p.mjs";`+script)
	p := b.show(site)
	p.until("window.stream && stream.time > 2 && stream.stats.peerBytes > 100000")
	for _, name := range []string{"superp2p.mjs", "core.wasm", "mpegts.mjs"} {
		require.True(t, files.gave(name), "%s is taken from beside the module", name)
	}
	p.do("stream.close()")

	// A bundler puts the module elsewhere, and nothing beside it.
	bundled := t.TempDir()
	module, err := os.ReadFile(filepath.Join(app, "node_modules/superp2p/superp2p.mjs"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(bundled, "app.js"), module, 0o600))
	site, files = serveApp(t, bundled, `import { P2PNetStream } from "./app.js";`+script)
	p = b.show(site)
	p.until("window.stream && stream.time > 2 && stream.stats.peerBytes > 100000")
	require.True(t, files.gave("app.js"))
	require.False(t, files.gave("core.wasm"))
}

func TestTheTypesOfThePackage(t *testing.T) {
	app := installed(t)
	program, err := os.ReadFile("testdata/app.ts")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(app, "app.ts"), program, 0o600))
	compiler, err := filepath.Abs("../../../test/npm/node_modules/typescript/bin/tsc")
	require.NoError(t, err)
	for _, resolution := range [][2]string{{"esnext", "bundler"}, {"node16", "node16"}} {
		run(t, app, "node", compiler, "--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom",
			"--module", resolution[0], "--moduleResolution", resolution[1], "app.ts")
	}
}

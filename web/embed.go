// Package web is the pages of a server, embedded: plain HTML, CSS and JavaScript without anything from elsewhere but the
// page SDK below /sdk/. The player is at "/", what operators look at is at "/status": GET /v1/status and, inside the
// demo, GET /demo/status. "/demo/adapters.html" shows the SDK below players of other makers, and "/demo/superp2p-sw.js" is its
// Service Worker, which is what a site hosts.
//
// Page may be called, and what it returns used, concurrently.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed pages
var files embed.FS

// pages are the documents by their paths, and a worker, whose path says which of them it serves; what they load is below /page/.
var pages = map[string]string{"/": "index.html", "/status": "status.html", "/demo/adapters.html": "adapters.html",
	"/demo/superp2p-sw.js": "superp2p-sw.js"}

// policy lets a page load its own files only. It plays what its viewer names, so media may come from anywhere, and the
// engine is WebAssembly.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self' http: https: ws: wss:; media-src 'self' blob: http: https:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// types are the content types of the files, by their endings.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// Page serves the pages at the paths "/", "/status" and "/demo/adapters.html", with its worker, of whatever it is mounted on, what they load
// below "/page/", and 404 elsewhere.
func Page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := pages[r.URL.Path]
		if asset, ok := strings.CutPrefix(r.URL.Path, "/page/"); ok && path.Ext(asset) != ".html" {
			name = asset
		}
		content, err := files.ReadFile("pages/" + name)
		if name == "" || err != nil {
			http.NotFound(w, r)
			return
		}
		sum := sha256.Sum256(content)
		h := w.Header()
		h.Set("Content-Type", types[path.Ext(name)])
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", policy)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}

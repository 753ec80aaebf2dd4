// Package web is the status page of a server, embedded: one file without anything from elsewhere. It shows
// GET /v1/status and, inside the demo, GET /demo/status.
//
// Page may be called, and what it returns used, concurrently.
package web

import (
	"bytes"
	"embed"
	"net/http"
	"time"
)

//go:embed index.html
var files embed.FS

// Page serves the status page at the path "/" of whatever it is mounted on, and 404 elsewhere.
func Page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, err := files.ReadFile("index.html")
		if r.URL.Path != "/" || err != nil {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "+
			"connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
		http.ServeContent(w, r, "index.html", time.Time{}, bytes.NewReader(page))
	})
}

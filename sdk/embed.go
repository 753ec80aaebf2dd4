// Package sdk is what a site loads from its superp2p server, embedded: the builds in dist, which `make sdk` makes.
//
// Handler and what it returns are safe for concurrent use.
package sdk

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed dist
var files embed.FS

// File is one entry of the index.
type File struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// Index is what the handler answers at its root.
type Index struct {
	Files []File `json:"files"`
}

// workerPath is the Service Worker. A site that has the server on its own origin may register it as it is, for all its pages.
const workerPath = "/superp2p-sw.js"

// Handler serves the files by their names, and an Index as JSON at "/". What lies beside them compressed, as name.br and
// name.gz, is sent to who takes it.
func Handler() http.Handler {
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		return http.NotFoundHandler() // cannot happen: the directory is embedded
	}
	served := http.FileServerFS(dist)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.URL.Path != "/" && r.URL.Path != "" {
			w.Header().Set("Cache-Control", "no-cache")
			if r.URL.Path == workerPath {
				w.Header().Set("Service-Worker-Allowed", "/")
			}
			if !serveCompressed(w, r, dist) {
				served.ServeHTTP(w, r)
			}
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(index(dist))
	})
}

// compressed are the encodings (RFC 9110, section 8.4.1) that files may lie there in, the smallest first, and their endings.
var compressed = [...]struct{ encoding, ending string }{{"br", ".br"}, {"gzip", ".gz"}}

// types are those of what is served compressed.
var types = map[string]string{
	".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".wasm": "application/wasm",
}

// serveCompressed answers with the smallest form of a file that the request takes, and tells whether there is one.
func serveCompressed(w http.ResponseWriter, r *http.Request, dist fs.FS) bool {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if types[path.Ext(name)] == "" {
		return false
	}
	w.Header().Set("Vary", "Accept-Encoding")
	w.Header().Set("Content-Type", types[path.Ext(name)])
	accepted := r.Header.Get("Accept-Encoding")
	for _, c := range compressed {
		if !accepts(accepted, c.encoding) {
			continue
		}
		b, err := fs.ReadFile(dist, name+c.ending)
		if err != nil {
			continue
		}
		w.Header().Set("Content-Encoding", c.encoding)
		if r.Method != http.MethodHead {
			_, _ = w.Write(b)
		}
		return true
	}
	return false
}

// accepts tells whether a header Accept-Encoding names an encoding and does not refuse it.
func accepts(header, encoding string) bool {
	for one := range strings.SplitSeq(header, ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(one), ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			q := strings.TrimPrefix(strings.ReplaceAll(quality, " ", ""), "q=")
			return strings.Trim(q, "0.") != "" || q == ""
		}
	}
	return false
}

func index(dist fs.FS) Index {
	list := Index{Files: []File{}}
	_ = fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "README.md" || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		for _, c := range compressed {
			if strings.HasSuffix(name, c.ending) {
				return nil
			}
		}
		info, err := d.Info()
		if err == nil {
			list.Files = append(list.Files, File{Name: name, Bytes: info.Size()})
		}
		return err
	})
	return list
}

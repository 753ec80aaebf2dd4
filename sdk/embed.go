// Package sdk is what a site loads from its superp2p server, embedded: the builds in dist, which `make sdk` makes, and the
// SWFs, which `make swf` makes and which are committed.
//
// Handler and what it returns are safe for concurrent use.
package sdk

import (
	"bytes"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed dist flash/*.swf
var files embed.FS

// folders are where the files lie, one in another's place.
type folders []fs.FS

// Open implements fs.FS.
func (f folders) Open(name string) (file fs.File, err error) {
	for _, one := range f {
		if file, err = one.Open(name); err == nil {
			return file, nil
		}
	}
	return nil, err
}

// File is one entry of the index.
type File struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	// Integrity is what a page names where it loads the file, so that no other is taken (W3C, Subresource Integrity).
	Integrity string `json:"integrity"`
}

// Index is what the handler answers at its root.
type Index struct {
	Files []File `json:"files"`
}

// workerPath is the Service Worker. A site that has the server on its own origin may register it as it is, for all its pages.
const workerPath = "/superp2p-sw.js"

// Handler serves the files by their names, and an Index as JSON at "/". What lies beside them compressed, as name.br and
// name.gz, is sent to who takes it. Browsers ask each time whether they have the newest.
func Handler() http.Handler {
	var dist folders
	for _, name := range []string{"dist", "flash"} {
		one, err := fs.Sub(files, name)
		if err != nil {
			return http.NotFoundHandler() // cannot happen: the directory is embedded
		}
		dist = append(dist, one)
	}
	list := sync.OnceValue(func() Index { return index(dist) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "" {
			h.Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(list())
			return
		}
		at := slices.IndexFunc(list().Files, func(f File) bool { return f.Name == name })
		if at < 0 {
			http.NotFound(w, r)
			return
		}
		h.Set("Cache-Control", "no-cache")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		if r.URL.Path == workerPath {
			h.Set("Service-Worker-Allowed", "/")
		}
		form := bestForm(w, r, dist, name)
		content, err := fs.ReadFile(dist, name+form)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		h.Set("ETag", `"`+list().Files[at].Integrity+form+`"`)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}

// compressed are the encodings (RFC 9110, section 8.4.1) that files may lie there in, the smallest first, and their endings.
var compressed = [...]struct{ encoding, ending string }{{"br", ".br"}, {"gzip", ".gz"}}

// types are those of what is served compressed.
var types = map[string]string{
	".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".wasm": "application/wasm",
}

// bestForm returns the ending of the smallest form of a file that the request takes, and says what that is.
func bestForm(w http.ResponseWriter, r *http.Request, dist fs.FS, name string) string {
	h := w.Header()
	switch {
	case path.Ext(name) == ".swf": // packed by itself
		h.Set("Content-Type", "application/x-shockwave-flash")
		return ""
	case types[path.Ext(name)] == "":
		return ""
	}
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Type", types[path.Ext(name)])
	accepted := r.Header.Get("Accept-Encoding")
	for _, c := range compressed {
		if !accepts(accepted, c.encoding) {
			continue
		}
		if _, err := fs.Stat(dist, name+c.ending); err == nil {
			h.Set("Content-Encoding", c.encoding)
			return c.ending
		}
	}
	return ""
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

func index(dist folders) Index {
	list := Index{Files: []File{}}
	for _, one := range dist {
		list.add(one)
	}
	return list
}

func (list *Index) add(dist fs.FS) {
	_ = fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "README.md" || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		for _, c := range compressed {
			if strings.HasSuffix(name, c.ending) {
				return nil
			}
		}
		content, err := fs.ReadFile(dist, name)
		if err == nil {
			sum := sha512.Sum384(content)
			list.Files = append(list.Files, File{
				Name: name, Bytes: int64(len(content)), Integrity: "sha384-" + base64.StdEncoding.EncodeToString(sum[:]),
			})
		}
		return err
	})
}

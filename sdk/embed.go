// Package sdk is what a site loads from its superp2p server, embedded: the builds in dist.
//
// Handler and what it returns are safe for concurrent use.
package sdk

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
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

// Handler serves the files by their names, and an Index as JSON at "/".
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
			served.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(index(dist))
	})
}

func index(dist fs.FS) Index {
	list := Index{Files: []File{}}
	_ = fs.WalkDir(dist, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "README.md" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			list.Files = append(list.Files, File{Name: path, Bytes: info.Size()})
		}
		return err
	})
	return list
}

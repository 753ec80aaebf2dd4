package demo

import (
	"bytes"
	"embed"
	"net/http"
	"path"
	"time"
)

// FlashPath is where the server of a Demo has a page that plays by the SWF.
const FlashPath = "/demo/flash.html"

const (
	flashScript = "/demo/flash.js"
	rufflePath  = "/demo/ruffle/"
	// ruffle is where `make tools` installs Ruffle, below the folder that the demo is started in.
	ruffle = "test/flash/node_modules/@ruffle-rs/ruffle"
)

//go:embed flash.html flash.js
var flashFiles embed.FS

// serveFlash answers with the page or its script.
func serveFlash(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	content, err := flashFiles.ReadFile(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

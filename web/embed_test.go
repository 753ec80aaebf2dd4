package web_test

import (
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/web"
)

func get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	web.Page().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// reference is what a page loads: the value of src, or of href in a link.
var reference = regexp.MustCompile(`<(?:script|link|img)[^>]* (?:src|href)="([^"]*)"`)

// imported is what a module loads.
var imported = regexp.MustCompile(`from "\./([^"]*)"`)

func TestPagesLoadOnlyWhatIsThere(t *testing.T) {
	for path, up := range map[string]string{"/": "", "/status": "", "/demo/adapters.html": "../"} {
		w := get(path)
		require.Equal(t, 200, w.Code, path)
		require.Contains(t, w.Header().Get("Content-Type"), "text/html")
		require.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe-inline")
		page := w.Body.String()
		require.Contains(t, page, "</html>")
		require.NotRegexp(t, `<style|<script>|style="| on[a-z]+="`, page, "%s: the policy forbids what is inline", path)
		found := reference.FindAllStringSubmatch(page, -1)
		require.NotEmpty(t, found)
		for _, m := range found {
			if m[1] == up+"sdk/superp2p.js" {
				continue
			}
			require.Regexp(t, `^`+regexp.QuoteMeta(up)+`page/`, m[1], "the page must not need anything from elsewhere")
			asset := get("/" + m[1][len(up):])
			require.Equal(t, 200, asset.Code, m[1])
			for _, n := range imported.FindAllStringSubmatch(asset.Body.String(), -1) {
				require.Equal(t, 200, get("/page/"+n[1]).Code, "%s of %s", n[1], m[1])
			}
		}
	}
}

func TestTheWorkerOfTheDemoIsTheLineThatASiteHosts(t *testing.T) {
	w := get("/demo/superp2p-sw.js")
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Header().Get("Content-Type"), "text/javascript")
	require.Regexp(t, `^importScripts\("[^"]*/sdk/superp2p-sw\.js"\);\n$`, w.Body.String())
}

func TestPagesAreSentAgainOnlyWhenTheyChanged(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("If-None-Match", get("/").Header().Get("ETag"))
	w := httptest.NewRecorder()
	web.Page().ServeHTTP(w, r)
	require.Equal(t, 304, w.Code)
}

func TestNothingElseIsThere(t *testing.T) {
	for _, path := range []string{"/other", "/page/", "/page/index.html", "/page/../embed.go", "/page/none.js", "/demo/"} {
		require.Equal(t, 404, get(path).Code, path)
	}
}

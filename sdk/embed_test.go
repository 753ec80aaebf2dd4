package sdk

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIndexListsWhatIsServed(t *testing.T) {
	h := Handler()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var list Index
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &list))
	require.NotNil(t, list.Files)
	for _, f := range list.Files {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+f.Name, nil))
		require.Equal(t, http.StatusOK, w.Code)
		require.EqualValues(t, f.Bytes, w.Body.Len())
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/none.js", nil))
	require.Equal(t, http.StatusNotFound, w.Code)
}

// listed returns what the index has.
func listed(t *testing.T, h http.Handler) []File {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	var list Index
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &list))
	require.NotEmpty(t, list.Files)
	return list.Files
}

func TestWhatLiesThereCompressedIsSentSo(t *testing.T) {
	h := Handler()
	for _, f := range listed(t, h) {
		if types[path.Ext(f.Name)] == "" {
			continue
		}
		for accepted, sent := range map[string]string{"gzip, deflate, br": "br", "gzip": "gzip", "br;q=0, gzip;q=0.5": "gzip", "identity": "", "": ""} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/"+f.Name, nil)
			r.Header.Set("Accept-Encoding", accepted)
			h.ServeHTTP(w, r)
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, sent, w.Header().Get("Content-Encoding"), "%s for %s", f.Name, accepted)
			require.Equal(t, types[path.Ext(f.Name)], w.Header().Get("Content-Type"))
			require.Equal(t, "Accept-Encoding", w.Header().Get("Vary"))
			if sent == "" {
				require.EqualValues(t, f.Bytes, w.Body.Len())
			} else {
				require.Less(t, int64(w.Body.Len()), f.Bytes)
			}
		}
	}
}

func TestBrowsersKeepWhatIsTheNewest(t *testing.T) {
	h := Handler()
	for _, f := range listed(t, h) {
		for _, accepted := range []string{"br", ""} {
			r := httptest.NewRequest(http.MethodGet, "/"+f.Name, nil)
			r.Header.Set("Accept-Encoding", accepted)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			tag := w.Header().Get("ETag")
			require.Contains(t, tag, f.Integrity)
			r.Header.Set("If-None-Match", tag)
			w = httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, http.StatusNotModified, w.Code)
		}
	}
}

func TestTheSWFIsServed(t *testing.T) {
	h := Handler()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/superp2p.swf", nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/x-shockwave-flash", w.Header().Get("Content-Type"))
	require.Empty(t, w.Header().Get("Content-Encoding"))
	require.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
	require.Equal(t, "CWS\x0a", w.Body.String()[:4], "version 10, packed")
	r := httptest.NewRequest(http.MethodGet, "/superp2p.swf", nil)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	h.ServeHTTP(again, r)
	require.Equal(t, http.StatusNotModified, again.Code)
}

func TestTheWorkerMayServeAllOfItsOrigin(t *testing.T) {
	for path, allowed := range map[string]string{"/superp2p-sw.js": "/", "/superp2p.js": ""} {
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		require.Equal(t, allowed, w.Header().Get("Service-Worker-Allowed"), path)
	}
}

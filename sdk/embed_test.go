package sdk

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
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

package web_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/web"
)

func TestPage(t *testing.T) {
	w := httptest.NewRecorder()
	web.Page().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Header().Get("Content-Type"), "text/html")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "connect-src 'self'")
	require.Contains(t, w.Body.String(), "</html>")
	require.NotContains(t, w.Body.String(), "src=\"http", "the page must not need anything from elsewhere")

	w = httptest.NewRecorder()
	web.Page().ServeHTTP(w, httptest.NewRequest("GET", "/other", nil))
	require.Equal(t, 404, w.Code)
}

package flashtest

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// slowly passes on what a server sends, so many bytes a second of FLV.
func slowly(t *testing.T, server string, rate int) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	return stagetest.Handler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := http.NewRequestWithContext(r.Context(), r.Method, server+r.URL.String(), nil)
		if err != nil {
			return
		}
		answer, err := client.Do(q)
		if err != nil {
			return
		}
		defer answer.Body.Close() //nolint:errcheck // a test
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Transfer-Encoding", "identity")
		w.WriteHeader(answer.StatusCode)
		if !strings.HasPrefix(r.URL.Path, "/v1/flv") {
			_, _ = io.Copy(w, answer.Body)
			return
		}
		control := http.NewResponseController(w)
		for err == nil {
			_, err = io.CopyN(w, answer.Body, int64(rate/10))
			_ = control.Flush()
			time.Sleep(100 * time.Millisecond) // the rate is what is looked at
		}
	})).URL
}

// TestTooLittleThatComesIsToldOnce plays what comes at a third of its rate.
func TestTooLittleThatComesIsToldOnce(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	live, _ := openFLV(t)
	slow := slowly(t, s.ServerURL(), 20_000)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": live, "config": `{"server":"` + slow + `"}`})
	p.see("(s.told || []).includes('Play.InsufficientBW')")
	require.GreaterOrEqual(t, p.number("look().stat.stalls"), 1.0)
	p.see("s.stat.stalls >= 2")
	told := p.told()
	require.Equal(t, []string{"Play.Start", "Buffer.Full", "Buffer.Empty"}, told[:3])
	once := 0
	for i, code := range told[2:] { // pairs on a stall
		switch code {
		case "Play.InsufficientBW":
			once++
		case "Buffer.Full", "Buffer.Empty":
			require.NotEqual(t, code, told[i+1], "%v", told)
		default:
			require.Fail(t, code)
		}
	}
	require.Equal(t, 1, once)
}

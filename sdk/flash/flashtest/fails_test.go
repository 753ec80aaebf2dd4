package flashtest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/proxy"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// openCDN serves film.flv to any page, as a CDN does, which needs no SDK.
func openCDN(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	stagetest.Make(t, append(picture(30), filepath.Join(dir, "film.flv"))...)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Content-Type", "video/x-flv")
		http.ServeFile(w, r, filepath.Join(dir, "film.flv"))
	}))
	t.Cleanup(site.Close)
	return site.URL + "/film.flv"
}

// closedPort is an address at which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// openProxy starts a local proxy of a server.
func openProxy(t *testing.T, server string) *httptest.Server {
	t.Helper()
	p := proxy.New(proxy.Config{Media: superp2p.Config{Server: server, Loopback: true}})
	site := httptest.NewServer(p)
	t.Cleanup(func() {
		site.CloseClientConnections()
		site.Close()
		p.Close()
	})
	return site
}

func errorsOf(codes []string) (list []string) {
	for _, c := range codes {
		switch c {
		case "Play.Failed", "Play.StreamNotFound", "Play.FileStructureInvalid", "Play.NoSupportedTrackFound":
			list = append(list, c)
		}
	}
	return list
}

// TestEachFailureIsToldOnce goes through the table of docs/flash.md; where the code is Play.Failed the example's fallback plays the CDN.
func TestEachFailureIsToldOnce(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	cdn := openCDN(t)
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/x-flv")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(func() { silent.CloseClientConnections(); silent.Close() })
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(func() { hung.CloseClientConnections(); hung.Close() })
	garbage := stagetest.Garbage(t)
	for _, c := range []struct {
		name, url, config, code string
		most                    time.Duration // from the play to the event
	}{
		{"no server", "http://cdn.example/a.flv", `{"proxy":"off","server":"http://` + closedPort(t) + `"}`, "Play.Failed", 5 * time.Second},
		{"hung server", "http://cdn.example/a.flv", `{"proxy":"off","server":"` + hung.URL + `"}`, "Play.Failed", 6 * time.Second},
		{"refused", "http://not.allowed.example/a.flv", `{"proxy":"off"}`, "Play.Failed", 5 * time.Second},
		{"no such channel", "nothing", `{"proxy":"off"}`, "Play.Failed", 5 * time.Second},
		{"dead source", "http://" + closedPort(t) + "/a.flv", `{"proxy":"off"}`, "Play.Failed", 9 * time.Second},
		{"silent source", silent.URL + "/a.flv", `{"proxy":"off","startTimeout":3}`, "Play.Failed", 5 * time.Second},
		{"no peers", cdn, `{"proxy":"off","requireP2P":true}`, "Play.Failed", 2 * time.Second},
		{"wrong settings", cdn, `{"proxy":"off","delay":"soon"}`, "Play.Failed", 2 * time.Second},
		{"no such file", strings.TrimSuffix(cdn, ".flv") + ".mp4?404", `{"proxy":"off"}`, "Play.FileStructureInvalid", 9 * time.Second},
		{"no media", garbage.URL + "/film.mp4", `{"proxy":"off"}`, "Play.FileStructureInvalid", 9 * time.Second},
		{"no codec", stagetest.NoTrack(t).URL + "/film.mp4", `{"proxy":"off"}`, "Play.NoSupportedTrackFound", 9 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf", "url": c.url, "config": c.config, "cdn": cdn})
			p.see("(s.told || []).length > 0")
			require.Equal(t, []string{c.code}, p.told(), p.text("JSON.stringify(lines)"))
			if c.code == "Play.Failed" {
				p.see("shown.size > 5 && loudest > 0.01")
				p.shoot("failed-" + strings.ReplaceAll(c.name, " ", "-"))
			}
			require.Equal(t, []string{c.code}, p.told(), "nothing follows")
			took := p.number("told_at - played_at")
			t.Logf("%.0f ms: %s", took, p.text("lines.filter((l) => l.includes('NetStream.Play')).join()"))
			require.Less(t, took, float64(c.most.Milliseconds()+2000), "on a busy machine")
		})
	}
}

// TestWhatDiesInTheMiddle kills what FLV comes from: once by the proxy, once by the server.
func TestWhatDiesInTheMiddle(t *testing.T) {
	b := openBrowser(t)
	cdn := openCDN(t)
	for _, by := range []string{"proxy", "server"} {
		t.Run(by, func(t *testing.T) {
			origin, _ := openFLV(t)
			from, home := serve(t), serve(t)
			config, kill := `{"proxy":"off"}`, func() { require.NoError(t, from.Close()) }
			if by == "proxy" {
				local := openProxy(t, from.ServerURL())
				config, kill = `{"proxy":"`+local.URL+`"}`, func() { local.CloseClientConnections(); local.Close() }
			} else {
				config = `{"proxy":"off","server":` + strconv.Quote(from.ServerURL()) + `}`
			}
			p := b.watch(t, vars{"sdk": home.ServerURL() + "/sdk/superp2p.swf", "url": origin, "config": config, "cdn": cdn})
			p.see("s.time > 2 && s.stat.route === '" + by + "'")
			require.Empty(t, errorsOf(p.told()))
			kill()
			p.see("s.told.includes('Play.Failed')")
			p.number("shown.clear(); loudest = 0")
			p.see("shown.size > 5 && loudest > 0.01")
			p.shoot("killed-" + by)
			require.Equal(t, []string{"Play.Failed"}, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
		})
	}
}

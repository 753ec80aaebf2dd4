package proxy_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/proxy"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// system is a stage and a proxy for its server.
type system struct {
	*stage.Stage
	t      *testing.T
	url    string // of the proxy
	client *http.Client
}

func start(t *testing.T, c proxy.Config, adjust func(*config.Config)) *system {
	t.Helper()
	st, err := stage.Start(t.Context(), stage.Config{Adjust: adjust, Past: 8 * time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	s := &system{st, t, "", &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.Cleanup(s.client.CloseIdleConnections)
	s.url = s.proxy(c)
	return s
}

// proxy starts a proxy for the stage's server, and returns its URL.
func (s *system) proxy(c proxy.Config) string {
	t := s.t
	c.Media.Server, c.Media.Loopback = s.ServerURL(), true
	c.Delay, c.Media.StartTimeout = 2*time.Second, 20*time.Second
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- proxy.New(c).Serve(ctx, l) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-served) })
	return "http://" + l.Addr().String()
}

// get asks the proxy; header holds pairs.
func (s *system) get(path string, header ...string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, http.NoBody)
	require.NoError(s.t, err)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := s.client.Do(r)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// object asks for JSON.
func (s *system) object(status int, path string, header ...string) (object map[string]any) {
	s.t.Helper()
	answer := s.get(path, header...)
	require.Equal(s.t, status, answer.StatusCode, path)
	require.Equal(s.t, "application/json", answer.Header.Get("Content-Type"))
	require.NoError(s.t, json.NewDecoder(answer.Body).Decode(&object))
	return object
}

// player opens a stream.
func (s *system) player(path string) *flv.Reader {
	s.t.Helper()
	answer := s.get(path)
	require.Equal(s.t, http.StatusOK, answer.StatusCode)
	require.Equal(s.t, "video/x-flv", answer.Header.Get("Content-Type"))
	return flv.NewReader(answer.Body, flv.Limits{})
}

func read(t *testing.T, r *flv.Reader, tags int) {
	t.Helper()
	for range tags {
		_, err := r.ReadTag()
		require.NoError(t, err)
	}
}

// viewers is how many peers the tracker knows.
func (s *system) viewers() (n int) {
	for _, stream := range s.Server.Status().Streams {
		n += stream.Viewers
	}
	return n
}

func (s *system) eventually(what string, condition func() bool) {
	s.t.Helper()
	require.Eventually(s.t, condition, 30*time.Second, 20*time.Millisecond, what)
}

func TestPlayersShareOnePeerThatLeavesAfterTheLast(t *testing.T) {
	s := start(t, proxy.Config{Linger: 200 * time.Millisecond}, nil)
	a, b := s.get("/channel/live.flv"), s.get("/channel/live.flv")
	read(t, flv.NewReader(a.Body, flv.Limits{}), 100)
	read(t, flv.NewReader(b.Body, flv.Limits{}), 100)
	s.eventually("one peer is in the swarm", func() bool { return s.viewers() == 1 })
	stat := s.object(200, "/stat?xresid=channel/live.flv")
	streams := stat["streams"].([]any)
	require.Len(t, streams, 1)
	require.EqualValues(t, 2, streams[0].(map[string]any)["players"])
	require.NotZero(t, stat["flow"].(map[string]any)["cdnBytes"])
	require.Contains(t, stat["flow"], "p2pBytes")

	require.NoError(t, a.Body.Close())
	read(t, flv.NewReader(s.get("/channel/live.flv").Body, flv.Limits{}), 20)
	require.NoError(t, b.Body.Close())
	s.client.CloseIdleConnections()
	moved := s.object(200, "/stat?xresid=channel/live.flv")["flow"].(map[string]any)["cdnBytes"].(float64)
	require.NotZero(t, moved)
}

func TestSignaturesDoNotSplitPlayers(t *testing.T) {
	s := start(t, proxy.Config{}, nil)
	path := "/" + strings.TrimPrefix(s.SourceURL(), "http://")
	for _, query := range []string{"?sign=1&t=2", "?sign=3&t=4&xresid=second", "?sign=1&t=2", "?sign=3&t=4"} {
		read(t, s.player(path+query), 5)
	}
	read(t, s.player(path+"?sign=1&rendition=2"), 5)
	stat := s.object(200, "/stat")["streams"].([]any)
	require.Len(t, stat, 2)
	players := []any{stat[0].(map[string]any)["players"], stat[1].(map[string]any)["players"]}
	require.ElementsMatch(t, []any{4.0, 1.0}, players)
	require.Len(t, s.object(200, "/stat?xresid=second")["streams"], 1)
	s.eventually("two peers are there", func() bool { return s.viewers() == 2 })
}

func TestAStreamIsLetGoAndItsCountsStay(t *testing.T) {
	s := start(t, proxy.Config{Linger: 50 * time.Millisecond}, nil)
	answer := s.get("/channel/live.flv?xresid=my+own+name")
	read(t, flv.NewReader(answer.Body, flv.Limits{}), 50)
	require.NoError(t, answer.Body.Close())
	s.eventually("the peer has left", func() bool {
		return s.viewers() == 0 && len(s.object(200, "/stat")["streams"].([]any)) == 0
	})
	for _, path := range []string{"/stat", "/stat?xresid=my+own+name"} {
		require.NotZero(t, s.object(200, path)["flow"].(map[string]any)["cdnBytes"], path)
	}
	require.Zero(t, s.object(200, "/stat?xresid=another")["flow"].(map[string]any)["cdnBytes"])
}

func TestASlowPlayerSlowsNobody(t *testing.T) {
	s := start(t, proxy.Config{WriteTimeout: time.Second}, nil)
	slow, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer slow.Close() //nolint:errcheck // the test is over
	require.NoError(t, slow.(*net.TCPConn).SetReadBuffer(4096))
	_, err = io.WriteString(slow, "GET /channel/live.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	require.NoError(t, err)
	read(t, s.player("/channel/live.flv"), 300)
}

func TestWhatCannotStartIsAnsweredBeforeAnyMedia(t *testing.T) {
	s := start(t, proxy.Config{}, nil)
	for path, want := range map[string]struct {
		status   int
		code     string
		fallback any
	}{
		"/channel/none.flv":                        {404, "channel_unknown", nil},
		"/not.allowed.example/a.flv?sign=1":        {403, "origin_not_allowed", "http://not.allowed.example/a.flv?sign=1"},
		"/rtmp/not.allowed.example/live/a.flv":     {403, "origin_not_allowed", "rtmp://not.allowed.example/live/a"},
		"/favicon.ico":                             {404, "url_invalid", nil},
		"/cdn.example/a.flv?superp2p_delay=little": {400, "url_invalid", nil},
	} {
		object := s.object(want.status, path)
		failure := object["error"].(map[string]any)
		require.Equal(t, want.code, failure["code"], path)
		require.NotEmpty(t, failure["message"], path)
		require.Equal(t, want.fallback, object["fallback"], path)
	}
}

func TestASourceThatRefusesAndAServerThatIsGoneAreBadGateways(t *testing.T) {
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	host := refusing.Addr().String()
	require.NoError(t, refusing.Close())
	s := start(t, proxy.Config{}, func(c *config.Config) { c.Origins = []string{host} })
	require.Equal(t, "http://"+host+"/a.flv?k=v", s.object(502, "/"+host+"/a.flv?k=v")["fallback"])

	gone := proxy.New(proxy.Config{Media: superp2p.Config{Server: "http://" + host, StartTimeout: 300 * time.Millisecond}})
	defer gone.Close()
	w := &recorder{header: http.Header{}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/channel/x.flv", http.NoBody)
	require.NoError(t, err)
	gone.ServeHTTP(w, r)
	require.Equal(t, 502, w.status)
	require.Contains(t, w.body.String(), "server_unreachable")
}

func TestRedirectSendsPlayersToTheStreamItself(t *testing.T) {
	s := start(t, proxy.Config{Redirect: true}, nil)
	answer := s.get("/not.allowed.example/a.flv?sign=1")
	require.Equal(t, http.StatusFound, answer.StatusCode)
	require.Equal(t, "http://not.allowed.example/a.flv?sign=1", answer.Header.Get("Location"))
	require.Equal(t, http.StatusForbidden, s.get("/rtmp/not.allowed.example/live/a.flv").StatusCode)
}

func TestWhoMayAsk(t *testing.T) {
	s := start(t, proxy.Config{TrustedOrigins: []string{"https://trusted.example"}}, nil)
	require.Equal(t, 403, s.get("/stat", "Host", "rebound.example").StatusCode)
	require.Equal(t, 403, s.get("/channel/live.flv", "Host", "rebound.example:16080").StatusCode)
	require.Equal(t, 403, s.get("/feature?upload=0", "Origin", "https://site.example").StatusCode)
	require.Equal(t, 403, s.get("/feature?upload=0", "Sec-Fetch-Site", "cross-site").StatusCode)
	require.Equal(t, 403, s.get("/stat", "Origin", "https://site.example").StatusCode)
	require.Equal(t, 200, s.get("/stat?xresid=x", "Origin", "https://site.example").StatusCode)
	require.Equal(t, 200, s.get("/stat", "Origin", "https://trusted.example").StatusCode)
	require.Equal(t, 400, s.get("/feature?upload=maybe").StatusCode)
	require.Equal(t, map[string]any{"download": true, "upload": true}, s.object(200, "/feature"))
	require.Equal(t, map[string]any{"download": false, "upload": true}, s.object(200, "/feature?download=0"))
	require.Equal(t, map[string]any{"download": true, "upload": false}, s.object(200, "/feature?download=on&upload=FALSE"))

	answer := s.get("/crossdomain.xml")
	require.Equal(t, "*", answer.Header.Get("Access-Control-Allow-Origin"))
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), `<allow-access-from domain="*"`)
}

func TestSharingIsSwitchedForReal(t *testing.T) {
	s := start(t, proxy.Config{}, nil)
	read(t, s.player("/channel/live.flv"), 100)
	watch := func() (v *peer.Viewer) {
		v, err := peer.Open(t.Context(), peer.Config{Server: s.ServerURL(), Delay: 2 * time.Second, Loopback: true}, "live")
		require.NoError(t, err)
		t.Cleanup(func() { _ = v.Close() })
		return v
	}
	given := func() float64 { return s.object(200, "/stat")["flow"].(map[string]any)["uploadBytes"].(float64) }

	require.Equal(t, false, s.object(200, "/feature?upload=0")["upload"])
	other := watch()
	s.eventually("they are connected", func() bool { return other.Stats().Peers == 1 })
	played := other.Stats().Played
	s.eventually("it plays on", func() bool { return other.Stats().Played > played+2*time.Second })
	require.Zero(t, given())
	require.Zero(t, other.Stats().PeerBytes)

	require.Equal(t, true, s.object(200, "/feature?upload=1")["upload"])
	s.eventually("it gives", func() bool { return given() > 0 && other.Stats().PeerBytes > 0 })

	took := func() float64 { return s.object(200, "/stat")["flow"].(map[string]any)["p2pBytes"].(float64) }
	s.eventually("it takes", func() bool { return took() > 0 })
	require.Equal(t, false, s.object(200, "/feature?download=0")["download"])
	taken := took()
	played = other.Stats().Played
	s.eventually("it plays on", func() bool { return other.Stats().Played > played+2*time.Second })
	require.Equal(t, taken, took())
}

func TestLimits(t *testing.T) {
	s := start(t, proxy.Config{MaxPlayers: 2, MaxStreams: 1, Linger: time.Minute}, nil)
	first := s.get("/channel/live.flv")
	read(t, flv.NewReader(first.Body, flv.Limits{}), 5)
	refused := s.object(503, "/channel/live.flv?superp2p_delay=3")["error"].(map[string]any)
	require.Equal(t, "limit_reached", refused["code"])
	read(t, s.player("/channel/live.flv"), 5)
	require.Equal(t, 503, s.get("/channel/live.flv").StatusCode)
}

func TestAStreamWithoutPlayersMakesRoom(t *testing.T) {
	s := start(t, proxy.Config{MaxStreams: 1, Linger: time.Minute}, nil)
	first := s.get("/channel/live.flv")
	read(t, flv.NewReader(first.Body, flv.Limits{}), 5)
	require.NoError(t, first.Body.Close())
	s.eventually("its player is gone", func() bool {
		return s.object(200, "/stat")["streams"].([]any)[0].(map[string]any)["players"].(float64) == 0
	})
	read(t, s.player("/channel/live.flv?superp2p_delay=3"), 5)
}

func TestHeadersOfAPlayersPreflight(t *testing.T) {
	s := start(t, proxy.Config{}, nil)
	for _, method := range []string{http.MethodOptions, http.MethodHead, http.MethodPost} {
		r, err := http.NewRequestWithContext(t.Context(), method, s.url+"/channel/live.flv", http.NoBody)
		require.NoError(t, err)
		answer, err := s.client.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		switch method {
		case http.MethodOptions:
			require.Equal(t, 204, answer.StatusCode)
			require.Equal(t, "true", answer.Header.Get("Access-Control-Allow-Private-Network"))
		case http.MethodHead:
			require.Equal(t, "video/x-flv", answer.Header.Get("Content-Type"))
			require.Zero(t, s.viewers(), "HEAD joins no swarm")
		default:
			require.Equal(t, 405, answer.StatusCode)
		}
	}
}

// An end that is none of the stream's must not look like one.
func TestAFailureOnTheWayBreaksTheAnswerOff(t *testing.T) {
	s := start(t, proxy.Config{Media: superp2p.Config{StallTimeout: time.Second}}, nil)
	answer := s.get("/channel/live.flv")
	tags := flv.NewReader(answer.Body, flv.Limits{})
	read(t, tags, 10)
	require.NoError(t, s.Server.Close())
	var err error
	for err == nil {
		_, err = tags.ReadTag()
	}
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestOutputIsFaultlessForStreamsOfOthers(t *testing.T) {
	for _, kind := range []string{"pushed RTMP", "pulled HTTP-FLV", "pulled RTSP"} {
		t.Run(kind, func(t *testing.T) {
			var url string
			if kind == "pulled HTTP-FLV" {
				url = stagetest.Serve(t)
			}
			if kind == "pulled RTSP" {
				url = stagetest.Camera(t)
			}
			s := start(t, proxy.Config{}, func(c *config.Config) {
				c.RTMP, c.Origins = "127.0.0.1:0", []string{"127.0.0.1"}
			})
			path := "/" + strings.TrimPrefix(url, "http://")
			if host, ok := strings.CutPrefix(url, "rtsp://"); ok {
				path = "/rtsp/" + host + ".flv"
			}
			if url == "" {
				url, path = "live/test", "/channel/live/test.flv"
				stagetest.Push(t, "rtmp://"+s.Server.RTMPAddr()+"/live/test")
			}
			stagetest.OnAir(t, s.ServerURL(), url)
			var file strings.Builder
			_, err := io.CopyN(&file, s.get(path).Body, 250_000) // about seven seconds
			require.NoError(t, err)
			stagetest.Decodes(t, strings.NewReader(whole(t, file.String())))
		})
	}
}

// whole returns the complete tags of an FLV stream that was cut off.
func whole(t *testing.T, cut string) string {
	t.Helper()
	r := flv.NewReader(strings.NewReader(cut), flv.Limits{})
	b := flv.AppendHeader(nil, true, true)
	for {
		tag, err := r.ReadTag()
		if err != nil {
			return string(b)
		}
		b = flv.AppendTag(b, &tag)
	}
}

// recorder is a ResponseWriter that only notes.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

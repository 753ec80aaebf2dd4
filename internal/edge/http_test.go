package edge

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

func decode(t *testing.T, rec *httptest.ResponseRecorder, v any) {
	t.Helper()
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	require.Equal(t, "application/json", rec.Header().Get("Content-Type"))
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), v))
}

func TestWhatMayNotBePulled(t *testing.T) {
	c := Config{
		Channels: channels("live1"), Origins: []string{"cdn.example/live", "*.wild.example"},
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			if host == "inside.wild.example" {
				return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
		},
	}
	origin := func(rw http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(rw, r, to, http.StatusFound)
			return
		}
		forever(rw, r)
	}
	inBubble(t, c, origin, func(w *world) {
		for query, want := range map[string]fault.Code{
			"channel=none":                                              fault.ChannelUnknown,
			"channel=":                                                  fault.URLInvalid,
			"channel=http://cdn.example/live/a":                         fault.URLInvalid,
			"url=live1":                                                 fault.URLInvalid,
			"url=file:///etc/passwd":                                    fault.URLInvalid,
			"url=http://other.example/live/a.flv":                       fault.OriginNotAllowed,
			"url=http://cdn.example/vod/a.flv":                          fault.OriginNotAllowed,
			"url=http://cdn.example/live/%252e%252e/vod/a":              fault.URLInvalid,
			"url=http://127.0.0.1/live/a.flv":                           fault.OriginNotAllowed,
			"url=http://inside.wild.example/a.flv":                      fault.AddressPrivate,
			"url=http://a.wild.example/?to=http://127.0.0.1:22/":        fault.OriginNotAllowed,
			"url=http://a.wild.example/?to=http://o.example/":           fault.OriginNotAllowed,
			"url=http://a.wild.example/?to=http://inside.wild.example/": fault.AddressPrivate,
			"url=http://a.wild.example/?to=file:///etc/passwd":          fault.SourceInvalid,
			"": fault.RequestInvalid,
			"url=http://cdn.example/live/a&channel=live1": fault.RequestInvalid,
			"channel=live1&channel=live1":                 fault.RequestInvalid,
		} {
			_, code := refusal(w.t, w.get("/v1/resolve?"+query))
			require.Equal(w.t, want, code, query)
		}
		w.resolve("url=http://a.wild.example/?to=http://b.wild.example/x.flv")
	})
}

func TestURLsThatMeanAChannel(t *testing.T) {
	c := Config{Channels: channels("live1"), PerViewerKeys: []string{"sign"}, RTMPPort: func() string { return "1935" }}
	inBubble(t, c, forever, func(w *world) {
		p, err := w.edge.Publish("live/test", "")
		require.NoError(w.t, err)
		require.NoError(w.t, send(p, 20))
		for query, want := range map[string]string{ // httptest asks as example.com
			"url=http://ORIGIN.example/live1.flv?sign=9":     "live1",
			"url=http://example.com/live/live1.flv":          "live1",
			"url=http://example.com:80/live/live/test.flv":   "live/test",
			"url=http://Example.com/live/test.flv?sign=1":    "live/test",
			"url=rtmp://example.com/live/test":               "live/test",
			"url=rtmp://example.com:1935/live/test?key=what": "live/test",
		} {
			require.Equal(w.t, want, w.resolve(query).Stream, query)
		}
		for query, want := range map[string]fault.Code{
			"url=rtmp://example.com/live/none":        fault.ChannelUnknown,
			"url=rtmp://example.com:1936/live/test":   fault.OriginNotAllowed,
			"url=http://example.com:81/live/test.flv": fault.OriginNotAllowed,
			"url=http://example.com/vod/test.flv":     fault.OriginNotAllowed,
			"url=http://origin.example/live1.flv?x":   fault.OriginNotAllowed,
		} {
			_, code := refusal(w.t, w.get("/v1/resolve?"+query))
			require.Equal(w.t, want, code, query)
		}
		require.Equal(w.t, []string{"/live1.flv"}, w.asked())
		require.NoError(w.t, p.Close())
	})
}

func TestWaitingForASlice(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1"), MaxWaiting: 3}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		time.Sleep(5 * time.Second)
		r = w.resolve("channel=live1")
		next := r.Edge.Number + 1

		_, code := refusal(w.t, w.get(w.slicePath(r, next+3)))
		require.Equal(w.t, fault.SliceNotYet, code, "who does not wait is answered at once")
		began := time.Now()
		rec := w.get(w.slicePath(r, next+edgeapi.MaxAhead+8), "Prefer", "wait=10")
		_, code = refusal(w.t, rec)
		require.Equal(w.t, fault.SliceNotYet, code, "too far ahead")
		require.Zero(w.t, time.Since(began))

		rec = w.get(w.slicePath(r, next+3), "Prefer", "respond-async, wait=10")
		require.Equal(w.t, http.StatusOK, rec.Code)
		require.Equal(w.t, "wait=10", rec.Header().Get("Preference-Applied"))
		require.InDelta(w.t, time.Second.Seconds(), time.Since(began).Seconds(), 0.3)

		rec = w.get(w.slicePath(r, next+6) + "?wait=5")
		require.Equal(w.t, http.StatusOK, rec.Code)

		began = time.Now()
		rec = w.get(w.slicePath(r, next+30), "Prefer", "wait=2")
		_, code = refusal(w.t, rec)
		require.Equal(w.t, fault.SliceNotYet, code)
		require.Equal(w.t, 2*time.Second, time.Since(began))

		rec = w.get(w.slicePath(r, next), "Prefer", "wait=1000")
		require.Equal(w.t, "wait=20", rec.Header().Get("Preference-Applied"))

		var full atomic.Int64
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				rec := w.get(w.slicePath(r, next+40), "Prefer", "wait=20")
				if rec.Code == http.StatusServiceUnavailable {
					_, code := refusal(w.t, rec)
					require.Equal(w.t, fault.LimitReached, code)
					require.Equal(w.t, "1", rec.Header().Get("Retry-After"))
					full.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(w.t, 7, full.Load())
	})
}

// head asks the edge as get does, for the header alone.
func (w *world) head(path string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.edge.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodHead, path, nil))
	return rec
}

func TestNoMoreCopiesThanPreferred(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		next := r.Edge.Number + 3
		answers := make(chan *httptest.ResponseRecorder, 12)
		for i := range cap(answers) {
			go func() {
				if i%2 == 0 {
					answers <- w.get(w.slicePath(r, next), "Prefer", "wait=20, copies=2")
				} else {
					answers <- w.get(w.slicePath(r, next) + "?copies=2&wait=20")
				}
			}()
		}
		whole := 0
		for range cap(answers) {
			rec := <-answers
			require.Equal(w.t, "wait=20, copies=2", rec.Header().Get("Preference-Applied"))
			if rec.Code == http.StatusOK {
				whole++
				continue
			}
			status, code := refusal(w.t, rec)
			require.Equal(w.t, http.StatusConflict, status)
			require.Equal(w.t, fault.SliceEnough, code)
		}
		require.Equal(w.t, 2, whole)

		path := w.slicePath(r, next)
		_, code := refusal(w.t, w.get(path+"?copies=2"))
		require.Equal(w.t, fault.SliceEnough, code, "without waiting too")
		require.Equal(w.t, http.StatusOK, w.get(path+"?copies=3").Code)
		require.Equal(w.t, http.StatusOK, w.get(path).Code, "who has no preference gets it")
		_, code = refusal(w.t, w.get(path+"?copies=4"))
		require.Equal(w.t, fault.SliceEnough, code, "that of who has no preference counts")
		require.Equal(w.t, http.StatusOK, w.get(path+"?copies=1001").Code, "no sense, no preference")

		path = w.slicePath(r, next-1)
		require.Equal(w.t, http.StatusOK, w.head(path+"?copies=1").Code)
		require.Equal(w.t, http.StatusOK, w.get(path+"?copies=1").Code, "HEAD takes no copy")
		require.Equal(w.t, http.StatusConflict, w.head(path+"?copies=1").Code, "and learns what GET would")
	})
}

func TestWhoGivesUpWaitingTakesNoCopy(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		path := w.slicePath(r, r.Edge.Number+3)
		ctx, cancel := context.WithCancel(w.t.Context())
		request := httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx)
		request.Header.Set("Prefer", "wait=20")
		rec, done := httptest.NewRecorder(), make(chan struct{})
		go func() { defer close(done); w.edge.Handler().ServeHTTP(rec, request) }()
		synctest.Wait()
		cancel()
		<-done
		_, code := refusal(w.t, rec)
		require.Equal(w.t, fault.Closed, code)
		require.Equal(w.t, http.StatusOK, w.get(path+"?copies=1&wait=20").Code)
	})
}

func TestPreferHeader(t *testing.T) {
	seconds := func(n int) preferences { return preferences{wait: time.Duration(n) * time.Second} }
	for value, want := range map[string]preferences{
		"wait=10": seconds(10), `wait="7"`: seconds(7), "Wait = 3; x": seconds(3), "return=minimal, wait=2": seconds(2),
		"wait=-1": {}, "wait=": {}, "wait": {}, "": {}, "wait=1e3": {}, "wait=99999999999": {},
		"wait=2147483647": seconds(20),
		"copies=4":        {copies: 4}, `COPIES="1000";x=y`: {copies: 1000}, "copies=0": {}, "copies=1001": {}, "copies=-1": {},
		"copies": {}, "copies=4x": {}, "wait=10, copies=4": {10 * time.Second, 4}, "copies=1,wait=x": {copies: 1},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Prefer", value)
		require.Equal(t, want, preferencesOf(r), "%q", value)
	}
	r := httptest.NewRequest(http.MethodGet, "/?wait=3&copies=9", nil)
	require.Equal(t, "wait=3, copies=9", preferencesOf(r).String())
	r.Header.Set("Prefer", "copies=2")
	require.Equal(t, "wait=3, copies=2", preferencesOf(r).String())
	require.Empty(t, preferences{}.String())
}

func TestWindowIsBounded(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		time.Sleep(20 * time.Second)
		r = w.resolve("channel=live1")
		require.Zero(w.t, r.First)
		time.Sleep(25 * time.Second)
		r = w.resolve("channel=live1")
		require.Greater(w.t, r.First, slice.Number(4))
		require.InDelta(w.t, 160, int(r.Edge.Number-r.First), 15)
		status, code := refusal(w.t, w.get(w.slicePath(r, 0)))
		require.Equal(w.t, http.StatusGone, status)
		require.Equal(w.t, fault.SliceGone, code)
	})
	inBubble(t, Config{Channels: channels("live1"), MaxStreamBytes: 50_000}, forever, func(w *world) {
		w.resolve("channel=live1")
		time.Sleep(20 * time.Second)
		st := w.edge.Status().Streams[0]
		require.LessOrEqual(w.t, st.KeptBytes, int64(50_000))
		require.Greater(w.t, st.KeptBytes, int64(40_000))
	})
}

func TestAGroupLongerThanTheWindowCanStillBeStarted(t *testing.T) {
	w := newWindow(2*time.Second, 1<<20)
	for n := range slice.Number(100) {
		st := slice.Statement{First: n, Group: n / 50 * 50, Time: time.Duration(n) * 200 * time.Millisecond,
			Duration: 200 * time.Millisecond, Entries: []slice.Entry{{Size: 1}}}
		w.append(&slice.Slice{Number: n, Proof: &slice.Signed{Statement: st}, Payload: []byte{1}}, []byte{1})
	}
	l, ok := w.live()
	require.True(t, ok)
	require.Equal(t, []edgeapi.Point{{Number: 50, Time: 10_000}}, l.Groups)
	require.Len(t, w.behind(0), 50)
}

func TestHTTPManners(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		for _, path := range []string{"/v1/resolve?channel=live1", w.slicePath(r, 0), "/v1/tracks/" + r.Track, "/v1/status"} {
			rec := w.get(path)
			require.Equal(w.t, http.StatusOK, rec.Code)
			require.Equal(w.t, "*", rec.Header().Get("Access-Control-Allow-Origin"))
			require.Contains(w.t, rec.Header().Get("Access-Control-Expose-Headers"), "Preference-Applied")
			for method, want := range map[string]int{"OPTIONS": 204, "POST": 405, "DELETE": 405, "HEAD": 200} {
				rec := httptest.NewRecorder()
				w.edge.Handler().ServeHTTP(rec, httptest.NewRequest(method, path, nil))
				require.Equal(w.t, want, rec.Code, method)
				require.Equal(w.t, "*", rec.Header().Get("Access-Control-Allow-Origin"))
				if method == "OPTIONS" {
					require.Contains(w.t, rec.Header().Get("Access-Control-Allow-Headers"), "Prefer")
				}
				if want == 405 {
					_, code := refusal(w.t, rec)
					require.Equal(w.t, fault.RequestInvalid, code)
				}
			}
		}
		head := httptest.NewRecorder()
		w.edge.Handler().ServeHTTP(head, httptest.NewRequest(http.MethodHead, w.slicePath(r, 0), nil))
		require.Zero(w.t, head.Body.Len())
		require.NotEqual(w.t, "0", head.Header().Get("Content-Length"))
		for path, want := range map[string]fault.Code{
			"/v1/none":                             fault.RequestInvalid,
			"/v1/tracks/xyz":                       fault.RequestInvalid,
			"/v1/tracks/" + r.Track + "/slices/-1": fault.RequestInvalid,
			"/v1/tracks/" + r.Track + "/slices/x":  fault.RequestInvalid,
			"/v1/tracks/" + r.Track + "/slices/9999999999999999999": fault.RequestInvalid,
			"/v1/tracks/00000000000000000000000000000000":           fault.TrackUnknown,
			"/live/live1":    fault.RequestInvalid,
			"/live/none.flv": fault.ChannelUnknown,
			"/v1/flv":        fault.RequestInvalid,
		} {
			_, code := refusal(w.t, w.get(path))
			require.Equal(w.t, want, code, path)
		}
	})
}

func TestStreamsAreLimited(t *testing.T) {
	inBubble(t, Config{Channels: channels("a", "b", "c"), MaxStreams: 2}, forever, func(w *world) {
		w.resolve("channel=a")
		w.resolve("channel=b")
		status, code := refusal(w.t, w.get("/v1/resolve?channel=c"))
		require.Equal(w.t, http.StatusServiceUnavailable, status)
		require.Equal(w.t, fault.LimitReached, code)
		w.resolve("channel=a")
		_, err := w.edge.Publish("live/x", "")
		require.Equal(w.t, fault.LimitReached, fault.CodeOf(err))
	})
}

func TestCloseAnswersWhoWaits(t *testing.T) {
	inBubble(t, Config{Channels: channels("live1")}, forever, func(w *world) {
		r := w.resolve("channel=live1")
		answers := make(chan *httptest.ResponseRecorder, 2)
		go func() { answers <- w.get(w.slicePath(r, r.Edge.Number+60), "Prefer", "wait=20") }()
		go func() { answers <- w.get("/live/live1.flv") }()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.NoError(w.t, w.edge.Close())
		for range 2 {
			rec := <-answers
			if rec.Header().Get("Content-Type") == "video/x-flv" {
				require.Equal(w.t, "FLV", rec.Body.String()[:3])
				continue
			}
			_, code := refusal(w.t, rec)
			require.Equal(w.t, fault.Closed, code)
		}
		_, code := refusal(w.t, w.get("/v1/resolve?channel=live1"))
		require.Equal(w.t, fault.Closed, code)
	})
}

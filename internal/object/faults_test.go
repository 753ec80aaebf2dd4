package object_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/object"
)

func TestFaultsAtOpen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + l.Addr().String()
	require.NoError(t, l.Close())
	b := content(5000)
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		if status, err := strconv.Atoi(r.URL.Path[1:]); err == nil {
			w.WriteHeader(status)
			return
		}
		switch r.URL.Path {
		case "/no-content-range":
			w.WriteHeader(http.StatusPartialContent)
		case "/nonsense":
			w.Header().Set("Content-Range", "bytes -5-+999/x")
			w.WriteHeader(http.StatusPartialContent)
		case "/other":
			part(w, 1, block, len(b))
		case "/beyond":
			part(w, 0, block, len(b))
		case "/unknown-size":
			w.Header().Set("Content-Range", "bytes 0-999/*")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(b[:1000])
		case "/lengths-differ":
			w.Header().Set("Content-Length", "500")
			part(w, 0, block-1, len(b))
			_, _ = w.Write(b[:500])
		case "/longer":
			part(w, 0, block-1, len(b))
			_, _ = w.Write(b)
		case "/shorter":
			part(w, 0, block-1, len(b))
			_ = http.NewResponseController(w).Flush() // lest the server tell the true length
			_, _ = w.Write(b[:10])
		case "/multipart":
			w.Header().Set("Content-Type", "multipart/byteranges; boundary=x")
			part(w, 0, block-1, len(b))
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			part(w, 0, block-1, len(b))
		case "/reset":
			panic(http.ErrAbortHandler)
		case "/hangs":
			<-r.Context().Done()
		case "/stops":
			part(w, 0, block-1, len(b))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	})
	patient, _ := client(t, small)
	hasty, _ := client(t, object.Options{
		FirstBlock: block, HeaderTimeout: 100 * time.Millisecond, IdleTimeout: 100 * time.Millisecond, Retries: 1,
	})
	for raw, want := range map[string]fault.Code{
		"live1":                   fault.URLInvalid,
		"http://":                 fault.URLInvalid,
		"rtmp://127.0.0.1/a/b":    fault.URLInvalid,
		"file:///etc/passwd":      fault.URLInvalid,
		nobody:                    fault.SourceUnreachable,
		url + "/403":              fault.SourceRefused,
		url + "/404":              fault.SourceRefused,
		url + "/410":              fault.SourceRefused,
		url + "/416":              fault.SourceInvalid,
		url + "/204":              fault.SourceInvalid,
		url + "/304":              fault.SourceInvalid,
		url + "/429":              fault.SourceBusy,
		url + "/500":              fault.SourceBusy,
		url + "/503":              fault.SourceBusy,
		url + "/501":              fault.SourceRefused,
		url + "/no-content-range": fault.SourceInvalid,
		url + "/nonsense":         fault.SourceInvalid,
		url + "/other":            fault.SourceInvalid,
		url + "/beyond":           fault.SourceInvalid,
		url + "/unknown-size":     fault.SourceInvalid,
		url + "/lengths-differ":   fault.SourceInvalid,
		url + "/longer":           fault.SourceInvalid,
		url + "/shorter":          fault.SourceUnreachable,
		url + "/multipart":        fault.SourceInvalid,
		url + "/gzip":             fault.SourceInvalid,
		url + "/reset":            fault.SourceUnreachable,
		url + "/hangs":            fault.SourceTimeout,
		url + "/stops":            fault.SourceTimeout,
	} {
		t.Run(raw, func(t *testing.T) {
			c := patient
			if want == fault.SourceTimeout {
				c = hasty
			}
			_, err := c.Open(t.Context(), raw)
			require.Equal(t, want, fault.CodeOf(err), "%v", err)
		})
	}
}

// flawed serves b well, until change is set: then each request first goes there, with its number from 0.
type flawed struct {
	b      []byte
	etag   string
	change atomic.Pointer[func(w http.ResponseWriter, r *http.Request, n int) bool]
	n      atomic.Int32
}

func (f *flawed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if change := f.change.Load(); change != nil && (*change)(w, r, int(f.n.Add(1))-1) {
		return
	}
	serve(w, r, f.b, f.etag)
}

func TestFaultsInTheMiddle(t *testing.T) {
	b := content(400_000)
	const first, n = 100_000, 200_000
	other := content(500_000)
	status := func(code int) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ int) bool { w.WriteHeader(code); return true }
	}
	// sends gives the first k bytes of what is asked, and then breaks the connection.
	sends := func(w http.ResponseWriter, r *http.Request, k int) bool {
		from, to := wanted(r)
		w.Header().Set("ETag", `"v1"`)
		part(w, from, to, len(b))
		_, _ = w.Write(b[from:min(from+k, to+1)])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, c := range map[string]struct {
		change func(w http.ResponseWriter, r *http.Request, n int) bool
		want   fault.Code
		asked  int // how many requests it takes; 0: that is not looked at
		pauses int
	}{
		"nothing":               {func(http.ResponseWriter, *http.Request, int) bool { return false }, "", 1, 0},
		"403":                   {status(403), fault.SourceRefused, 1, 0},
		"404":                   {status(404), fault.SourceRefused, 1, 0},
		"429 for ever":          {status(429), fault.SourceBusy, 4, 3},
		"503 for ever":          {status(503), fault.SourceBusy, 4, 3},
		"503 three times":       {func(w http.ResponseWriter, _ *http.Request, n int) bool { return n < 3 && status(503)(w, nil, n) }, "", 4, 3},
		"cut after each 20,000": {func(w http.ResponseWriter, r *http.Request, _ int) bool { return sends(w, r, 20_000) }, "", 10, 9},
		"cut after each byte":   {func(w http.ResponseWriter, r *http.Request, _ int) bool { return sends(w, r, 1) }, fault.SourceUnreachable, 4, 3},
		"reset before the header": {func(w http.ResponseWriter, _ *http.Request, n int) bool {
			if n < 2 {
				panic(http.ErrAbortHandler)
			}
			return false
		}, "", 0, 0}, // net/http itself repeats some of these
		"cut, then 503, then cut": {func(w http.ResponseWriter, r *http.Request, n int) bool {
			switch n {
			case 0, 2:
				return sends(w, r, 50_000)
			case 1:
				return status(503)(w, r, n)
			}
			return false
		}, "", 4, 3},
		"less than asked, in order": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			from, to := wanted(r)
			to = min(to, from+19_999)
			part(w, from, to, len(b))
			_, _ = w.Write(b[from : to+1])
			return true
		}, "", 10, 0},
		"a byte at a time": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			from, _ := wanted(r)
			part(w, from, from, len(b))
			_, _ = w.Write(b[from : from+1])
			return true
		}, fault.SourceInvalid, 4, 3},
		"another range": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			r.Header.Set("Range", "bytes=0-199999")
			return false
		}, fault.SourceInvalid, 1, 0},
		"a longer body": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			from, to := wanted(r)
			part(w, from, to, len(b))
			_, _ = w.Write(b[from : to+100])
			return true
		}, fault.SourceInvalid, 1, 0},
		"another ETag": {func(w http.ResponseWriter, r *http.Request, _ int) bool { serve(w, r, b, `"v2"`); return true },
			fault.SourceChanged, 1, 0},
		"another ETag without regard to If-Range": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			r.Header.Del("If-Range")
			serve(w, r, b, `"v2"`)
			return true
		}, fault.SourceChanged, 1, 0},
		"another size": {func(w http.ResponseWriter, r *http.Request, _ int) bool { serve(w, r, other, `"v1"`); return true },
			fault.SourceChanged, 1, 0},
		"it got shorter": {func(w http.ResponseWriter, r *http.Request, _ int) bool { serve(w, r, b[:5000], `"v1"`); return true },
			fault.SourceChanged, 1, 0},
		"another after a cut": {func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n == 0 {
				return sends(w, r, 50_000)
			}
			serve(w, r, other, `"v2"`)
			return true
		}, fault.SourceChanged, 2, 1},
		"If-Range is not understood": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if r.Header.Get("If-Range") != "" {
				r.Header.Del("Range")
			}
			return false
		}, "", 2, 0},
		"no ranges any more": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			r.Header.Del("Range")
			return false
		}, fault.SourceUnranged, 2, 0},
		"multipart": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			from, to := wanted(r)
			r.Header.Set("Range", "bytes="+strconv.Itoa(from)+"-"+strconv.Itoa(to)+",0-0")
			return false
		}, fault.SourceInvalid, 1, 0},
		"416": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			w.Header().Set("Content-Range", "bytes */400000")
			return status(416)(w, r, 0)
		}, fault.SourceInvalid, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := &flawed{b: b, etag: `"v1"`}
			client, pauses := client(t, small)
			f, err := client.Open(t.Context(), start(t, server.ServeHTTP))
			require.NoError(t, err)
			server.change.Store(&c.change)
			got, err := f.ReadRange(t.Context(), first, n)
			require.Equal(t, c.want, fault.CodeOf(err), "%v", err)
			if c.want == "" {
				require.True(t, bytes.Equal(b[first:first+n], got))
			} else {
				require.Nil(t, got)
			}
			if c.asked > 0 {
				require.EqualValues(t, c.asked, server.n.Load())
				require.Len(t, pauses.all, c.pauses)
			}
			server.change.Store(nil)
			_, err = f.ReadRange(t.Context(), first, n)
			if c.want == fault.SourceChanged {
				require.Equal(t, fault.SourceChanged, fault.CodeOf(err), "it stays so")
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestValidators(t *testing.T) {
	b := content(50_000)
	for name, c := range map[string]struct {
		before, after string // ETags
		later         bool   // Last-Modified differs
		want          fault.Code
	}{
		"the same date":                    {"", "", false, ""},
		"another date":                     {"", "", true, fault.SourceChanged},
		"a weak ETag, another date":        {`W/"a"`, `W/"a"`, true, fault.SourceChanged},
		"another weak ETag":                {`W/"a"`, `W/"b"`, false, fault.SourceChanged},
		"weak, then strong":                {`W/"a"`, `"a"`, false, ""},
		"a strong ETag, another date":      {`"a"`, `"a"`, true, ""},
		"an ETag, then none":               {`"a"`, "", false, ""},
		"an ETag, then none, another date": {`"a"`, "", true, fault.SourceChanged},
	} {
		t.Run(name, func(t *testing.T) {
			opened := false
			url := start(t, func(w http.ResponseWriter, r *http.Request) {
				etag, at := c.before, modified
				if opened {
					if etag = c.after; c.later {
						at = at.Add(time.Hour)
					}
					if c.after == "" {
						r.Header.Del("If-Range")
					}
				}
				opened = true
				if etag != "" {
					w.Header().Set("ETag", etag)
				}
				http.ServeContent(w, r, "", at, bytes.NewReader(b))
			})
			client, _ := client(t, small)
			f, err := client.Open(t.Context(), url)
			require.NoError(t, err)
			_, err = f.ReadRange(t.Context(), 10_000, 10_000)
			require.Equal(t, c.want, fault.CodeOf(err), "%v", err)
		})
	}
}

func TestPauses(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	var after atomic.Value
	var asked atomic.Int32
	url := start(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if v := after.Load().(string); v != "" {
			w.Header().Set("Retry-After", v)
		}
		w.WriteHeader(http.StatusTooManyRequests)
	})
	ms := time.Millisecond
	for header, want := range map[string][]time.Duration{
		"":    {75 * ms, 150 * ms, 300 * ms, 600 * ms, 1200 * ms, 1500 * ms, 1500 * ms},
		"xyz": {75 * ms, 150 * ms, 300 * ms, 600 * ms, 1200 * ms, 1500 * ms, 1500 * ms},
		"1":   {1000 * ms, 1000 * ms, 1000 * ms, 1000 * ms, 1200 * ms, 1500 * ms, 1500 * ms},
		now.Add(2 * time.Second).Format(http.TimeFormat): {2000 * ms, 2000 * ms, 2000 * ms, 2000 * ms, 2000 * ms, 2000 * ms, 2000 * ms},
		"3600": nil,
		now.Add(time.Hour).Format(http.TimeFormat): nil,
	} {
		after.Store(header)
		asked.Store(0)
		c, pauses := client(t, object.Options{
			Retries: 7, Backoff: 100 * ms, Random: func() float64 { return 0.5 }, Now: func() time.Time { return now },
		})
		_, _, err := c.Get(t.Context(), url, 0)
		require.Equal(t, fault.SourceBusy, fault.CodeOf(err))
		require.Equal(t, want, pauses.all, header)
		require.EqualValues(t, len(want)+1, asked.Load())
	}
	after.Store("")
	never, pauses := client(t, object.Options{Retries: -1})
	_, err := never.Open(t.Context(), url)
	require.Equal(t, fault.SourceBusy, fault.CodeOf(err))
	require.Empty(t, pauses.all)
}

func TestGivingUp(t *testing.T) {
	b := content(50_000)
	waits := make(chan struct{}, 10)
	url := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch from, _ := wanted(r); {
		case r.URL.Path == "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
		case from == 0 && r.Header.Get("Range") != "":
			serve(w, r, b, "")
		case r.URL.Path == "/late":
			part(w, from, len(b)-1, len(b))
			_ = http.NewResponseController(w).Flush()
			fallthrough
		default:
			waits <- struct{}{}
			<-r.Context().Done()
		}
	})
	for _, path := range []string{"/never", "/late"} {
		t.Run(path, func(t *testing.T) {
			c, _ := client(t, small)
			f, err := c.Open(t.Context(), url+path)
			require.NoError(t, err)
			rest := len(b) - 2000
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-waits; cancel() }()
			_, err = f.ReadRange(ctx, 2000, rest)
			require.Equal(t, fault.Closed, fault.CodeOf(err), "%v", err)
			ctx, late := context.WithCancelCause(t.Context())
			go func() { <-waits; late(context.DeadlineExceeded) }() // as a deadline does, when it is sure to find the request under way
			_, err = f.At(ctx).ReadAt(make([]byte, rest), 2000)
			require.Equal(t, fault.SourceTimeout, fault.CodeOf(err), "%v", err)
			go func() { <-waits; _ = c.Close() }()
			_, err = f.ReadRange(t.Context(), 2000, rest)
			require.Equal(t, fault.Closed, fault.CodeOf(err), "%v", err)
			_, err = f.ReadRange(t.Context(), 2000, rest)
			require.Equal(t, fault.Closed, fault.CodeOf(err), "%v", err)
			_, err = c.Open(t.Context(), url)
			require.Equal(t, fault.Closed, fault.CodeOf(err), "%v", err)
		})
	}
	t.Run("in a pause", func(t *testing.T) {
		slow := object.New(object.Options{Backoff: time.Hour, Sleep: nil})
		done := make(chan error)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, err := slow.Open(ctx, url+"/busy"); done <- err }()
		cancel()
		require.Equal(t, fault.Closed, fault.CodeOf(<-done))
		go func() { _, err := slow.Open(t.Context(), url+"/busy"); done <- err }()
		require.NoError(t, slow.Close())
		require.Equal(t, fault.Closed, fault.CodeOf(<-done))
	})
	t.Run("a stream", func(t *testing.T) {
		c, _ := client(t, small)
		f, err := c.Open(t.Context(), url)
		require.NoError(t, err)
		go func() { <-waits; _ = c.Close() }()
		s, err := f.Sequential(t.Context())
		if err == nil {
			_, err = io.ReadAll(s)
			require.NoError(t, s.Close())
		}
		require.Equal(t, fault.Closed, fault.CodeOf(err), "%v", err)
	})
}

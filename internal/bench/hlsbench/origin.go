package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// origin is a live HLS stream out of a clip that repeats. Its playlist is as long as window segments from the first
// request on. All methods may be called concurrently.
type origin struct {
	clip   [][]byte
	window int
	begin  time.Time // when segment 0 began to be filmed

	mu    sync.Mutex
	sent  map[int]uint64    // media bytes given, by segment
	all   uint64            // in all
	again uint64            // beyond the first copy of each segment
	who   map[string]uint64 // by User-Agent, its first word
}

func newOrigin(clip [][]byte, window int) *origin {
	// One segment more than the window has, so that the playlist is full at once.
	past := time.Duration(window+1) * segmentTime
	return &origin{clip: clip, window: window, begin: time.Now().Add(-past), sent: map[int]uint64{}, who: map[string]uint64{}}
}

// ServeHTTP answers /live.m3u8 and /N.ts.
func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Headers", "Range")
	if r.Method == http.MethodOptions {
		return
	}
	name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	done := int(time.Since(o.begin) / segmentTime) // segments that are complete
	if name == "live.m3u8" {
		h.Set("Content-Type", "application/vnd.apple.mpegurl")
		h.Set("Cache-Control", "no-cache")
		_, _ = w.Write(o.playlist(done))
		return
	}
	number, err := strconv.Atoi(strings.TrimSuffix(name, ".ts"))
	// Players may still ask for what left the playlist a while ago, as RFC 8216 6.2.2 says.
	if err != nil || number < 0 || number >= done || number < done-2*o.window {
		http.NotFound(w, r)
		return
	}
	h.Set("Content-Type", "video/mp2t")
	h.Set("Cache-Control", "max-age=3600")
	counter := &counting{ResponseWriter: w}
	http.ServeContent(counter, r, "", time.Time{}, strings.NewReader(string(o.clip[number%len(o.clip)])))
	o.count(number, counter.n, r.UserAgent())
}

// count takes note of bytes given of a segment.
func (o *origin) count(number int, n uint64, agent string) {
	agent, _, _ = strings.Cut(agent, "/")
	o.mu.Lock()
	defer o.mu.Unlock()
	size := uint64(len(o.clip[number%len(o.clip)]))
	before := o.sent[number]
	o.sent[number] = before + n
	o.all += n
	o.again += max(before+n, size) - max(before, size)
	o.who[agent] += n
}

// given returns how many media bytes were given in all, and beyond the first copy of each segment.
func (o *origin) given() (all, again uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all, o.again
}

// playlist is what the origin says when so many segments are complete.
func (o *origin) playlist(done int) []byte {
	first := max(0, done-o.window)
	count := len(o.clip)
	gone := max(0, (first-1)/count) // discontinuities before the first segment of the list
	b := fmt.Appendf(nil, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n",
		segmentTime/time.Second, first)
	if gone > 0 {
		b = fmt.Appendf(b, "#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", gone)
	}
	for n := first; n < done; n++ {
		if n > 0 && n%count == 0 {
			b = append(b, "#EXT-X-DISCONTINUITY\n"...)
		}
		b = fmt.Appendf(b, "#EXT-X-PROGRAM-DATE-TIME:%s\n#EXTINF:%.3f,\n%d.ts\n",
			o.begin.Add(time.Duration(n)*segmentTime).UTC().Format("2006-01-02T15:04:05.000Z"), segmentTime.Seconds(), n)
	}
	return b
}

// copySize is how many bytes the stream has in a time.
func (o *origin) copySize(d time.Duration) float64 {
	sum := 0
	for _, s := range o.clip {
		sum += len(s)
	}
	return float64(sum) / float64(len(o.clip)) * d.Seconds() / segmentTime.Seconds()
}

// agents returns who took how many media bytes so far.
func (o *origin) agents() map[string]uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make(map[string]uint64, len(o.who))
	for name, n := range o.who {
		all[name] = n
	}
	return all
}

// counting counts the bytes of a body.
type counting struct {
	http.ResponseWriter
	n uint64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n += uint64(n) //nolint:gosec // not negative
	return n, err
}

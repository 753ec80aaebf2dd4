package origin

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/remux"
)

// HLSConfig says what an HLS origin has.
type HLSConfig struct {
	// Bitrate is that of the clip, in bits per second. If zero, about 300 kbit/s.
	Bitrate int
	// Prepared are segments that are given in place of the clip's, which are MPEG-TS of 2 s. If nil, there are none.
	Prepared []HLSSegment
	// Map is the initialization segment of those prepared. If nil, they need none.
	Map []byte
	// Complete is how many segments of the clip a complete playlist has. If zero, it is live, unless All is set.
	Complete int
	// All lists all the segments that are prepared, at once and for good.
	All bool
	// Window is how many segments a live playlist lists. If zero, 6.
	Window int
	// Key encrypts segments by AES-128; 16 bytes. If nil, they are in the clear.
	Key []byte
	// Start is when the first segment began to be recorded: it is listed when it is over. If zero, such that a window is full now.
	Start time.Time
	// Now is the time. If nil, time.Now.
	Now func() time.Time
	// Allow decides who is answered, by the request. If nil, everybody is.
	Allow func(r *http.Request) bool
}

// HLSSegment is a segment that was made before.
type HLSSegment struct {
	Data     []byte
	Duration time.Duration
}

// clipSegment is how long the clip's segments last: from keyframe to keyframe.
const clipSegment = 2 * time.Second

// HLS serves an HLS playlist, its segments and its key over HTTP: index.m3u8, <number>.ts or .m4s, init.mp4 and key, and
// master.m3u8, which names only index.m3u8. It has no goroutine and need not be closed.
type HLS struct {
	config HLSConfig
	start  time.Time

	mu    sync.Mutex
	clip  *clipSegments
	first int            // the number of made[0]
	made  [][]byte       // segments of the clip
	given map[string]int // answers by path
}

// NewHLS returns an origin that is on the air from now on, or since Config.Start.
func NewHLS(c HLSConfig) *HLS {
	if c.Window == 0 {
		c.Window = 6
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	h := &HLS{config: c, start: c.Start, given: map[string]int{}}
	if h.start.IsZero() {
		h.start = c.Now()
		for n := range c.Window {
			h.start = h.start.Add(-h.lasts(n))
		}
	}
	if c.Prepared == nil {
		h.clip = newClipSegments(c.Bitrate, h.start)
	}
	return h
}

// Given returns how often what is at a path, such as index.m3u8, was given.
func (h *HLS) Given(name string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.given[name]
}

func (h *HLS) lasts(n int) time.Duration {
	if p := h.config.Prepared; p != nil {
		return p[min(n, len(p)-1)].Duration
	}
	return clipSegment
}

// listed returns which segments the playlist has now, and whether it is complete.
func (h *HLS) listed() (first, end int, complete bool) {
	most := len(h.config.Prepared)
	switch {
	case h.config.All:
		return 0, most, true
	case h.config.Complete > 0:
		return 0, h.config.Complete, true
	}
	passed := h.config.Now().Sub(h.start)
	for passed >= h.lasts(end) && (most == 0 || end < most) {
		passed -= h.lasts(end)
		end++
	}
	return max(0, end-h.config.Window), end, most > 0 && end == most
}

// ServeHTTP implements http.Handler.
func (h *HLS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if h.config.Allow != nil && !h.config.Allow(r) {
		http.Error(w, "not for you", http.StatusForbidden)
		return
	}
	name := path.Base(r.URL.Path)
	body, kind := h.body(name)
	if body == nil {
		http.NotFound(w, r)
		return
	}
	h.mu.Lock()
	h.given[name]++
	h.mu.Unlock()
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func (h *HLS) body(name string) (body []byte, kind string) {
	const playlist = "application/vnd.apple.mpegurl"
	switch name {
	case "master.m3u8":
		return []byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=400000\nindex.m3u8\n"), playlist
	case "index.m3u8":
		return h.playlist(), playlist
	case "init.mp4":
		return h.config.Map, "video/mp4"
	case "key":
		return h.config.Key, "application/octet-stream"
	}
	number, ending, _ := strings.Cut(name, ".")
	n, err := strconv.Atoi(number)
	if err != nil || "."+ending != h.ending() {
		return nil, ""
	}
	kind = "video/mp2t"
	if h.config.Map != nil {
		kind = "video/iso.segment"
	}
	return h.Segment(n), kind
}

func (h *HLS) ending() string {
	if h.config.Map != nil {
		return ".m4s"
	}
	return ".ts"
}

func (h *HLS) playlist() []byte {
	first, end, complete := h.listed()
	target := 1
	for n := first; n < end; n++ {
		target = max(target, int((h.lasts(n)+time.Second/2)/time.Second))
	}
	b := fmt.Appendf(nil, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n", target, first)
	if h.config.Key != nil {
		b = append(b, "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n"...)
	}
	if h.config.Map != nil {
		b = append(b, "#EXT-X-MAP:URI=\"init.mp4\"\n"...)
	}
	for n := first; n < end; n++ {
		b = fmt.Appendf(b, "#EXTINF:%.3f,\n%d%s\n", h.lasts(n).Seconds(), n, h.ending())
	}
	if complete {
		b = append(b, "#EXT-X-ENDLIST\n"...)
	}
	return b
}

// Segment returns segment n as it is given, nil if there is none or it is too old.
func (h *HLS) Segment(n int) []byte {
	first, end, _ := h.listed()
	if n < max(0, first-h.config.Window) || n >= end {
		return nil
	}
	var data []byte
	if h.config.Prepared != nil {
		data = h.config.Prepared[n].Data
	} else {
		h.mu.Lock()
		for h.first+len(h.made) <= n {
			h.made = append(h.made, h.clip.next())
		}
		if keep := first - 2*h.config.Window - h.first; keep > 0 {
			h.made, h.first = h.made[keep:], h.first+keep
		}
		data = h.made[n-h.first]
		h.mu.Unlock()
	}
	if h.config.Key != nil {
		data = encrypted(data, h.config.Key, n)
	}
	return data
}

// encrypted returns a segment as AES-128 in HLS wants it: CBC, PKCS #7, and the sequence number as initialization vector.
func encrypted(data, key []byte, n int) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	padding := aes.BlockSize - len(data)%aes.BlockSize
	data = append(bytes.Clone(data), bytes.Repeat([]byte{byte(padding)}, padding)...)
	iv := make([]byte, aes.BlockSize)
	binary.BigEndian.PutUint64(iv[8:], uint64(n))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	return data
}

// clipSegments makes MPEG-TS segments of the clip.
type clipSegments struct {
	loop   *Loop
	writer *remux.TSWriter
	out    bytes.Buffer
}

func newClipSegments(bitrate int, start time.Time) *clipSegments {
	c := &clipSegments{loop: NewLoop(bitrate, 0, start)}
	c.writer = remux.NewTSWriter(&c.out)
	for _, t := range c.loop.Headers() {
		_ = c.writer.WriteTag(t)
	}
	return c
}

const tsPacket = 188

// next returns the segment from one keyframe to the next. The writer puts tables before each.
func (c *clipSegments) next() []byte {
	for {
		b := c.out.Bytes()
		for at := 8 * tsPacket; at+3*tsPacket <= len(b); at += tsPacket {
			if beginsKeyframe(b[at:]) {
				return bytes.Clone(c.out.Next(at))
			}
		}
		t, _ := c.loop.Next()
		if err := c.writer.WriteTag(t); err != nil {
			panic("origin: the embedded clip cannot be written: " + err.Error()) // a mistake of ours, found by any test
		}
	}
}

// beginsKeyframe tells whether tables (ISO/IEC 13818-1, 2.4.4), two packets of them, and a keyframe begin b.
func beginsKeyframe(b []byte) bool {
	frame := b[2*tsPacket:]
	const adaptation, randomAccess, video = 0x20, 0x40, 0x100
	return b[1]&0x1f == 0 && b[2] == 0 && binary.BigEndian.Uint16(frame[1:])&0x1fff == video && frame[3]&adaptation != 0 && frame[4] > 0 && frame[5]&randomAccess != 0
}

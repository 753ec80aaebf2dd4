package playback

import (
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

const (
	// jumpBack is how far a timestamp may lie before its predecessor of the same type.
	jumpBack = time.Second
	// jumpApart is how far one may lie before the newest of another type.
	jumpApart = 10 * time.Second
	// A longer way forward is a jump. In a file hours may pass without a picture, and its times are its own.
	liveJump = 10 * time.Second
	fileJump = time.Hour
	// afterJump is how far after the newest frame the line goes on where a jump was closed.
	afterJump = 20 * time.Millisecond
	// shortest and longestFrame bound what a frame is believed to last.
	shortestFrame = time.Millisecond
	longestFrame  = 200 * time.Millisecond
	// unknownFrame is what a frame lasts until two are known.
	unknownFrame = 40 * time.Millisecond
)

// line makes one line of time of the timestamps: they wrap, jump and come out of order.
type line struct {
	live   bool
	known  bool          // raw counts
	near   time.Duration // where the first frame is expected
	raw    int64         // timestamp of the last frame, without wrap, in ms
	offset time.Duration // what is added to raw
	newest time.Duration // furthest position of a frame
	last   [2]track      // audio, video
}

type track struct {
	known bool
	at    time.Duration // last position before clamping
	gap   time.Duration // between frames, smoothed
}

func trackOf(t flv.Type) int {
	if t == flv.Video {
		return 1
	}
	return 0
}

// restart forgets where the line was; the next frame is expected near at.
func (l *line) restart(at time.Duration) { *l = line{live: l.live, near: at, newest: at} }

// place returns where a frame is on the line; never before an earlier one.
func (l *line) place(t flv.Type, timestamp uint32) time.Duration {
	tr := &l.last[trackOf(t)]
	if !l.known {
		near := l.near.Milliseconds()
		l.raw = near + int64(int32(timestamp-uint32(near)))
		if l.raw < 0 {
			l.raw = int64(timestamp)
		}
		l.known = true
		l.newest = ms(l.raw)
	} else {
		l.raw += int64(int32(timestamp - uint32(l.raw)))
	}
	at := ms(l.raw) + l.offset
	limit := fileJump
	if l.live {
		limit = liveJump
	}
	if at > l.newest+limit || at < l.newest-jumpApart || tr.known && at < tr.at-jumpBack {
		l.offset += l.newest + afterJump - at
		at = l.newest + afterJump
	}
	if tr.known && at > tr.at {
		gap := min(at-tr.at, longestFrame)
		if tr.gap == 0 {
			tr.gap = gap
		}
		tr.gap += (gap - tr.gap) / 8
	}
	tr.known, tr.at = true, at
	l.newest = max(l.newest, at)
	return l.newest
}

// frame returns how long the last frame lasts.
func (l *line) frame() time.Duration {
	gap := max(l.last[0].gap, l.last[1].gap)
	if gap == 0 {
		return unknownFrame
	}
	return min(max(gap, shortestFrame), longestFrame)
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

package timeline

import (
	"io"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/slicer"
)

// Config bounds what a Timeline keeps for slow and late readers.
type Config struct {
	Window   time.Duration // how much of the stream is kept. If zero, 10 s; the newest group is kept at least
	MaxBytes int           // how many bytes of tags are kept at the most. If zero, 64 MiB
}

// entry is one tag at its place in time.
type entry struct {
	tag flv.Tag
	at  int64 // ms on the line of time
}

// group is a run of tags that a decoder can start with.
type group struct {
	start    int64 // ms on the line of time
	preamble []flv.Tag
	entries  []entry
	evicted  int // how many entries went before entries[0], because the group alone is too large
	bytes    int
}

// Timeline holds the newest part of a stream. Make one with New.
type Timeline struct {
	window   int64
	maxBytes int

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever something happens
	closed  bool
	err     error

	joiner  slicer.Joiner
	track   slice.TrackID
	begun   bool
	next    slice.Number // the number expected
	shift   int64        // line of time = track time + shift
	end     int64        // where the newest slice ends on the line of time
	groups  []*group
	first   uint64 // sequence number of groups[0], counted from 0
	bytes   int
	dropped uint64
}

// New returns an empty Timeline.
func New(c Config) *Timeline {
	if c.Window == 0 {
		c.Window = 10 * time.Second
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	return &Timeline{window: c.Window.Milliseconds(), maxBytes: c.MaxBytes, changed: make(chan struct{})}
}

// Append adds the next slice. Slices come in play order; numbers may be missing, and another track may take over: what
// follows is then played from its next group on, without a hole in time. A slice that was there already is ignored.
// It never waits for readers.
//
// Errors: fault.ServerInvalid if the payload is not what a slice holds (later groups can still be played), and
// fault.Closed after Close.
func (t *Timeline) Append(s *slice.Slice) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return fault.New(fault.Closed, "the time line takes no more slices")
	}
	st := &s.Proof.Statement
	starts := st.StartsGroup(s.Number)
	sameTrack := t.begun && st.Track == t.track
	if sameTrack && s.Number < t.next {
		return nil
	}
	if !sameTrack || s.Number != t.next {
		t.joiner.Skip()
	}
	if !sameTrack {
		t.begun, t.track = true, st.Track
	}
	t.next = s.Number + 1
	waited := !t.joiner.Joined()
	if waited && !starts {
		t.dropped++
		return nil
	}
	preamble, tags, err := t.joiner.Join(s.Payload, starts, st.Flags&slice.Continuation != 0)
	if err != nil {
		t.dropped++
		return fault.Wrap(fault.ServerInvalid, "a slice cannot be played; the server must cut the stream anew", err)
	}
	at := st.Time.Milliseconds()
	if waited && len(t.groups) > 0 {
		t.shift = t.end - at
	}
	if starts {
		t.groups = append(t.groups, &group{start: at + t.shift, preamble: preamble})
	}
	g := t.groups[len(t.groups)-1]
	for _, tag := range tags {
		e := entry{tag, at + t.shift + int64(int32(tag.Timestamp-uint32(at)))}
		g.entries = append(g.entries, e)
		g.bytes += tag.Size()
		t.bytes += tag.Size()
		t.end = max(t.end, e.at)
	}
	t.end = max(t.end, at+t.shift+st.Duration.Milliseconds())
	t.evict()
	t.wake()
	return nil
}

// evict drops what is beyond the window or the limit.
func (t *Timeline) evict() {
	for len(t.groups) > 1 && (t.bytes > t.maxBytes || t.groups[1].start <= t.end-t.window) {
		t.bytes -= t.groups[0].bytes
		t.groups[0] = nil
		t.groups, t.first = t.groups[1:], t.first+1
	}
	if len(t.groups) == 0 {
		return
	}
	g := t.groups[0]
	n, size := 0, 0
	for t.bytes-size > t.maxBytes && n < len(g.entries) {
		size += g.entries[n].tag.Size()
		n++
	}
	if n > 0 {
		clear(g.entries[:n])
		g.entries = g.entries[n:]
		g.evicted += n
		g.bytes -= size
		t.bytes -= size
	}
}

func (t *Timeline) wake() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// Close ends the line of time: readers play what is there, then get err, or io.EOF if it is nil. The first call counts.
func (t *Timeline) Close(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if err == nil {
		err = io.EOF
	}
	t.closed, t.err = true, err
	t.wake()
}

// Dropped returns how many slices could not be played because those before them were missing or damaged.
func (t *Timeline) Dropped() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dropped
}

// NewReader returns a reader that starts at the newest group kept, or at the first to come.
func (t *Timeline) NewReader() *Reader {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reader(t.newest())
}

// NewReaderFromOldest returns a reader that starts at the oldest group kept, or at the first to come.
func (t *Timeline) NewReaderFromOldest() *Reader {
	t.mu.Lock()
	defer t.mu.Unlock()
	seq := t.first
	if len(t.groups) > 0 && t.groups[0].evicted > 0 {
		seq++
	}
	return t.reader(seq)
}

// NewReaderBehind returns a reader that starts at the newest group kept that begins so long before the end of what is kept, or
// else at the oldest.
func (t *Timeline) NewReaderBehind(d time.Duration) *Reader {
	t.mu.Lock()
	defer t.mu.Unlock()
	seq := t.newest()
	for seq > t.first && t.end-t.groups[min(seq-t.first, uint64(len(t.groups)-1))].start < d.Milliseconds() &&
		t.groups[seq-1-t.first].evicted == 0 {
		seq--
	}
	return t.reader(seq)
}

func (t *Timeline) reader(seq uint64) *Reader {
	return &Reader{t: t, group: seq, decoder: map[flv.ConfigKey][]byte{}, done: make(chan struct{})}
}

// newest returns the sequence number of the newest group whose start is kept, or of the next to come.
func (t *Timeline) newest() uint64 {
	n := len(t.groups)
	if n > 0 && t.groups[n-1].evicted == 0 {
		n--
	}
	return t.first + uint64(n)
}

// Bytes returns how many bytes of tags are kept.
func (t *Timeline) Bytes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bytes
}

package timeline

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// frame is how much time passes between what a reader had before it jumped and what it has after, in ms.
const frame = 40

// Reader plays a Timeline from the start of a group on.
type Reader struct {
	t       *Timeline
	once    sync.Once
	done    chan struct{}
	skipped atomic.Uint64

	group   uint64                   // the group being read
	index   int                      // the next entry of it, evicted ones included
	entered bool                     // its preamble was dealt with
	running bool                     // something was given out
	started bool                     // and since then the reader did not jump
	leading bool                     // up to the first media tag of the group where it started
	base    int64                    // timestamp = time - base
	last    int64                    // the highest timestamp given out
	decoder map[flv.ConfigKey][]byte // the configurations that were given out; onMetaData as the source sent it
	recent  [2]flv.Tag               // what tells the audio and the video codec
	queue   []flv.Tag                // to be given out before the next entry
	audio   bool                     // for the file header
	video   bool
	header  bool // the file header was written
	buf     []byte
	at      int
}

// ReadTag returns the next tag and waits for it if need be. The body is shared: it must not be changed. At the end it
// returns io.EOF or the error of Timeline.Close, after Close of the reader a fault.Closed.
func (r *Reader) ReadTag() (flv.Tag, error) {
	for {
		select {
		case <-r.done:
			return flv.Tag{}, fault.New(fault.Closed, "the reader was closed")
		default:
		}
		r.t.mu.Lock()
		tag, ok := r.take()
		changed, closed, err := r.t.changed, r.t.closed, r.t.err
		r.t.mu.Unlock()
		if ok {
			return tag, nil
		}
		if closed {
			return flv.Tag{}, err
		}
		select {
		case <-changed:
		case <-r.done:
		}
	}
}

// take returns the next tag if it is there.
func (r *Reader) take() (flv.Tag, bool) {
	for {
		if len(r.queue) > 0 {
			tag := r.queue[0]
			r.queue = r.queue[1:]
			return tag, true
		}
		g := r.current()
		if g == nil {
			return flv.Tag{}, false
		}
		newest := r.group == r.t.first+uint64(len(r.t.groups))-1
		if !r.entered {
			if newest && !r.t.closed && !g.hasMedia() { // what precedes the first frame must be known as a whole
				return flv.Tag{}, false
			}
			r.enter(g)
			continue
		}
		at := r.index - g.evicted
		if at >= len(g.entries) {
			if newest {
				return flv.Tag{}, false
			}
			r.group, r.index, r.entered = r.group+1, 0, false
			continue
		}
		r.index++
		if tag, ok := r.entry(g, at); ok {
			return tag, true
		}
	}
}

// current returns the group to read, after a jump if the reader's place is gone; nil if there is nothing to read yet.
func (r *Reader) current() *group {
	t := r.t
	if r.group >= t.first && r.group < t.first+uint64(len(t.groups)) && t.groups[r.group-t.first].evicted <= r.index {
		return t.groups[r.group-t.first]
	}
	if r.group >= t.first+uint64(len(t.groups)) {
		return nil
	}
	if r.started {
		r.skipped.Add(1)
	}
	r.group, r.index, r.entered = t.newest(), 0, false
	r.started = false
	return r.current()
}

// enter deals with the preamble of a group.
func (r *Reader) enter(g *group) {
	r.entered = true
	inline := map[flv.ConfigKey]bool{} // what comes by itself before the first media tag
	for i := range g.entries {
		e := &g.entries[i]
		if e.tag.IsMedia() {
			break
		}
		if key, ok := e.tag.Config(); ok {
			inline[key] = true
		}
	}
	at := g.start - r.base
	if !r.started {
		if at = 0; r.running {
			at = r.last + frame
		}
		r.base = firstMedia(g) - at
		r.leading, r.running = true, true
		r.learnCodecs(g)
	}
	at = max(at, 0)
	var metadata []byte
	for i := range g.preamble {
		p := g.preamble[i]
		key, _ := p.Config()
		if p.Type == flv.Script {
			metadata = p.Body
			if r.started && (inline[key] || bytes.Equal(r.decoder[key], p.Body)) {
				continue
			}
			r.decoder[key] = p.Body
			if r.started {
				r.give(flv.Tag{Type: flv.Script, Body: r.complete(p.Body)}, at)
			}
			continue
		}
		r.recall(&p)
		if inline[key] || bytes.Equal(r.decoder[key], p.Body) {
			continue
		}
		r.decoder[key] = p.Body
		r.give(p, at)
	}
	if !r.started { // a start has an onMetaData even if the source sends none, and before all else
		tag := flv.Tag{Type: flv.Script, Timestamp: uint32(at), Body: r.complete(metadata)}
		r.queue = append([]flv.Tag{tag}, r.queue...)
		r.audio, r.video = r.kinds(metadata)
	}
	r.started = true
}

func (g *group) hasMedia() bool {
	return slices.ContainsFunc(g.entries, func(e entry) bool { return e.tag.IsMedia() })
}

func firstMedia(g *group) int64 {
	for i := range g.entries {
		if g.entries[i].tag.IsMedia() {
			return g.entries[i].at
		}
	}
	return g.start
}

// entry returns the entry at index i of g as it is to be given out; false if it was given out already.
func (r *Reader) entry(g *group, i int) (flv.Tag, bool) {
	e := g.entries[i]
	at := max(e.at-r.base, 0)
	r.recall(&e.tag)
	key, isConfig := e.tag.Config()
	switch {
	case isConfig && e.tag.Type == flv.Script:
		if r.leading { // onMetaData was made of it at the start
			return flv.Tag{}, false
		}
		for _, after := range g.entries[i+1:] { // it may speak of a codec whose headers are yet to come
			if after.tag.IsMedia() {
				break
			}
			r.recall(&after.tag)
		}
		r.decoder[key] = e.tag.Body
		e.tag.Body = r.complete(e.tag.Body)
	case isConfig:
		r.decoder[key] = e.tag.Body
	case e.tag.Type != flv.Script:
		r.leading = false
	}
	r.last = max(r.last, at)
	e.tag.Timestamp = uint32(at)
	return e.tag, true
}

func (r *Reader) give(t flv.Tag, at int64) {
	t.Timestamp = uint32(at)
	r.queue = append(r.queue, t)
}

// recall remembers t if it tells a codec: a sequence header, or a frame of a codec that has none.
func (r *Reader) recall(t *flv.Tag) {
	if t.Type == flv.Script {
		return
	}
	known := &r.recent[0]
	if t.Type == flv.Video {
		known = &r.recent[1]
	}
	if t.IsSequenceHeader() || (known.Body == nil || known.Codec() != t.Codec()) && t.IsMedia() {
		*known = *t
	}
}

// learnCodecs looks for a tag of each kind in what is there of g.
func (r *Reader) learnCodecs(g *group) {
	r.recent = [2]flv.Tag{}
	for i := range g.preamble {
		r.recall(&g.preamble[i])
	}
	for i := range g.entries {
		if r.recent[0].Body != nil && r.recent[1].Body != nil {
			return
		}
		r.recall(&g.entries[i].tag)
	}
}

func (r *Reader) complete(metadata []byte) []byte {
	var audio, video *flv.Tag
	if r.recent[0].Body != nil {
		audio = &r.recent[0]
	}
	if r.recent[1].Body != nil {
		video = &r.recent[1]
	}
	return flv.CompleteMetadata(metadata, video, audio)
}

// kinds tells what the file header is to announce.
func (r *Reader) kinds(metadata []byte) (audio, video bool) {
	audio, video = flv.StreamKinds(metadata)
	return audio || r.recent[0].Body != nil, video || r.recent[1].Body != nil
}

// Read implements io.Reader: the stream as an FLV file without end. It returns what is there, and waits only if there
// is nothing. Do not mix it with ReadTag.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.at == len(r.buf) {
		tag, err := r.ReadTag()
		if err != nil {
			return 0, err
		}
		r.buf, r.at = r.buf[:0], 0
		if !r.header {
			r.header = true
			r.buf = flv.AppendHeader(r.buf, r.audio, r.video)
		}
		r.buf = flv.AppendTag(r.buf, &tag)
	}
	n := copy(p, r.buf[r.at:])
	r.at += n
	return n, nil
}

// Skipped returns how often the reader fell behind the window and jumped to the newest group. Safe to call while
// another goroutine reads.
func (r *Reader) Skipped() uint64 { return r.skipped.Load() }

// Close unblocks Read and ReadTag, which from then on fail. It returns nil, always, and may be called twice and from
// any goroutine.
func (r *Reader) Close() error {
	r.once.Do(func() { close(r.done) })
	return nil
}

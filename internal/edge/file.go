package edge

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeebo/blake3"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/slice"
)

// file is a track that is a file at an origin, or the segments of a complete HLS playlist. Its groups are fetched as viewers ask for them, each once, signed, and kept
// for as long as there is room.
type file struct {
	edge *Edge
	target
	track  slice.TrackID
	hash   [20]byte
	log    *slog.Logger
	client *object.Client
	about  edgeapi.File
	rate   int64         // bit/s; 0 if unknown
	slots  chan struct{} // taken by each group that is being read
	vod    *vod          // the segments, if the file is a playlist

	lastAsk                         atomic.Int64 // Unix ns
	slicesServed, bytesOut, bytesIn atomic.Int64
	readers                         atomic.Int64 // plain players

	mu     sync.Mutex
	object *object.File
	urls   []string // that viewers gave, the newest last
	groups map[int]*block
	used   []int // groups whose bytes are held, the one used last at the end
	bytes  int64 // of them
	err    error // why the file cannot be given any more
}

// opening is what is being opened that may be a file, for all who ask meanwhile.
type opening struct {
	ready chan struct{}
	found
	err error
}

// found is what is at a target: one of these.
type found struct {
	stream *stream
	file   *file
	master bool // a master playlist
}

// hasFile tells whether a target is known to be a file.
func (e *Edge) hasFile(t target) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.files[t.id] != nil
}

// openFile returns the file of a target, or what else run finds there; run is the goroutine of what is not open yet.
func (e *Edge) openFile(ctx context.Context, t target, run func(target, *opening)) (found, error) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return found{}, closing()
	}
	o := e.files[t.id]
	if o == nil {
		if len(e.tracks)+len(e.files) >= e.config.MaxStreams {
			e.mu.Unlock()
			return found{}, full()
		}
		o = &opening{ready: make(chan struct{})}
		e.files[t.id] = o
		e.tasks.Go(func() { run(t, o) })
	}
	e.mu.Unlock()
	select {
	case <-o.ready:
	case <-ctx.Done():
		return found{}, fault.New(fault.Closed, "the request was given up")
	}
	if o.file != nil {
		o.file.offer(t.source)
	}
	return o.found, o.err
}

// runFile is the goroutine of a file: it opens it and lets it go when nobody asks for it any more.
func (e *Edge) runFile(t target, o *opening) {
	f, err := e.probe(t)
	if err != nil {
		e.answer(t, o, found{}, err, failureMemory)
		return
	}
	e.keepFile(f, o)
}

// answer gives those who ask for a target the same answer for a while.
func (e *Edge) answer(t target, o *opening, is found, err error, memory time.Duration) {
	o.found, o.err = is, err
	close(o.ready)
	sleep(e.ctx, memory)
	e.mu.Lock()
	delete(e.files, t.id)
	e.mu.Unlock()
}

// keepFile holds a file until nobody asks for it any more.
func (e *Edge) keepFile(f *file, o *opening) {
	o.file = f
	e.mu.Lock()
	e.fileTracks[f.track] = f
	e.mu.Unlock()
	f.log.Info("file opened", "size", f.about.Size, "type", f.about.Type, "groups", len(f.about.Times))
	close(o.ready)
	for sleep(e.ctx, lookAround) && !e.forgetFile(f) {
	}
	_ = f.client.Close()
}

// forgetFile lets a file go that nobody has asked for for long, or that is not what it was; it tells whether it did.
func (e *Edge) forgetFile(f *file) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	f.mu.Lock()
	err := f.err
	f.mu.Unlock()
	if err == nil {
		if e.config.Swarm(f.hash) > 0 {
			f.touch()
		}
		if e.config.Now().Sub(time.Unix(0, f.lastAsk.Load())) < e.config.Linger {
			return false
		}
	}
	delete(e.files, f.id)
	delete(e.fileTracks, f.track)
	f.log.Info("file let go", "error", err)
	return true
}

// probe opens the file at a target's source.
func (e *Edge) probe(t target) (*file, error) {
	g := e.newGuard(t, t.source)
	client := object.New(object.Options{Dial: g.Dial, Logger: e.config.Logger})
	ctx, cancel := context.WithTimeout(e.ctx, e.config.StartTimeout-e.config.StartTimeout/16)
	defer cancel()
	o, err := client.Open(ctx, t.source)
	if err != nil || !o.Ranged && o.Size != 0 {
		_ = client.Close()
		if refused := g.refused.Load(); refused != nil && e.ctx.Err() == nil {
			return nil, refused
		}
		if err == nil {
			err = fault.New(fault.SourceUnranged, "the origin gives the file only as a whole; have it answer Range requests (206)")
		}
		return nil, err
	}
	if o.Size == 0 || o.Size > edgeapi.MaxFile {
		_ = client.Close()
		return nil, fault.New(fault.SourceInvalid, "the file is empty, or larger than 16 GiB, which is not supported; play it from the origin")
	}
	size := edgeapi.FileSlice
	if o.Size > edgeapi.MaxSlices*edgeapi.FileSlice {
		size = slice.MaxPayload
	}
	f := &file{
		edge: e, target: t, client: client, object: o, groups: map[int]*block{}, slots: make(chan struct{}, groupsAtOnce),
		about: edgeapi.File{
			Size: o.Size, Slice: size, Group: edgeapi.FileGroup, Type: o.ContentType,
			ETag: o.ETag, Modified: unixOrZero(o.LastModified), Proofs: edgeapi.ProofsTemplate,
		},
	}
	if kind := edgeapi.FileType(t.path()); kind != "" {
		f.about.Type = kind
	}
	f.track = e.fileTrack(t.id, o)
	f.hash = edgeapi.InfoHash(f.track)
	f.log = e.config.Logger.With("file", t.id, "track", f.track.String())
	f.about.Duration, f.about.Times = timesOf(ctx, o, int64(size)*edgeapi.FileGroup, f.log)
	if f.about.Duration > 0 {
		f.rate = f.about.Size * 8000 / f.about.Duration
	}
	f.touch()
	return f, nil
}

// fileTrack names the track of a file: the same for the same bytes as long as the server's key is the same, so that
// viewers stay together when the server starts anew.
func (e *Edge) fileTrack(id string, o *object.File) slice.TrackID {
	h := blake3.New()
	_, _ = h.Write(e.config.Signer.PublicKey())
	for _, s := range []string{id, o.ETag, strconv.FormatInt(unixOrZero(o.LastModified), 10)} {
		_, _ = h.Write([]byte(s + "\x00"))
	}
	var size [8]byte
	for i := range size {
		size[i] = byte(o.Size >> (8 * i))
	}
	_, _ = h.Write(size[:])
	return slice.TrackID(h.Sum(nil)[:16])
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func (f *file) touch() { f.lastAsk.Store(f.edge.config.Now().UnixNano()) }

// offer remembers a URL that a viewer gave, for when the signature in those before has expired.
func (f *file) offer(raw string) {
	f.touch()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.urls = slices.DeleteFunc(f.urls, func(u string) bool { return u == raw })
	if f.urls = append(f.urls, raw); len(f.urls) > maxURLs {
		f.urls = f.urls[1:]
	}
}

// read reads from the origin, by another URL if the one at hand is refused.
func (f *file) read(ctx context.Context, offset int64, size int) ([]byte, error) {
	f.mu.Lock()
	o, urls := f.object, slices.Clone(f.urls)
	f.mu.Unlock()
	data, err := o.ReadRange(ctx, offset, size)
	for len(urls) > 0 && fault.CodeOf(err) == fault.SourceRefused {
		other, openErr := f.client.Open(ctx, urls[len(urls)-1])
		urls = urls[:len(urls)-1]
		if openErr != nil {
			continue
		}
		if f.edge.fileTrack(f.id, other) != f.track {
			return nil, fault.New(fault.SourceChanged, "the file has changed at the origin")
		}
		f.mu.Lock()
		f.object = other
		f.mu.Unlock()
		data, err = other.ReadRange(ctx, offset, size)
	}
	return data, err
}

// slice returns slice n with its proof and, if it is wanted, its payload.
func (f *file) slice(ctx context.Context, n slice.Number, payload bool) (*slice.Slice, error) {
	f.touch()
	if n >= f.about.Slices() {
		return nil, fault.New(fault.RequestInvalid, "the file has no slice of that number")
	}
	g := int(n) / f.about.Group
	b, data, err := f.block(ctx, g, payload)
	if err != nil {
		return nil, err
	}
	s := &slice.Slice{Number: n, Proof: b.proof}
	if payload {
		p := f.part(len(data), int(n)-g*f.about.Group)
		s.Payload = data[p.Offset : p.Offset+p.Length]
	}
	return s, nil
}

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
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
)

// file is a track that is a file at an origin. Its groups are fetched as viewers ask for them, each once, signed, and kept
// for as long as there is room.
type file struct {
	edge *Edge
	target
	track  slice.TrackID
	hash   [20]byte
	log    *slog.Logger
	client *object.Client
	about  edgeapi.File

	lastAsk                         atomic.Int64 // Unix ns
	slicesServed, bytesOut, bytesIn atomic.Int64

	mu     sync.Mutex
	object *object.File
	urls   []string // that viewers gave, the newest last
	groups map[int]*block
	used   []int // groups whose bytes are held, the one used last at the end
	bytes  int64 // of them
	err    error // why the file cannot be given any more
}

// block is a group of a file.
type block struct {
	ready chan struct{} // closed when proof and data, or err, are there
	proof *slice.Signed // kept when data is let go of: what was signed stays true
	data  []byte
	err   error
}

// opening is a file that is being opened, for all who ask meanwhile.
type opening struct {
	ready chan struct{}
	file  *file
	err   error
}

// hasFile tells whether a target is known to be a file.
func (e *Edge) hasFile(t target) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.files[t.id] != nil
}

// openFile returns the file of a target.
func (e *Edge) openFile(ctx context.Context, t target) (*file, error) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil, closing()
	}
	o := e.files[t.id]
	if o == nil {
		if len(e.tracks)+len(e.files) >= e.config.MaxStreams {
			e.mu.Unlock()
			return nil, full()
		}
		o = &opening{ready: make(chan struct{})}
		e.files[t.id] = o
		e.tasks.Go(func() { e.runFile(t, o) })
	}
	e.mu.Unlock()
	select {
	case <-o.ready:
	case <-ctx.Done():
		return nil, fault.New(fault.Closed, "the request was given up")
	}
	if o.file != nil {
		o.file.offer(t.source)
	}
	return o.file, o.err
}

// runFile is the goroutine of a file: it opens it and lets it go when nobody asks for it any more.
func (e *Edge) runFile(t target, o *opening) {
	f, err := e.probe(t)
	o.file, o.err = f, err
	if f != nil {
		e.mu.Lock()
		e.fileTracks[f.track] = f
		e.mu.Unlock()
		f.log.Info("file opened", "size", f.about.Size, "type", f.about.Type)
	}
	close(o.ready)
	if f == nil { // who asks again at once gets the same answer
		sleep(e.ctx, failureMemory)
		e.mu.Lock()
		delete(e.files, t.id)
		e.mu.Unlock()
		return
	}
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
		edge: e, target: t, client: client, object: o, groups: map[int]*block{},
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
		from := (int(n) - g*f.about.Group) * f.about.Slice
		s.Payload = data[from : from+f.about.SliceSize(n)]
	}
	return s, nil
}

// block returns group g, fetching it if its proof, or what is wanted of its bytes, is not here.
func (f *file) block(ctx context.Context, g int, payload bool) (*block, []byte, error) {
	f.mu.Lock()
	b := f.groups[g]
	done := false
	if b != nil {
		select {
		case <-b.ready:
			done = true
		default:
		}
	}
	switch {
	case f.err != nil:
		f.mu.Unlock()
		return nil, nil, f.err
	case b == nil, done && (b.err != nil || payload && b.data == nil):
		was := b
		b = &block{ready: make(chan struct{})}
		f.groups[g] = b
		f.edge.tasks.Go(func() { f.load(g, b, was) })
	case done && b.data != nil:
		f.use(g)
	}
	f.mu.Unlock()
	select {
	case <-b.ready:
	case <-ctx.Done():
		return nil, nil, fault.New(fault.Closed, "the request was given up")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if b.err == nil && payload && b.data == nil { // let go of at this very moment
		return nil, nil, fault.New(fault.LimitReached, "the server reads more of the file at once than it can hold; ask again")
	}
	return b, b.data, b.err
}

// use puts group g last in the order in which bytes are let go of; f.mu is held.
func (f *file) use(g int) {
	for i, o := range f.used {
		if o == g {
			copy(f.used[i:], f.used[i+1:])
			f.used[len(f.used)-1] = g
			return
		}
	}
	f.used = append(f.used, g)
}

// load fetches and signs group g. was is what is known of it from before.
func (f *file) load(g int, b, was *block) {
	ctx, cancel := context.WithTimeout(f.edge.ctx, blockTimeout)
	defer cancel()
	block := int64(f.about.Group * f.about.Slice)
	begin := int64(g) * block
	size := int(min(block, f.about.Size-begin))
	data, err := f.read(ctx, begin, size)
	if err == nil {
		f.bytesIn.Add(int64(size))
		f.edge.bytesIn.Add(int64(size))
		b.proof, err = f.prove(g, data, was)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		b.err = err
		f.log.Warn("a part of the file cannot be read", "offset", begin, "error", err)
		if code := fault.CodeOf(err); code == fault.SourceChanged {
			f.err = fault.Wrap(fault.TrackUnknown, "the file has changed at the origin; resolve again", err)
			b.err = f.err
		}
	} else {
		b.data = data
		f.bytes += int64(len(data))
		f.use(g)
		for f.bytes > f.edge.config.MaxStreamBytes && len(f.used) > 1 {
			old := f.groups[f.used[0]]
			f.bytes -= int64(len(old.data))
			old.data = nil
			f.used = f.used[1:]
		}
	}
	close(b.ready)
}

// blockTimeout is how long a group may take from the origin, retries included.
const blockTimeout = 20 * time.Second

// prove signs what group g holds, or finds that it is what was signed before.
func (f *file) prove(g int, data []byte, was *block) (*slice.Signed, error) {
	first := slice.Number(g * f.about.Group)
	begin, end := f.about.Times[g], f.about.Duration
	if g+1 < len(f.about.Times) {
		end = f.about.Times[g+1]
	}
	st := slice.Statement{
		Track: f.track, Group: first, First: first,
		Time: time.Duration(begin) * time.Millisecond, Duration: time.Duration(end-begin) * time.Millisecond,
		Cut: f.edge.config.Now().Truncate(time.Millisecond),
	}
	for from := 0; from < len(data); from += f.about.Slice {
		part := data[from:min(len(data), from+f.about.Slice)]
		st.Entries = append(st.Entries, slice.Entry{Size: uint32(len(part)), Digest: signing.Sum(part)})
	}
	if was != nil && was.proof != nil {
		for i, entry := range st.Entries {
			if was.proof.Entries[i] != entry {
				return nil, fault.New(fault.SourceChanged, "the file has other bytes than before, although the origin says that it is the same")
			}
		}
		return was.proof, nil
	}
	return f.edge.config.Signer.Sign(st), nil
}

package edge

import (
	"context"
	"slices"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
)

// block is a group of a file.
type block struct {
	ready chan struct{} // closed when proof and data, or err, are there
	proof *slice.Signed // kept when data is let go of: what was signed stays true
	data  []byte
	err   error
	until time.Time // who asks before then gets err
}

// groupsAtOnce is how many groups of one file are read at the same time.
const groupsAtOnce = 16

// part returns which bytes slice i of a group of so many bytes has; none if it has no such slice.
func (f *file) part(size, i int) hls.ByteRange {
	if f.vod != nil {
		return hls.EqualPart(int64(size), i, f.about.Group)
	}
	from := min(i*f.about.Slice, size)
	return hls.ByteRange{Offset: int64(from), Length: int64(min(f.about.Slice, size-from))}
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
	case done && !payload && b.proof != nil: // what was signed stays true, also if it cannot be read any more
		f.mu.Unlock()
		return b, nil, nil
	case done && b.err != nil && f.edge.config.Now().Before(b.until):
		f.mu.Unlock()
		return nil, nil, b.err
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
	data, err := f.fetch(g)
	if err == nil {
		f.bytesIn.Add(int64(len(data)))
		f.edge.bytesIn.Add(int64(len(data)))
		b.proof, err = f.prove(g, data, was)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		b.err, b.until = err, f.edge.config.Now().Add(failureMemory)
		if was != nil {
			b.proof = was.proof
		}
		f.log.Warn("a part of the file cannot be read", "group", g, "error", err)
		if f.vod == nil && fault.CodeOf(err) == fault.SourceChanged {
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

// fetch returns the bytes of group g from the origin.
func (f *file) fetch(g int) ([]byte, error) {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-f.edge.ctx.Done():
		return nil, closing()
	}
	ctx, cancel := context.WithTimeout(f.edge.ctx, blockTimeout)
	defer cancel()
	if f.vod != nil {
		return f.segment(ctx, g)
	}
	block := int64(f.about.Group * f.about.Slice)
	begin := int64(g) * block
	return f.read(ctx, begin, int(min(block, f.about.Size-begin)))
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
	for i := range f.about.Group {
		p := f.part(len(data), i)
		if p.Length == 0 {
			break // the last group of a file has fewer
		}
		part := data[p.Offset : p.Offset+p.Length]
		st.Entries = append(st.Entries, slice.Entry{Size: uint32(len(part)), Digest: signing.Sum(part)})
	}
	if was != nil && was.proof != nil {
		if !slices.Equal(was.proof.Entries, st.Entries) {
			return nil, fault.New(fault.SourceChanged, "the file has other bytes than before, although the origin says that it is the same")
		}
		return was.proof, nil
	}
	return f.edge.config.Signer.Sign(st), nil
}

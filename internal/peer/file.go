package peer

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

const (
	// holdAfter is how long nothing may be read of a file before its player counts as paused.
	holdAfter = 5 * time.Second
	// readAtOnce is how many bytes one read takes at the most.
	readAtOnce = 1 << 20
)

// reading is what the loop knows of who reads a file.
type reading struct {
	waiting map[slice.Number][]waiter
	last    time.Time // when something was read
	at      slice.Number
}

// waiter is a read that waits for a slice.
type waiter struct {
	since  time.Time
	answer chan<- answer
	ctx    context.Context
}

type answer struct {
	slices []*slice.Slice
	err    error
}

// File describes the file that is played, nil if it is a live stream or an HLS playlist. It never changes.
func (v *Viewer) File() *edgeapi.File {
	if v.file == nil || v.playlist != nil {
		return nil
	}
	about := v.file.File
	return &about
}

// ReadFile reads bytes of the file that is played, from offset on, into p, and waits for the first of them. It returns
// io.EOF at the end of the file, what ctx ended with, or the *fault.Error of the failure that ended the play. Any number of
// readers may read, and what is played follows the one that read last.
func (v *Viewer) ReadFile(ctx context.Context, p []byte, offset int64) (int, error) {
	f := v.file
	switch {
	case f == nil || v.playlist != nil:
		return 0, fault.New(fault.RequestInvalid, "what is played is no file; read it with NewReader")
	case offset < 0:
		return 0, fault.New(fault.RequestInvalid, "the offset is negative")
	case offset >= f.Size:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	n := slice.Number(offset / int64(f.Slice))
	most := (min(len(p), readAtOnce) + f.Slice - 1) / f.Slice
	var list []*slice.Slice
	for {
		if own := v.own.Load(); own != nil {
			if k, ok := v.readOwn(ctx, own, p, offset); ok {
				return k, nil
			}
		}
		var err error
		if list, err = v.readSlices(ctx, n, most, v.cfg.Unpaced); err == nil {
			break
		}
		if !errors.Is(err, errElsewhere) {
			return 0, err
		}
	}
	k, skip := 0, int(offset-int64(n)*int64(f.Slice))
	for _, s := range list {
		k += copy(p[k:], s.Payload[skip:])
		skip = 0
	}
	return k, nil
}

// readSlices returns slice n of a file and up to most in all, as far as they are here, and waits for n.
func (v *Viewer) readSlices(ctx context.Context, n slice.Number, most int, eager bool) ([]*slice.Slice, error) {
	got := make(chan answer, 1)
	if !v.inbox.post(func() { v.read(n, most, eager, waiter{answer: got, ctx: ctx}) }) {
		return nil, v.endError()
	}
	var a answer
	select {
	case a = <-got:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-v.done:
		select {
		case a = <-got:
		default:
			return nil, v.endError()
		}
	}
	return a.slices, a.err
}

// FileAt returns ReadFile as an io.ReaderAt, whose reads end with ctx.
func (v *Viewer) FileAt(ctx context.Context) io.ReaderAt { return fileAt{ctx, v} }

type fileAt struct {
	ctx context.Context
	v   *Viewer
}

func (f fileAt) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = f.v.ReadFile(f.ctx, p[n:], offset+int64(n))
		n += k
	}
	return n, err
}

// End says that what was read of a file was its end: the play is over as that of a live stream is that has ended.
func (v *Viewer) End() {
	v.inbox.post(func() {
		if (v.file != nil || v.playlist != nil) && !v.over {
			v.ended(v.cfg.Now())
		}
	})
}

// Fail says that what was read of a file cannot be played, which ends the play.
func (v *Viewer) Fail(err error) {
	v.inbox.post(func() {
		if f, ok := errors.AsType[*fault.Error](err); ok && (v.file != nil || v.playlist != nil) {
			v.fail(f)
		}
	})
}

// endError says why nothing can be read any more.
func (v *Viewer) endError() error {
	<-v.done
	if v.failed != nil {
		return v.failed
	}
	return fault.New(fault.Closed, "it was closed meanwhile; play it again")
}

// read answers with slice n and up to most in all, as far as they are here, or has w wait for n.
func (v *Viewer) read(n slice.Number, most int, eager bool, w waiter) {
	now := v.cfg.Now()
	v.reading.last, v.reading.at = now, n
	e := v.session.engine
	e.Hold(now, false)
	if v.restore(n, most, eager, w) {
		return
	}
	if s := e.Read(now, n, eager); s != nil {
		held := []*slice.Slice{s}
		for len(held) < most {
			s := e.Held(n + slice.Number(len(held)))
			if s == nil {
				break
			}
			held = append(held, s)
		}
		w.answer <- answer{slices: held}
		return
	}
	w.since = now
	if v.reading.waiting == nil {
		v.reading.waiting = map[slice.Number][]waiter{}
	}
	v.reading.waiting[n] = append(v.reading.waiting[n], w)
}

// kept hands a slice to who waits for it.
func (v *Viewer) kept(s *slice.Slice) {
	now := v.cfg.Now()
	if v.cache != nil {
		v.cache.Put(s)
	}
	v.arrived = now
	v.begun(now)
	for _, w := range v.reading.waiting[s.Number] {
		w.answer <- answer{slices: []*slice.Slice{s}}
		v.reading.last = now
	}
	delete(v.reading.waiting, s.Number)
}

// sweepFile looks after who reads.
func (v *Viewer) sweepFile(now time.Time) {
	oldest := now
	for n, list := range v.reading.waiting {
		k := 0
		for _, w := range list {
			if w.ctx.Err() == nil {
				list[k] = w
				k++
				if w.since.Before(oldest) {
					oldest = w.since
				}
			}
		}
		if v.reading.waiting[n] = list[:k]; k == 0 {
			delete(v.reading.waiting, n)
		}
	}
	if v.playlist != nil {
		v.sweepVOD(now)
	}
	limit := v.cfg.StallTimeout
	if v.started == 0 {
		limit = v.cfg.StartTimeout
	}
	switch {
	case now.Sub(oldest) >= limit && now.Sub(v.arrived) >= limit:
		v.fail(v.failure(fault.New(fault.NothingPlayable, "the file is known, and nothing more of it arrives")))
	case len(v.reading.waiting) == 0 && now.Sub(v.reading.last) >= holdAfter:
		v.session.engine.Hold(now, true)
	}
}

// failReaders ends who waits.
func (v *Viewer) failReaders(err error) {
	if err == nil {
		err = fault.New(fault.Closed, "it was closed meanwhile; play it again")
	}
	for n, list := range v.reading.waiting {
		for _, w := range list {
			w.answer <- answer{err: err}
		}
		delete(v.reading.waiting, n)
	}
}

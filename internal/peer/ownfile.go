package peer

import (
	"context"

	"github.com/superp2p/superp2p/internal/slice"
)

// playOwn has all of a file that is read from now on come from the viewer's own URL, unshared, because that gives other
// bytes than the server saw: with a watermark, say. What the two have in common nobody knows, so that they are not mixed.
func (v *Viewer) playOwn(from *filePlace) {
	v.log.Warn("the origin gives this viewer other bytes than the server saw; they are played, and not shared")
	v.own.Store(from)
	v.inbox.post(func() {
		v.refuseReaders(0, slice.Number(len(v.file.Times)*v.file.Group))
		v.session.engine.Hold(v.cfg.Now(), true) // it has nobody to read for
	})
}

// readOwn reads from the viewer's own URL what ReadFile was asked for. False says that it cannot.
func (v *Viewer) readOwn(ctx context.Context, from *filePlace, p []byte, offset int64) (int, bool) {
	f, err := from.open(ctx)
	if err == nil {
		var b []byte
		b, err = f.ReadRange(ctx, offset, int(min(int64(len(p)), readAtOnce, from.about.Size-offset)))
		if err == nil {
			n := copy(p, b)
			v.inbox.post(func() {
				now := v.cfg.Now()
				v.past.ServerBytes += uint64(n)
				v.reading.last, v.arrived = now, now
				v.begun(now)
			})
			return n, true
		}
	}
	if ctx.Err() == nil {
		v.log.Warn("the viewer's own URL gives nothing; what the server saw is played", "err", err)
		v.own.CompareAndSwap(from, nil)
	}
	return 0, false
}

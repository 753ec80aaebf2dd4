package peer

import (
	"context"
	"errors"
	"time"

	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/slice"
)

// errElsewhere tells who reads a segment of a complete playlist to get it from its own URL.
var errElsewhere = errors.New("peer: the swarm does not give this segment")

// vodPatience is for how long a segment may wait while nothing arrives, before its own URL is asked.
const vodPatience = 5 * time.Second

// vodInHand is how much of a complete playlist a player gets as fast as it comes, before it gets the rest at its own pace.
const vodInHand = 10 * time.Second

// vodSegment asks the swarm for a segment, nil if it is to be had elsewhere.
func (h *hlsPlay) vodSegment(ctx context.Context, s *hls.Segment) ([]byte, error) {
	v := h.v
	f := v.file
	i := s.Sequence - v.playlist.Sequence
	if i < 0 || i >= int64(len(f.Times)) || s.Gap || !lasts(&f.File, int(i), s.Duration) {
		return nil, nil
	}
	n := slice.Number(i) * slice.Number(f.Group)
	h.mu.Lock()
	from := h.origin
	if i != h.next {
		h.jumped = i
	}
	h.next = i + 1
	began := h.jumped
	h.mu.Unlock()
	if from.isAnother(n) {
		return nil, nil
	}
	// A player that has just come to this place sees nothing of a segment before all of it is there, and should not run dry
	// with the next one.
	eager := v.cfg.Unpaced || i < began+2 || time.Duration(f.Times[i]-f.Times[began])*time.Millisecond < vodInHand
	var data []byte
	for k := 0; k < f.Group; {
		list, err := v.readSlices(ctx, n+slice.Number(k), f.Group-k, eager)
		if errors.Is(err, errElsewhere) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			data = append(data, s.Payload...)
		}
		k += len(list)
	}
	if s.Range.Length > 0 && s.Range.Length != int64(len(data)) {
		return nil, nil
	}
	return data, nil
}

// refuseReaders sends who waits for slices from first to before end elsewhere.
func (v *Viewer) refuseReaders(first, end slice.Number) {
	for n, list := range v.reading.waiting {
		if n >= first && n < end {
			for _, w := range list {
				w.answer <- answer{err: errElsewhere}
			}
			delete(v.reading.waiting, n)
		}
	}
}

// sweepVOD sends who has waited too long for a segment elsewhere.
func (v *Viewer) sweepVOD(now time.Time) {
	if now.Sub(v.arrived) < vodPatience {
		return
	}
	for n, list := range v.reading.waiting {
		if len(list) > 0 && now.Sub(list[0].since) >= vodPatience {
			v.refuseReaders(n, n+1)
		}
	}
}

package page

import (
	"testing"
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// What a page says neither panics nor makes outputs that cannot be read.
func FuzzRun(f *testing.F) {
	f.Add(byte(0), inputs(Tick, LinkOpened, 1, swarm.PeerID{1}, Message, 1, []byte("\x01\x01"), Stats))
	f.Add(byte(1), inputs(Read, 4, 2, 0, Tick, Hold, 1, Seek, 500, Proved, 4, []byte("x"), []byte("y")))
	f.Add(byte(2), inputs(Restore, 56, slice.AppendFrame(nil, cut(56)), Tick, Fetched, 57, slice.AppendFrame(nil, cut(57))))
	f.Add(byte(0), append(appendLive(inputs(Reposition), 79), inputs(SetUpload, 0, SetDownload, 0, SetMaxBytes, 1, Leave, Tick)...))
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		s := Open(began, open(Kind(kind%byte(kinds)), 1))
		now := began
		for len(b) > 0 { // a run for each 64 bytes, so that time passes
			k := min(64, len(b))
			if out := s.Run(now, b[:k]); out != nil {
				read(t, out)
			}
			b, now = b[k:], now.Add(300*time.Millisecond)
		}
	})
}

func FuzzOpen(f *testing.F) {
	for k := range kinds {
		f.Add(open(k, 1))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s := Open(began, b); s != nil {
			read(t, s.Run(began, inputs(Tick, Stats)))
		}
	})
}

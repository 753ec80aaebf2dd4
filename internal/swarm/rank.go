package swarm

import (
	"math"

	"github.com/superp2p/superp2p/internal/slice"
)

// view ranks this viewer for slice n. Every viewer of a fully connected swarm finds the same order, so that exactly
// one is first; in a larger swarm each only knows how likely it is to be among the first. The second result is how
// many neighbours come before this viewer.
func (e *Engine) view(n slice.Number) (f FirstCopy, before int) {
	mine := score(e.key, n)
	around := 1
	for _, q := range e.order {
		if !q.greeted {
			continue
		}
		around++
		if !q.noUpload && q.failures < 3 && score(q.key, n) < mine {
			before++
		}
	}
	f.Viewers = max(e.size, around)
	f.Exact = 100*around >= 85*f.Viewers
	f.Rank = float64(before)
	if !f.Exact {
		f.Rank = unit(mine) * float64(f.Viewers)
	}
	if e.cfg.NoUpload {
		f.Rank = float64(f.Viewers) // whoever does not pass copies on takes none early
	}
	return f, before
}

// keyOf condenses a name for score.
func keyOf(id PeerID) uint64 {
	x := uint64(0x632be59bd9b4e019)
	for i := 0; i < len(id); i += 4 {
		x = mix(x ^ uint64(id[i])<<24 ^ uint64(id[i+1])<<16 ^ uint64(id[i+2])<<8 ^ uint64(id[i+3]))
	}
	return x
}

// score is the same for the same peer and slice at every viewer of the track.
func score(key uint64, n slice.Number) uint64 { return mix(key ^ uint64(n)*0x9e3779b97f4a7c15) }

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit turns a score into a number from 0 to 1.
func unit(x uint64) float64 { return float64(x) / math.MaxUint64 }

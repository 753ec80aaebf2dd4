package peer

import (
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// restoreAtOnce is how many slices are read from the cache at a time.
const restoreAtOnce = 32

// restore reads slices of a file from the cache, from n on, if n is there and not in memory, and then has w read what it
// came for. It tells whether it does.
func (v *Viewer) restore(n slice.Number, most int, eager bool, w waiter) bool {
	s, c := v.session, v.cache
	if c == nil || s.engine.Held(n) != nil || !c.Has(s.res.Track, n) {
		return false
	}
	v.wg.Go(func() {
		var got []*slice.Slice
		for k := n; len(got) < max(most, restoreAtOnce); k++ {
			one := c.Get(s.res.Track, k)
			if one == nil {
				break
			}
			got = append(got, one)
		}
		v.inbox.post(func() {
			if s == v.session {
				v.takeRestored(s, got)
			}
			v.read(n, most, eager, w) // of a slice that was not as it should be, not from the cache again
		})
	})
	return true
}

func (v *Viewer) takeRestored(s *session, got []*slice.Slice) {
	for _, one := range got {
		switch {
		case s.engine.Held(one.Number) != nil:
		case s.engine.Restore(v.cfg.Now(), one):
			v.past.CacheBytes += uint64(len(one.Payload))
		default:
			v.cache.Drop(s.res.Track, one.Number)
		}
	}
}

// fetchRestored takes from the cache what the engine wants from the server, and tells whether it does.
func (v *Viewer) fetchRestored(s *session, a swarm.Action) bool {
	c := v.cache
	if c == nil || v.file == nil || a.Offset > 0 || !c.Has(s.res.Track, a.Number) {
		return false
	}
	f := &fetching{func() {}}
	s.fetches[a.Number] = f
	v.wg.Go(func() {
		one := c.Get(s.res.Track, a.Number)
		v.inbox.post(func() {
			if s != v.session || s.fetches[a.Number] != f {
				return // it came from elsewhere meanwhile
			}
			delete(s.fetches, a.Number)
			if one != nil {
				v.takeRestored(s, []*slice.Slice{one})
			}
			if s.engine.Held(a.Number) == nil {
				v.fetch(s, a)
			}
		})
	})
	return true
}

package stun

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// limiter grants each source a rate. It keeps a fixed number of buckets, chosen by a secret hash: its memory does not
// grow with forged sources, and nobody can aim at another's bucket.
type limiter struct {
	rate, burst float64
	seed        maphash.Seed
	mu          sync.Mutex
	buckets     [8192]bucket
}

type bucket struct {
	used float64 // answers given, less what time has forgiven
	at   time.Time
}

func newLimiter(rate, burst float64) *limiter {
	return &limiter{rate: rate, burst: burst, seed: maphash.MakeSeed()}
}

func (l *limiter) allow(from netip.Addr, now time.Time) bool {
	from = from.Unmap().WithZone("")
	if from.Is6() { // who has one address of a /64 has them all
		if prefix, err := from.Prefix(64); err == nil {
			from = prefix.Addr()
		}
	}
	b := &l.buckets[maphash.Comparable(l.seed, from)%uint64(len(l.buckets))]
	l.mu.Lock()
	defer l.mu.Unlock()
	if !b.at.IsZero() {
		b.used = max(0, b.used-now.Sub(b.at).Seconds()*l.rate)
	}
	b.at = now
	if b.used+1 > l.burst {
		return false
	}
	b.used++
	return true
}

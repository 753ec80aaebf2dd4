package swarm

import "github.com/superp2p/superp2p/internal/slice"

// store holds proved slices.
type store struct {
	slices window[slice.Slice]
	bytes  int
}

func (s *store) has(n slice.Number) bool { return s.slices.get(n) != nil }

func (s *store) get(n slice.Number) *slice.Slice { return s.slices.get(n) }

func (s *store) put(sl *slice.Slice) {
	for low, ok := s.oldest(); ok && sl.Number >= low+maxSpan; low, ok = s.oldest() {
		s.remove(low)
	}
	s.slices.put(sl.Number, sl)
	if s.get(sl.Number) == sl {
		s.bytes += len(sl.Payload)
	}
}

func (s *store) remove(n slice.Number) {
	if sl := s.slices.get(n); sl != nil {
		s.bytes -= len(sl.Payload)
		s.slices.remove(n)
	}
}

// oldest returns the lowest number held.
func (s *store) oldest() (slice.Number, bool) { return s.slices.lowest() }

// farthest returns the number held that is farthest from n: the lowest below it, if there is one, else the highest.
func (s *store) farthest(n slice.Number) (slice.Number, bool) {
	low, ok := s.oldest()
	if !ok || low < n {
		return low, ok
	}
	return s.slices.highest(), true
}

// bitmap returns which slices are held: the number of its first bit and the bits, least significant first, limited to
// the newest 8*limit slices.
func (s *store) bitmap(limit int) (slice.Number, []byte) {
	low, ok := s.oldest()
	if !ok {
		return 0, nil
	}
	high := s.slices.highest() + 1
	if span := slice.Number(8 * limit); high-low > span {
		low = high - span
	}
	bits := make([]byte, (high-low+7)/8)
	for n := low; n < high; n++ {
		if s.has(n) {
			bits[(n-low)/8] |= 1 << ((n - low) % 8)
		}
	}
	return low, bits
}

// holdings is what a neighbour said it holds: a window of numbers that moves up with the stream.
type holdings struct {
	base slice.Number // a multiple of 64
	bits []uint64     // a ring
}

// The sizes of holdings, in words of 64 slices.
const (
	liveHoldings = 16 // four minutes of a live stream
	maxHoldings  = maxSpan / 64
)

func (h *holdings) span() slice.Number { return slice.Number(64 * len(h.bits)) }

func (h *holdings) word(n slice.Number) *uint64 { return &h.bits[int(n/64)%len(h.bits)] }

func (h *holdings) add(n slice.Number) {
	if n >= h.base+2*h.span() {
		clear(h.bits)
		h.base = n / 64 * 64
	}
	for n >= h.base+h.span() {
		*h.word(h.base) = 0
		h.base += 64
	}
	if n >= h.base {
		*h.word(n) |= 1 << (n % 64)
	}
}

func (h *holdings) remove(n slice.Number) {
	if h.has(n) {
		*h.word(n) &^= 1 << (n % 64)
	}
}

func (h *holdings) has(n slice.Number) bool {
	return n >= h.base && n < h.base+h.span() && *h.word(n)&(1<<(n%64)) != 0
}

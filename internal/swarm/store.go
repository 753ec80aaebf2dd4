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

// bitmap returns which slices are held: the number of its first bit and the bits, least significant first, limited to
// the newest 8*limit slices.
func (s *store) bitmap(limit int) (slice.Number, []byte) {
	low, ok := s.oldest()
	if !ok {
		return 0, nil
	}
	high := s.slices.high
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
	bits [holdingsWords]uint64
}

const holdingsWords = 64 // 4,096 slices: 17 minutes of a live stream

func (h *holdings) add(n slice.Number) {
	for n >= h.base+64*holdingsWords {
		if n >= h.base+2*64*holdingsWords {
			*h = holdings{base: n / 64 * 64}
			break
		}
		h.bits[h.base/64%holdingsWords] = 0
		h.base += 64
	}
	if n >= h.base {
		h.bits[n/64%holdingsWords] |= 1 << (n % 64)
	}
}

func (h *holdings) remove(n slice.Number) {
	if h.has(n) {
		h.bits[n/64%holdingsWords] &^= 1 << (n % 64)
	}
}

func (h *holdings) has(n slice.Number) bool {
	return n >= h.base && n < h.base+64*holdingsWords && h.bits[n/64%holdingsWords]&(1<<(n%64)) != 0
}

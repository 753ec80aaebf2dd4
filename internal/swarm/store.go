package swarm

import "github.com/superp2p/superp2p/internal/slice"

// store holds proved slices.
type store struct {
	slices map[slice.Number]*slice.Slice
	low    slice.Number // nothing below is held
	high   slice.Number // nothing from here on is held
	bytes  int
}

func (s *store) init() { s.slices = make(map[slice.Number]*slice.Slice) }

func (s *store) has(n slice.Number) bool { return s.slices[n] != nil }

func (s *store) get(n slice.Number) *slice.Slice { return s.slices[n] }

func (s *store) put(sl *slice.Slice) {
	if len(s.slices) == 0 {
		s.low, s.high = sl.Number, sl.Number+1
	}
	s.low, s.high = min(s.low, sl.Number), max(s.high, sl.Number+1)
	s.slices[sl.Number] = sl
	s.bytes += len(sl.Payload)
}

func (s *store) remove(n slice.Number) {
	if sl := s.slices[n]; sl != nil {
		s.bytes -= len(sl.Payload)
		delete(s.slices, n)
	}
}

// oldest returns the lowest number held.
func (s *store) oldest() (slice.Number, bool) {
	if len(s.slices) == 0 {
		return 0, false
	}
	if s.high-s.low > slice.Number(4*len(s.slices)+64) { // sparse after a jump: look instead of counting up
		s.low = s.high
		for n := range s.slices {
			s.low = min(s.low, n)
		}
	}
	for s.slices[s.low] == nil {
		s.low++
	}
	return s.low, true
}

// bitmap returns which slices are held: the number of its first bit and the bits, least significant first, limited to
// the newest 8*limit slices.
func (s *store) bitmap(limit int) (slice.Number, []byte) {
	low, ok := s.oldest()
	if !ok {
		return 0, nil
	}
	if span := slice.Number(8 * limit); s.high-low > span {
		low = s.high - span
	}
	bits := make([]byte, (s.high-low+7)/8)
	for n := low; n < s.high; n++ {
		if s.slices[n] != nil {
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

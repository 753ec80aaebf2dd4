package swarm

import (
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// maxSpan is how far apart the lowest and the highest number in a window are at the most: those of the largest file.
const maxSpan = 8 * wire.MaxBitmap

// window maps numbers that lie close together and move up with the stream. Its zero value is empty.
type window[T any] struct {
	ring  []*T         // of a length that is a power of two; number n is at n modulo it
	low   slice.Number // nothing below is held
	high  slice.Number // nothing from here on is held
	count int
}

func (w *window[T]) get(n slice.Number) *T {
	if n < w.low || n >= w.high {
		return nil
	}
	return w.ring[int(n)&(len(w.ring)-1)]
}

// put adds v as number n. What is too far below is let go of; who is too far below is not added.
func (w *window[T]) put(n slice.Number, v *T) {
	if w.count == 0 {
		w.low, w.high = n, n
	}
	if n < w.low && w.high-n > maxSpan {
		return
	}
	for n >= w.high && n-w.low >= maxSpan && w.low < w.high {
		w.remove(w.low)
		w.low++
	}
	if w.low == w.high {
		w.low, w.high = n, n
	}
	low, high := min(w.low, n), max(w.high, n+1)
	if int(high-low) > len(w.ring) {
		w.grow(int(high - low))
	}
	w.low, w.high = low, high
	at := &w.ring[int(n)&(len(w.ring)-1)]
	if *at == nil {
		w.count++
	}
	*at = v
}

func (w *window[T]) grow(span int) {
	size := max(64, len(w.ring))
	for size < span {
		size *= 2
	}
	ring := make([]*T, size)
	for n := w.low; n < w.high; n++ {
		ring[int(n)&(size-1)] = w.ring[int(n)&(len(w.ring)-1)]
	}
	w.ring = ring
}

func (w *window[T]) remove(n slice.Number) {
	if w.get(n) != nil {
		w.ring[int(n)&(len(w.ring)-1)] = nil
		w.count--
	}
}

// lowest returns the lowest number held.
func (w *window[T]) lowest() (slice.Number, bool) {
	if w.count == 0 {
		return 0, false
	}
	for w.get(w.low) == nil {
		w.low++
	}
	return w.low, true
}

// highest returns the highest number held, which must be one.
func (w *window[T]) highest() slice.Number {
	for w.get(w.high-1) == nil {
		w.high--
	}
	return w.high - 1
}

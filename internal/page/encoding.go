package page

import (
	"encoding/binary"
	"time"
)

// reader takes fields off the front of b and remembers whether one was malformed.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > limit {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// varint reads a number that may be negative, as zigzag.
func (r *reader) varint(limit uint64) int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 || v > int64(limit) || v < -int64(limit) {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// bytes reads exactly n bytes. The result shares the input.
func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

// run reads bytes after their length.
func (r *reader) run(limit int) []byte { return r.bytes(int(r.uvarint(uint64(limit)))) }

func (r *reader) millis() time.Duration {
	return time.Duration(r.uvarint(maxMillis)) * time.Millisecond
}

func (r *reader) flag() bool { return r.uvarint(1) == 1 }

func (r *reader) fail() {
	r.b, r.bad = nil, true
}

// writer appends fields.
type writer struct{ b []byte }

func (w *writer) kind(k Output)    { w.b = append(w.b, byte(k)) }
func (w *writer) uvarint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) varint(v int64)   { w.b = binary.AppendVarint(w.b, v) }
func (w *writer) number(v int)     { w.uvarint(uint64(max(0, v))) }
func (w *writer) run(parts ...[]byte) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	w.number(size)
	for _, p := range parts {
		w.b = append(w.b, p...)
	}
}

func (w *writer) millis(d time.Duration) { w.uvarint(uint64(max(0, d/time.Millisecond))) }

func (w *writer) flag(on bool) {
	if on {
		w.b = append(w.b, 1)
	} else {
		w.b = append(w.b, 0)
	}
}

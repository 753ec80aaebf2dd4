package edge

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// span is the part of a slice's frame that a request asks for (RFC 9110, section 14): bytes from … to, both included.
type span struct {
	asked  bool // false: all of it
	suffix bool // from counts back from the end, and to has no meaning
	from   int
	to     int // the largest int where the request names no end
}

// spanOf reads Range. Whatever is not exactly one range of bytes asks for all, as section 14.2 allows: other units,
// several ranges, what breaks the syntax, methods other than GET. So does If-Range, since slices have no validator that
// it could match.
func spanOf(r *http.Request) span {
	const most = int(^uint(0) >> 1)
	lines := r.Header.Values("Range")
	if r.Method != http.MethodGet || len(lines) != 1 || r.Header.Get("If-Range") != "" {
		return span{}
	}
	unit, set, ok := strings.Cut(lines[0], "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return span{}
	}
	first, last, ok := strings.Cut(strings.TrimSpace(set), "-")
	if !ok {
		return span{}
	}
	s := span{asked: true, to: most}
	if first == "" {
		s.suffix = true
		s.from, ok = position(last)
	} else if s.from, ok = position(first); ok && last != "" {
		s.to, ok = position(last)
	}
	if !ok || s.to < s.from {
		return span{}
	}
	return s
}

// position reads decimal digits and nothing else. More than an int holds is the largest int, which is beyond any frame.
func position(digits string) (int, bool) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil || n > 0
}

// of returns from where to where (not included) it reaches in size bytes; false if it asks for none of them.
func (s span) of(size int) (from, to int, ok bool) {
	switch {
	case !s.asked:
		return 0, size, true
	case s.suffix:
		return max(0, size-s.from), size, s.from > 0 && size > 0
	case s.from >= size:
		return 0, 0, false
	}
	return s.from, min(s.to, size-1) + 1, true
}

// whole tells whether it reaches over all of size bytes.
func (s span) whole(size int) bool {
	from, to, ok := s.of(size)
	return ok && from == 0 && to == size
}

// contentRange writes Content-Range for bytes from … to (not included) of size.
func contentRange(from, to, size int) string { return fmt.Sprintf("bytes %d-%d/%d", from, to-1, size) }

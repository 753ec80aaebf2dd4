package message

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of values that are skipped.
const maxDepth = 16

// scanner walks over JSON text (RFC 8259) in place. After the first error it stays where it is.
type scanner struct {
	b []byte
	i int
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\n', '\r', '\t':
			s.i++
		default:
			return
		}
	}
}

// next skips white space and returns the byte that follows, without taking it; 0 at the end.
func (s *scanner) next() byte {
	if s.i < len(s.b) && s.b[s.i] > ' ' {
		return s.b[s.i]
	}
	s.space()
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// take takes c, after white space.
func (s *scanner) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.i++
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain returns how many bytes at the front of b need no look inside a string: neither quote, backslash nor control.
func plain(b []byte) int {
	n := 0
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		// The lowest set bit is exact; higher ones may be wrong, and only the lowest is used.
		hit := ((w-ones*0x20)&^w | (quote-ones)&^quote | (slash-ones)&^slash) & highs
		if hit != 0 {
			return n + bits.TrailingZeros64(hit)/8
		}
		n, b = n+8, b[8:]
	}
	for i, c := range b {
		if c < 0x20 || c == '"' || c == '\\' {
			return n + i
		}
	}
	return n + len(b)
}

// text takes a string and returns what is between its quotes, and whether that holds escapes.
func (s *scanner) text() (raw []byte, escaped, ok bool) {
	if !s.take('"') {
		return nil, false, false
	}
	start := s.i
	for {
		s.i += plain(s.b[s.i:])
		if s.i >= len(s.b) {
			return nil, false, false
		}
		switch s.b[s.i] {
		case '"':
			raw = s.b[start:s.i]
			s.i++
			return raw, escaped, true
		case '\\':
			escaped = true
			if !s.escape() {
				return nil, false, false
			}
		default:
			return nil, false, false
		}
	}
}

// escape takes one escape sequence.
func (s *scanner) escape() bool {
	if s.i+1 >= len(s.b) {
		return false
	}
	switch s.b[s.i+1] {
	case 'n', 'r', 't', '"', '\\', '/', 'b', 'f':
		s.i += 2
		return true
	case 'u':
		if _, ok := hex4(s.b[s.i+2:]); !ok {
			return false
		}
		s.i += 6
		return true
	}
	return false
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// skip takes any value and returns its bytes.
func (s *scanner) skip(depth int) ([]byte, bool) {
	c := s.next()
	start := s.i
	ok := false
	switch {
	case c == '"':
		_, _, ok = s.text()
	case c == '{':
		ok = depth < maxDepth && s.object(func([]byte) bool {
			_, ok := s.skip(depth + 1)
			return ok
		})
	case c == '[':
		ok = depth < maxDepth && s.array(func() bool {
			_, ok := s.skip(depth + 1)
			return ok
		})
	case c == 't':
		ok = s.word("true")
	case c == 'f':
		ok = s.word("false")
	case c == 'n':
		ok = s.word("null")
	default:
		_, ok = s.number()
	}
	if !ok {
		return nil, false
	}
	return s.b[start:s.i], true
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

// number takes a number by the grammar of RFC 8259, section 6, and returns its bytes.
func (s *scanner) number() ([]byte, bool) {
	s.space()
	start := s.i
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	first := s.i
	if n := s.digits(); n == 0 || n > 1 && s.b[first] == '0' {
		return nil, false
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		if s.digits() == 0 {
			return nil, false
		}
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if s.digits() == 0 {
			return nil, false
		}
	}
	return s.b[start:s.i], true
}

func (s *scanner) digits() int {
	start := s.i
	for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i - start
}

// object takes an object and calls member for each key; member takes the value.
func (s *scanner) object(member func(key []byte) bool) bool {
	if !s.take('{') {
		return false
	}
	if s.take('}') {
		return true
	}
	for {
		key, escaped, ok := s.text()
		if !ok || !s.take(':') {
			return false
		}
		if escaped {
			key = unescape(key)
		}
		if !member(key) {
			return false
		}
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
		s.space()
	}
}

// array takes an array and calls element before each element; element takes it.
func (s *scanner) array(element func() bool) bool {
	if !s.take('[') {
		return false
	}
	if s.take(']') {
		return true
	}
	for {
		if !element() {
			return false
		}
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

// integer takes a number, a number in a string, or null (which leaves n as it was), and limits it to 0…max.
// Clients differ: `left` may be null because JavaScript writes Infinity so, counts may be strings or fractions.
func (s *scanner) integer(n, max int64) (int64, bool) {
	var raw []byte
	ok := false
	switch s.next() {
	case 'n':
		return n, s.word("null")
	case '"':
		if raw, _, ok = s.text(); ok {
			quoted := scanner{b: raw}
			if raw, ok = quoted.number(); !ok || quoted.i != len(quoted.b) {
				return n, true
			}
		}
	default:
		raw, ok = s.number()
	}
	if !ok {
		return n, false
	}
	if len(raw) <= 18 { // fits an int64, if it is one
		v := int64(0)
		for _, c := range raw {
			if c < '0' || c > '9' {
				v = -1
				break
			}
			v = v*10 + int64(c-'0')
		}
		if v >= 0 {
			return min(v, max), true
		}
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	switch {
	case f >= float64(max): // also what overflows to infinity
		return max, true
	case err != nil || !(f > 0):
		return 0, true
	}
	return int64(f), true
}

// unescape decodes the inside of a valid JSON string. A surrogate without its pair becomes U+FFFD.
func unescape(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			out = append(out, c)
			i++
			continue
		}
		switch c = raw[i+1]; c {
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'u':
			r, _ := hex4(raw[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				low := rune(0)
				if i+1 < len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					low, _ = hex4(raw[i+2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			out = utf8.AppendRune(out, r)
			continue
		}
		out = append(out, c)
		i += 2
	}
	return out
}

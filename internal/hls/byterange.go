package hls

import (
	"math/bits"
	"strconv"
	"strings"
)

// ByteRange is a run of bytes of a resource. The zero value is the whole resource, however long.
type ByteRange struct {
	Offset int64 // where it begins
	Length int64 // in bytes. If zero, to the end of the resource
}

// IsWhole says that the range is the whole resource.
func (r ByteRange) IsWhole() bool { return r == ByteRange{} }

// Header returns the value of an HTTP Range header that asks for the range, "" for the whole resource.
func (r ByteRange) Header() string {
	if r.IsWhole() {
		return ""
	}
	s := "bytes=" + strconv.FormatInt(r.Offset, 10) + "-"
	if r.Length > 0 {
		s += strconv.FormatInt(r.Offset+r.Length-1, 10)
	}
	return s
}

// Sub returns where in the resource the range s of what r holds lies; of an s that reaches beyond r what is left of
// it. It returns false if nothing is left, or if a number is negative or absurd (from 2^62).
func (r ByteRange) Sub(s ByteRange) (ByteRange, bool) {
	for _, n := range []int64{r.Offset, r.Length, s.Offset, s.Length} {
		if n < 0 || n >= maxNumber {
			return ByteRange{}, false
		}
	}
	if r.Length > 0 {
		left := r.Length - s.Offset
		if left <= 0 {
			return ByteRange{}, false
		}
		if s.Length == 0 || s.Length > left {
			s.Length = left
		}
	}
	s.Offset += r.Offset
	return s, s.Offset < maxNumber
}

// EqualPart returns part i of k of size bytes: those from i*size/k to (i+1)*size/k, rounded down. Its length is 0,
// here meaning no byte, if there are more parts than bytes. It returns the zero value unless 0 <= i < k and size >= 0.
func EqualPart(size int64, i, k int) ByteRange {
	if size < 0 || i < 0 || i >= k {
		return ByteRange{}
	}
	begin := equalCut(size, i, k)
	return ByteRange{begin, equalCut(size, i+1, k) - begin}
}

// EqualParts returns size bytes in k parts, part i being EqualPart(size, i, k): one follows the other, together they
// are the whole, and their lengths differ by one at most. Whoever knows size and k knows all the parts. It returns nil
// if k < 1 or size < 0.
func EqualParts(size int64, k int) []ByteRange {
	if size < 0 || k < 1 {
		return nil
	}
	parts := make([]ByteRange, k)
	for i := range parts {
		parts[i] = EqualPart(size, i, k)
	}
	return parts
}

// equalCut returns i*size/k for 0 <= i <= k. The product needs more than 64 bits, its quotient does not.
func equalCut(size int64, i, k int) int64 {
	high, low := bits.Mul64(uint64(size), uint64(i))
	cut, _ := bits.Div64(high, low, uint64(k))
	return int64(cut)
}

// parseByteRange reads "length[@offset]" (RFC 8216, 4.3.2.2); the offset is -1 if there is none.
func parseByteRange(s string) (ByteRange, bool) {
	length, offset, given := strings.Cut(strings.TrimSpace(s), "@")
	n, ok := parseNumber(length)
	if !ok || n == 0 {
		return ByteRange{}, false
	}
	if !given {
		return ByteRange{-1, n}, true
	}
	o, ok := parseNumber(offset)
	return ByteRange{o, n}, ok
}

// parseNumber reads a decimal-integer (RFC 8216, 4.2) below maxNumber.
func parseNumber(s string) (int64, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	return int64(n), err == nil && n < maxNumber
}

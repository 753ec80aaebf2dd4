package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// byteSize is a number of bytes on the command line.
type byteSize int64

// UnmarshalText reads "512M", "1G", "300k" and "1500000"; M is 2^20 bytes.
func (b *byteSize) UnmarshalText(text []byte) error {
	number, shift := strings.TrimSuffix(string(text), "B"), 0
	if n := len(number); n > 0 {
		if i := strings.IndexByte("KMGT", number[n-1]&^0x20); i >= 0 && number[n-1] > '9' {
			number, shift = number[:n-1], 10*(i+1)
		}
	}
	f, err := strconv.ParseFloat(number, 64)
	if f *= math.Pow(2, float64(shift)); err != nil || math.IsNaN(f) || f < 0 || f > 1<<50 {
		return fmt.Errorf("%q is no size; write 512M, 1G or 1500000", text)
	}
	*b = byteSize(f)
	return nil
}

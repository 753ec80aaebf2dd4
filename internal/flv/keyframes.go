package flv

import (
	"encoding/binary"
	"math"
)

// FileIndex is what an onMetaData says of a file. It is not checked against the file.
type FileIndex struct {
	Duration  float64   // in seconds; 0 if it is not told
	Times     []float64 // of the keyframes, in seconds
	Positions []float64 // where their tags begin, in bytes; as many as Times
}

// ParseFileIndex reads duration and keyframes {times, filepositions} of an onMetaData body. Keyframes that are damaged are left out.
func ParseFileIndex(metadata []byte) FileIndex {
	var x FileIndex
	for _, p := range parseMetadata(metadata) {
		switch p.key {
		case "duration":
			if v, ok := p.number(); ok && v > 0 && !math.IsInf(v, 0) {
				x.Duration = v
			}
		case "keyframes":
			var times, positions []float64
			for _, list := range parseObject(p.value) {
				switch list.key {
				case "times":
					times = numbers(list.value)
				case "filepositions":
					positions = numbers(list.value)
				}
			}
			n := min(len(times), len(positions))
			x.Times, x.Positions = times[:n], positions[:n]
		}
	}
	return x
}

// parseObject returns the properties of an AMF0 object or ECMA array.
func parseObject(b []byte) []property {
	if len(b) == 0 {
		return nil
	}
	return parseMetadata(append([]byte(onMetaData), b...))
}

// numbers returns the numbers of an AMF0 strict array, up to the first value that is none.
func numbers(b []byte) []float64 {
	if len(b) < 5 || b[0] != amfStrictArray {
		return nil
	}
	var all []float64
	for b = b[5:]; len(b) >= 9 && b[0] == amfNumber; b = b[9:] {
		all = append(all, math.Float64frombits(binary.BigEndian.Uint64(b[1:])))
	}
	return all
}

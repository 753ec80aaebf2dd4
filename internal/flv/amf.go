package flv

import (
	"encoding/binary"
	"math"
)

// onMetaData is the AMF0 string that an onMetaData body begins with.
const onMetaData = "\x02\x00\x0aonMetaData"

// AMF0 markers (AMF0 specification, 2.1).
const (
	amfNumber      = 0x00
	amfBoolean     = 0x01
	amfString      = 0x02
	amfObject      = 0x03
	amfNull        = 0x05
	amfUndefined   = 0x06
	amfReference   = 0x07
	amfECMAArray   = 0x08
	amfObjectEnd   = 0x09
	amfStrictArray = 0x0a
	amfDate        = 0x0b
	amfLongString  = 0x0c
	amfUnsupported = 0x0d
	amfXML         = 0x0f
	amfTypedObject = 0x10
)

// maxDepth bounds how deep values may nest.
const maxDepth = 16

// property is one key of a metadata object with its value still encoded, so that values of every type, also of those
// that nobody here understands, are handed on as they came.
type property struct {
	key   string
	value []byte
}

func number(v float64) []byte {
	return binary.BigEndian.AppendUint64([]byte{amfNumber}, math.Float64bits(v))
}

func (p *property) number() (float64, bool) {
	if len(p.value) != 9 || p.value[0] != amfNumber {
		return 0, false
	}
	return math.Float64frombits(binary.BigEndian.Uint64(p.value[1:])), true
}

// parseMetadata returns the properties of an onMetaData body; of a damaged one those before the damage.
func parseMetadata(b []byte) []property {
	if len(b) < len(onMetaData)+1 || string(b[:len(onMetaData)]) != onMetaData {
		return nil
	}
	b = b[len(onMetaData):]
	switch b[0] {
	case amfObject:
		b = b[1:]
	case amfECMAArray:
		if len(b) < 5 {
			return nil
		}
		b = b[5:] // the count is a hint, and often wrong
	default:
		return nil
	}
	var all []property
	for len(b) >= 2 {
		n := int(b[0])<<8 | int(b[1])
		if n == 0 || len(b) < 2+n {
			break
		}
		key := string(b[2 : 2+n])
		b = b[2+n:]
		size, ok := valueSize(b, 0)
		if !ok {
			break
		}
		all = append(all, property{key, b[:size:size]})
		b = b[size:]
	}
	return all
}

// appendMetadata appends an onMetaData body.
func appendMetadata(b []byte, all []property) []byte {
	b = append(b, onMetaData...)
	b = append(b, amfECMAArray)
	b = binary.BigEndian.AppendUint32(b, uint32(len(all)))
	for i := range all {
		b = append(b, byte(len(all[i].key)>>8), byte(len(all[i].key)))
		b = append(b, all[i].key...)
		b = append(b, all[i].value...)
	}
	return append(b, 0, 0, amfObjectEnd)
}

// valueSize returns how many bytes the AMF0 value at the start of b takes; false if it is damaged.
func valueSize(b []byte, depth int) (int, bool) {
	if len(b) == 0 || depth > maxDepth {
		return 0, false
	}
	n := 0
	switch b[0] {
	case amfNumber:
		n = 9
	case amfBoolean:
		n = 2
	case amfNull, amfUndefined, amfUnsupported:
		n = 1
	case amfReference:
		n = 3
	case amfDate:
		n = 11
	case amfString:
		if len(b) < 3 {
			return 0, false
		}
		n = 3 + int(b[1])<<8 + int(b[2])
	case amfLongString, amfXML:
		if len(b) < 5 {
			return 0, false
		}
		n = 5 + int(min(binary.BigEndian.Uint32(b[1:]), MaxBody))
	case amfObject:
		return objectSize(b, 1, depth)
	case amfECMAArray:
		return objectSize(b, 5, depth)
	case amfTypedObject:
		if len(b) < 3 {
			return 0, false
		}
		return objectSize(b, 3+int(b[1])<<8+int(b[2]), depth)
	case amfStrictArray:
		return arraySize(b, depth)
	default:
		return 0, false
	}
	return n, n <= len(b)
}

// objectSize measures an object whose first key stands at b[at].
func objectSize(b []byte, at, depth int) (int, bool) {
	for {
		if at+3 > len(b) {
			return 0, false
		}
		n := int(b[at])<<8 | int(b[at+1])
		at += 2 + n
		if n == 0 && b[at] == amfObjectEnd {
			return at + 1, true
		}
		if at > len(b) {
			return 0, false
		}
		size, ok := valueSize(b[at:], depth+1)
		if !ok {
			return 0, false
		}
		at += size
	}
}

func arraySize(b []byte, depth int) (int, bool) {
	if len(b) < 5 {
		return 0, false
	}
	at := 5
	for range binary.BigEndian.Uint32(b[1:]) { // each element takes a byte at least, so b bounds this
		if at > len(b) {
			return 0, false
		}
		size, ok := valueSize(b[at:], depth+1)
		if !ok {
			return 0, false
		}
		at += size
	}
	return at, true
}

package amf

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// maxNesting is how deep what is encoded may nest: what Decode accepts by default.
const maxNesting = 16

// Encode returns the script data body that calls a handler with arguments. What Decode returns can be encoded, and
// also every kind of number (as a double), every slice, every map with string keys (as an object, its keys sorted), and
// pointers to these; a time.Time becomes a date, a string of 64 KiB or more a long string, a nil pointer null.
//
// Errors: fault.RequestInvalid for a handler without a name or longer than 64 KiB, a value of any other type, a key that
// is empty or longer than 64 KiB, and for values that nest deeper than 16 or hold themselves.
func Encode(handler string, args ...any) ([]byte, error) {
	if handler == "" || len(handler) > math.MaxUint16 {
		return nil, fault.New(fault.RequestInvalid, "the handler's name is empty or longer than 64 KiB; give a shorter one")
	}
	b := appendText(nil, handler)
	var err error
	for _, v := range args {
		if b, err = appendValue(b, v, 0); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendText(b []byte, s string) []byte {
	if len(s) > math.MaxUint16 {
		b = binary.BigEndian.AppendUint32(append(b, markerLongString), uint32(len(s)))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, markerString), uint16(len(s)))
	}
	return append(b, s...)
}

func appendNumber(b []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(append(b, markerNumber), math.Float64bits(v))
}

func appendValue(b []byte, v any, depth int) ([]byte, error) {
	if depth > maxNesting {
		return nil, fault.New(fault.RequestInvalid, "the arguments nest deeper than 16; send less at a time")
	}
	switch v := v.(type) {
	case nil:
		return append(b, markerNull), nil
	case Undefined:
		return append(b, markerUndefined), nil
	case time.Time:
		b = binary.BigEndian.AppendUint64(append(b, markerDate), math.Float64bits(float64(v.UnixMilli())))
		return append(b, 0, 0), nil
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Bool:
		if r.Bool() {
			return append(b, markerBoolean, 1), nil
		}
		return append(b, markerBoolean, 0), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendNumber(b, float64(r.Int())), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return appendNumber(b, float64(r.Uint())), nil
	case reflect.Float32, reflect.Float64:
		return appendNumber(b, r.Float()), nil
	case reflect.String:
		return appendText(b, r.String()), nil
	case reflect.Pointer:
		if r.IsNil() {
			return append(b, markerNull), nil
		}
		return appendValue(b, r.Elem().Interface(), depth+1)
	case reflect.Slice, reflect.Array:
		return appendArray(b, r, depth)
	case reflect.Map:
		if r.Type().Key().Kind() == reflect.String {
			return appendObject(b, r, depth)
		}
	}
	return nil, fault.New(fault.RequestInvalid, fmt.Sprintf(
		"an argument is a %T; give numbers, booleans, strings, times, and slices and maps of these", v))
}

func appendArray(b []byte, r reflect.Value, depth int) ([]byte, error) {
	b = binary.BigEndian.AppendUint32(append(b, markerStrictArray), uint32(r.Len()))
	var err error
	for i := range r.Len() {
		if b, err = appendValue(b, r.Index(i).Interface(), depth+1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendObject(b []byte, r reflect.Value, depth int) ([]byte, error) {
	values := make(map[string]any, r.Len())
	for at := r.MapRange(); at.Next(); {
		values[at.Key().String()] = at.Value().Interface()
	}
	b = append(b, markerObject)
	var err error
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if key == "" || len(key) > math.MaxUint16 {
			return nil, fault.New(fault.RequestInvalid, "a key of an argument is empty or longer than 64 KiB; give another")
		}
		b = binary.BigEndian.AppendUint16(b, uint16(len(key)))
		b = append(b, key...)
		if b, err = appendValue(b, values[key], depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, 0, 0, markerObjectEnd), nil
}

package amf

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// Markers (AMF0 specification, 2.1).
const (
	markerNumber      = 0x00
	markerBoolean     = 0x01
	markerString      = 0x02
	markerObject      = 0x03
	markerNull        = 0x05
	markerUndefined   = 0x06
	markerReference   = 0x07
	markerECMAArray   = 0x08
	markerObjectEnd   = 0x09
	markerStrictArray = 0x0a
	markerDate        = 0x0b
	markerLongString  = 0x0c
	markerUnsupported = 0x0d
	markerXML         = 0x0f
	markerTypedObject = 0x10
	markerAMF3        = 0x11
)

// Limits bound what a body can make Decode hold.
type Limits struct {
	// MaxBytes is the largest body that is decoded, in bytes. If zero, 1 MiB.
	MaxBytes int
	// MaxDepth is how deep objects and arrays may nest. If zero, 16.
	MaxDepth int
	// MaxValues is how many values there may be, those within objects and arrays included. If zero, 65536.
	MaxValues int
}

func (l Limits) orDefaults() Limits {
	if l.MaxBytes == 0 {
		l.MaxBytes = 1 << 20
	}
	if l.MaxDepth == 0 {
		l.MaxDepth = 16
	}
	if l.MaxValues == 0 {
		l.MaxValues = 1 << 16
	}
	return l
}

// Undefined is ActionScript's undefined, which is not null.
type Undefined struct{}

var (
	errShort     = fault.New(fault.SourceInvalid, "script data ends in the middle of a value; the stream is damaged")
	errName      = fault.New(fault.SourceInvalid, "script data does not begin with the name of a handler; the stream is damaged")
	errMarker    = fault.New(fault.SourceInvalid, "script data holds a value of a type that AMF0 does not have; the stream is damaged")
	errAMF3      = fault.New(fault.SourceInvalid, "script data is in AMF3; have its sender use AMF0 (objectEncoding 0)")
	errReference = fault.New(fault.SourceInvalid, "script data refers to an object that is not before it; have its sender leave out objects that hold themselves")
	errLimit     = fault.New(fault.LimitReached, "script data is larger than is accepted; have its sender send less at a time")
)

// Decode returns the handler that a script data body names and its arguments:
//
//	number                       float64
//	boolean                      bool
//	string, long string, XML     string
//	object, typed object,
//	ECMA array                   map[string]any; of a key that comes twice the last value
//	strict array                 []any
//	date                         time.Time in UTC, to the millisecond
//	null, unsupported            nil
//	undefined                    Undefined{}
//
// An object that comes again by reference is a copy of its own. The body is not kept. A last object that ends with the
// body, without its end marker, is accepted, as some encoders write onMetaData so.
//
// Of a damaged body what is before the damage is returned together with the error, a *fault.Error with
// fault.SourceInvalid, or fault.LimitReached.
func Decode(body []byte, l Limits) (name string, values []any, err error) {
	d := decoder{rest: body, limits: l.orDefaults()}
	if len(body) > d.limits.MaxBytes {
		return "", nil, errLimit
	}
	switch {
	case len(body) == 0:
		return "", nil, errShort
	case body[0] == markerAMF3:
		return "", nil, errAMF3
	case body[0] != markerString:
		return "", nil, errName
	}
	first, err := d.value(0)
	name, _ = first.(string)
	for err == nil && len(d.rest) > 0 {
		var v any
		if v, err = d.value(0); err == nil || v != nil {
			values = append(values, v)
		}
	}
	return name, values, err
}

// decoder reads values from the start of rest.
type decoder struct {
	rest    []byte
	limits  Limits
	values  int
	objects []any // objects and arrays by their number, for references; nil while unfinished
}

// value reads one value. With an error, v is what is there of an object or array, else nil.
func (d *decoder) value(depth int) (v any, err error) {
	if d.values++; d.values > d.limits.MaxValues || depth > d.limits.MaxDepth {
		return nil, errLimit
	}
	marker, err := d.take(1)
	if err != nil {
		return nil, err
	}
	switch marker[0] {
	case markerNumber:
		return d.number()
	case markerBoolean:
		b, err := d.take(1)
		if err != nil {
			return nil, err
		}
		return b[0] != 0, nil
	case markerString:
		return d.text(2)
	case markerLongString, markerXML:
		return d.text(4)
	case markerNull, markerUnsupported:
		return nil, nil
	case markerUndefined:
		return Undefined{}, nil
	case markerDate:
		return d.date()
	case markerReference:
		return d.reference(depth)
	case markerObject:
		return d.object(depth)
	case markerECMAArray:
		if _, err := d.take(4); err != nil { // the count is a hint, and often wrong
			return nil, err
		}
		return d.object(depth)
	case markerTypedObject:
		if _, err := d.text(2); err != nil { // the class, which nobody has here
			return nil, err
		}
		return d.object(depth)
	case markerStrictArray:
		return d.array(depth)
	case markerAMF3:
		return nil, errAMF3
	}
	return nil, errMarker
}

func (d *decoder) take(n int) ([]byte, error) {
	if n > len(d.rest) {
		return nil, errShort
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b, nil
}

func (d *decoder) number() (any, error) {
	b, err := d.take(8)
	if err != nil {
		return nil, err
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
}

// text reads a string whose length has so many bytes.
func (d *decoder) text(size int) (any, error) {
	b, err := d.take(size)
	if err != nil {
		return nil, err
	}
	n := uint32(0)
	for _, c := range b {
		n = n<<8 | uint32(c)
	}
	if int64(n) > int64(len(d.rest)) {
		return nil, errShort
	}
	b, err = d.take(int(n))
	return string(b), err
}

// maxDate is the largest time that ActionScript's Date can be, in ms from 1970.
const maxDate = 8.64e15

func (d *decoder) date() (any, error) {
	v, err := d.number()
	if err == nil {
		_, err = d.take(2) // a time zone, reserved
	}
	if err != nil {
		return nil, err
	}
	ms := v.(float64)
	if !(math.Abs(ms) <= maxDate) { // NaN too: an invalid date
		return Undefined{}, nil
	}
	return time.UnixMilli(int64(ms)).UTC(), nil
}

// object reads properties up to the end marker.
func (d *decoder) object(depth int) (any, error) {
	number := len(d.objects)
	d.objects = append(d.objects, nil)
	o := map[string]any{}
	for {
		if depth == 0 && len(d.rest) == 0 {
			break // without its end
		}
		key, err := d.text(2)
		if err != nil {
			return o, err
		}
		if key == "" && len(d.rest) > 0 && d.rest[0] == markerObjectEnd {
			d.rest = d.rest[1:]
			break
		}
		v, err := d.value(depth + 1)
		if err == nil || v != nil {
			o[key.(string)] = v
		}
		if err != nil {
			return o, err
		}
	}
	d.objects[number] = o
	return o, nil
}

func (d *decoder) array(depth int) (any, error) {
	b, err := d.take(4)
	if err != nil {
		return nil, err
	}
	number := len(d.objects)
	d.objects = append(d.objects, nil)
	a := []any{}
	for range binary.BigEndian.Uint32(b) { // each value takes a byte at least, so the body bounds this
		v, err := d.value(depth + 1)
		if err == nil || v != nil {
			a = append(a, v)
		}
		if err != nil {
			return a, err
		}
	}
	d.objects[number] = a
	return a, nil
}

// reference reads the number of an object before. A copy, which counts as if it were written out, keeps a few bytes from
// growing into more than the limits allow.
func (d *decoder) reference(depth int) (any, error) {
	b, err := d.take(2)
	if err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(b))
	if n >= len(d.objects) || d.objects[n] == nil {
		return nil, errReference
	}
	d.values-- // copying counts it
	v, err := d.copied(d.objects[n], depth)
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (d *decoder) copied(v any, depth int) (any, error) {
	if d.values++; d.values > d.limits.MaxValues || depth > d.limits.MaxDepth {
		return nil, errLimit
	}
	var err error
	switch v := v.(type) {
	case map[string]any:
		o := make(map[string]any, len(v))
		for key, inner := range v {
			if o[key], err = d.copied(inner, depth+1); err != nil {
				return nil, err
			}
		}
		return o, nil
	case []any:
		a := make([]any, len(v))
		for i, inner := range v {
			if a[i], err = d.copied(inner, depth+1); err != nil {
				return nil, err
			}
		}
		return a, nil
	}
	return v, nil
}

package slicer

import (
	"encoding/binary"
	"errors"

	"github.com/superp2p/superp2p/internal/flv"
)

// Errors of Join. After one of them the Joiner waits for the first slice of a group.
var (
	ErrPayload = errors.New("slicer: a slice's payload is not made of FLV tags; the edge that signed it is at fault")
	ErrGap     = errors.New("slicer: a slice does not continue the one before it; go on with the next group")
)

// Joiner turns payloads, in order, into tags again. The zero value waits for the first slice of a group.
type Joiner struct {
	Limits flv.Limits // what is accepted of tags. If zero, the defaults of package flv

	joined  bool   // slices followed one another since the start of a group
	partial []byte // the begin of a tag that goes on in the next slice
}

// Join takes the payload of the next slice and returns the preamble, if the slice starts a group, and the tags that it
// completes. Bodies share payload where possible: it must not change any more.
func (j *Joiner) Join(payload []byte, startsGroup, continuation bool) (preamble, tags []flv.Tag, err error) {
	b := payload
	switch {
	case startsGroup:
		j.joined, j.partial = true, nil
		if preamble, b, err = j.preamble(b); err != nil {
			return nil, nil, j.fail(err)
		}
	case !j.joined || continuation != (len(j.partial) > 0):
		return nil, nil, j.fail(ErrGap)
	case continuation:
		j.partial = append(j.partial, b...) // its own memory since it was kept
		b, j.partial = j.partial, nil
	}
	tags, rest, err := j.tags(b)
	if err != nil {
		return nil, nil, j.fail(err)
	}
	if len(rest) > 0 {
		if continuation && len(tags) == 0 {
			j.partial = rest
		} else {
			j.partial = append([]byte(nil), rest...)
		}
	}
	return preamble, tags, nil
}

// Skip tells that slices are missing: what comes up to the next start of a group cannot be joined.
func (j *Joiner) Skip() { _ = j.fail(nil) }

// Joined tells whether Join takes any next slice; false if it waits for the first slice of a group.
func (j *Joiner) Joined() bool { return j.joined }

func (j *Joiner) fail(err error) error {
	j.joined, j.partial = false, nil
	return err
}

func (j *Joiner) preamble(b []byte) (tags []flv.Tag, rest []byte, err error) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return nil, nil, ErrPayload
	}
	b, rest = b[k:k+int(n)], b[k+int(n):]
	if tags, b, err = j.tags(b); err == nil && len(b) > 0 {
		err = ErrPayload
	}
	for i := range tags {
		if _, ok := tags[i].Config(); !ok && err == nil {
			err = ErrPayload
		}
	}
	return tags, rest, err
}

// tags reads complete tags, and returns what remains: the begin of a tag.
func (j *Joiner) tags(b []byte) (tags []flv.Tag, rest []byte, err error) {
	for len(b) > 0 {
		t, n, err := flv.ParseTag(b, j.Limits)
		if errors.Is(err, flv.ErrShort) {
			return tags, b, nil
		}
		if err != nil {
			return nil, nil, ErrPayload
		}
		tags, b = append(tags, t), b[n:]
	}
	return tags, nil, nil
}

package remux

import (
	"bytes"
	"io"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

const (
	// maxJump is how far the time of a segment may be from where the last one ended without being a discontinuity.
	maxJump = 10 * time.Second
	// defaultStep is how long a frame lasts of which nothing better is known.
	defaultStep = 40 * time.Millisecond
)

// Joiner reads segments, as those of HLS, one after the other on one steady line of time that begins at 0. Where a
// segment's own times go on from the last one's they are kept, over the wrap of MPEG-TS too, and so are gaps up to 10 s
// (a segment that is missing); after Discontinuity, or a jump without one, a segment begins where the last one ended.
// Decoder configurations are repeated only when they change. The zero value is ready to use.
type Joiner struct {
	segment  TagReader
	with     *Joiner       // whose line of time it shares, or nil
	begun    bool          // a unit has come
	fresh    bool          // the segment's first unit has not come
	cut      bool          // its time says nothing
	shift    time.Duration // what is added to the segment's times
	origin   time.Duration // of the first unit
	end      time.Duration // where the last unit ends, shifted
	last     [2]time.Duration
	step     [2]time.Duration
	configs  [2][]byte
	hasTrack [2]bool
}

// Discontinuity says that the times of the next segment have nothing to do with those of the last.
func (j *Joiner) Discontinuity() { j.cut = true }

// With has j, which has read nothing yet, count its times from where other's begin, as audio and video in segments of their
// own do. other is to read its first tag before j does. What of j is before is left out; if its times have nothing to do
// with other's, they begin together.
func (j *Joiner) With(other *Joiner) { j.with = other }

// Next sets the segment that is read from now on. What is left of the one before is not read any more.
func (j *Joiner) Next(segment TagReader) { j.segment, j.fresh = segment, true }

// ReadTag returns the next tag of the segment, and io.EOF after its last: call Next then, and go on.
func (j *Joiner) ReadTag() (flv.Tag, error) {
	if j.segment == nil {
		return flv.Tag{}, io.EOF
	}
	for {
		u, err := j.segment.unit()
		if err != nil {
			return flv.Tag{}, err
		}
		j.place(&u)
		i := u.queue()
		if u.config {
			if j.hasTrack[i] && bytes.Equal(j.configs[i], u.data) {
				continue
			}
			j.hasTrack[i], j.configs[i] = true, u.data
		} else if j.with != nil && u.dts < j.origin {
			continue
		}
		return u.tag(j.origin), nil
	}
}

// place moves a unit to the line of time of all segments.
func (j *Joiner) place(u *unit) {
	if j.fresh {
		j.fresh = false
		j.align(u.dts)
		j.cut = false
	}
	u.dts += j.shift
	u.pts += j.shift
	i := u.queue()
	if u.config {
		return
	}
	u.dts = max(u.dts, j.last[i]) // segments may overlap by what B-frames need
	if d := u.dts - j.last[i]; j.step[i] == 0 || (d > 0 && d < time.Second) {
		j.step[i] = defaultStep
		if d > 0 && d < time.Second {
			j.step[i] = d
		}
	}
	j.last[i] = u.dts
	j.end = max(j.end, u.dts+j.step[i])
}

// align finds what to add to the times of a segment whose first is at.
func (j *Joiner) align(at time.Duration) {
	if !j.begun {
		j.begun, j.shift, j.origin, j.end = true, 0, at, at
		if w := j.with; w != nil && w.begun {
			j.origin, j.end, j.shift = w.origin, w.origin, w.shift
			j.nearest(at)
			if d := at + j.shift - j.origin; d > maxJump || d < -maxJump {
				j.shift = j.origin - at
			}
			j.end = at + j.shift
		}
		j.last = [2]time.Duration{j.end, j.end}
		return
	}
	if !j.cut {
		j.nearest(at)
	}
	if d := at + j.shift - j.end; j.cut || d > maxJump || d < -maxJump {
		j.shift = j.end - at
	}
}

// nearest takes of the times that at may stand for the one nearest to the end of what was read: those that MPEG-TS can tell
// begin again after 26 hours.
func (j *Joiner) nearest(at time.Duration) {
	p := j.segment.period()
	if p <= 0 {
		return
	}
	for at+j.shift < j.end-p/2 {
		j.shift += p
	}
	for at+j.shift > j.end+p/2 {
		j.shift -= p
	}
}

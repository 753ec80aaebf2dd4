package rtsp

import "github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

const (
	second = 1_000_000 // µs
	// lead is where the line starts if there are two tracks, so that the second may begin before the first, in µs.
	lead = second / 2
	// maxAhead is how far a time may run ahead of all before it without being a jump, in µs.
	maxAhead = 10 * second
	// maxBehind is how far a time may lie behind the last of its track: frames come in decoding order, in µs.
	maxBehind = 2 * second
	// maxSkew is how far two tracks may be apart when a server's word on it is believed, in µs.
	maxSkew = 5 * second
	// step is how much time passes over a jump, in µs.
	step = 40_000
	// inStep is how far apart tracks may be by the sender reports without being moved, in µs.
	inStep = 5_000
)

// timeline puts the RTP timestamps of a stream's tracks, which begin anywhere, on one line of time in µs. The answer to
// PLAY says how tracks belong together (RFC 2326, 12.33), without it what comes together is taken to be together; sender
// reports, when they come, say it exactly (RFC 3550, 6.4.1), and then the audio is moved gently to where it belongs.
type timeline struct {
	tracks []*line
	begun  bool
	now    int64  // the highest time so far
	live   int64  // the highest decoding time so far
	zero   *int64 // the time of what the answer to PLAY calls the start
}

// line is one track's part of it.
type line struct {
	rate  int64 // ticks per second, positive
	video bool

	begun  bool
	last   uint32  // the last timestamp
	ticks  int64   // since the track's first timestamp, or since it jumped
	offset int64   // the time of tick 0
	at     int64   // the highest time so far
	origin *uint32 // the timestamp of the start, if the answer to PLAY said so

	reported bool  // a sender report came
	clock    int64 // its time by the server's clock, µs
	same     int64 // the ticks that mean the same
	move     int64 // how far the track has still to move
}

func (t *timeline) add(rate int, video bool) *line {
	l := &line{rate: int64(rate), video: video}
	t.tracks = append(t.tracks, l)
	return l
}

func (l *line) duration(ticks int64) int64 {
	return ticks/l.rate*second + ticks%l.rate*second/l.rate
}

// time returns the time of a timestamp of l, whose packet brings units.
func (t *timeline) time(l *line, timestamp uint32, units int) int64 {
	if !l.begun {
		t.begin(l, timestamp, units)
	}
	delta := int64(int32(timestamp - l.last))
	l.ticks, l.last = l.ticks+delta, timestamp
	if l.move != 0 && delta > 0 {
		most := l.duration(delta) / 8 // nobody hears it, and time never goes back
		by := min(max(l.move, -most), most)
		l.move -= by
		l.offset += by
	}
	at := l.duration(l.ticks) + l.offset
	if at > t.now+maxAhead || at < l.at-maxBehind {
		for _, other := range t.tracks { // what the server said of the time before does not hold any more
			other.reported, other.move = false, 0
		}
		at = t.now + step
		l.ticks, l.offset, l.at = 0, at, at
	}
	l.at, t.now = max(l.at, at), max(t.now, at)
	return at
}

// begin places the first timestamp of a track.
func (t *timeline) begin(l *line, timestamp uint32, units int) {
	l.begun, l.last = true, timestamp
	since := int64(0)
	if l.origin != nil {
		since = l.duration(int64(int32(timestamp - *l.origin)))
	}
	switch {
	case !t.begun:
		t.begun, t.live = true, lead
		if len(t.tracks) > 1 {
			l.offset = lead
		}
		if l.origin != nil && since < maxSkew && since > -maxSkew {
			zero := l.offset - since
			t.zero = &zero
		}
	default:
		if l.offset = t.live; !l.video { // of audio that comes by several units at once, the last is of now
			l.offset = max(0, l.offset-l.duration(int64(units-1)*mpeg4audio.SamplesPerAccessUnit))
		}
		if l.origin != nil && t.zero != nil {
			if at := *t.zero + since; at < t.now+maxSkew && at > t.now-maxSkew {
				l.offset = at
			}
		}
	}
	l.at = l.offset
	t.now = max(t.now, l.offset)
}

// decoded tells that a tag of that time, in ms, is the latest.
func (t *timeline) decoded(timestamp uint32) { t.live = max(t.live, int64(timestamp)*1000) }

// report takes what a sender report says: the server's clock (NTP) at a timestamp.
func (t *timeline) report(l *line, clock uint64, timestamp uint32) {
	if !l.begun {
		return
	}
	l.reported = true
	l.clock = int64(clock>>32)*second + int64(clock&0xffffffff*second>>32)
	l.same = l.ticks + int64(int32(timestamp-l.last))
	lead := t.tracks[0]
	for _, other := range t.tracks {
		if other.video {
			lead = other
		}
	}
	if !lead.reported {
		return
	}
	for _, other := range t.tracks {
		if other == lead || !other.reported {
			continue
		}
		should := lead.duration(lead.same) + lead.offset + other.clock - lead.clock
		by := should - other.duration(other.same) - other.offset
		if by > inStep && by < maxSkew || by < -inStep && by > -maxSkew {
			other.move = by
		} else {
			other.move = 0
		}
	}
}

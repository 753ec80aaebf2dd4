package slicer

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/slice"
)

const (
	// audioGroup is how long groups of a stream without video are, in ms.
	audioGroup = 2_000
	// videoGone is after how much track time without a video frame a stream counts as one without video, in ms.
	videoGone = 5_000
	// audioOnly is how much audio must come before the first video for a stream that announces nothing to count as one
	// without video, in ms.
	audioOnly = 1_000
	// maxHeld bounds what waits for the next media tag, in bytes.
	maxHeld = 256 << 10
)

// Config sets the limits of slices.
type Config struct {
	MaxDuration time.Duration // longest slice. If zero, slice.MaxDuration
	MaxPayload  int           // largest payload, in bytes. If zero, slice.MaxPayload; at least 64, else 64
}

// Cut is one finished slice, not yet numbered or signed.
type Cut struct {
	Payload     []byte
	StartsGroup bool
	Time        time.Duration // where on the track's time line it begins, whole milliseconds; never goes back
	Duration    time.Duration // how long it lasts: to the begin of the next, but at most MaxDuration
	Flags       slice.Flags
}

// Slicer cuts a stream of tags. Make one with New.
type Slicer struct {
	maxDuration int64 // ms
	maxPayload  int

	clock    clock
	preamble preamble
	held     []flv.Tag // script data and sequence headers that wait for the next media tag
	heldSize int

	started      bool  // the first group has started
	waiting      bool  // for a group to start
	sawVideo     bool  // the stream has, or announces, video
	sawAudioOnly bool  // its metadata announces audio and no video
	sawFrame     bool  // a video frame came while waiting for a group
	firstAudio   int64 // timestamp of the first audio that came while waiting for a group; -1 before
	lastVideo    int64 // track time of the last video frame
	groupTime    int64 // track time of the group's start

	open    bool // a slice is being filled
	payload []byte
	group   bool
	flags   slice.Flags
	start   int64 // track time where the slice begins
	end     int64 // track time where the last slice cut ends
	broken  bool  // the next slice follows a discontinuity
}

// New returns a Slicer that waits for the first group.
func New(c Config) *Slicer {
	if c.MaxDuration == 0 {
		c.MaxDuration = slice.MaxDuration
	}
	if c.MaxPayload == 0 {
		c.MaxPayload = slice.MaxPayload
	}
	return &Slicer{
		maxDuration: c.MaxDuration.Milliseconds(), maxPayload: max(c.MaxPayload, 64), waiting: true, firstAudio: -1,
	}
}

// Push takes the next tag of the source and returns the slices that it completes, none or several. The tag's body must
// not change any more. Media before the first group (and after Interrupt before the next) is dropped.
func (s *Slicer) Push(t flv.Tag) []Cut {
	if len(t.Body) > flv.MaxBody {
		return nil // cannot be written as a tag; no reader of ours returns one
	}
	if !t.IsMedia() {
		return s.hold(t)
	}
	if s.waiting && !s.begins(&t) {
		return nil
	}
	if s.waiting && t.Type == flv.Audio {
		s.sawVideo = false // until it comes
	}
	var cuts []Cut
	at, jumped := s.clock.media(&t)
	if jumped {
		cuts = s.cut(cuts, s.clock.now)
		s.broken = true
	}
	switch {
	case s.waiting || s.splits(&t, at):
		cuts = s.cut(cuts, s.clock.now)
		s.startGroup()
	case s.open && s.clock.now >= s.start+s.maxDuration:
		cuts = s.cut(cuts, s.clock.now)
	}
	if t.Type == flv.Video {
		s.sawVideo, s.lastVideo = true, at
	}
	cuts = s.release(cuts)
	t.Timestamp = uint32(at)
	return s.add(cuts, &t)
}

// Flush ends the slice that is being filled and returns it, with what waits for the next media tag.
func (s *Slicer) Flush() []Cut {
	var cuts []Cut
	if s.started && !s.waiting {
		cuts = s.release(cuts)
	}
	return s.cut(cuts, s.clock.now)
}

// Interrupt tells that the source was lost and opened anew. Media is dropped until a group can start; the first slice
// after that is flagged Discontinuity, and track time goes on. Call Flush before it, or what is being filled is lost.
func (s *Slicer) Interrupt() {
	s.clock.restart()
	s.held, s.heldSize = nil, 0
	s.open, s.payload = false, nil
	s.waiting, s.firstAudio = true, -1
	s.broken = s.started
	s.sawVideo, s.sawFrame, s.sawAudioOnly = false, false, false
	s.preamble = preamble{}
}

// hold keeps script data and sequence headers until the next media tag, so that they go to the group that they are for.
func (s *Slicer) hold(t flv.Tag) []Cut {
	s.preamble.learn(&t)
	switch {
	case t.Type == flv.Video:
		s.sawVideo = true
	case t.IsMetadata():
		audio, video := flv.StreamKinds(t.Body)
		s.sawVideo, s.sawAudioOnly = s.sawVideo || video, audio && !video
	}
	s.held, s.heldSize = append(s.held, t), s.heldSize+t.Size()
	if s.heldSize <= maxHeld {
		return nil
	}
	if s.started && !s.waiting { // so much of it is no preparation for a frame
		return s.release(nil)
	}
	for s.heldSize > maxHeld && len(s.held) > 1 {
		s.heldSize -= s.held[0].Size()
		s.held = s.held[1:]
	}
	return nil
}

// begins tells whether the stream can start at t.
func (s *Slicer) begins(t *flv.Tag) bool {
	if t.Type == flv.Video {
		s.sawVideo, s.sawFrame = true, true
		return t.IsKeyframe()
	}
	if s.sawFrame {
		return false
	}
	if s.sawAudioOnly && !s.sawVideo {
		return true
	}
	ts := int64(t.Timestamp)
	if s.firstAudio < 0 || ts < s.firstAudio {
		s.firstAudio = ts
	}
	if s.sawVideo { // announced, but perhaps it never comes
		return ts-s.firstAudio >= videoGone
	}
	return ts-s.firstAudio >= audioOnly
}

// splits tells whether a new group starts at t.
func (s *Slicer) splits(t *flv.Tag, at int64) bool {
	if t.IsKeyframe() {
		// Encoders exist that send one picture as several tags, or nothing but keyframes: a group is a slice at least,
		// unless the codec changes.
		return at-s.groupTime >= s.maxDuration || s.broken ||
			slices.ContainsFunc(s.held, func(h flv.Tag) bool { return h.IsSequenceHeader() })
	}
	return t.Type == flv.Audio && s.withoutVideo(at) && at-s.groupTime >= audioGroup
}

func (s *Slicer) withoutVideo(at int64) bool {
	return !s.sawVideo || at-s.lastVideo >= videoGone
}

// startGroup opens the first slice of a group, which begins with the preamble.
func (s *Slicer) startGroup() {
	s.waiting, s.started = false, true
	s.groupTime = s.clock.now
	s.openSlice()
	s.group, s.start = true, s.groupTime
	p := &s.preamble
	if n := p.size(); n+binary.MaxVarintLen32 > s.maxPayload {
		p = &preamble{} // only with limits far below the default
	}
	s.payload = binary.AppendUvarint(s.payload, uint64(p.size()))
	s.payload = p.append(s.payload, s.groupTime)
}

func (s *Slicer) openSlice() {
	s.open, s.group, s.flags, s.payload = true, false, 0, nil
	// A slice begins where the one before ended, although its first tag may come a little later.
	s.start = s.clock.now
	if s.started && s.start-s.end < s.maxDuration {
		s.start = s.end
	}
	if s.broken {
		s.flags, s.broken = slice.Discontinuity, false
	}
}

// release adds what was held.
func (s *Slicer) release(cuts []Cut) []Cut {
	for i := range s.held {
		s.held[i].Timestamp = uint32(s.clock.other(&s.held[i]))
		cuts = s.add(cuts, &s.held[i])
	}
	s.held, s.heldSize = nil, 0
	return cuts
}

// add appends t to the slice that is being filled, and cuts where the limit of size is reached.
func (s *Slicer) add(cuts []Cut, t *flv.Tag) []Cut {
	size := t.Size()
	large := size > s.maxPayload
	if s.open && len(s.payload)+size > s.maxPayload &&
		// A large tag is split anyway, so it may as well begin here; but the first piece should hold its whole header.
		(!large || s.maxPayload-len(s.payload) < flv.TagHeaderSize) {
		cuts = s.cut(cuts, s.clock.now)
	}
	if !s.open {
		s.openSlice()
	}
	if !large {
		s.payload = flv.AppendTag(s.payload, t)
		return cuts
	}
	for rest := flv.AppendTag(nil, t); ; {
		n := min(len(rest), s.maxPayload-len(s.payload))
		s.payload = append(s.payload, rest[:n]...)
		if rest = rest[n:]; len(rest) == 0 {
			return cuts
		}
		cuts = s.cut(cuts, s.clock.now)
		s.openSlice()
		s.flags |= slice.Continuation
	}
}

// cut ends the slice that is being filled, if any; the next one begins at track time next.
func (s *Slicer) cut(cuts []Cut, next int64) []Cut {
	if !s.open {
		return cuts
	}
	s.open = false
	s.end = min(max(next, s.start), s.start+s.maxDuration)
	return append(cuts, Cut{
		Payload: s.payload, StartsGroup: s.group, Flags: s.flags,
		Time:     time.Duration(s.start) * time.Millisecond,
		Duration: time.Duration(s.end-s.start) * time.Millisecond,
	})
}

package viewing

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/remux"
)

const (
	// maxHead is how many tags are looked at to find out whether there are both picture and sound, and headTime how much of them.
	maxHead  = 256
	headTime = 700
	// ahead is how far ahead of its time a film is sent.
	ahead      = time.Minute
	touchEvery = 5 * time.Second
)

// TagReader gives FLV tags. At the end it returns io.EOF.
type TagReader interface {
	ReadTag() (flv.Tag, error)
}

// Tags returns the tags of an FLV stream. One that is cut ends with its last whole tag.
func Tags(r io.Reader) TagReader { return fileTags{flv.NewReader(r, flv.Limits{})} }

type fileTags struct{ *flv.Reader }

func (f fileTags) ReadTag() (flv.Tag, error) {
	t, err := f.Reader.ReadTag()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = io.EOF
	case errors.Is(err, flv.ErrSignature), errors.Is(err, flv.ErrTagType), errors.Is(err, flv.ErrTagSize):
		err = fault.Wrap(fault.SourceInvalid, "the stream is no FLV or is damaged; check its source", err)
	}
	return t, err
}

// Head reads what a player needs first, and tells whether a Flash player can play it. Nothing is sent yet, so that a refusal
// can be answered.
//
// Errors: those of r; fault.SourceInvalid, with remux.ErrNoTrack, if there is nothing that a Flash player knows.
func (v *Viewing) Head(about About, r TagReader) (*Stream, error) {
	s := &Stream{v: v, tags: r}
	err := s.readHead(about)
	v.mu.Lock()
	v.about = about
	if about.Quiet && err == nil {
		v.shareLocked(false)
	}
	v.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Stream is FLV for a Flash player.
type Stream struct {
	v       *Viewing
	tags    TagReader
	queue   []flv.Tag
	base    uint32
	film    bool
	without flv.Type // what is left out; 0 is nothing
	audio   bool
	video   bool
	err     error // what comes after queue
	out     []byte
	touched time.Time
}

func (s *Stream) readHead(about About) error {
	s.film = !about.Live
	var metadata []byte
	var video, audio *flv.Tag // sequence headers where there are such, else frames
	begun := false
	for len(s.queue) < maxHead {
		t, err := s.tags.ReadTag()
		if err != nil {
			if s.err = err; !errors.Is(err, io.EOF) && len(s.queue) == 0 {
				return err
			}
			break
		}
		if t.IsMetadata() {
			if metadata == nil {
				metadata = t.Body
			}
			continue
		}
		s.queue = append(s.queue, t)
		if kind := &audio; t.Type != flv.Script {
			if t.Type == flv.Video {
				kind = &video
			}
			if *kind == nil || t.IsSequenceHeader() && !(*kind).IsSequenceHeader() {
				*kind = &t
			}
		}
		if t.IsMedia() && !begun {
			begun, s.base = true, t.Timestamp
		}
		if begun && (video != nil && audio != nil || int32(t.Timestamp-s.base) > headTime) {
			break
		}
	}
	switch { // what has only the other kind is sent whole
	case about.Tracks == "audio" && audio != nil:
		s.without, video = flv.Video, nil
	case about.Tracks == "video" && video != nil:
		s.without, audio = flv.Audio, nil
	}
	s.queue = slices.DeleteFunc(s.queue, func(t flv.Tag) bool { return t.Type == s.without })
	if err := playable(video, audio, about.Any); err != nil {
		return err
	}
	s.video, s.audio = video != nil, audio != nil
	start := time.Duration(0)
	if s.film {
		start = about.Start + time.Duration(s.base)*time.Millisecond
	}
	meta := flv.WithDuration(flv.CompleteMetadata(metadata, video, audio), about.Duration)
	s.queue = append([]flv.Tag{{Type: flv.Script, Timestamp: s.base, Body: meta}}, s.queue...)
	s.v.mu.Lock()
	s.v.sent.Start = start.Seconds()
	s.v.sent.VideoCodec, s.v.sent.AudioCodec = codecID(video), codecID(audio)
	s.v.mu.Unlock()
	return nil
}

// codecID returns what FLV calls the codec of a tag, 0 if there is none.
func codecID(t *flv.Tag) int {
	switch {
	case t == nil || len(t.Body) == 0:
		return 0
	case t.Type == flv.Audio:
		return int(t.Body[0] >> 4)
	}
	return int(t.Body[0] & 0xf)
}

// playable tells whether a Flash player knows the codecs of the two tags, of which one may be nil, or anyCodec is right.
func playable(video, audio *flv.Tag, anyCodec bool) error {
	refuse := func(what string) error {
		return fault.Wrap(fault.SourceInvalid, what+"; encode it as H.264 with AAC", remux.ErrNoTrack)
	}
	if video == nil && audio == nil {
		return refuse("there is neither audio nor video")
	}
	if anyCodec {
		return nil
	}
	for _, t := range []*flv.Tag{video, audio} {
		if t == nil {
			continue
		}
		switch c := t.Codec(); c {
		case flv.H264, flv.H263, flv.VP6, flv.VP6A, flv.AAC, flv.MP3, flv.PCM, flv.Speex:
			if t.Type == flv.Video && t.Body[0]&0x80 == 0 || t.Type == flv.Audio && t.Body[0]>>4 != 9 {
				continue
			}
			return refuse("it is in a form of FLV that Flash players do not know")
		case "":
			continue // screen video, Nellymoser
		default:
			return refuse("Flash players do not know the codec " + string(c))
		}
	}
	return nil
}

// Player is what takes FLV.
type Player interface {
	io.Writer
	// Flush has the player get at once what was written.
	Flush() error
}

// Send sends the stream until it ends, or ctx does, or the player leaves. It returns why it ended, io.EOF if as it should; and
// closes the viewing.
func (s *Stream) Send(ctx context.Context, to Player) (err error) {
	defer func() { s.v.Close(err) }()
	s.v.mu.Lock()
	s.v.state = "playing"
	s.v.mu.Unlock()
	s.out = flv.AppendHeader(nil, s.audio, s.video)
	begun := time.Now()
	for ctx.Err() == nil {
		t, err := s.next()
		if err != nil {
			if ctx.Err() != nil {
				return errLeft
			}
			return err
		}
		at := time.Duration(max(0, int32(t.Timestamp-s.base))) * time.Millisecond
		t.Timestamp = uint32(at.Milliseconds())
		if d := at - ahead - time.Since(begun); s.film && d > 0 {
			_ = to.Flush()
			if !s.wait(ctx, d) {
				return errLeft
			}
		}
		s.touch()
		s.out = flv.AppendTag(s.out, &t)
		if _, err := to.Write(s.out); err != nil {
			return errLeft
		}
		s.note(len(s.out), &t, at)
		s.out = s.out[:0]
		if len(s.queue) == 0 && !s.film { // of a film what takes it has a buffer that is enough
			if err := to.Flush(); err != nil {
				return errLeft
			}
		}
	}
	return errLeft
}

// errLeft says that the player takes nothing more.
var errLeft error = fault.New(fault.Closed, "the player has left, or takes nothing")

func (s *Stream) next() (t flv.Tag, err error) {
	if len(s.queue) > 0 {
		t, s.queue = s.queue[0], s.queue[1:]
		return t, nil
	}
	if s.err != nil {
		return t, s.err
	}
	for {
		if t, err = s.read(); err != nil || !t.IsMetadata() || !s.film {
			return t, err
		}
	}
}

// read returns the next tag of those that are sent.
func (s *Stream) read() (flv.Tag, error) {
	for {
		if t, err := s.tags.ReadTag(); err != nil || s.without == 0 || t.Type != s.without {
			return t, err
		}
	}
}

// wait lets time pass; false if ctx ended before.
func (s *Stream) wait(ctx context.Context, d time.Duration) bool {
	for d > 0 && ctx.Err() == nil {
		step := min(d, touchEvery)
		timer := time.NewTimer(step)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		d -= step
		s.touch()
	}
	return ctx.Err() == nil
}

func (s *Stream) touch() {
	if now := time.Now(); s.v.about.Touch != nil && now.Sub(s.touched) >= touchEvery {
		s.touched = now
		s.v.about.Touch()
	}
}

func (s *Stream) note(size int, t *flv.Tag, at time.Duration) {
	s.v.mu.Lock()
	defer s.v.mu.Unlock()
	s.v.sent.Bytes += int64(size)
	s.v.sent.Time = max(s.v.sent.Time, at.Seconds())
	switch t.Type {
	case flv.Video:
		s.v.sent.VideoBytes += int64(len(t.Body))
		if t.IsFrame() {
			s.v.sent.Frames++
		}
	case flv.Audio:
		s.v.sent.AudioBytes += int64(len(t.Body))
	}
}

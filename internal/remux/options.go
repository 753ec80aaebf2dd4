package remux

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// Options bound what a sender can make a reader hold, and say what is not carried.
type Options struct {
	MaxSample  int           // largest frame accepted, in bytes. If zero, 8 MiB
	MaxMovie   int           // largest moov or moof box accepted, in bytes. If zero, 64 MiB
	MaxTracks  int           // most tracks accepted. If zero, 16
	MaxEntries int           // most samples of a track of a progressive MP4 accepted. If zero, 16,777,216
	MaxHeld    int           // bytes of frames held to bring tracks into order. If zero, 64 MiB
	MaxAhead   time.Duration // how far one track may be ahead of another before the other is not waited for. If zero, 10 s

	// OnIgnored is called with the name of each track that is not carried, as "MPEG-2 video". If nil, nobody is told.
	OnIgnored func(codec string)
}

func (o Options) withDefaults() Options {
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&o.MaxSample, 8<<20)
	set(&o.MaxMovie, 64<<20)
	set(&o.MaxTracks, 16)
	set(&o.MaxEntries, 16<<20)
	set(&o.MaxHeld, 64<<20)
	// A frame has to fit into a tag with its header.
	o.MaxSample = min(o.MaxSample, flv.MaxBody-16)
	if o.MaxAhead == 0 {
		o.MaxAhead = 10 * time.Second
	}
	return o
}

func (o *Options) ignore(codec string) {
	if o.OnIgnored != nil {
		o.OnIgnored(codec)
	}
}

// invalid says that the bytes are not what they claim to be.
func invalid(format string, args ...any) error {
	return fault.New(fault.SourceInvalid, fmt.Sprintf(format, args...))
}

// wrapped is invalid with a cause.
func wrapped(cause error, message string) error {
	return fault.Wrap(fault.SourceInvalid, message, cause)
}

// truncated says that the bytes end too early, unless err is another one of the reader below.
func truncated(err error, where string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return wrapped(io.ErrUnexpectedEOF, "the media ends in the middle of "+where+"; fetch it again, or check its source")
	}
	return err
}

// ErrNoTrack is wrapped by errors that say that there is no track which can be carried.
var ErrNoTrack = errors.New("remux: no track can be carried")

// uncarried says that no track is left.
func uncarried(what string, codecs []string) error {
	if len(codecs) == 0 {
		return wrapped(ErrNoTrack, what+" has neither audio nor video; check that the URL leads to a stream with media")
	}
	text := codecs[0]
	for _, c := range codecs[1:] {
		text += ", " + c
	}
	return wrapped(ErrNoTrack, what+" holds only "+text+", which FLV cannot carry; encode it as H.264 or H.265 with AAC")
}

// guard turns a panic of a third-party parser into an error.
func guard(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = invalid("%s is damaged: its parser gave up (%v); fetch it again, or check its source", what, r)
		}
	}()
	return f()
}

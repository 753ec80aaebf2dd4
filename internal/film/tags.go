package film

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/seekmap"
)

// ReadTag reads the film as FLV tags with the film's own times, also where New was told to start later: first onMetaData
// and what decoders need, then from the keyframe or segment at or before the start on. Also a film that is FLV itself
// starts there. Do not mix it with Read. At the end it returns io.EOF; what cannot be played is a *fault.Error.
func (f *Film) ReadTag() (flv.Tag, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, err := f.readTag()
	if errors.Is(err, context.Canceled) {
		err = fault.New(fault.Closed, "it was closed meanwhile; play it again")
	}
	return t, err
}

// Kinds tells whether the film has audio and video, once ReadTag has returned.
func (f *Film) Kinds() (audio, video bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hasAudio, f.hasVideo
}

func (f *Film) readTag() (t flv.Tag, err error) {
	if !f.opened {
		f.opened = true
		f.err = f.begin()
	}
	switch {
	case len(f.queue) > 0:
		t, f.queue = f.queue[0], f.queue[1:]
	case f.err != nil:
		return t, f.err
	default:
		if t, f.err = f.tags.ReadTag(); f.err != nil {
			return t, f.err
		}
	}
	if f.segments != nil {
		t.Timestamp += uint32(f.segments.base.Milliseconds())
	}
	return t, nil
}

// begin opens the film for ReadTag.
func (f *Film) begin() error {
	if about := f.viewer.File(); about != nil && about.Type == edgeapi.TypeFLV {
		return f.openFLV(about.Size, time.Duration(0))
	}
	if err := f.openTags(); err != nil {
		return err
	}
	f.queue = f.readTags()
	if f.err != nil && len(f.queue) == 1 { // there is no film that onMetaData would be of
		f.queue = nil
	}
	return f.err
}

func (f *Film) openFLV(size int64, duration time.Duration) error {
	file := f.viewer.FileAt(f.ctx)
	var head [5]byte
	if _, err := file.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	f.hasAudio, f.hasVideo = head[4]&4 != 0, head[4]&1 != 0
	var r io.Reader = io.NewSectionReader(file, 0, size)
	if f.start > 0 {
		var err error
		at := func(m *seekmap.Map) int64 { return m.OffsetAt(f.start) }
		if r, _, err = seekmap.FLVFrom(file, size, duration, at); err != nil {
			return err
		}
	}
	f.tags = fileTags{flv.NewReader(r, flv.Limits{})}
	return nil
}

// fileTags reads an FLV file. One that was cut off ends with its last whole tag.
type fileTags struct{ *flv.Reader }

// ReadTag implements tagReader.
func (f fileTags) ReadTag() (flv.Tag, error) {
	t, err := f.Reader.ReadTag()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = io.EOF
	case errors.Is(err, flv.ErrSignature), errors.Is(err, flv.ErrTagType), errors.Is(err, flv.ErrTagSize):
		err = fault.Wrap(fault.SourceInvalid, "the file is no FLV or is damaged; check its source", err)
	}
	return t, err
}

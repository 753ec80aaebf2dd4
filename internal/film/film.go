package film

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/remux"
)

// Film reads a file or an HLS playlist as FLV.
type Film struct {
	viewer Source
	audio  Source // of a playlist whose audio is in another one; else nil
	start  time.Duration
	ctx    context.Context
	cancel context.CancelFunc

	mu    sync.Mutex
	at    int64     // of a file that is FLV itself
	tags  tagReader // of one that is not; nil before the first Read
	ready []byte    // FLV that was made and not read yet
	err   error     // what comes after ready

	queue              []flv.Tag      // for ReadTag, before what tags give
	hasAudio, hasVideo bool           // known once opened
	opened             bool           // for ReadTag
	segments           *segmentReader // of the video; nil if it is no playlist
}

// tagReader is a remux.TagReader, or what joins several.
type tagReader interface {
	ReadTag() (flv.Tag, error)
}

// New returns what reads the file or HLS playlist that v plays, which must be one, from the keyframe or segment at or before
// start on; a live playlist from what is played now. A file that is FLV itself is read from its beginning as it is, whatever
// start. Nothing is read yet.
func New(v Source, start time.Duration) *Film {
	f := &Film{viewer: v, start: start}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// NewWithAudio is New of a playlist whose audio is in another one, which audio plays.
func NewWithAudio(v, audio Source, start time.Duration) *Film {
	f := New(v, start)
	f.audio = audio
	return f
}

// Close ends a Read that waits.
func (f *Film) Close() error {
	f.cancel()
	return nil
}

// Read reads the film as FLV: header, onMetaData, tags with timestamps from 0. At the end it returns io.EOF; what
// cannot be played is a *fault.Error.
func (f *Film) Read(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.read(b)
	if errors.Is(err, context.Canceled) {
		err = fault.New(fault.Closed, "it was closed meanwhile; play it again")
	}
	return n, err
}

func (f *Film) read(b []byte) (int, error) {
	if about := f.viewer.File(); about != nil && about.Type == edgeapi.TypeFLV {
		n, err := f.viewer.ReadFile(f.ctx, b, f.at)
		f.at += int64(n)
		return n, err
	}
	if f.tags == nil && f.err == nil {
		f.err = f.open()
	}
	for len(f.ready) == 0 && f.err == nil {
		var t flv.Tag
		if t, f.err = f.tags.ReadTag(); f.err == nil {
			f.ready = flv.AppendTag(f.ready, &t)
		}
	}
	if len(f.ready) == 0 {
		return 0, f.err
	}
	n := copy(b, f.ready)
	f.ready = f.ready[n:]
	return n, nil
}

// maxHead is how many tags are looked at to find out whether there are both picture and sound.
const maxHead = 64

// open reads until it knows what the film has, and makes the start of an FLV stream of that.
func (f *Film) open() error {
	if err := f.openTags(); err != nil {
		return err
	}
	return f.readHead()
}

func (f *Film) openTags() error {
	if f.viewer.Playlist() != nil {
		f.tags = f.openPlaylist()
		return nil
	}
	movie, err := f.openMovie()
	if err != nil {
		return err
	}
	f.tags = movie
	return nil
}

func (f *Film) openMovie() (*remux.MovieReader, error) {
	movie, err := remux.NewMovieReader(f.viewer.FileAt(f.ctx), f.viewer.File().Size, remux.Options{})
	if err == nil && f.start > 0 {
		_, err = movie.Seek(f.start)
	}
	return movie, err
}

// openPlaylist returns what reads the playlist, and the one that its audio is in.
func (f *Film) openPlaylist() tagReader {
	video := newSegmentReader(f.ctx, f.viewer, f.start)
	f.segments = video
	if f.audio == nil {
		return video
	}
	audio := newSegmentReader(f.ctx, f.audio, f.start)
	audio.joiner.With(&video.joiner)
	return &pair{readers: [2]*segmentReader{video, audio}}
}

// readHead makes the start of an FLV stream of the first tags.
func (f *Film) readHead() error {
	head := f.readTags()
	f.ready = flv.AppendHeader(nil, f.hasAudio, f.hasVideo)
	for i := range head {
		f.ready = flv.AppendTag(f.ready, &head[i])
	}
	return f.err
}

// readTags reads until it knows what the film has, and returns that, onMetaData first.
func (f *Film) readTags() []flv.Tag {
	head := make([]flv.Tag, 1, maxHead)
	var video, audio *flv.Tag
	for len(head) <= maxHead && (video == nil || audio == nil) {
		t, err := f.tags.ReadTag()
		if err != nil {
			f.err = err
			break
		}
		head = append(head, t)
		switch {
		case t.IsVideoSequenceHeader():
			video = &t
		case t.IsAudioSequenceHeader():
			audio = &t
		}
	}
	f.hasAudio, f.hasVideo = audio != nil, video != nil
	head[0] = flv.Tag{Type: flv.Script, Body: flv.CompleteMetadata(nil, video, audio)}
	return head
}

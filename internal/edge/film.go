package edge

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/playlist"
	"github.com/superp2p/superp2p/internal/viewing"
)

// openFilm opens a file or a playlist as FLV from a time on, a live playlist so far behind live.
func (e *Edge) openFilm(ctx context.Context, r *http.Request, t target, is found, start, delay time.Duration) (
	about viewing.About, tags viewing.TagReader, shut func(), err error,
) {
	audio := ""
	if is.master {
		if t, audio, err = e.variant(ctx, r, t); err != nil {
			return about, nil, nil, err
		}
		if is, err = e.find(ctx, t); err != nil {
			return about, nil, nil, err
		}
	}
	reading, cancel := context.WithCancel(ctx)
	shut = sync.OnceFunc(cancel)
	from, err := e.filmSource(reading, is, delay)
	if err != nil {
		shut()
		return about, nil, nil, err
	}
	var sound film.Source
	if audio != "" {
		if sound, err = e.soundOf(reading, r, audio, delay); err != nil {
			shut()
			return about, nil, nil, err
		}
	}
	about.Live = is.stream != nil
	if f := is.file; f != nil {
		about.Duration, about.Size, about.Touch = time.Duration(f.about.Duration)*time.Millisecond, f.about.Size, f.touch
		if f.vod != nil {
			about.Size = f.rate * f.about.Duration / 8000
		}
	} else {
		about.Figures = is.stream.figures
	}
	reader := film.New(from, start)
	if sound != nil {
		reader = film.NewWithAudio(from, sound, start)
	}
	end := shut
	return about, reader, func() { _ = reader.Close(); end() }, nil
}

// filmSource returns what a film is read from. It counts as a viewer until ctx ends.
func (e *Edge) filmSource(ctx context.Context, is found, delay time.Duration) (film.Source, error) {
	switch {
	case is.stream != nil && is.stream.segments != nil:
		if err := is.stream.join(); err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, is.stream.leave)
		return &liveList{stream: is.stream, delay: delay}, nil
	case is.file != nil:
		if is.file.readers.Add(1) > int64(e.config.MaxReaders) {
			is.file.readers.Add(-1)
			return nil, manyReaders()
		}
		context.AfterFunc(ctx, func() { is.file.readers.Add(-1) })
		if is.file.vod != nil {
			return fullList{file: is.file}, nil
		}
		return wholeFile{file: is.file}, nil
	}
	return nil, fault.New(fault.SourceMaster, "the playlist leads to another that leads to others; play one of those")
}

// variant loads a master playlist and returns the variant that Flash players can play, and where its sound is.
func (e *Edge) variant(ctx context.Context, r *http.Request, t target) (target, string, error) {
	g := e.newGuard(t, t.source)
	client := object.New(object.Options{Dial: g.Dial, Logger: e.config.Logger, HeaderTimeout: answerTimeout, IdleTimeout: answerTimeout})
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(ctx, e.config.StartTimeout)
	defer cancel()
	l, err := playlist.Get(ctx, client, t.source, hls.Options{})
	if err != nil {
		return t, "", e.refusal(g, err)
	}
	if l.Playlist.Master == nil {
		return t, "", fault.New(fault.SourceChanged, "the master playlist is none any more; play it again")
	}
	v, audio, err := film.ChooseForFlash(l.Playlist.Master)
	if err != nil {
		return t, "", err
	}
	t, err = e.urlTarget(v.URI, r)
	return t, audio, err
}

// soundOf opens the playlist that a variant's sound is in.
func (e *Edge) soundOf(ctx context.Context, r *http.Request, rawURL string, delay time.Duration) (film.Source, error) {
	t, err := e.urlTarget(rawURL, r)
	if err != nil {
		return nil, err
	}
	is, err := e.find(ctx, t)
	if err != nil {
		return nil, err
	}
	return e.filmSource(ctx, is, delay)
}

// resource reads what a playlist of a file or stream names, a map or a key, from its origin.
func resource(ctx context.Context, client *object.Client, rawURL string, r hls.ByteRange, limit int) ([]byte, error) {
	if _, err := url.Parse(rawURL); err != nil {
		return nil, fault.Wrap(fault.SourceInvalid, "the playlist names what is no URL; check what makes it", err)
	}
	if r.IsWhole() {
		b, _, err := client.Get(ctx, rawURL, limit)
		return b, err
	}
	return fetchSegment(ctx, client, &hls.Segment{URI: rawURL, Range: r}, limit)
}

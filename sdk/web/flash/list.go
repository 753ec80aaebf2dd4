//go:build js && wasm

package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
)

// list is a media playlist of the page as what a film is read from.
type list struct {
	from  *source
	live  bool
	delay time.Duration // that was asked for, 0 if none was
	soon  func() bool

	media  *hls.Media // as it was last
	loaded time.Time
	fresh  bool // it had something new then
	played uint64
	next   int64 // sequence number of the segment that is played next
}

func (l *list) File() *edgeapi.File { return nil }

func (l *list) Playlist() *edgeapi.Playlist { return &edgeapi.Playlist{} }
func (l *list) Live() bool                  { return l.live }
func (l *list) Logger() *slog.Logger        { return slog.New(slog.DiscardHandler) }
func (l *list) Done() <-chan struct{}       { return l.from.done }

func (l *list) FileAt(context.Context) io.ReaderAt { return nil }
func (l *list) ReadFile(context.Context, []byte, int64) (int, error) {
	return 0, fault.New(fault.RequestInvalid, "it is no file")
}

// load loads the playlist anew.
func (l *list) load(ctx context.Context) error {
	b, err := question{Source: l.from.number, What: "list"}.ask(ctx)
	l.loaded = time.Now()
	if err != nil {
		return err
	}
	p, err := parse(b)
	if err != nil {
		return err
	}
	if p.Media == nil {
		return fault.New(fault.SourceMaster, "the playlist leads to another that leads to others; play one of those")
	}
	l.fresh = l.media == nil || p.Media.Next() != l.media.Next()
	l.media = p.Media
	return nil
}

func (l *list) Segments(ctx context.Context) ([]hls.Segment, error) {
	if l.media == nil {
		if err := l.load(ctx); err != nil {
			return nil, err
		}
	}
	return l.media.Segments, nil
}

// duration is how long a complete playlist is.
func (l *list) duration(ctx context.Context) (time.Duration, error) {
	_, err := l.Segments(ctx)
	if err != nil {
		return 0, err
	}
	return l.media.Duration, nil
}

// behind is how far behind live what is played now is.
func (l *list) behind() (d time.Duration) {
	if !l.live || l.media == nil {
		return 0
	}
	for i := len(l.media.Segments) - 1; i >= 0 && l.media.Segments[i].Sequence >= l.next-1; i-- {
		d += l.media.Segments[i].Duration
	}
	return d + time.Since(l.loaded)
}

// begin chooses the first segment: the newest that has so much after its beginning as was asked for.
func (l *list) begin() {
	wanted := l.delay
	if wanted == 0 {
		wanted = max(6*time.Second, 2*l.media.TargetDuration-500*time.Millisecond)
	}
	all := l.media.Segments
	left := time.Duration(0)
	for i := len(all) - 1; i >= 0; i-- {
		l.next = all[i].Sequence
		if left += all[i].Duration; left >= wanted {
			return
		}
	}
}

// NextPlayed waits until the playlist lists the segment after the last one.
func (l *list) NextPlayed(ctx context.Context, _ uint64) (*edgeapi.Played, error) {
	skipped := false
	for {
		if l.media != nil {
			if l.played == 0 && len(l.media.Segments) > 0 {
				l.begin()
			}
			if first := l.media.Segments; len(first) > 0 && (first[0].Sequence > l.next || l.media.Next() < l.next) {
				l.next, skipped = first[0].Sequence, true // the player was slow, or the playlist was begun anew
			}
			if s := hls.Find(l.media.Segments, l.next); s != nil {
				l.next++
				l.played++
				return &edgeapi.Played{Number: l.played, Segment: edgeapi.Segment{
					Sequence: s.Sequence, Gap: s.Gap, Discontinuity: s.Discontinuity || skipped, Duration: s.Duration.Milliseconds(),
				}}, nil
			}
			if l.media.EndList || l.from.over() && l.from.why == nil {
				return nil, io.EOF
			}
			wait, _ := hls.ReloadAfter(l.media, l.fresh)
			if err := l.pause(ctx, time.Until(l.loaded.Add(wait))); err != nil {
				return nil, err
			}
		}
		if err := l.load(ctx); err != nil {
			return nil, err
		}
	}
}

// pause waits so long, or until the source is lost.
func (l *list) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(max(d, 100*time.Millisecond))
	defer timer.Stop()
	done := l.from.done
	if l.from.over() {
		if l.from.why != nil {
			return l.from.why
		}
		done = nil
	}
	select {
	case <-timer.C:
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	return l.from.why
}

func (l *list) Segment(ctx context.Context, s *hls.Segment) ([]byte, error) {
	return l.Resource(ctx, s.URI, s.Range, 64<<20)
}

func (l *list) Resource(ctx context.Context, rawURL string, r hls.ByteRange, limit int) ([]byte, error) {
	b, err := question{Source: l.from.number, What: "segment", URL: rawURL, Offset: r.Offset, Length: r.Length, Soon: l.soon()}.ask(ctx)
	if err == nil && len(b) > limit {
		err = fault.New(fault.SourceInvalid, "what the playlist names is larger than can be")
	}
	return b, err
}

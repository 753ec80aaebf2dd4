//go:build js && wasm

package main

import (
	"context"
	"runtime"
	"time"
	"unsafe"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/viewing"
)

// urgent is for how long of what it plays a player holds little.
const urgent = 8

// wish is what a view is of.
type wish struct {
	Source int32 `json:"source"`
	// Audio is where the sound is, if that is apart.
	Audio    int32  `json:"audio"`
	Kind     string `json:"kind"` // live, file, hls
	Live     bool   `json:"live"`
	Size     int64  `json:"size"`
	Type     string `json:"type"`
	Duration int64  `json:"duration"` // ms
	// In seconds: where a film begins, how far behind live, until when something playable must be there.
	Start    float64 `json:"start"`
	Delay    float64 `json:"delay"`
	Patience float64 `json:"patience"`
	Tracks   string  `json:"tracks"` // viewing.About.Tracks
}

// view is one answer of FLV.
type view struct {
	number  int32
	wish    wish
	viewing *viewing.Viewing
	player  *player
	cancel  context.CancelFunc
}

func newView(number int32, w wish) *view {
	for _, n := range []int32{w.Source, w.Audio} {
		if n != 0 {
			all.source(n)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	v := &view{number: number, wish: w, cancel: cancel, player: &player{ctx: ctx, view: number, room: make(chan struct{}, 1)}}
	v.viewing, v.player.ctx, _ = new(viewing.Registry).Begin(ctx, "")
	go v.run(v.player.ctx)
	return v
}

func (v *view) run(ctx context.Context) {
	defer v.cancel()
	reading, give := context.WithCancel(ctx)
	defer give()
	about, tags, err := v.open(reading)
	var s *viewing.Stream
	if err == nil {
		timer := time.AfterFunc(seconds(v.wish.Patience), give)
		s, err = v.viewing.Head(about, tags)
		if !timer.Stop() && err != nil {
			err = fault.New(fault.NothingPlayable, "nothing that can be played came in time; check what makes the stream")
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			err = nil
		}
		v.viewing.Close(noCancel(err))
		pageTell(v.number, toldEnded)
		return
	}
	pageTell(v.number, toldHead)
	_ = s.Send(ctx, v.player)
	v.player.rest()
	pageTell(v.number, toldEnded)
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// soon tells whether the player holds little.
func (v *view) soon() bool { return v.viewing.State().Time < urgent }

func (v *view) open(ctx context.Context) (about viewing.About, tags viewing.TagReader, err error) {
	from := all.source(v.wish.Source)
	about = viewing.About{Live: v.wish.Live, Size: v.wish.Size, Tracks: v.wish.Tracks, Duration: time.Duration(v.wish.Duration) * time.Millisecond}
	switch v.wish.Kind {
	case "live":
		return about, from.tags(ctx), nil
	case "file":
		of := &file{from: from, soon: v.soon, about: edgeapi.File{Size: v.wish.Size, Type: v.wish.Type, Duration: v.wish.Duration}}
		f := film.New(of, seconds(v.wish.Start))
		context.AfterFunc(ctx, func() { _ = f.Close() })
		return about, f, nil
	}
	of := v.list(from)
	about.Figures = func() (viewing.Figures, time.Duration) { return viewing.Figures{}, of.behind() }
	if !of.live {
		if about.Duration, err = of.duration(ctx); err != nil {
			return about, nil, err
		}
	}
	f := film.New(of, seconds(v.wish.Start))
	if v.wish.Audio != 0 {
		f = film.NewWithAudio(of, v.list(all.source(v.wish.Audio)), seconds(v.wish.Start))
	}
	context.AfterFunc(ctx, func() { _ = f.Close() })
	return about, f, nil
}

func (v *view) list(from *source) *list {
	return &list{from: from, live: v.wish.Live, delay: seconds(v.wish.Delay), soon: v.soon}
}

// atOnce is how much of a film is given to the page at once, in bytes.
const atOnce = 32 << 10

// player is the view's player: it takes what the page has room for.
type player struct {
	ctx  context.Context
	view int32
	held []byte
	full bool
	room chan struct{}
}

// Write implements io.Writer.
func (p *player) Write(b []byte) (int, error) {
	if p.held = append(p.held, b...); len(p.held) >= atOnce {
		return len(b), p.Flush()
	}
	return len(b), nil
}

// Flush gives the page what is held, and waits while that has enough.
func (p *player) Flush() error {
	p.rest()
	for p.full {
		select {
		case <-p.room:
			p.full = false
		case <-p.ctx.Done():
			return nil // Send sees it, too
		}
	}
	return nil
}

// rest gives the page what is held.
func (p *player) rest() {
	if len(p.held) == 0 {
		return
	}
	select {
	case <-p.room: // of before
	default:
	}
	p.full = pageGive(p.view, unsafe.Pointer(unsafe.SliceData(p.held)), int32(len(p.held))) != 0
	runtime.KeepAlive(p.held)
	p.held = p.held[:0]
}

func (p *player) more() {
	select {
	case p.room <- struct{}{}:
	default:
	}
}

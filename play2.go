package superp2p

import (
	"context"
	"strconv"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/playback"
)

// Transition is what Play2 does: flash.net.NetStreamPlayTransitions.
type Transition string

// The transitions.
const (
	TransitionAppend        Transition = "append"        // plays it after what is played
	TransitionAppendAndWait Transition = "appendAndWait" // the same
	TransitionReset         Transition = "reset"         // plays it instead, at once: Play
	TransitionResume        Transition = "resume"        // opens what is played anew and changes over to it: Switch without a name
	TransitionStop          Transition = "stop"          // loads nothing more, and plays to the end of what is held
	TransitionSwap          Transition = "swap"          // changes over, as Switch
	TransitionSwitch        Transition = "switch"        // changes over to another encoding of the same, at a keyframe
)

// NetStreamPlayOptions is what Play2 is given: flash.net.NetStreamPlayOptions.
type NetStreamPlayOptions struct {
	StreamName    string        // URL or channel id
	OldStreamName string        // of Swap and Switch: what is to be changed; if empty, what is played. Anything else is refused
	Start         time.Duration // of Reset, Append and AppendAndWait: where in a file to start; if zero, at its beginning
	Len           time.Duration // how much of it is played, from where it starts on, and then its end is reached; if zero, all
	Offset        time.Duration // of Resume, Swap and Switch: the time, as Time counts, from which on it is changed over; if zero, as soon as possible
	Transition    Transition    // if empty, TransitionReset
	Config        *PlayConfig   // of the new stream; if nil, that of what is played, of Reset the defaults
}

// following is a stream that Play2 has named.
type following struct {
	url      string
	settings PlayConfig
	span
	offset time.Duration // changed over from then on
}

// span is the part of a stream that is to be played.
type span struct {
	start, length time.Duration // length 0 is all of it
}

// transition is the change to another stream.
type transition struct {
	following
	ctx     context.Context
	cancel  context.CancelFunc
	pipe    *pipe
	source  tagSource
	atOnce  bool // the old stream is at its end
	configs []flv.Tag
	key     *flv.Tag // where the new stream begins
}

// Play2 plays, changes over to or appends a stream. NetStream.Play.Transition tells that a change was begun, and
// Client.OnPlayStatus with NetStream.Play.TransitionComplete that the first frame of the new stream was played. Where the
// new stream cannot be opened, NetStream.Play.Transition with the level "warning" and the reason tells so, and what is
// played goes on. One change at a time: a second one takes the place of the first. NetStream.play2.
//
// Errors: request_invalid for an unknown transition, one that does not fit what is played, or a negative time; those of Play.
func (n *P2PNetStream) Play2(o NetStreamPlayOptions) error {
	if o.Start < 0 || o.Len < 0 || o.Offset < 0 {
		return fault.New(fault.RequestInvalid, "Start, Len or Offset is negative; give a positive time, or 0 for the default")
	}
	part := span{o.Start, o.Len}
	switch o.Transition {
	case "", TransitionReset:
		return n.playPart(o.StreamName, o.Config, part)
	}
	return n.active(func(p *play, now time.Time) error {
		f := following{url: o.StreamName, settings: p.settings, span: part, offset: o.Offset}
		f.settings.Channel = ""
		if o.Config != nil {
			f.settings = *o.Config
		}
		switch o.Transition {
		case TransitionStop:
			p.way.gen++
			p.way.after, p.way.later = nil, nil
			if next := p.way.next; next != nil {
				p.way.next = nil
				p.discard(next)
			}
			p.finish()
			return nil
		case TransitionResume:
			f.url, f.settings = p.url, p.settings
		case TransitionAppend, TransitionAppendAndWait, TransitionSwap, TransitionSwitch:
			if err := check(f.url, &f.settings); err != nil {
				return err
			}
		default:
			return fault.New(fault.RequestInvalid, "the transition "+strconv.Quote(string(o.Transition))+" is unknown; give TransitionSwitch, say")
		}
		switch {
		case p.way.fed != nil || f.url == "" && f.settings.Channel == "":
			return fault.New(fault.RequestInvalid, "in data generation mode there is nothing to change over from or to; use AppendBytesAction")
		case o.OldStreamName != "" && o.OldStreamName != p.url && o.OldStreamName != p.settings.Channel:
			return fault.New(fault.RequestInvalid, "what is to be changed is not played; leave OldStreamName empty")
		case o.Transition != TransitionAppend && o.Transition != TransitionAppendAndWait:
			if p.way.ended {
				return fault.New(fault.RequestInvalid, "what is played is loaded to its end, and there is nothing to change over from; append, or call Play")
			}
			p.way.later = &f
			p.openLater()
		case len(p.way.after) >= maxAppended:
			return fault.New(fault.LimitReached, "100 streams are appended already; append more when some were played")
		case p.way.ended && p.way.next == nil:
			p.open(f, true)
		default:
			p.way.after = append(p.way.after, f)
		}
		return nil
	})
}

const maxAppended = 100

// loaded returns up to which time the stream is here; p.mu is held.
func (p *play) loaded() time.Duration { return p.player.Time() + p.player.BufferLength() }

func timeOf(t *flv.Tag) time.Duration { return time.Duration(t.Timestamp) * time.Millisecond }

// openLater opens what is to be changed over to when the time for it has come; p.mu is held.
func (p *play) openLater() {
	if f := p.way.later; f != nil && p.way.pipe != nil && p.loaded() >= f.offset {
		p.way.later = nil
		p.open(*f, false)
	}
}

// open opens the next stream; p.mu is held.
func (p *play) open(f following, atOnce bool) {
	if old := p.way.next; old != nil {
		p.discard(old)
	}
	n := &transition{following: f, atOnce: atOnce}
	n.ctx, n.cancel = context.WithCancel(p.ctx)
	p.way.next = n
	p.run(func(context.Context) { p.prepare(n) })
}

// prepare opens what is changed over to, and reads it to the keyframe from which it is played.
func (p *play) prepare(n *transition) {
	q, err := p.openPipe(n.ctx, n.settings.target(n.url), &n.settings)
	if err == nil {
		err = p.begins(n, q)
	}
	p.mu.Lock()
	if p.way.next == n && err != nil {
		p.abandon(n, err)
	}
	p.mu.Unlock()
	if q != nil && err != nil {
		q.close()
	}
}

// abandon takes note that what is changed over to cannot be had; p.mu is held.
func (p *play) abandon(n *transition, err error) {
	p.way.next = nil
	if p.done || p.err != nil {
		return
	}
	p.abandoned(&n.following, err)
	if n.atOnce { // the old one is at its end
		p.way.gen++
		p.sourceEnded()
	}
}

// abandoned tells that there is no change to what Play2 has named.
func (p *play) abandoned(f *following, err error) {
	p.n.tell(p, NetStatusEvent{
		Info: Info{Code: NetStreamPlayTransition, Level: levelWarning, Description: sentence(err), Details: f.settings.name(f.url)},
		Time: time.Now(), Err: err,
	})
}

// begins reads the beginning of q.
func (p *play) begins(n *transition, q *pipe) error {
	p.mu.Lock()
	if p.done || p.err != nil || p.way.next != n {
		p.mu.Unlock()
		return fault.New(fault.Closed, "it was closed meanwhile; play it again")
	}
	fits, at, from := q.live() == p.cfg.Live, n.start, time.Duration(0)
	if !n.atOnce && !p.cfg.Live {
		from = max(p.loaded(), n.offset)
		at = from
	}
	n.pipe = q
	n.source = q.source(at)
	source := n.source
	p.mu.Unlock()
	if !fits {
		return fault.New(fault.RequestInvalid, "a live stream and a file do not go together; change over to another of the same kind")
	}
	for {
		t, err := source.ReadTag()
		if err != nil {
			return err
		}
		if _, config := t.Config(); config {
			n.configs = append(n.configs, t)
			continue
		}
		_, video := source.Kinds()
		if !t.IsFrame() || video && !t.IsKeyframe() || timeOf(&t) < from {
			continue
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.done || p.err != nil || p.way.next != n {
			return fault.New(fault.Closed, "it was closed meanwhile; play it again")
		}
		n.key = &t
		p.player.Tick(p.now()) // what has happened by now is told first
		p.act()
		p.n.tell(p, NetStatusEvent{Info: Info{Code: NetStreamPlayTransition, Level: levelStatus, Details: n.settings.name(n.url)}, Time: time.Now()})
		if n.atOnce {
			p.changeOver(n)
		}
		p.settle()
		return nil
	}
}

// reached tells whether the old stream has come to where the new one begins.
func (n *transition) reached(t *flv.Tag, shift uint32, live bool) bool {
	if n.key == nil || !t.IsFrame() {
		return false
	}
	return live || int32(t.Timestamp+shift-n.key.Timestamp) >= 0
}

// changeOver goes on with the new stream; p.mu is held.
func (p *play) changeOver(n *transition) {
	w := &p.way
	if w.source != nil {
		_ = w.source.Close()
	}
	if old := w.pipe; old != nil {
		p.run(func(context.Context) { old.close() })
	}
	now := p.now()
	w.shift = 0
	switch {
	case w.ended && !p.player.Continue(now): // the end was played
		p.out.rejoins = p.out.headed || len(p.out.items) > 0
		p.remake()
		p.script.switched = -1
	case n.atOnce || p.cfg.Live:
		w.shift = w.newest + afterSeek - n.key.Timestamp
		fallthrough
	default:
		p.script.switched = p.loaded()
	}
	w.pipe, w.source, w.next, w.part, w.ended = n.pipe, n.source, nil, n.span, false
	w.gen++
	w.bound(n.key)
	p.url, p.settings = n.url, n.settings
	p.listen(n.pipe)
	p.script.switching = true
	for _, t := range append(n.configs, *n.key) {
		t.Timestamp += w.shift
		if p.player.Append(now, t) != nil {
			break
		}
	}
	w.newest = n.key.Timestamp + w.shift
	p.settle()
}

// transitioned tells that the new stream is played; p.mu is held.
func (p *play) transitioned(a *playback.Action) {
	if !p.script.switching || !a.Tag.IsFrame() || a.At <= p.script.switched {
		return
	}
	p.script.switching = false
	p.n.callClient(p, func(c Client) {
		if c.OnPlayStatus != nil {
			c.OnPlayStatus(PlayStatus{Code: NetStreamPlayTransitionComplete, Level: levelStatus})
		}
	})
}

// discard closes what is not changed over to; p.mu is held. While it is still being prepared, who does that closes it.
func (p *play) discard(n *transition) {
	n.cancel()
	if n.source != nil {
		_ = n.source.Close()
	}
	if n.key != nil {
		p.run(func(context.Context) { n.pipe.close() })
	}
}

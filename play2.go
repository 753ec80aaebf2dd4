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
	Start         time.Duration // of Reset: where in a file to start
	Len           time.Duration // not followed: streams are played to their end
	Offset        time.Duration // not followed: a stream changes over at once
	Transition    Transition    // if empty, TransitionReset
	Config        *PlayConfig   // of the new stream; if nil, that of what is played, of Reset the defaults
}

// following is a stream that Play2 has named.
type following struct {
	url      string
	settings PlayConfig
}

// transition is the change to another stream.
type transition struct {
	following
	ctx     context.Context
	cancel  context.CancelFunc
	pipe    *pipe
	source  tagSource
	atOnce  bool // no keyframe is waited for on the side of the old stream
	configs []flv.Tag
	key     *flv.Tag // where the new stream begins
}

// Play2 plays, changes over to or appends a stream. NetStream.Play.Transition tells that a change was begun, and
// Client.OnPlayStatus with NetStream.Play.TransitionComplete that the first frame of the new stream was played. Where the
// new stream cannot be opened, NetStream.Play.Transition with the level "warning" and the reason tells so, and what is
// played goes on. One change at a time: a second one takes the place of the first. NetStream.play2.
//
// Errors: request_invalid for an unknown transition, or one that does not fit what is played; those of Play.
func (n *P2PNetStream) Play2(o NetStreamPlayOptions) error {
	switch o.Transition {
	case "", TransitionReset:
		if err := n.Play(o.StreamName, o.Config); err != nil || o.Start <= 0 {
			return err
		}
		return n.Seek(o.Start)
	}
	return n.active(func(p *play, now time.Time) error {
		f := following{url: o.StreamName, settings: p.settings}
		f.settings.Channel = ""
		if o.Config != nil {
			f.settings = *o.Config
		}
		switch o.Transition {
		case TransitionStop:
			p.way.ended = true
			p.way.gen++
			p.way.after = nil
			p.player.End(now)
			return nil
		case TransitionResume:
			f = following{url: p.url, settings: p.settings}
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
			p.open(f, false)
		case len(p.way.after) >= maxAppended:
			return fault.New(fault.LimitReached, "100 streams are appended already; append more when some were played")
		case p.way.ended:
			p.open(f, true)
		default:
			p.way.after = append(p.way.after, f)
		}
		return nil
	})
}

const maxAppended = 100

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
	target := n.url
	if n.settings.Channel != "" {
		target = n.settings.Channel
	}
	q, err := p.openPipe(n.ctx, target, &n.settings)
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
	p.n.tell(p, NetStatusEvent{
		Info: Info{Code: NetStreamPlayTransition, Level: levelWarning, Description: sentence(err), Details: n.url}, Time: time.Now(), Err: err,
	})
	if n.atOnce { // the old one is at its end
		p.way.gen++
		p.sourceEnded()
	}
}

// begins reads the beginning of q.
func (p *play) begins(n *transition, q *pipe) error {
	p.mu.Lock()
	if p.done || p.err != nil || p.way.next != n {
		p.mu.Unlock()
		return fault.New(fault.Closed, "it was closed meanwhile; play it again")
	}
	after, fits := p.player.Time()+p.player.BufferLength(), q.live() == p.cfg.Live
	at := time.Duration(0)
	if !n.atOnce && !p.cfg.Live {
		at = after
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
		if !t.IsFrame() || video && !t.IsKeyframe() || at > 0 && time.Duration(t.Timestamp)*time.Millisecond < after {
			continue
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.done || p.err != nil || p.way.next != n {
			return fault.New(fault.Closed, "it was closed meanwhile; play it again")
		}
		n.key = &t
		p.n.tell(p, NetStatusEvent{Info: Info{Code: NetStreamPlayTransition, Level: levelStatus, Details: n.url}, Time: time.Now()})
		if n.atOnce && p.way.ended {
			p.way.ended = false
		}
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
	w.shift = 0
	if n.atOnce || p.cfg.Live {
		w.shift = w.newest + afterSeek - n.key.Timestamp
	}
	w.pipe, w.source, w.next = n.pipe, n.source, nil
	w.gen++
	p.url, p.settings = n.url, n.settings
	p.listen(n.pipe)
	p.script.switched, p.script.switching = p.player.Time()+p.player.BufferLength(), true
	now := p.now()
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

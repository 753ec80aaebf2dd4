package playback

import (
	"time"

	"github.com/superp2p/superp2p/internal/flv"
)

// output is the way out: which tags are delivered, and what decoders were told.
type output struct {
	audio, video  bool
	fps           float64 // at most so many pictures a second; 0 is all
	shown         time.Duration
	showing       bool // shown counts
	waits         bool // for a keyframe
	configs       []config
	joining       bool // nothing was delivered since a restart
	broken        bool // the next delivery does not follow the last
	width, height int
	sized         bool // by the video itself, not by metadata
	preroll       int  // so many entries from head on are before the playhead
}

// ReceiveAudio says whether audio is delivered; it is at first.
func (p *Player) ReceiveAudio(flag bool) { p.out.audio = flag }

// ReceiveVideo says whether video is delivered; it is at first. When it is again, it starts with the next keyframe.
func (p *Player) ReceiveVideo(flag bool) {
	if flag && !p.out.video {
		p.out.waits = true
	}
	p.out.video = flag
}

// ReceiveVideoFPS limits how many pictures a second are delivered, 0 or less for all. Pictures depend on those before
// them, so a stream with more than that is reduced to its keyframes, and at most so many a second.
func (p *Player) ReceiveVideoFPS(fps float64) {
	if !(fps > 0) {
		fps = 0
	}
	if fps == 0 && p.out.fps > 0 {
		p.out.waits = true
	}
	p.out.fps = fps
	p.out.showing = false
}

// restart makes entries[i] the next to be delivered, and what decoders need goes before it.
func (p *Player) restart(i int) {
	p.buf.move(i)
	o := &p.out
	o.configs = p.buf.configsAt(i)
	for k := range o.configs {
		o.configs[k].pending = true
	}
	o.joining, o.broken, o.showing, o.preroll = true, true, false, 0
	if i < len(p.buf.entries) && p.buf.entries[i].key {
		o.waits = false
	}
}

// release delivers what is due at position.
func (p *Player) release(position time.Duration) {
	b := &p.buf
	for b.head < len(b.entries) && b.entries[b.head].at <= position {
		p.releaseNext()
	}
}

func (p *Player) releaseNext() {
	e := &p.buf.entries[p.buf.head]
	p.buf.move(p.buf.head + 1)
	p.out.preroll--
	p.deliver(e)
}

// deliver hands e on unless it is filtered.
func (p *Player) deliver(e *entry) {
	o := &p.out
	if e.config {
		o.configs = withConfig(o.configs, e)
		if !o.joining {
			p.configure(e.tag.Type, nil)
		}
		return
	}
	if !o.takes(e, p.line.last[1].gap) {
		return
	}
	if e.tag.Type == flv.Script {
		p.configure(flv.Script, e)
	} else {
		for _, t := range [...]flv.Type{flv.Script, flv.Video, flv.Audio} {
			p.configure(t, e)
		}
	}
	o.joining = false
	if e.key {
		p.measure(&e.tag)
	}
	p.hand(Action{Kind: Deliver, Tag: e.tag, At: e.at, Preroll: o.preroll >= 0 && e.frame})
}

// takes tells whether e is to be delivered.
func (o *output) takes(e *entry, gap time.Duration) bool {
	switch e.tag.Type {
	case flv.Audio:
		return o.audio
	case flv.Video:
		if !o.video {
			o.waits = true
			return false
		}
		if e.key {
			o.waits = false
		} else if o.waits {
			return false
		}
		return o.paced(e, gap)
	}
	return true
}

// paced tells whether e is a picture that the limit of pictures a second lets pass.
func (o *output) paced(e *entry, gap time.Duration) bool {
	if o.fps == 0 || !e.frame {
		return true
	}
	if gap > 0 && o.fps*gap.Seconds() >= 1 {
		return true
	}
	if !e.key {
		return false
	}
	// A tenth less than the full gap, since keyframes come not quite evenly.
	if o.showing && (e.at-o.shown).Seconds()*o.fps < 0.9 {
		return false
	}
	o.shown, o.showing = e.at, true
	return true
}

// configure delivers pending configurations of a type, before e if that is not nil.
func (p *Player) configure(t flv.Type, e *entry) {
	o := &p.out
	if t == flv.Audio && !o.audio || t == flv.Video && !o.video {
		return
	}
	for i := range o.configs {
		c := &o.configs[i]
		if !c.pending || c.tag.Type != t {
			continue
		}
		c.pending = false
		tag, at := c.tag, p.position()
		if e != nil {
			tag.Timestamp, at = e.tag.Timestamp, e.at
		}
		p.measure(&tag)
		p.hand(Action{Kind: Deliver, Tag: tag, At: at, Repeated: c.told})
		c.told = true
		p.buf.mark(c.key)
	}
}

// measure tells of new dimensions that tag brings.
func (p *Player) measure(tag *flv.Tag) {
	w, h := tag.PictureSize()
	o := &p.out
	ofVideo := tag.Type == flv.Video
	if w == 0 || !ofVideo && o.sized {
		return
	}
	o.sized = o.sized || ofVideo
	if w == o.width && h == o.height {
		return
	}
	o.width, o.height = w, h
	p.notify(Event{Code: DimensionChange, Width: w, Height: h})
}

func (p *Player) hand(a Action) {
	a.Discontinuity = p.out.broken
	p.out.broken = false
	p.count.delivered(p.now, &a)
	p.actions = append(p.actions, a)
}

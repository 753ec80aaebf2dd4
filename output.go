package superp2p

import (
	"errors"
	"io"
	"iter"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/playback"
)

const (
	// maxOut is how much may wait for who reads, in bytes. Then the clock of a file stands, and of a live stream the oldest
	// is left out.
	maxOut = 8 << 20
	// outWindow is how much of a live stream may wait for who reads.
	outWindow = 10 * time.Second
	// afterSeek is how much later than what was written last FLV goes on where the stream does not, in ms.
	afterSeek = 20
)

// wayOut holds what is due until it is read.
type wayOut struct {
	items   []playback.Action
	bytes   int
	waits   bool   // for a keyframe, after some were left out
	rejoins bool   // what is handed out next does not follow the last
	part    []byte // FLV that was made and not read yet
	headed  bool   // the file header was written
	shift   uint32 // what is added to timestamps for an FLV stream without jumps
	last    uint32 // timestamp written last
	config  [2][]byte
}

func (o *wayOut) full() bool { return o.bytes >= maxOut }

// hand passes on what is due; p.mu is held.
func (p *play) hand(a *playback.Action) {
	o := &p.out
	a.Discontinuity = a.Discontinuity || o.rejoins
	o.rejoins = false
	if o.waits && p.cfg.Live {
		_, config := a.Tag.Config()
		if !config && !a.Tag.IsKeyframe() && (p.script.video != "" || !a.Tag.IsFrame()) {
			return
		}
		o.waits = config
		a.Discontinuity = true
	}
	o.items = append(o.items, *a)
	o.bytes += len(a.Tag.Body) + flv.TagOverhead
	if p.cfg.Live && (o.full() || a.At-o.items[0].At > outWindow) {
		o.leaveOut()
	}
}

// leaveOut leaves out what is too old: all before the newest keyframe, or all, but for what decoders need.
func (o *wayOut) leaveOut() {
	to := len(o.items)
	for i := to - 1; i > 0; i-- {
		if o.items[i].Tag.IsKeyframe() {
			to = i
			break
		}
	}
	o.waits = to == len(o.items)
	var keep []playback.Action
	for i := range o.items[:to] {
		a := &o.items[i]
		key, config := a.Tag.Config()
		o.bytes -= len(a.Tag.Body) + flv.TagOverhead
		if !config {
			continue
		}
		k := 0
		for k < len(keep) {
			if other, _ := keep[k].Tag.Config(); other == key {
				break
			}
			k++
		}
		if k == len(keep) {
			keep = append(keep, *a)
		}
		keep[k] = *a
	}
	for i := range keep {
		keep[i].Discontinuity = i == 0
		if to < len(o.items) {
			keep[i].At, keep[i].Tag.Timestamp = o.items[to].At, o.items[to].Tag.Timestamp
		}
		o.bytes += len(keep[i].Tag.Body) + flv.TagOverhead
	}
	if len(keep) == 0 && to < len(o.items) {
		o.items[to].Discontinuity = true
	}
	o.items = append(keep, o.items[to:]...)
}

// take waits for the next item; p.mu is held.
func (p *play) next() (playback.Action, error) {
	o := &p.out
	for {
		switch {
		case p.done:
			return playback.Action{}, fault.New(fault.Closed, "it was closed meanwhile; play it again")
		case len(o.items) > 0:
			a := o.items[0]
			o.items[0] = playback.Action{}
			o.items = o.items[1:]
			was := o.full()
			o.bytes -= len(a.Tag.Body) + flv.TagOverhead
			if was && !o.full() {
				p.holdClock()
				p.settle()
			}
			return a, nil
		case p.err != nil:
			return playback.Action{}, p.err
		case p.player.State() == playback.Stopped:
			return playback.Action{}, io.EOF
		}
		p.cond.Wait()
	}
}

// read reads FLV.
func (p *play) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := &p.out
	if len(b) == 0 {
		return 0, nil
	}
	if p.done {
		o.part = nil
	}
	for len(o.part) == 0 {
		a, err := p.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				o.headed = false // what a seek brings is another stream for who read this one to its end
			}
			return 0, err
		}
		p.write(&a)
	}
	k := copy(b, o.part)
	o.part = o.part[k:]
	return k, nil
}

// write makes FLV of an item.
func (p *play) write(a *playback.Action) {
	o := &p.out
	t := a.Tag
	o.part = o.part[:0:0]
	switch {
	case !o.headed:
		audio, video := p.way.audio, p.way.video
		if !audio && !video {
			audio, video = true, true
		}
		o.part, o.headed, o.shift = flv.AppendHeader(nil, audio, video), true, 0
	case a.Discontinuity:
		o.shift = o.last + afterSeek - t.Timestamp
	}
	t.Timestamp += o.shift
	o.last = t.Timestamp
	o.part = flv.AppendTag(o.part, &t)
}

// Read reads what is played as FLV: a file header, onMetaData, then tags, each when the playhead has reached it, or as fast
// as they come with Config.Unpaced. Where playback jumps (a seek, a step back) what decoders need is repeated, and
// timestamps go on without a jump. It waits for the first bytes and for later ones.
//
// A file waits for who reads: once 8 MiB are due and nobody takes them its clock stands. A live stream does not: who does
// not take what is due for 10 s goes on at a newer keyframe.
//
// At the stream's end, and once when Play has replaced what was being read, it returns io.EOF; after that it reads what the
// new Play, or a Seek back from the end, plays, from a file header on. A failed play's *Error is returned as often as asked.
// Read, WriteTo, ReadPacket and Packets take from the same; use one of them, from one goroutine at a time.
func (n *P2PNetStream) Read(b []byte) (k int, err error) {
	err = n.reads(func(p *play) (err error) {
		k, err = p.read(b)
		return err
	})
	return k, err
}

// reads has f read from the current play.
func (n *P2PNetStream) reads(f func(*play) error) error {
	p, err := n.next()
	if err != nil {
		return err
	}
	if err = f(p); err == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.reading == p {
		n.reading = nil // its end is told now
	}
	if p.gone && n.play != nil {
		err = io.EOF
	}
	return err
}

// next returns the play to read from: the current one, but io.EOF first if another was being read.
func (n *P2PNetStream) next() (*play, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	was := n.reading
	n.reading = n.play
	switch {
	case n.play == nil:
		return nil, fault.New(fault.Closed, "nothing is played; call Play")
	case was != nil && was != n.play:
		n.reading = nil
		return nil, io.EOF
	}
	return n.play, nil
}

// WriteTo writes what Read reads to w until the end, which is no error.
func (n *P2PNetStream) WriteTo(w io.Writer) (int64, error) {
	buf := make([]byte, 64<<10)
	var written int64
	for {
		k, err := n.Read(buf)
		if k > 0 {
			m, writeErr := w.Write(buf[:k])
			written += int64(m)
			if writeErr != nil {
				return written, writeErr
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return written, nil
		case err != nil:
			return written, err
		}
	}
}

// PacketKind is what a Packet carries.
type PacketKind string

// The kinds of packets.
const (
	AudioPacket PacketKind = "audio"
	VideoPacket PacketKind = "video"
	DataPacket  PacketKind = "data"
)

// Packet is a coded frame of audio or video, or script data.
type Packet struct {
	Kind  PacketKind
	Codec string // a FourCC: avc1, hvc1, mp4a …; "" of data
	// Config is what a decoder needs before this frame: an AVCDecoderConfigurationRecord, an AudioSpecificConfig …; nil if
	// the codec needs nothing. It must not be changed.
	Config []byte
	PTS    time.Duration // when it is shown, as Time counts
	DTS    time.Duration // when it is decoded
	Key    bool          // a decoder can start here; true of all audio
	// Preroll says that it is to be decoded and not to be shown: it leads to the picture of a seek or a step.
	Preroll bool
	// Discontinuity says that it does not follow what was before it: decoders start anew.
	Discontinuity bool
	// Data is the frame as the container holds it (H.264 and H.265 with sizes before each NAL unit, AAC without ADTS), of
	// script data its AMF0. It must not be changed.
	Data []byte
}

// ReadPacket returns the next packet of what is played, when Read would return its bytes. Errors are those of Read.
func (n *P2PNetStream) ReadPacket() (packet Packet, err error) {
	err = n.reads(func(p *play) (err error) {
		packet, err = p.packet()
		return err
	})
	return packet, err
}

// Packets returns the packets of what is played, to the end. A failure comes last, with an empty packet; the end, a
// replaced play and a closed stream just end it.
func (n *P2PNetStream) Packets() iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		for {
			packet, err := n.ReadPacket()
			switch {
			case errors.Is(err, io.EOF), CodeOf(err) == fault.Closed:
				return
			case err != nil:
				yield(Packet{}, err)
				return
			}
			if !yield(packet, nil) {
				return
			}
		}
	}
}

func (p *play) packet() (Packet, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	broken := false
	for {
		a, err := p.next()
		if err != nil {
			return Packet{}, err
		}
		broken = broken || a.Discontinuity
		t := &a.Tag
		if t.Type == flv.Script {
			return Packet{Kind: DataPacket, PTS: a.At, DTS: a.At, Data: t.Body, Discontinuity: broken, Preroll: a.Preroll}, nil
		}
		data, composition := t.Payload()
		i := 0
		if t.Type == flv.Video {
			i = 1
		}
		if t.IsSequenceHeader() {
			p.out.config[i] = data
		}
		if !t.IsFrame() {
			continue
		}
		packet := Packet{
			Kind: [...]PacketKind{AudioPacket, VideoPacket}[i], Codec: string(t.Codec()), Config: p.out.config[i],
			DTS: a.At, PTS: a.At + time.Duration(composition)*time.Millisecond, Data: data,
			Key: i == 0 || t.IsKeyframe(), Preroll: a.Preroll, Discontinuity: broken,
		}
		return packet, nil
	}
}

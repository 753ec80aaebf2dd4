package remux

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

const (
	// maxLineup is how long the tracks of a stream are waited for, in milliseconds.
	maxLineup = 3000
	// maxLineupTags and maxLineupBytes bound what is held meanwhile.
	maxLineupTags  = 2000
	maxLineupBytes = 32 << 20
)

// packet is what a tag carries, on a line of time that does not wrap.
type packet struct {
	video, config, key bool
	codec              flv.Codec
	dts, cts           int64 // in milliseconds
	data               []byte
}

// lineup finds out which tracks a stream of tags has before a container that must know is begun, and hands on the
// packets from then on.
type lineup struct {
	out    *output
	name   string // of the container, for messages
	begin  func(video, audio *packet) error
	write  func(p *packet) error
	ready  bool
	err    error
	first  [2]*packet // the tracks' configurations, or the first packet if they have none
	wanted [2]bool    // announced by onMetaData
	held   []packet
	bytes  int
	last   uint32
	now    int64
	begun  bool
	latest [2][]byte // the configuration that came last
}

// WriteTag takes the next tag. Its body must not be changed afterwards.
func (l *lineup) WriteTag(t flv.Tag) error {
	if l.err == nil {
		l.err = l.told(guard("a tag of the stream", func() error { return l.take(&t) }))
	}
	return l.err
}

// output is the writer below, with the error that it returned.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err != nil {
		o.err = err
	}
	return n, err
}

// told returns what to say of an error: the writer's own as it is, a library's with what to do.
func (l *lineup) told(err error) error {
	if _, ours := errors.AsType[*fault.Error](err); err == nil || ours || l.out.err != nil {
		return err
	}
	return wrapped(err, "the stream cannot be written as "+l.name+"; write FLV, or check the encoder")
}

func (l *lineup) take(t *flv.Tag) error {
	if t.IsMetadata() && !l.ready {
		audio, video := flv.StreamKinds(t.Body)
		l.wanted = [2]bool{video, audio}
		return nil
	}
	if t.Type != flv.Audio && t.Type != flv.Video {
		return nil
	}
	if _, config := t.Config(); config && !t.IsSequenceHeader() {
		return nil // describes colours or channels, which the configurations do too
	}
	p, ok, err := l.unpack(t)
	if err != nil || !ok {
		return err
	}
	i := 1
	if p.video {
		i = 0
	}
	if p.config {
		if bytes.Equal(l.latest[i], p.data) {
			return nil
		}
		l.latest[i] = p.data
	}
	if l.ready {
		if l.first[i] == nil {
			return nil // a track that came too late; the container cannot take it any more
		}
		return l.write(&p)
	}
	if l.first[i] == nil && (p.config || p.codec == flv.MP3) {
		l.first[i] = &p
	}
	l.held = append(l.held, p)
	l.bytes += len(p.data)
	both := l.first[0] != nil && l.first[1] != nil
	all := (l.wanted[0] || l.wanted[1]) && (!l.wanted[0] || l.first[0] != nil) && (!l.wanted[1] || l.first[1] != nil) &&
		!p.config
	late := p.dts > maxLineup || len(l.held) > maxLineupTags || l.bytes > maxLineupBytes
	if both || all || late && (l.first[0] != nil || l.first[1] != nil) {
		return l.start()
	}
	if late && l.bytes > maxLineupBytes {
		return invalid("the stream has no decoder configuration, so no %s can be written of it; write FLV", l.name)
	}
	return nil
}

// start begins the container and writes what was held.
func (l *lineup) start() error {
	l.ready = true
	if err := l.begin(l.first[0], l.first[1]); err != nil {
		return err
	}
	held := l.held
	l.held = nil
	for i := range held {
		p := &held[i]
		if first := l.first[kindOf(p)]; first == nil || p.config && bytes.Equal(p.data, first.data) {
			continue
		}
		if err := l.write(p); err != nil {
			return err
		}
	}
	return nil
}

// finish begins the container with what has come, if it is not begun.
func (l *lineup) finish() error {
	switch {
	case l.err != nil:
		return l.err
	case l.ready:
		return nil
	case l.first[0] == nil && l.first[1] == nil:
		l.err = fault.New(fault.NothingPlayable, "no audio or video came, so no "+l.name+" was written; check the stream")
		return l.err
	}
	l.err = l.told(guard("a tag of the stream", l.start))
	return l.err
}

func kindOf(p *packet) int {
	if p.video {
		return 0
	}
	return 1
}

// unpack takes a tag's packet out of its body; false for one that carries none.
func (l *lineup) unpack(t *flv.Tag) (packet, bool, error) {
	p := packet{video: t.Type == flv.Video, config: t.IsSequenceHeader(), key: t.IsKeyframe(), codec: t.Codec()}
	b := t.Body
	if len(b) == 0 {
		return p, false, nil
	}
	switch p.codec {
	case flv.H264, flv.HEVC, flv.AAC, flv.MP3:
	default:
		name := fmt.Sprintf("%q", string(p.codec))
		if p.codec == "" {
			name = "a codec that is not known here"
		}
		return p, false, invalid("the stream has %s, which is not written as %s here; write FLV", name, l.name)
	}
	switch {
	case p.video && b[0]&0x80 != 0:
		kind, at := b[0]&0x0f, 1
		if b[0]>>4&7 == 5 || kind == 2 {
			return p, false, nil
		}
		if kind > 3 || len(b) < 5 {
			return p, false, invalid("the stream has packets of enhanced FLV that are not written as %s here; write FLV", l.name)
		}
		at += 4
		if kind == 1 {
			if len(b) < at+3 {
				return p, false, nil
			}
			p.cts = signed24(b[at:])
			at += 3
		}
		p.data = b[at:]
	case p.video:
		if len(b) < 5 || b[1] > 1 || b[0]>>4 == 5 {
			return p, false, nil
		}
		p.cts, p.data = signed24(b[2:]), b[5:]
	case b[0]>>4 == 9:
		if kind := b[0] & 0x0f; kind > 1 || len(b) < 5 {
			return p, false, nil
		}
		p.data = b[5:]
	case p.codec == flv.MP3:
		p.data = b[1:]
	default:
		if len(b) < 2 {
			return p, false, nil
		}
		p.data = b[2:]
	}
	if p.config {
		p.cts = 0
	}
	p.dts = l.time(t.Timestamp)
	return p, len(p.data) > 0, nil
}

// time unwraps a timestamp; the first is 0.
func (l *lineup) time(at uint32) int64 {
	if !l.begun {
		l.begun, l.last = true, at
	}
	l.now += int64(int32(at - l.last))
	l.last = at
	return l.now
}

func signed24(b []byte) int64 {
	return int64(int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8) >> 8)
}

package superp2p

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// AppendBytesAction says what the bytes that follow are: flash.net.NetStreamAppendBytesAction.
type AppendBytesAction string

// The actions.
const (
	// ResetBegin: another file begins, with its header. It is played after what is held; after EndSequence it begins anew,
	// at once, which Play.Reset tells, and then Play.Start.
	ResetBegin AppendBytesAction = "resetBegin"
	// ResetSeek: after a Seek, the bytes begin with a tag of the place that was sought.
	ResetSeek AppendBytesAction = "resetSeek"
	// EndSequence: nothing follows. What is held is played to its end.
	EndSequence AppendBytesAction = "endSequence"
)

// feed takes FLV bytes of the application.
type feed struct {
	rest   []byte
	headed bool
	ignore bool // until ResetSeek
}

func (f *feed) seek() { f.rest, f.ignore = nil, true }

// AppendBytes gives FLV bytes to a stream in data generation mode, which Play with an empty URL begins: a file header, then
// tags, cut anywhere. They are played and offered to no swarm. It does not wait and does not keep b. NetStream.appendBytes.
//
// Errors: request_invalid if the stream is not in that mode or has ended; limit_reached, with nothing taken, while more is
// held than Config.Memory (if zero, 64 MiB), so append it again when some was played; source_invalid for bytes that are no
// FLV: then NetStream.Play.FileStructureInvalid is told, once, and the play is over.
func (n *P2PNetStream) AppendBytes(b []byte) error {
	return n.active(func(p *play, now time.Time) error {
		f := p.way.fed
		switch {
		case f == nil:
			return fault.New(fault.RequestInvalid, "a URL is being played; call Play with an empty URL to append bytes")
		case p.way.ended:
			return fault.New(fault.RequestInvalid, "the sequence has ended; call AppendBytesAction(ResetBegin) for another")
		case f.ignore:
			return nil
		}
		held := p.player.Info()
		if held.AudioBufferByteLength+held.VideoBufferByteLength+held.DataBufferByteLength+len(f.rest)+len(b) > p.memory() {
			return fault.New(fault.LimitReached, "more is held than Config.Memory allows; append when some of it was played")
		}
		f.rest = append(f.rest, b...)
		if err := p.parse(f, now); err != nil {
			p.fail(err)
			return err
		}
		return nil
	})
}

// parse appends the tags that are whole; p.mu is held.
func (p *play) parse(f *feed, now time.Time) error {
	at := 0
	defer func() { f.rest = append(f.rest[:0], f.rest[at:]...) }()
	if !f.headed {
		header := min(len(f.rest), 3)
		if string(f.rest[:header]) != "FLV"[:header] {
			return fault.New(fault.SourceInvalid, "what was appended is no FLV; begin with the header of an FLV file")
		}
		if len(f.rest) < flv.HeaderSize {
			return nil
		}
		if _, err := flv.NewReader(bytes.NewReader(f.rest[:flv.HeaderSize]), flv.Limits{}).ReadTag(); !errors.Is(err, io.EOF) {
			return fault.Wrap(fault.SourceInvalid, "what was appended is no FLV; begin with the header of an FLV file", err)
		}
		if !p.way.has {
			p.way.has, p.way.audio, p.way.video = true, f.rest[4]&4 != 0, f.rest[4]&1 != 0
		}
		f.headed, at = true, flv.HeaderSize
	}
	for {
		t, size, err := flv.ParseTag(f.rest[at:], flv.Limits{})
		if errors.Is(err, flv.ErrShort) {
			return nil
		}
		if err != nil {
			return fault.Wrap(fault.SourceInvalid, "what was appended is no FLV or is damaged; begin anew with Play", err)
		}
		t.Body = bytes.Clone(t.Body)
		at += size
		if err := p.player.Append(now, t); err != nil {
			return err
		}
		p.way.framed = p.way.framed || t.IsFrame()
	}
}

// AppendBytesAction says what the bytes that follow are. NetStream.appendBytesAction.
//
// Errors: request_invalid if the stream is not in data generation mode, or the action is unknown; those of Pause.
func (n *P2PNetStream) AppendBytesAction(action AppendBytesAction) error {
	return n.active(func(p *play, now time.Time) error {
		f := p.way.fed
		if f == nil {
			return fault.New(fault.RequestInvalid, "a URL is being played; call Play with an empty URL to append bytes")
		}
		switch action {
		case ResetBegin:
			f.rest, f.headed, f.ignore = nil, false, false
			if p.way.ended {
				p.beginAnew()
			}
		case ResetSeek:
			f.rest, f.headed, f.ignore = nil, true, false
		case EndSequence:
			p.way.ended = true
			p.player.End(now)
		default:
			return fault.New(fault.RequestInvalid, "the action "+strconv.Quote(string(action))+" is unknown; give ResetBegin, ResetSeek or EndSequence")
		}
		return nil
	})
}

// beginAnew begins another sequence after the end of one; p.mu is held.
func (p *play) beginAnew() {
	p.n.tell(p, NetStatusEvent{Info: Info{Code: NetStreamPlayReset, Level: levelStatus, Details: p.name()}, Time: time.Now()})
	p.way.ended, p.way.framed = false, false
	p.out.rejoins = p.out.headed || len(p.out.items) > 0
	p.remake()
}

package superp2p

import (
	"bytes"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// outgoing is what a stream publishes.
type outgoing struct {
	publishing sync.Mutex  // of Publish and Close
	pub        *publishing // guarded by P2PNetStream.mu
	config     map[PacketKind][]byte
	packets    sync.Mutex // of WritePacket
}

// Publish publishes what is then written to the stream, by RTMP at Config.PublishURL, else at the server: FLV bytes with
// Write, frames with WritePacket, script data with Send. name is the stream's, "live/NAME?key=KEY", or a whole rtmp(s)
// URL; an empty one ends it. kind is "live" or "". It returns at once; NetStream.Publish.Start, or with the level "error"
// NetStream.Publish.BadName or NetStream.Failed tell how it goes. What was published before is ended first.
// A stream may play and publish at the same time. NetStream.publish.
//
// Errors: url_invalid, request_invalid for arguments that cannot be right, which NetStream.Failed tells as well; what was
// published goes on then.
func (n *P2PNetStream) Publish(name, kind string) error {
	if name == "" {
		n.unpublish()
		return nil
	}
	if err := checkPublish(name, kind); err != nil {
		n.tell(nil, NetStatusEvent{
			Info: Info{Code: NetStreamFailed, Level: levelError, Description: sentence(err), Details: name}, Time: time.Now(), Err: err,
		})
		return err
	}
	n.outgoing.publishing.Lock()
	defer n.outgoing.publishing.Unlock()
	n.stopPublishing()
	pub := publish(&n.cfg, n.cfg.PublishURL, name, func(code, level, description string, err error) {
		n.tell(nil, NetStatusEvent{
			Info: Info{Code: code, Level: level, Description: description, Details: name}, Time: time.Now(), Err: err,
		})
	})
	n.mu.Lock()
	n.pub = pub
	n.mu.Unlock()
	return nil
}

// unpublish ends what is published.
func (n *P2PNetStream) unpublish() {
	n.outgoing.publishing.Lock()
	defer n.outgoing.publishing.Unlock()
	n.stopPublishing()
}

func (n *P2PNetStream) stopPublishing() {
	n.mu.Lock()
	pub := n.pub
	n.pub = nil
	n.mu.Unlock()
	if pub != nil {
		pub.stop()
	}
	n.packets.Lock()
	n.config = nil
	n.packets.Unlock()
}

func (n *P2PNetStream) published() (*publishing, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pub == nil {
		return nil, fault.New(fault.RequestInvalid, "nothing is published; call Publish")
	}
	return n.pub, nil
}

// Write publishes FLV bytes, a file's or a stream's: a file header, then tags; they may be cut anywhere. It waits until the
// stream is published, and, unless Config.Unpaced, until it is the bytes' time by their timestamps.
//
// Errors: request_invalid before Publish; source_invalid for bytes that are no FLV; what ended it otherwise.
func (n *P2PNetStream) Write(b []byte) (int, error) {
	pub, err := n.published()
	if err != nil {
		return 0, err
	}
	return pub.Write(b)
}

// WritePacket publishes a frame or script data as ReadPacket gives them: of avc1, hvc1, mp4a and .mp3. Packet.Config is sent
// first, and again when it changes. It waits as Write does.
//
// Errors: those of Write; request_invalid for other codecs.
func (n *P2PNetStream) WritePacket(p Packet) error {
	pub, err := n.published()
	if err != nil {
		return err
	}
	n.packets.Lock()
	defer n.packets.Unlock()
	if p.Kind != DataPacket && len(p.Config) > 0 && !bytes.Equal(n.config[p.Kind], p.Config) {
		first, err := tagOf(&p, true)
		if err == nil {
			err = pub.writeTag(first)
		}
		if err != nil {
			return err
		}
		if n.config == nil {
			n.config = map[PacketKind][]byte{}
		}
		n.config[p.Kind] = bytes.Clone(p.Config)
	}
	t, err := tagOf(&p, false)
	if err != nil {
		return err
	}
	return pub.writeTag(t)
}

// tagOf makes a tag of a packet, or of its configuration.
func tagOf(p *Packet, config bool) (flv.Tag, error) {
	t := flv.Tag{Timestamp: uint32(p.DTS.Milliseconds())}
	data, kind := p.Data, byte(1)
	if config {
		data, kind = p.Config, 0
	}
	frame := byte(2)
	if p.Key || config {
		frame = 1
	}
	late := max(-1<<23, min((p.PTS-p.DTS).Milliseconds(), 1<<23-1))
	if config {
		late = 0
	}
	offset := []byte{byte(late >> 16), byte(late >> 8), byte(late)}
	switch {
	case p.Kind == DataPacket:
		t.Type = flv.Script
	case p.Codec == string(flv.AAC):
		t.Type, t.Body = flv.Audio, []byte{0xaf, kind}
	case p.Codec == string(flv.MP3):
		t.Type, t.Body = flv.Audio, []byte{0x2f}
	case p.Codec == string(flv.H264):
		t.Type, t.Body = flv.Video, append([]byte{frame<<4 | 7, kind}, offset...)
	case p.Codec == string(flv.HEVC):
		t.Type, t.Body = flv.Video, append([]byte{0x80 | frame<<4 | kind}, flv.HEVC...)
		if !config {
			t.Body = append(t.Body, offset...)
		}
	default:
		return t, fault.New(fault.RequestInvalid, "packets of this codec cannot be published; write FLV bytes with Write")
	}
	t.Body = append(t.Body, data...)
	return t, nil
}

// Send publishes script data: a call of a handler that who plays the stream has named. Values are those of AMF0: numbers,
// texts, bool, nil, maps with text keys, slices, time.Time. NetStream.send.
//
// Errors: those of Write; request_invalid for other values.
func (n *P2PNetStream) Send(handler string, args ...any) error {
	pub, err := n.published()
	if err != nil {
		return err
	}
	return pub.call(handler, args...)
}

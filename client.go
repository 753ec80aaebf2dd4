package superp2p

import (
	"time"

	"github.com/superp2p/superp2p/internal/amf"
	"github.com/superp2p/superp2p/internal/flv"
)

// Client are the handlers of script data: NetStream.client. Those that are nil are not called. They are called like the
// handler of OnNetStatus, in order with it, when the playhead reaches the data. Values are those of AMF0: float64, bool,
// string, map[string]any, []any, time.Time, nil.
type Client struct {
	OnMetaData   func(map[string]any)          // what the stream says of itself: width, height, duration …
	OnCuePoint   func(map[string]any)          // a cue point in the stream
	OnXMPData    func(map[string]any)          // Extensible Metadata Platform, under "data"
	OnImageData  func(map[string]any)          // an image, under "data"
	OnTextData   func(map[string]any)          // text, under "text"
	OnPlayStatus func(PlayStatus)              // how the whole of a play went
	OnSeekPoint  func(seekPoint time.Duration) // in data generation mode: a seek has come to its place
	// Handlers are called by what the publisher sends (NetStream.send) under these names.
	Handlers map[string]func(args ...any)
}

// PlayStatus is what Client.OnPlayStatus is told.
type PlayStatus struct {
	Code     string        // NetStreamPlayComplete or NetStreamPlayTransitionComplete
	Level    string        // "status"
	Duration time.Duration // of Complete: where playback ended
	Bytes    uint64        // of Complete: the bytes of media that were taken in
}

// SetClient sets the handlers of script data. NetStream.client.
func (n *P2PNetStream) SetClient(c Client) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.client = c
}

// Client returns what SetClient set.
func (n *P2PNetStream) Client() Client {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.client
}

// script is what the stream has said of itself.
type script struct {
	meta, xmp    map[string]any
	audio, video flv.Codec
	switching    bool // another stream comes from switched on
	switched     time.Duration
}

// call calls the handler that script data names; p.mu is held.
func (p *play) call(body []byte) {
	name, args, err := amf.Decode(body, amf.Limits{})
	if err != nil && len(args) == 0 {
		if log := p.n.cfg.Logger; log != nil {
			log.Debug("script data cannot be read", "err", err)
		}
		return
	}
	var object map[string]any
	if len(args) > 0 {
		object, _ = args[0].(map[string]any)
	}
	switch name {
	case "onMetaData":
		p.script.meta = object
	case "onXMPData":
		p.script.xmp = object
	}
	p.n.callClient(p, func(c Client) {
		known := map[string]func(map[string]any){
			"onMetaData": c.OnMetaData, "onCuePoint": c.OnCuePoint, "onXMPData": c.OnXMPData, "onImageData": c.OnImageData,
			"onTextData": c.OnTextData,
		}
		if f := known[name]; f != nil {
			f(object)
		}
		if f := c.Handlers[name]; f != nil {
			f(args...)
		}
	})
}

// AudioCodec returns what the audio is coded with, a FourCC such as mp4a; "" before the first was played.
// NetStream.audioCodec.
func (n *P2PNetStream) AudioCodec() string {
	return n.said(func(s *script) string { return string(s.audio) })
}

// VideoCodec returns what the video is coded with, a FourCC such as avc1; "" before the first was played.
// NetStream.videoCodec.
func (n *P2PNetStream) VideoCodec() string {
	return n.said(func(s *script) string { return string(s.video) })
}

func (n *P2PNetStream) said(f func(*script) string) string {
	p := n.current()
	if p == nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return f(&p.script)
}

// Info returns what came in and what is held, of the current play; empty if nothing is played. NetStream.info.
func (n *P2PNetStream) Info() NetStreamInfo {
	var info NetStreamInfo
	if p := n.current(); p != nil {
		p.step(func(time.Time) {
			i := p.player.Info()
			info.setPlayback(&i)
			info.MetaData, info.XMPData = p.script.meta, p.script.xmp
			info.URI, info.ResourceName, info.IsLive = n.cfg.server(), p.name(), p.cfg.Live
		})
	}
	return info
}

// MulticastInfo returns what the swarm gave and took, of the current play; empty if nothing is played.
// NetStream.multicastInfo.
func (n *P2PNetStream) MulticastInfo() NetStreamMulticastInfo {
	p := n.current()
	if p == nil {
		return NetStreamMulticastInfo{}
	}
	p.mu.Lock()
	q := p.way.pipe
	p.mu.Unlock()
	if q == nil {
		return NetStreamMulticastInfo{}
	}
	counts := q.counts()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.meter.info(time.Now(), &counts)
}

// BytesLoaded returns how many bytes of media were taken in by the current play. NetStream.bytesLoaded.
func (n *P2PNetStream) BytesLoaded() uint64 { return n.Info().ByteCount }

// BytesTotal returns how many bytes the file that is played has; 0 of all else. NetStream.bytesTotal.
func (n *P2PNetStream) BytesTotal() uint64 {
	p := n.current()
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.way.pipe == nil {
		return 0
	}
	if f := p.way.pipe.viewer.File(); f != nil {
		return uint64(max(f.Size, 0))
	}
	return 0
}

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// controlPath is where a page sends its offer of a data channel.
const controlPath = "/webbench/channel"

const (
	// beat is how often the control sends: as often as slices come.
	beat = 50 * time.Millisecond
	// piece is the longest message, in bytes: as in docs/wire.md.
	piece = 16 << 10
)

// control trades as many bytes with a page over a bare data channel as the SDK does with its peers: what that costs is what no
// SDK can be without.
type control struct {
	ctx context.Context

	mu       sync.Mutex
	down, up float64 // bytes per second, to the page and from it
	wg       sync.WaitGroup
}

// follow has it trade as much as the SDK did between two readings.
func (c *control) follow(before, now figures, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = max(0, now.FromPeers-before.FromPeers) / took.Seconds()
	c.up = max(0, now.Uploaded-before.Uploaded) / took.Seconds()
}

// ServeHTTP answers an offer.
func (c *control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	offer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err == nil {
		var answer string
		if answer, err = c.answer(string(offer)); err == nil {
			_, _ = io.WriteString(w, answer)
			return
		}
	}
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

func (c *control) answer(offer string) (string, error) {
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	context.AfterFunc(c.ctx, func() { _ = pc.Close() })
	pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		channel.OnOpen(func() { c.wg.Go(func() { c.send(channel) }) })
	})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", fmt.Errorf("the page's offer: %w", err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	select {
	case <-gathered:
	case <-c.ctx.Done():
		return "", c.ctx.Err()
	}
	return pc.LocalDescription().SDP, nil
}

// send sends until the end what is due each beat.
func (c *control) send(channel *webrtc.DataChannel) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	message := make([]byte, piece)
	var down, up float64 // that are due
	for last := time.Now(); ; {
		select {
		case <-c.ctx.Done():
			return
		case now := <-ticker.C:
			c.mu.Lock()
			down, up = down+c.down*now.Sub(last).Seconds(), up+c.up*now.Sub(last).Seconds()
			c.mu.Unlock()
			last = now
		}
		for down >= 4 {
			n := int(min(down, piece))
			back := uint32(min(up, piece))
			binary.BigEndian.PutUint32(message, back)
			down, up = down-float64(n), up-float64(back)
			if channel.Send(message[:n]) != nil {
				return
			}
		}
	}
}

package interop

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/superp2p/superp2p/internal/tracker/client"
)

// pionHandler opens a data channel of pion to whom the tracker brings, says hello and notes what it hears.
type pionHandler struct {
	t      *testing.T
	heard  chan string
	joined chan int

	mu     sync.Mutex
	all    []*webrtc.PeerConnection
	offers map[[20]byte]*webrtc.PeerConnection
}

func newPionHandler(t *testing.T) *pionHandler {
	return &pionHandler{
		t: t, heard: make(chan string, 100), joined: make(chan int, 100), offers: map[[20]byte]*webrtc.PeerConnection{},
	}
}

func (h *pionHandler) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, pc := range h.all {
		_ = pc.Close()
	}
}

func (h *pionHandler) connection() *webrtc.PeerConnection {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		h.t.Error(err)
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, pc)
	return pc
}

func (h *pionHandler) greet(dc *webrtc.DataChannel) {
	dc.OnOpen(func() { _ = dc.SendText("hello from " + hex.EncodeToString(idBytes("ours"))) })
	dc.OnMessage(func(m webrtc.DataChannelMessage) { h.heard <- string(m.Data) })
}

// settle makes d the local description and returns it with all candidates.
func (h *pionHandler) settle(pc *webrtc.PeerConnection, d webrtc.SessionDescription, err error) string {
	done := webrtc.GatheringCompletePromise(pc)
	if err == nil {
		err = pc.SetLocalDescription(d)
	}
	if err != nil {
		h.t.Error(err)
		return ""
	}
	<-done
	return pc.LocalDescription().SDP
}

func (h *pionHandler) Offers(_ context.Context, n int) (list []client.Offer) {
	for range n {
		pc := h.connection()
		dc, err := pc.CreateDataChannel("hello", nil)
		if err != nil {
			h.t.Error(err)
			return nil
		}
		h.greet(dc)
		d, err := pc.CreateOffer(nil)
		o := client.Offer{SDP: h.settle(pc, d, err)}
		_, _ = rand.Read(o.ID[:])
		h.mu.Lock()
		h.offers[o.ID] = pc
		h.mu.Unlock()
		list = append(list, o)
	}
	return list
}

func (h *pionHandler) Offered(_, _ [20]byte, sdp string, reply func(string)) {
	pc := h.connection()
	pc.OnDataChannel(h.greet)
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp}); err != nil {
		h.t.Error(err)
		return
	}
	d, err := pc.CreateAnswer(nil)
	reply(h.settle(pc, d, err))
}

func (h *pionHandler) Answered(_, offerID [20]byte, sdp string) {
	h.mu.Lock()
	pc := h.offers[offerID]
	h.mu.Unlock()
	if pc == nil {
		h.t.Error("an answer to nothing")
		return
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		h.t.Error(err)
	}
}

func (h *pionHandler) SwarmSize(n int) { h.joined <- n }

package superp2p

import (
	"errors"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/remux"
)

// told is something that the application is to be told, with the play that it is about.
type told struct {
	play  *play // nil of what is published
	event NetStatusEvent
	call  func(Client) // instead of event
}

// maxQueue is how much waits for a slow handler before more is left out; a failure never is.
const maxQueue = 10_000

// tell queues an event of p for the handler. The handler runs apart from everything else, so that it may call any
// method. After an event that ends p nothing more is told of it.
func (n *P2PNetStream) tell(p *play, e NetStatusEvent) {
	n.enqueue(told{play: p, event: e}, p != nil && ends(&e))
}

// ends tells whether an event is the last of its play. Failed seeks and steps are of the level "error" and end nothing.
func ends(e *NetStatusEvent) bool {
	return e.Info.Level == levelError && strings.HasPrefix(e.Info.Code, "NetStream.Play.")
}

// callClient queues a call of a client handler.
func (n *P2PNetStream) callClient(p *play, call func(Client)) {
	n.enqueue(told{play: p, call: call}, false)
}

func (n *P2PNetStream) enqueue(t told, ends bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.put(t, ends)
}

// put queues t; n.mu is held.
func (n *P2PNetStream) put(t told, ends bool) {
	if t.play != nil {
		if t.play.gone || t.play.failed {
			return
		}
		t.play.failed = ends
		t.play.over = ends || t.event.Info.Code == NetStreamPlayStop ||
			t.play.over && t.event.Info.Code != NetStreamSeekStartNotify && t.event.Info.Code != NetStreamPlayStart
	}
	if len(n.queue) >= maxQueue && !ends {
		return
	}
	n.queue = append(n.queue, t)
	if !n.telling {
		n.telling = true
		go n.dispatch()
	}
}

// dispatch tells the application what is queued, in order, but nothing of a play that was replaced or closed meanwhile.
func (n *P2PNetStream) dispatch() {
	for {
		n.mu.Lock()
		if len(n.queue) == 0 {
			n.queue = nil
			n.telling = false
			n.mu.Unlock()
			return
		}
		next, handler, client := n.queue[0], n.handler, n.client
		n.queue = n.queue[1:]
		gone := next.play != nil && next.play.gone
		n.mu.Unlock()
		switch {
		case gone:
		case next.call != nil:
			next.call(client)
		case handler != nil:
			handler(next.event)
		}
	}
}

// failure returns the event that a play ends with.
func failure(err error, details string) NetStatusEvent {
	return NetStatusEvent{
		Info: Info{Code: failureCode(err), Level: levelError, Description: sentence(err), Details: details},
		Time: time.Now(), Err: err,
	}
}

// failureCode tells by which event code a failure is told.
func failureCode(err error) string {
	switch CodeOf(err) {
	case fault.SourceRefused:
		for _, said := range [...]string{"404", "StreamNotFound"} {
			if strings.Contains(err.Error(), said) {
				return NetStreamPlayStreamNotFound
			}
		}
	case fault.SourceInvalid:
		if errors.Is(err, remux.ErrNoTrack) || errors.Is(err, errNoFrame) {
			return NetStreamPlayNoSupportedTrackFound
		}
		return NetStreamPlayFileStructureInvalid
	}
	return NetStreamPlayFailed
}

// errNoFrame marks a stream that ended without a frame.
var errNoFrame = errors.New("superp2p: no frame of audio or video")

func noFrame() error {
	return fault.Wrap(fault.SourceInvalid, "the stream ended without audio or video that can be played; check what makes it", errNoFrame)
}

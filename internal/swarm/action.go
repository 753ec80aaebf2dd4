package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// Link names one connection to a peer. The driver numbers them, one after the other, and never uses a number again.
type Link uint32

// PeerID is a peer's name at the tracker.
type PeerID [20]byte

// ActionKind says what an Action asks of the driver.
type ActionKind uint8

// The kinds of actions.
const (
	// Send: send Data and then Body on Link as one message, in order, and never drop it silently. Body is a part of a
	// payload that others share: it must not be changed.
	Send ActionKind = 1 + iota
	// Disconnect: close Link. The engine has already forgotten it, so no LinkClosed is owed. With Bar set, refuse
	// that peer for the rest of the session.
	Disconnect
	// Fetch: ask the server for slice Number and wait up to Wait until it is cut; then call Fetched or FetchFailed. If
	// Copies is not 0 the server is to give it only if it has given fewer copies than that. If Proof is not nil it speaks
	// of the slice, and only the payload from Offset on is needed: call FetchedRest or FetchFailed.
	Fetch
	// CancelFetch: slice Number is not needed from the server any more; no answer is owed.
	CancelFetch
	// Deliver: Slice is the next to be played, and it is time.
	Deliver
	// Started: the first slice was delivered.
	Started
	// Stalled: it is time for the next slice and it is not here.
	Stalled
	// Resumed: playback goes on, Wait after it stalled.
	Resumed
	// Ended: the last slice of the track was delivered.
	Ended
	// Lost: the next slice cannot be had any more, or the server does not know the track. Resolve again, then call
	// Reposition (the same track) or start a new engine (another).
	Lost
	// Kept: Slice is here and proved, wherever playback is. Of a file, and with Config.Early.
	Kept
)

// Action is one thing that the driver is to do. Which fields count depends on Kind.
type Action struct {
	Kind   ActionKind
	Link   Link
	Data   []byte
	Body   []byte // nil unless the message carries payload
	Number slice.Number
	Wait   time.Duration
	Copies int
	Offset int
	Proof  *slice.Signed
	Slice  *slice.Slice
	Bar    bool
	Reason wire.Reason // Disconnect
	Err    error       // Disconnect: what the peer did, nil where it did nothing wrong
}

// FetchError says why the server did not give a slice.
type FetchError uint8

// The reasons.
const (
	NotYet       FetchError = 1 + iota // the wait is over and the slice is not cut: ask again
	Gone                               // the slice has left the server's window
	TrackUnknown                       // the server does not hold the track
	SourceEnded                        // the stream is over
	Enough                             // the server has given as many copies as it was asked not to exceed
	Unreachable                        // no answer, or one that makes no sense
)

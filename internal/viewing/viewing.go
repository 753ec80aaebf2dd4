package viewing

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/remux"
)

// State is how a viewing is.
type State struct {
	State string `json:"state"` // unknown, opening, playing, ended, failed, or cut: the player is gone and has not said so
	Live  bool   `json:"live"`
	// Duration is how long a film is, and Start which of its times the timestamp 0 is, in seconds.
	Duration float64 `json:"duration"`
	Start    float64 `json:"start"`
	// Size is about how many bytes come in all; 0 if that is not known.
	Size int64 `json:"size"`
	// Bytes is how much was sent, and Time the timestamp of the last tag of it, in seconds.
	Bytes      int64   `json:"bytes"`
	Time       float64 `json:"time"`
	VideoBytes int64   `json:"videoBytes"`
	AudioBytes int64   `json:"audioBytes"`
	Frames     int64   `json:"frames"` // pictures that were sent
	// VideoCodec and AudioCodec are what FLV calls them.
	VideoCodec int `json:"videoCodec"`
	AudioCodec int `json:"audioCodec"`
	// Delay is how far behind live what is sent is, in seconds.
	Delay float64 `json:"delay"`
	// Away says that the source of a live stream is away, and may come back.
	Away bool `json:"away,omitempty"`
	Figures
	// Multicast is what NetStreamMulticastInfo says of it, by its names; what is 0 may be left out.
	Multicast map[string]float64 `json:"multicastInfo,omitempty"`
	// Code and Message say why it failed, and Event what NetStream tells of that, without «NetStream.».
	Code    fault.Code `json:"code,omitempty"`
	Message string     `json:"message,omitempty"`
	Event   string     `json:"event,omitempty"`
}

// Figures are where the bytes of the stream came from.
type Figures struct {
	Peers  int    `json:"peers"`
	P2P    uint64 `json:"p2pBytes"`
	CDN    uint64 `json:"cdnBytes"`
	Upload uint64 `json:"uploadBytes"`
}

// About is what is known of what is viewed.
type About struct {
	Live     bool
	Duration time.Duration
	Size     int64
	// Start is where in a film it begins, where the timestamps do not say it.
	Start time.Duration
	// Any lets codecs through that Flash players do not know.
	Any bool
	// Figures tells where bytes came from, and how far behind live what is read is. If nil, nothing is told.
	Figures func() (Figures, time.Duration)
	// Away tells whether the source is away. If nil, it is not.
	Away func() bool
	// Multicast tells what the swarm gave and took. If nil, nothing is told.
	Multicast func() map[string]float64
	// Tracks is "audio" or "video" if only that is sent, as far as it is there.
	Tracks string
	// Share switches giving to peers, for this viewing: it is called with false when the player does not want to, and with true when
	// it wants to again, or its viewing ends. If nil, there is nothing to switch.
	Share func(on bool)
	// Quiet says that the player does not want to give to peers from the start.
	Quiet bool
	// Touch is called as long as it is viewed, every 5 s at least. If nil, nothing is.
	Touch func()
}

// Viewing is one answer of FLV.
type Viewing struct {
	cancel context.CancelFunc
	gone   func() error  // why nobody takes anything more, nil while somebody does
	done   chan struct{} // closed by Close
	never  bool          // it was ended before it began

	mu     sync.Mutex
	about  About
	state  string
	sent   State
	err    error
	closed time.Time
	quiet  bool // the player does not want to give to peers
	asked  bool // it ends because somebody has asked for that
}

func (v *Viewing) unused() bool { return v.never }

// forgotten tells whether it ended so long ago.
func (v *Viewing) forgotten(after time.Duration) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.closed.IsZero() && time.Since(v.closed) >= after
}

// State returns how it is.
func (v *Viewing) State() State {
	v.mu.Lock()
	s, about, err := v.sent, v.about, v.err
	s.State = v.state
	v.mu.Unlock()
	s.Live, s.Duration, s.Size = about.Live, about.Duration.Seconds(), about.Size
	if about.Figures != nil {
		var delay time.Duration
		s.Figures, delay = about.Figures()
		s.Delay = delay.Seconds()
	}
	s.Away = s.State == "playing" && about.Away != nil && about.Away()
	if about.Multicast != nil {
		s.Multicast = about.Multicast()
	}
	if err != nil {
		s.Code, s.Message, s.Event = fault.CodeOf(err), sentence(err), Event(err)
	}
	return s
}

// Close says how it ended: nil and io.EOF mean as it should. It may be called twice; the first counts.
func (v *Viewing) Close(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.closed.IsZero() {
		return
	}
	v.shareLocked(true)
	v.closed, v.state = time.Now(), "ended"
	switch left := errors.Is(err, errLeft); {
	case errors.Is(err, io.EOF):
	case !v.asked && (left || v.gone() != nil):
		v.state = "cut"
	case err == nil, left:
	default:
		v.state, v.err = "failed", err
	}
	v.cancel()
	close(v.done)
}

// share switches giving to peers.
func (v *Viewing) share(on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shareLocked(on)
}

// shareLocked does; the mutex is held.
func (v *Viewing) shareLocked(on bool) {
	if v.closed.IsZero() && v.about.Share != nil && on == v.quiet {
		v.quiet = !on
		v.about.Share(on)
	}
}

// End has the answer end, because its player wants that.
func (v *Viewing) End() {
	v.mu.Lock()
	v.asked = true
	v.mu.Unlock()
	v.cancel()
}

// end is End, and waits until it has.
func (v *Viewing) end(ctx context.Context) {
	v.End()
	timer := time.NewTimer(endPatience)
	defer timer.Stop()
	select {
	case <-v.done:
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Event returns what a NetStream tells of a failure (docs/netstream.md), without «NetStream.».
func Event(err error) string {
	switch fault.CodeOf(err) {
	case fault.SourceRefused:
		for _, said := range [...]string{"404", "StreamNotFound"} {
			if strings.Contains(sentence(err), said) {
				return "Play.StreamNotFound"
			}
		}
	case fault.SourceInvalid:
		if errors.Is(err, remux.ErrNoTrack) {
			return "Play.NoSupportedTrackFound"
		}
		return "Play.FileStructureInvalid"
	}
	return "Play.Failed"
}

// sentence returns what err says without its code.
func sentence(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return strings.TrimPrefix(e.Error(), string(e.Code)+": ")
	}
	return err.Error()
}

package superp2p

import (
	"time"

	"github.com/superp2p/superp2p/internal/playback"
)

// settings are what an application has set, for this play and those to come.
type settings struct {
	bufferTime, bufferTimeMax, backBufferTime, maxPauseBufferTime time.Duration
	inBufferSeek, noAudio, noVideo                                bool
	fps                                                           float64
	sound                                                         SoundTransform
	multicast                                                     multicast
	native                                                        native
}

func defaultSettings() settings {
	return settings{
		bufferTime: 100 * time.Millisecond, backBufferTime: 30 * time.Second,
		sound: SoundTransform{Volume: 1, LeftToLeft: 1, RightToRight: 1}, multicast: defaultMulticast(),
		native: native{hardware: true},
	}
}

// apply sets up the buffer of a play.
func (s *settings) apply(p *playback.Player, now time.Time) {
	p.SetBufferTime(now, s.bufferTime)
	p.SetBufferTimeMax(now, s.bufferTimeMax)
	p.SetBackBufferTime(now, s.backBufferTime)
	p.SetMaxPauseBufferTime(now, s.maxPauseBufferTime)
	p.ReceiveAudio(!s.noAudio)
	p.ReceiveVideo(!s.noVideo)
	p.ReceiveVideoFPS(s.fps)
}

// change changes a setting and tells the current play.
func (n *P2PNetStream) change(set func(*settings), tell func(*playback.Player, time.Time)) {
	n.mu.Lock()
	set(&n.set)
	p := n.play
	n.mu.Unlock()
	if p != nil && tell != nil {
		p.step(func(now time.Time) { tell(p.player, now) })
	}
}

func (n *P2PNetStream) settings() settings {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.set
}

// ask asks the buffer of the current play; 0 if nothing is played.
func ask[T any](n *P2PNetStream, f func(*playback.Player) T) (answer T) {
	if p := n.current(); p != nil {
		p.step(func(time.Time) { answer = f(p.player) })
	}
	return answer
}

// Time returns where the playhead is in the stream, on the line of time of the source: of a file since its beginning, of a
// live stream since this play began to receive it. It is 0 before the first frame. NetStream.time.
func (n *P2PNetStream) Time() time.Duration { return ask(n, (*playback.Player).Time) }

// BufferTime returns how much must be held for playback to start or to go on after it ran dry. If never set, 100 ms.
// NetStream.bufferTime.
func (n *P2PNetStream) BufferTime() time.Duration { return n.settings().bufferTime }

// SetBufferTime sets BufferTime, also of the plays to come; 0 or less is as little as is possible, which is one frame.
func (n *P2PNetStream) SetBufferTime(d time.Duration) {
	n.change(func(s *settings) { s.bufferTime = max(d, 0) }, func(p *playback.Player, now time.Time) { p.SetBufferTime(now, d) })
}

// BufferTimeMax returns how much of a live stream may be held before it is played faster, by 1.5 to 4 %, until BufferTime is
// held. If never set, 0: it is not limited. NetStream.bufferTimeMax.
func (n *P2PNetStream) BufferTimeMax() time.Duration { return n.settings().bufferTimeMax }

// SetBufferTimeMax sets BufferTimeMax, also of the plays to come.
func (n *P2PNetStream) SetBufferTimeMax(d time.Duration) {
	n.change(func(s *settings) { s.bufferTimeMax = max(d, 0) }, func(p *playback.Player, now time.Time) { p.SetBufferTimeMax(now, d) })
}

// BufferLength returns how much is held after the playhead. NetStream.bufferLength.
func (n *P2PNetStream) BufferLength() time.Duration { return ask(n, (*playback.Player).BufferLength) }

// BackBufferTime returns how much of what was played is kept for Seek and Step. If never set, 30 s.
// NetStream.backBufferTime.
func (n *P2PNetStream) BackBufferTime() time.Duration { return n.settings().backBufferTime }

// SetBackBufferTime sets BackBufferTime, also of the plays to come; 0 keeps nothing.
func (n *P2PNetStream) SetBackBufferTime(d time.Duration) {
	n.change(func(s *settings) { s.backBufferTime = max(d, 0) }, func(p *playback.Player, now time.Time) { p.SetBackBufferTime(now, d) })
}

// BackBufferLength returns how much is held before the playhead. NetStream.backBufferLength.
func (n *P2PNetStream) BackBufferLength() time.Duration {
	return ask(n, (*playback.Player).BackBufferLength)
}

// InBufferSeek returns what SetInBufferSeek set, at first false. NetStream.inBufferSeek.
func (n *P2PNetStream) InBufferSeek() bool { return n.settings().inBufferSeek }

// SetInBufferSeek is kept and has no effect: a seek is done in the buffer wherever it reaches, and the frames are the same.
func (n *P2PNetStream) SetInBufferSeek(on bool) {
	n.change(func(s *settings) { s.inBufferSeek = on }, nil)
}

// MaxPauseBufferTime returns how much may be held while paused. If never set, 60 s or twice BufferTime, whichever is longer.
// NetStream.maxPauseBufferTime.
func (n *P2PNetStream) MaxPauseBufferTime() time.Duration {
	s := n.settings()
	if s.maxPauseBufferTime > 0 {
		return s.maxPauseBufferTime
	}
	return max(time.Minute, 2*s.bufferTime)
}

// SetMaxPauseBufferTime sets MaxPauseBufferTime, also of the plays to come; 0 or less is its default.
func (n *P2PNetStream) SetMaxPauseBufferTime(d time.Duration) {
	n.change(func(s *settings) { s.maxPauseBufferTime = max(d, 0) }, func(p *playback.Player, now time.Time) { p.SetMaxPauseBufferTime(now, d) })
}

// CurrentFPS returns how many pictures were shown in the last second. NetStream.currentFPS.
func (n *P2PNetStream) CurrentFPS() float64 { return ask(n, (*playback.Player).CurrentFPS) }

// DecodedFrames returns how many pictures were handed out, in all of this play. NetStream.decodedFrames.
func (n *P2PNetStream) DecodedFrames() uint64 { return ask(n, (*playback.Player).DecodedFrames) }

// ReceiveAudio says whether audio is handed out; it is at first, and what is set counts for the plays to come.
// NetStream.receiveAudio.
func (n *P2PNetStream) ReceiveAudio(on bool) {
	n.change(func(s *settings) { s.noAudio = !on }, func(p *playback.Player, _ time.Time) { p.ReceiveAudio(on) })
}

// ReceiveVideo says whether video is handed out; it is at first, and what is set counts for the plays to come. When it is
// again, it starts with the next keyframe. NetStream.receiveVideo.
func (n *P2PNetStream) ReceiveVideo(on bool) {
	n.change(func(s *settings) { s.noVideo = !on }, func(p *playback.Player, _ time.Time) { p.ReceiveVideo(on) })
}

// ReceiveVideoFPS limits how many pictures a second are handed out, 0 or less for all: a stream with more is reduced to its
// keyframes, and at most so many a second. NetStream.receiveVideoFPS.
func (n *P2PNetStream) ReceiveVideoFPS(fps float64) {
	n.change(func(s *settings) { s.fps = fps }, func(p *playback.Player, _ time.Time) { p.ReceiveVideoFPS(fps) })
}

// SoundTransform is how loud the sound is, 0 to 1 each: flash.media.SoundTransform.
type SoundTransform struct {
	Volume                                             float64 // of all; at first 1
	Pan                                                float64 // -1 is left, 1 is right
	LeftToLeft, LeftToRight, RightToLeft, RightToRight float64
}

// SoundTransform returns what SetSoundTransform set. NetStream.soundTransform.
func (n *P2PNetStream) SoundTransform() SoundTransform { return n.settings().sound }

// SetSoundTransform keeps t for who plays the sound: frames are handed out as they are.
func (n *P2PNetStream) SetSoundTransform(t SoundTransform) {
	n.change(func(s *settings) { s.sound = t }, nil)
}

package slicer

import "github.com/superp2p/superp2p/internal/flv"

const (
	// maxAhead is how far a timestamp may run ahead of all before it without being a jump, in ms.
	maxAhead = 10_000
	// maxBehind is how far a timestamp may lie behind the last of its own kind without being a jump, in ms. Decoding
	// times do not go back within one kind; encoders with jitter stay far below this.
	maxBehind = 1_000
	// maxSkew is how far audio and video may lie apart within an interleaved stream, in ms.
	maxSkew = 5_000
	// step is how much track time passes over a jump, in ms: about one frame.
	step = 40
)

// clock turns timestamps of the source, which wrap and jump, into track time, which does neither.
type clock struct {
	begun    bool
	last     int64    // the last timestamp, unwrapped
	offset   int64    // track time = unwrapped timestamp + offset
	previous int64    // the offset before the last jump, for stragglers of the time before
	straggle bool     // previous may still be needed
	now      int64    // the highest track time so far
	of       [2]int64 // the last track time of audio, of video; -1 before the first
}

func kindOf(t *flv.Tag) int {
	if t.Type == flv.Video {
		return 1
	}
	return 0
}

// media returns the track time in ms of a media tag, and whether the source jumped.
func (c *clock) media(t *flv.Tag) (int64, bool) {
	if !c.begun {
		c.begun, c.last, c.of = true, int64(t.Timestamp), [2]int64{-1, -1}
		c.offset = c.now - c.last
		c.of[kindOf(t)] = c.now
		return c.now, false
	}
	u := c.unwrap(t.Timestamp)
	c.last = u
	at, jumped := u+c.offset, false
	if !c.fits(at, kindOf(t)) {
		if old := u + c.previous; c.straggle && old < c.now+maxBehind && old > c.now-maxBehind {
			at = old
		} else {
			jumped = true
			c.previous, c.straggle = c.offset, true
			c.now += step
			at = c.now
			c.offset = at - u
			c.of = [2]int64{-1, -1}
		}
	}
	at = max(at, 0)
	c.now = max(c.now, at)
	c.of[kindOf(t)] = at
	return at, jumped
}

// fits tells whether track time at continues what came before of the same kind.
func (c *clock) fits(at int64, kind int) bool {
	if at > c.now+maxAhead {
		return false
	}
	if last := c.of[kind]; last >= 0 {
		return at > last-maxBehind
	}
	return at > c.now-maxSkew
}

// other returns the track time of a tag whose timestamp encoders often leave 0: its own if plausible, else the present.
func (c *clock) other(t *flv.Tag) int64 {
	at := c.unwrap(t.Timestamp) + c.offset
	if !c.begun || at > c.now+maxAhead || at < c.now-maxBehind || at < 0 {
		return c.now
	}
	return at
}

// restart makes the next media tag continue at the present whatever its timestamp.
func (c *clock) restart() {
	if c.begun {
		c.now += step
	}
	c.begun, c.straggle = false, false
}

// unwrap returns ts with the bits beyond 32 that bring it nearest to the last timestamp.
func (c *clock) unwrap(ts uint32) int64 {
	return c.last + int64(int32(ts-uint32(c.last)))
}

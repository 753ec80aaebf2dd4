package edge

import (
	"sync"
	"time"
)

const (
	// crowdFloor is how many viewers may come in a second, however small the swarm, without being a crowd.
	crowdFloor = 40
	// crowdShare is the part of a swarm, one in so many, that may come in a second on top of that: the more viewers are
	// there, the more can feed those who come.
	crowdShare = 40
)

// crowd counts who resolves a stream, to tell when more come than the server should feed. Its zero value is ready for
// use, by several goroutines at the same time.
type crowd struct {
	mu     sync.Mutex
	second int64 // Unix s that came is of
	came   int
	before int // came in the second before that
}

// comes counts one that comes now to a swarm of so many viewers, and tells whether it comes in a crowd: whether in this
// whole second or in the one before more came than crowdFloor and crowdShare allow.
func (c *crowd) comes(now time.Time, viewers int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch second := now.Unix(); second - c.second {
	case 0, -1: // -1: read the clock before another that was counted first
	case 1:
		c.second, c.before, c.came = second, c.came, 0
	default: // a while later; or the clock was set back
		c.second, c.before, c.came = second, 0, 0
	}
	c.came++
	return max(c.came, c.before) > crowdFloor+viewers/crowdShare
}

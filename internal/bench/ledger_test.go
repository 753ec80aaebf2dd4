package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/origin"
)

// sample returns the first n tags of an origin whose frame with timestamp 0 is due at start.
func sample(n int, start time.Time) (tags []flv.Tag) {
	loop := origin.NewLoop(0, 0, start)
	for range n {
		t, _ := loop.Next()
		tags = append(tags, t)
	}
	return tags
}

func TestFollowerMeasuresEachFrameThroughLoops(t *testing.T) {
	start := time.Unix(1000, 0)
	tags := sample(2000, start) // over three rounds of the clip
	l := newLedger()
	for i := range tags {
		l.add(&tags[i])
	}
	from := 0
	for i := range tags {
		if tags[i].IsKeyframe() && i > 100 {
			from = i
			break
		}
	}
	f := newFollower(l)
	header := flv.Tag{Type: flv.Video, Body: []byte{0x17, 0, 0, 0, 0}}
	f.got(&header, start)
	frames := 0
	for _, tag := range tags[from:] {
		f.got(&tag, start.Add(time.Duration(tag.Timestamp)*time.Millisecond+6030*time.Millisecond))
		if tag.Type == flv.Video {
			frames++
		}
	}
	require.Zero(t, f.bad)
	require.Zero(t, f.skips)
	require.Len(t, f.delays, frames)
	for _, d := range f.delays {
		require.InDelta(t, 6030.0, d, 0.001)
	}
}

func TestFollowerCountsWhatIsWrongOrMissing(t *testing.T) {
	now := time.Unix(1000, 0)
	tags := sample(100, now)
	l := newLedger()
	for i := range tags {
		l.add(&tags[i])
	}
	first := 0
	for !tags[first].IsKeyframe() {
		first++
	}
	f := newFollower(l)
	f.got(&tags[first+1], now)
	require.Equal(t, int64(1), f.bad, "what comes before a keyframe cannot be played")
	f = newFollower(l)
	for i, tag := range tags[first:] {
		switch i {
		case 4, 5: // left out
		case 8:
			tag.Body = append([]byte{}, tag.Body...)
			tag.Body[len(tag.Body)-1] ^= 1
			f.got(&tag, now)
		default:
			f.got(&tag, now)
		}
	}
	require.Equal(t, int64(1), f.bad)
	require.Equal(t, int64(3), f.skips, "two left out, and the one whose place a wrong one took")
}

func TestLatenessCountsWhenAPlayerRunsDry(t *testing.T) {
	now := time.Unix(1000, 0)
	frame := func(ms uint32) *flv.Tag {
		return &flv.Tag{Type: flv.Video, Timestamp: ms, Body: []byte{0x27, 1, 0, 0, 0, 9}}
	}
	var l lateness
	for _, at := range []struct{ stamp, came uint32 }{
		{0, 0}, {100, 100}, {200, 690}, {300, 799}, // within half a second
		{400, 2000},             // dry
		{500, 2500}, {600, 600}, // refilled
		{700, 2801}, // dry again by 1 ms
	} {
		l.got(frame(at.stamp), now.Add(time.Duration(at.came)*time.Millisecond))
	}
	require.Equal(t, 2, l.dry)
}

package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
)

// clip is one loop of a stream: keyframe, inter frames and audio frames, AVC and AAC.
func clip() []flv.Tag {
	var tags []flv.Tag
	for i := range byte(40) {
		if i%10 == 0 {
			tags = append(tags, flv.Tag{Type: flv.Video, Body: []byte{0x17, 1, 0, 0, 0, i}})
		} else {
			tags = append(tags, flv.Tag{Type: flv.Video, Body: []byte{0x27, 1, 0, 0, 0, i}})
		}
		tags = append(tags, flv.Tag{Type: flv.Audio, Body: []byte{0xaf, 1, 7}}) // all alike, as silence is
	}
	return tags
}

func TestFollowerMeasuresEachTagThroughLoops(t *testing.T) {
	l, now := newLedger(), time.Unix(1000, 0)
	const step, late = 50 * time.Millisecond, 6 * time.Second
	loop := clip()
	for i := range 4 * len(loop) { // each loop lasts 4 s, less than the delay
		l.sent(&loop[i%len(loop)], now.Add(time.Duration(i)*step))
	}
	f := newFollower(l, late)
	header := flv.Tag{Type: flv.Video, Body: []byte{0x17, 0, 0, 0, 0}}
	f.got(&header, now)
	for i := 20; i < 3*len(loop); i++ {
		f.got(&loop[i%len(loop)], now.Add(time.Duration(i)*step+late+30*time.Millisecond))
	}
	require.Zero(t, f.bad)
	require.Zero(t, f.skips)
	require.Len(t, f.delays, 3*len(loop)-20)
	for _, d := range f.delays {
		require.Equal(t, 6030.0, d)
	}
}

func TestFollowerCountsWhatIsWrongOrMissing(t *testing.T) {
	l, now := newLedger(), time.Unix(1000, 0)
	loop := clip()
	for i := range loop {
		l.sent(&loop[i], now)
	}
	f := newFollower(l, 0)
	f.got(&loop[1], now)
	require.Equal(t, int64(1), f.bad, "what comes before a keyframe cannot be played")
	f = newFollower(l, 0)
	for i := range loop {
		switch i {
		case 4, 5: // left out
		case 8:
			changed := loop[i]
			changed.Body = append([]byte{}, changed.Body...)
			changed.Body[5] ^= 0x80
			f.got(&changed, now)
		default:
			f.got(&loop[i], now)
		}
	}
	require.Equal(t, int64(1), f.bad)
	require.Equal(t, int64(3), f.skips, "two left out, and the one whose place a wrong one took")
}

package remux_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/remux"
)

// Audio and video in segments of their own share one line of time.
func TestJoinersShareALineOfTime(t *testing.T) {
	tags := drain(t, remux.NewTSReader(bytes.NewReader(load(t, media(t, "clip.ts"))), remux.Options{}))
	apart := func(kind flv.Type, shift uint32) []byte {
		var some []flv.Tag
		for _, tag := range tags {
			if tag.Type == kind {
				tag.Timestamp += shift
				some = append(some, tag)
			}
		}
		return load(t, write(t, ".mp4", some))
	}
	reader := func(b []byte) remux.TagReader {
		r, err := remux.NewFragmentReader(nil, bytes.NewReader(b), remux.Options{})
		require.NoError(t, err)
		return r
	}
	var video, audio remux.Joiner
	audio.With(&video)
	video.Next(reader(apart(flv.Video, 0)))
	audio.Next(reader(apart(flv.Audio, 0)))
	pictures := drain(t, &video)
	sound := drain(t, &audio)
	require.Zero(t, pictures[0].Timestamp)
	require.InDelta(t, pictures[len(pictures)-1].Timestamp, sound[len(sound)-1].Timestamp, 200)
}

package matrix

import (
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/peer"
	live "github.com/superp2p/superp2p/internal/source"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// watched is how much of a live stream each viewer watches, in ms.
const watched = 15_000

// delay is how far behind live tags are watched: sources have just begun.
const delay = 4 * time.Second

// readLive reads the media tags of so much of a stream.
func readLive(t *testing.T, v *peer.Viewer) []string {
	r := v.NewReader()
	defer r.Close() //nolint:errcheck // it returns nil, always
	var tags []string
	reader := flv.NewReader(r, flv.Limits{})
	for {
		tag, err := reader.ReadTag()
		if err != nil {
			t.Errorf("the stream broke off: %v", err)
			return nil
		}
		if tag.IsMedia() && !header(&tag) {
			tags = append(tags, body(&tag))
		}
		if tag.Timestamp > watched {
			return tags
		}
	}
}

func body(tag *flv.Tag) string { return string(rune(tag.Type)) + string(tag.Body) }

// clip returns the media tags that sources of stagetest send again and again, without sequence headers.
func clip(t *testing.T) []string {
	f, err := os.Open(stagetest.Clip(t))
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // it was read only
	var tags []string
	reader := flv.NewReader(f, flv.Limits{})
	for {
		tag, err := reader.ReadTag()
		if err == io.EOF {
			return tags
		}
		require.NoError(t, err)
		if tag.IsMedia() && !header(&tag) && len(tag.Body) > 5 { // but the end of sequence
			tags = append(tags, body(&tag))
		}
	}
}

func header(tag *flv.Tag) bool { return tag.IsVideoSequenceHeader() || tag.IsAudioSequenceHeader() }

// isRun tells whether part is a run of whole, which begins again at its end.
func isRun(whole, part []string) bool {
	for i := range whole {
		k := 0
		for k < len(part) && whole[(i+k)%len(whole)] == part[k] {
			k++
		}
		if k == len(part) {
			return true
		}
	}
	return false
}

// looped watches a source that sends the clip again and again; where it begins again the order of picture and sound is
// the sender's choice.
func looped(t *testing.T, s *system, target string) source {
	stagetest.OnAir(t, s.ServerURL(), target)
	video, audio := split(clip(t))
	return source{target: target, delay: delay, watch: func(t *testing.T, v *peer.Viewer) {
		pictures, sounds := split(readLive(t, v))
		if len(pictures) < 150 || len(sounds) < 150 || !isRun(video, pictures) || !isRun(audio, sounds) {
			t.Errorf("%d and %d tags are not what the source sends", len(pictures), len(sounds))
		}
	}}
}

func split(tags []string) (video, audio []string) {
	for _, one := range tags {
		if one[0] == byte(flv.Video) {
			video = append(video, one)
		} else {
			audio = append(audio, one)
		}
	}
	return video, audio
}

func rtmpPull(t *testing.T, s *system) source { return looped(t, s, stagetest.ServeRTMP(t)) }

func rtmpPublish(t *testing.T, s *system) source {
	stagetest.Push(t, "rtmp://"+s.Server.RTMPAddr()+"/live/matrix")
	return looped(t, s, "live/matrix")
}

func flvLive(t *testing.T, s *system) source { return looped(t, s, stagetest.Serve(t)) }

// rtspPull compares with another session at the same camera, since frames are not what they were in the clip once they
// have come by RTP.
func rtspPull(t *testing.T, _ *system) source {
	camera := stagetest.Camera(t)
	direct, err := live.Open(t.Context(), camera, live.Options{})
	require.NoError(t, err)
	sent := make(chan []string, 1)
	go func() {
		var tags []string
		for tag, err := direct.ReadTag(); err == nil; tag, err = direct.ReadTag() {
			if tag.IsMedia() && !header(&tag) {
				tags = append(tags, body(&tag))
			}
		}
		sent <- tags
	}()
	var mu sync.Mutex
	var seen [][]string
	return source{
		target: camera, delay: delay,
		watch: func(t *testing.T, v *peer.Viewer) {
			part := readLive(t, v)
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, part)
		},
		end: func(t *testing.T) {
			require.NoError(t, direct.Close())
			whole := <-sent
			for _, part := range seen {
				require.Greater(t, len(part), 300)
				require.True(t, isRun(whole, part), "%d tags are not what the camera sends", len(part))
			}
		},
	}
}

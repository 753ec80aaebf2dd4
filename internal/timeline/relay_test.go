package timeline_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/rtmp"
	"github.com/superp2p/superp2p/internal/timeline"
)

// feed is a publication that goes through an edge into a time line.
type feed struct {
	*edge
	line *timeline.Timeline
	tags []flv.Tag
	err  error
}

func (f *feed) WriteTag(t flv.Tag) error {
	f.tags = append(f.tags, t)
	for _, s := range f.push(t) {
		f.err = errors.Join(f.err, f.line.Append(s))
	}
	return nil
}

func (f *feed) Close(error) {
	for _, s := range f.flush() {
		f.err = errors.Join(f.err, f.line.Append(s))
	}
	f.line.Close(nil)
}

// ingest runs publish against an RTMP server and returns what arrived, and a reader of the time line from its start.
func ingest(t *testing.T, publish func(url string)) (*feed, *timeline.Reader) {
	f := &feed{edge: newEdge(7), line: timeline.New(timeline.Config{Window: time.Minute})}
	s := &rtmp.Server{OnPublish: func(context.Context, rtmp.Request) (rtmp.Publication, error) { return f, nil }}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	r := f.line.NewReader()
	publish("rtmp://" + l.Addr().String() + "/live/test")
	_, err = io.Copy(io.Discard, f.line.NewReader()) // until the publisher is gone
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, <-served)
	require.NoError(t, f.err)
	return f, r
}

// What comes by enhanced RTMP leaves as it came, bit for bit.
func TestEnhancedRTMPBitForBit(t *testing.T) {
	video := func(first byte, at int, payload ...byte) flv.Tag {
		return flv.Tag{Type: flv.Video, Timestamp: uint32(at), Body: append([]byte{first, 'h', 'v', 'c', '1'}, payload...)}
	}
	opus := func(first byte, at int, payload ...byte) flv.Tag {
		return flv.Tag{Type: flv.Audio, Timestamp: uint32(at), Body: append([]byte{first, 'O', 'p', 'u', 's'}, payload...)}
	}
	for name, c := range map[string]struct{ hevc, opus bool }{
		"HEVC and Opus": {true, true}, "HEVC": {true, false}, "Opus": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			var headers, media []flv.Tag
			if c.hevc {
				headers = append(headers, video(0x90, 0, 1, 2, 3), video(0x94, 0, 2, 0, 7))
			}
			if c.opus {
				headers = append(headers, opus(0x90, 0, []byte("OpusHead")...))
			}
			for i := range 250 {
				if c.hevc {
					first := byte(0xa1) // inter frame, CodedFrames; keyframes large enough to span slices
					size := 3000
					if i%50 == 0 {
						first, size = 0x91, 150_000
					} else if i%3 == 0 {
						first = 0xa3 // CodedFramesX
					}
					media = append(media, video(first, 900_000+i*40, bytes.Repeat([]byte{byte(i), 0, 0, 1}, size/4)...))
				}
				if c.opus {
					for k := range 2 {
						media = append(media, opus(0x91, 900_000+i*40+20*k, bytes.Repeat([]byte{byte(i)}, 160)...))
					}
				}
			}
			_, r := ingest(t, func(url string) {
				p, err := rtmp.Publish(t.Context(), url, rtmp.DialOptions{})
				require.NoError(t, err)
				for _, tag := range append(headers, media...) {
					require.NoError(t, p.WriteTag(tag))
				}
				require.NoError(t, p.Close())
			})
			got := all(t, r)
			require.True(t, got[0].IsMetadata())
			for i := range headers {
				require.Equal(t, headers[i].Body, got[1+i].Body)
			}
			sent := onlyMedia(media)
			played := onlyMedia(got)
			if !c.hevc { // nothing announced that there is no video, so the first second of audio was spent on waiting for it
				sent = sent[len(sent)-len(played):]
				require.Less(t, len(media)-len(sent), 60)
			}
			require.Equal(t, sent, played)
			require.Zero(t, got[1].Timestamp)
		})
	}
}

// ffmpeg publishes, and finds nothing to complain about in what comes out.
func TestFFmpegPlays(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "ffmpeg is missing: run `make tools`")
	const clip = "../origin/clip.flv"
	lavfi := []string{"-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=6"}
	tone := []string{"-f", "lavfi", "-i", "sine=sample_rate=44100:duration=6"}
	for name, args := range map[string][]string{
		"H.264 and AAC":   {"-i", clip, "-c", "copy"},
		"late timestamps": {"-i", clip, "-c", "copy", "-output_ts_offset", "200000"},
		"B-frames": append(append(lavfi, tone...),
			"-c:v", "libx264", "-g", "50", "-bf", "3", "-preset", "veryfast", "-c:a", "aac"),
		"H.263 and MP3": append(append(lavfi, tone...), "-c:v", "flv1", "-g", "50", "-c:a", "libmp3lame"),
		"audio alone":   {"-i", clip, "-vn", "-c", "copy"},
		"video alone":   {"-i", clip, "-an", "-c", "copy"},
	} {
		t.Run(name, func(t *testing.T) {
			f, r := ingest(t, func(url string) {
				out, err := exec.Command(ffmpeg, append(append([]string{"-v", "error"}, args...), "-f", "flv", url)...).CombinedOutput()
				require.NoError(t, err, string(out))
			})
			file := filepath.Join(t.TempDir(), "out.flv")
			b, err := io.ReadAll(r)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file, b, 0o600))
			out, err := exec.Command(ffmpeg, "-v", "warning", "-xerror", "-i", file, "-f", "null", "-").CombinedOutput()
			require.NoError(t, err, string(out))
			require.Empty(t, string(out))

			tags := flv.NewReader(bytes.NewReader(b), flv.Limits{})
			var played []flv.Tag
			var has [2]bool
			for {
				tag, err := tags.ReadTag()
				if err != nil {
					require.ErrorIs(t, err, io.EOF)
					break
				}
				has[0], has[1] = has[0] || tag.Type == flv.Audio, has[1] || tag.Type == flv.Video
				played = append(played, tag)
			}
			sent := f.tags
			if key := slices.IndexFunc(sent, func(t flv.Tag) bool { return t.IsKeyframe() }); key > 0 {
				sent = sent[key:] // what comes before the first keyframe is dropped
			}
			require.Equal(t, onlyMedia(sent), onlyMedia(played))
			require.Equal(t, flv.AppendHeader(nil, has[0], has[1]), b[:flv.HeaderSize], "the header tells what comes")
			require.Less(t, played[3].Timestamp, uint32(100), "time begins near 0")
		})
	}
}

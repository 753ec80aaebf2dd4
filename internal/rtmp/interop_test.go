package rtmp

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/bluenviron/gortmplib"
	theirs "github.com/bluenviron/gortmplib/pkg/message"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
)

// ffmpeg publishes; what arrives is what ffmpeg's own FLV muxer writes.
func TestFFmpegPublishes(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "ffmpeg is missing: run `make tools`")
	const clip = "../origin/clip.flv"
	file := t.TempDir() + "/copy.flv"
	run(t, ffmpeg, "-v", "error", "-i", clip, "-c", "copy", "-f", "flv", file)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	want := media(flv.NewReader(bytes.NewReader(b), flv.Limits{}))

	r := newRelay()
	address := start(t, &Server{}, r)
	run(t, ffmpeg, "-v", "error", "-i", clip, "-c", "copy", "-f", "flv", "rtmp://"+address+"/live/test?key=1")
	tags, closed, err := r.wait(1 << 20)
	require.True(t, closed)
	require.NoError(t, err)
	require.True(t, tags[0].IsMetadata(), "@setDataFrame is for the server")
	var got [][]byte
	for _, tag := range tags {
		if tag.Type != flv.Script {
			got = append(got, tag.Body)
		}
	}
	require.Len(t, got, len(want))
	require.True(t, bytes.Equal(bytes.Join(want, nil), bytes.Join(got, nil)))
	require.Positive(t, len(got))

	// And it plays what we send.
	run(t, ffmpeg, "-v", "error", "-xerror", "-i", "rtmp://"+address+"/live/test", "-f", "null", "-")
}

// ffmpeg publishes a stream that has run for hours: its times pass 24 bits, where they are sent as extended timestamps,
// and 32 bits, where they begin again.
func TestFFmpegTimestamps(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "ffmpeg is missing: run `make tools`")
	const clip = "../origin/clip.flv"
	for name, offset := range map[string]string{
		"24 bits": "16774", "beyond": "20000", "31 bits": "2147480", "32 bits": "4294964",
	} {
		t.Run(name, func(t *testing.T) {
			file := t.TempDir() + "/copy.flv"
			run(t, ffmpeg, "-v", "error", "-i", clip, "-c", "copy", "-output_ts_offset", offset, "-f", "flv", file)
			want := mediaTags(t, file)
			r := newRelay()
			address := start(t, &Server{}, r)
			run(t, ffmpeg, "-v", "error", "-i", clip, "-c", "copy", "-output_ts_offset", offset, "-f", "flv",
				"rtmp://"+address+"/live/test")
			tags, closed, err := r.wait(1 << 20)
			require.True(t, closed)
			require.NoError(t, err)
			require.True(t, slices.EqualFunc(want, withoutScript(tags), equalTags), "what our server gets")

			// Our client plays it; the next gets it in chunks of another kind.
			c, err := Dial(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
			require.NoError(t, err)
			defer c.Close()
			for i := range tags {
				got, err := c.ReadTag()
				require.NoError(t, err)
				require.True(t, equalTags(tags[i], got))
			}

			// ffmpeg plays it. Its times are signed.
			if offset == "16774" || offset == "20000" {
				out := t.TempDir() + "/played.flv"
				run(t, ffmpeg, "-v", "error", "-copyts", "-i", "rtmp://"+address+"/live/test", "-c", "copy", "-f", "flv", out)
				require.True(t, slices.EqualFunc(want, mediaTags(t, out), equalTags), "what ffmpeg gets")
			}
		})
	}
}

func equalTags(a, b flv.Tag) bool {
	return a.Type == b.Type && a.Timestamp == b.Timestamp && bytes.Equal(a.Body, b.Body)
}

func withoutScript(tags []flv.Tag) []flv.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t flv.Tag) bool { return t.Type == flv.Script })
}

// mediaTags reads audio and video of a file.
func mediaTags(t *testing.T, file string) (tags []flv.Tag) {
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	for r := flv.NewReader(bytes.NewReader(b), flv.Limits{}); ; {
		tag, err := r.ReadTag()
		if err != nil {
			require.NotEmpty(t, tags)
			return withoutScript(tags)
		}
		tags = append(tags, tag)
	}
}

func media(r *flv.Reader) (bodies [][]byte) {
	for {
		t, err := r.ReadTag()
		if err != nil {
			return bodies
		}
		if t.Type != flv.Script {
			bodies = append(bodies, t.Body)
		}
	}
}

func run(t *testing.T, command string, args ...string) {
	out, err := exec.Command(command, args...).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out))
}

// Client and server of gortmplib talk to ours.
func TestGortmplib(t *testing.T) {
	tags := streams["H.264 and AAC"]
	t.Run("its server, our client", func(t *testing.T) {
		address := once(t, func(c net.Conn) {
			s := &gortmplib.ServerConn{RW: c}
			if s.Initialize() == nil && s.Accept() == nil {
				_ = s.Write(&theirs.UserControlPingRequest{})
				_ = s.Write(&theirs.AudioExCodedFrames{
					FourCC: theirs.FourCCOpus, Payload: []byte{1, 2}, ChunkStreamID: 4, MessageStreamID: 1,
				})
				_, _ = s.Read()
			}
		})
		c, err := Dial(t.Context(), "rtmp://"+address+"/live/test", DialOptions{})
		require.NoError(t, err)
		defer c.Close()
		got, err := c.ReadTag()
		require.NoError(t, err)
		require.Equal(t, flv.Tag{Type: flv.Audio, Body: []byte("\x91Opus\x01\x02")}, got)
	})
	t.Run("its clients, our server", func(t *testing.T) {
		r := newRelay()
		address := start(t, &Server{}, r)
		u, _ := url.Parse("rtmp://" + address + "/live#test")
		c := &gortmplib.Client{URL: u, Publish: true}
		require.NoError(t, c.Initialize(t.Context()))
		require.NoError(t, c.Write(&theirs.AudioExCodedFrames{FourCC: theirs.FourCCOpus, Payload: []byte{1}, ChunkStreamID: 4}))
		got, _, _ := r.wait(1)
		require.Equal(t, []byte("\x91Opus\x01"), got[0].Body)
		c.Close()
		_, closed, err := r.wait(2)
		require.True(t, closed)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "it did not say that it leaves")

		r2 := newRelay()
		address = start(t, &Server{}, r2)
		require.NoError(t, r2.WriteTag(tags[2]))
		u, _ = url.Parse("rtmp://" + address + "/live#test")
		c = &gortmplib.Client{URL: u}
		require.NoError(t, c.Initialize(t.Context()))
		for {
			m, err := c.Read()
			require.NoError(t, err)
			if _, ok := m.(*theirs.Audio); ok {
				break
			}
		}
		r2.Close(nil)
		c.Close()
	})
}

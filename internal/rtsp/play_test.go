package rtsp_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/rtsp"
	"github.com/superp2p/superp2p/internal/rtsp/rtsptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A flash of white with a beep every second shows whether sound and picture are in step.
var (
	picture = []string{"-re", "-f", "lavfi", "-i", "color=black:size=320x180:rate=25,drawbox=c=white:t=fill:enable='lt(mod(t,1),0.2)'"}
	sound   = []string{"-re", "-f", "lavfi", "-i", "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.2)':s=48000"}
	aac     = []string{"-c:a", "aac", "-b:a", "96k"}
	plain   = []string{"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-pix_fmt", "yuv420p"}
	frames  = []string{"-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-b_strategy", "0", "-g", "25", "-pix_fmt", "yuv420p"}
	hevc    = []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=3:keyint=25", "-pix_fmt", "yuv420p"}
)

func join(lists ...[]string) (all []string) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// take reads tags until the media lasts that long, in ms.
func take(t *testing.T, c *rtsp.Client, duration uint32) []flv.Tag {
	t.Helper()
	var tags []flv.Tag
	first, begun := uint32(0), false
	for {
		tag, err := c.ReadTag()
		require.NoError(t, err)
		tags = append(tags, tag)
		if tag.IsMedia() && !begun {
			first, begun = tag.Timestamp, true
			require.Less(t, first, uint32(1000), "time starts near 0")
		}
		if begun && tag.Timestamp >= first+duration {
			return tags
		}
	}
}

// checkOrder requires what the slicer needs: sequence headers first, steady time in each kind, keyframes marked.
func checkOrder(t *testing.T, tags []flv.Tag) {
	t.Helper()
	require.True(t, tags[0].IsMetadata())
	var header, key [2]bool
	var last [2]uint32
	for i := range tags[1:] {
		tag := &tags[i+1]
		kind := 0
		if tag.Type == flv.Video {
			kind = 1
		}
		require.NotEqual(t, flv.Script, tag.Type)
		if tag.IsSequenceHeader() {
			header[kind] = true
			continue
		}
		require.True(t, header[kind], "media before its sequence header")
		require.GreaterOrEqual(t, tag.Timestamp, last[kind], "time goes back")
		last[kind] = tag.Timestamp
		if kind == 1 && !key[1] {
			require.True(t, tag.IsKeyframe())
			key[1] = true
		}
	}
}

func file(tags []flv.Tag) *bytes.Buffer {
	b := flv.AppendHeader(nil, true, true)
	for i := range tags {
		b = flv.AppendTag(b, &tags[i])
	}
	return bytes.NewBuffer(b)
}

// run runs a tool over an input and requires it to find no fault.
func run(t *testing.T, input *bytes.Buffer, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "%s is missing: run `make tools`", name)
	var out, said bytes.Buffer
	c := exec.Command(path, append([]string{"-v", "error"}, args...)...)
	c.Stdin, c.Stdout, c.Stderr = input, &out, &said
	require.NoError(t, c.Run(), said.String())
	require.Empty(t, said.String())
	return out.String()
}

// flashes returns when the picture turns white, and when the beep begins, in seconds.
func flashes(t *testing.T, tags []flv.Tag) (white, beep []float64) {
	t.Helper()
	at := func(out, key string) (times []float64) {
		low := true
		pts := 0.0
		for line := range strings.Lines(out) {
			for field := range strings.FieldsSeq(line) {
				if v, ok := strings.CutPrefix(field, "pts_time:"); ok {
					pts, _ = strconv.ParseFloat(v, 64)
				}
				if v, ok := strings.CutPrefix(field, key+"="); ok {
					level, err := strconv.ParseFloat(v, 64)
					loud := err == nil && (key == "lavfi.signalstats.YAVG" && level > 128 || key != "lavfi.signalstats.YAVG" && level > -20)
					if loud && low {
						times = append(times, pts)
					}
					low = !loud
				}
			}
		}
		return times
	}
	white = at(run(t, file(tags), "ffmpeg", "-copyts", "-f", "flv", "-i", "-", "-map", "0:v",
		"-vf", "signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-", "-f", "null", "-"), "lavfi.signalstats.YAVG")
	beep = at(run(t, file(tags), "ffmpeg", "-copyts", "-f", "flv", "-i", "-", "-map", "0:a",
		"-af", "asetnsamples=n=480,astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.Overall.RMS_level:file=-",
		"-f", "null", "-"), "lavfi.astats.Overall.RMS_level")
	return white, beep
}

func TestPlaysWhatFFmpegPublishes(t *testing.T) {
	for name, encoder := range map[string][]string{"H.264": plain, "H.264 with B-frames": frames} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := rtsptest.Start(t, rtsptest.Config{})
			s.Publish(t, join(picture, sound, encoder, aac)...)
			c, err := rtsp.Dial(t.Context(), "rtsp://"+s.Address+"/live", rtsp.DialOptions{})
			require.NoError(t, err)
			tags := take(t, c, 10_000)
			require.NoError(t, c.Close())
			require.NoError(t, c.Close())
			for err == nil {
				_, err = c.ReadTag()
			}
			checkOrder(t, tags)
			judge(t, tags)
		})
	}
}

// judge lets ffmpeg decode ten seconds of flashes and beeps.
func judge(t *testing.T, tags []flv.Tag) {
	t.Helper()
	var probed struct {
		Streams []struct {
			Codec  string `json:"codec_name"`
			Frames string `json:"nb_read_frames"`
		} `json:"streams"`
	}
	require.NoError(t, json.Unmarshal([]byte(run(t, file(tags), "ffprobe", "-count_frames", "-show_streams", "-of", "json", "-f", "flv", "-")), &probed))
	require.Len(t, probed.Streams, 2)
	for _, p := range probed.Streams {
		n, err := strconv.Atoi(p.Frames)
		require.NoError(t, err)
		if p.Codec == "h264" {
			require.InDelta(t, span(tags, flv.Video)/40+1, n, 5)
		} else {
			require.Equal(t, "aac", p.Codec)
			require.InDelta(t, span(tags, flv.Audio)*48/1024+1, n, 25, "but for half a second by which it may be moved")
		}
	}
	white, beep := flashes(t, tags)
	require.GreaterOrEqual(t, len(white), 8)
	for i := 1; i < len(white); i++ {
		require.InDelta(t, 1, white[i]-white[i-1], 0.05)
	}
	// ffmpeg's sender reports, 5 s apart, say how sound and picture belong together; by now they have been followed.
	for _, w := range white[len(white)-2 : len(white)-1] {
		near := slices.ContainsFunc(beep, func(b float64) bool { return w-b < 0.06 && b-w < 0.06 })
		require.True(t, near, "sound and picture are not in step: %v, %v", white, beep)
	}
	t.Log(white, beep)
}

// span returns how long the media of a kind lasts, in ms.
func span(tags []flv.Tag, kind flv.Type) float64 {
	first, last := int64(-1), int64(0)
	for i := range tags {
		if tags[i].Type != kind || !tags[i].IsMedia() {
			continue
		}
		if last = int64(tags[i].Timestamp); first < 0 {
			first = last
		}
	}
	return float64(last - first)
}

// ffmpeg of today's distributions does not read HEVC in FLV; so its frames are decoded without the container.
func TestHEVC(t *testing.T) {
	s := rtsptest.Start(t, rtsptest.Config{})
	s.Publish(t, join(picture, hevc)...)
	c, err := rtsp.Dial(t.Context(), "rtsp://"+s.Address+"/live", rtsp.DialOptions{})
	require.NoError(t, err)
	tags := take(t, c, 4000)
	require.NoError(t, c.Close())
	checkOrder(t, tags)
	require.Equal(t, []byte{0x90, 'h', 'v', 'c', '1', 1}, tags[1].Body[:6])
	width, height := metadataSize(t, flv.CompleteMetadata(nil, &tags[1], nil))
	require.Equal(t, []float64{320, 180}, []float64{width, height})

	var stream bytes.Buffer
	record := tags[1].Body[5:]
	require.EqualValues(t, 3, record[22])
	units := func(b []byte, size int) {
		for len(b) > 0 {
			n := 0
			for _, x := range b[:size] {
				n = n<<8 | int(x)
			}
			stream.WriteString("\x00\x00\x00\x01")
			stream.Write(b[size : size+n])
			b = b[size+n:]
		}
	}
	for b := record[23:]; len(b) > 0; {
		require.EqualValues(t, 1, int(b[1])<<8|int(b[2]))
		n := int(b[3])<<8 | int(b[4])
		units(b[3:5+n], 2)
		b = b[5+n:]
	}
	shown := map[uint32]bool{}
	n := 0
	for _, tag := range tags[2:] {
		require.Equal(t, flv.HEVC, tag.Codec())
		if tag.IsSequenceHeader() {
			continue
		}
		n++
		body, composition := tag.Body[5:], uint32(0)
		if tag.Body[0]&0xf == 1 {
			composition = uint32(body[0])<<16 | uint32(body[1])<<8 | uint32(body[2])
			body = body[3:]
		}
		require.Less(t, composition, uint32(1000))
		shown[tag.Timestamp+composition] = true
		units(body, 4)
	}
	require.Len(t, shown, n, "each frame has its own time")
	require.InDelta(t, 100, n, 10)
	out := run(t, &stream, "ffmpeg", "-f", "hevc", "-i", "-", "-f", "framecrc", "-")
	require.InDelta(t, n, strings.Count(out, "\n0,"), 5)
}

// metadataSize returns what an onMetaData says of the picture's size.
func metadataSize(t *testing.T, body []byte) (width, height float64) {
	t.Helper()
	at := func(key string) float64 {
		_, number, found := bytes.Cut(body, []byte(key+"\x00"))
		require.True(t, found)
		return math.Float64frombits(binary.BigEndian.Uint64(number))
	}
	return at("width"), at("height")
}

func TestOneKindIsEnough(t *testing.T) {
	for name, args := range map[string][]string{"video": join(picture, plain), "audio": join(sound, aac),
		"audio that is left out": join(picture, sound, plain, []string{"-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"})} {
		t.Run(name, func(t *testing.T) {
			s := rtsptest.Start(t, rtsptest.Config{})
			s.Publish(t, args...)
			c, err := rtsp.Dial(t.Context(), "rtsp://"+s.Address+"/live", rtsp.DialOptions{})
			require.NoError(t, err)
			tags := take(t, c, 1500)
			require.NoError(t, c.Close())
			checkOrder(t, tags)
			audio, video := flv.StreamKinds(tags[0].Body)
			require.Equal(t, name == "audio", audio)
			require.NotEqual(t, name == "audio", video)
		})
	}
	s := rtsptest.Start(t, rtsptest.Config{})
	s.Publish(t, join(sound, []string{"-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"})...)
	_, err := rtsp.Dial(t.Context(), "rtsp://"+s.Address+"/live", rtsp.DialOptions{})
	require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
	require.ErrorContains(t, err, "PCMA")
}

func TestCredentials(t *testing.T) {
	for name, method := range map[string]auth.VerifyMethod{"basic": auth.VerifyMethodBasic, "digest": auth.VerifyMethodDigestMD5} {
		t.Run(name, func(t *testing.T) {
			s := rtsptest.Start(t, rtsptest.Config{User: "me", Password: "s3cret", Methods: []auth.VerifyMethod{method}})
			s.Publish(t, join(picture, plain)...)
			c, err := rtsp.Dial(t.Context(), "rtsp://me:s3cret@"+s.Address+"/live", rtsp.DialOptions{})
			require.NoError(t, err)
			take(t, c, 100)
			require.NoError(t, c.Close())
			for _, wrong := range []string{"", "me:s3cretX@", "s3cret:@"} {
				_, err = rtsp.Dial(t.Context(), "rtsp://"+wrong+s.Address+"/live", rtsp.DialOptions{})
				require.Equal(t, fault.SourceRefused, fault.CodeOf(err), wrong)
				require.NotContains(t, err.Error(), "s3cret")
			}
			_, err = rtsp.Dial(t.Context(), "rtsp://me:s3cret@"+s.Address+"/other?sign=t0p", rtsp.DialOptions{})
			require.Equal(t, fault.SourceRefused, fault.CodeOf(err))
			require.ErrorContains(t, err, "404")
			require.NotContains(t, err.Error(), "s3cret")
			require.NotContains(t, err.Error(), "t0p")
		})
	}
}

func TestRTSPS(t *testing.T) {
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	defer certificates.Close()
	roots := x509.NewCertPool()
	roots.AddCert(certificates.Certificate())
	s := rtsptest.Start(t, rtsptest.Config{TLS: &tls.Config{Certificates: certificates.TLS.Certificates}})
	s.Publish(t, join(picture, plain)...)
	c, err := rtsp.Dial(t.Context(), "rtsps://"+s.Address+"/live", rtsp.DialOptions{TLS: &tls.Config{RootCAs: roots}})
	require.NoError(t, err)
	take(t, c, 100)
	require.NoError(t, c.Close())
	_, err = rtsp.Dial(t.Context(), "rtsps://"+s.Address+"/live", rtsp.DialOptions{})
	require.Equal(t, fault.SourceUnreachable, fault.CodeOf(err), "an unknown certificate is not trusted")
}

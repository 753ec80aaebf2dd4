package remux_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/remux"
)

var inputs = []string{"clip.ts", "movie:faststart.mp4", "movie:last.mp4", "movie:fragments.mp4", "movie:legacy.mp4",
	"movie:cmaf.mp4", "stream:fragments.mp4", "stream:legacy.mp4", "stream:cmaf.mp4"}

func path(t testing.TB, name string) string {
	_, file, found := strings.Cut(name, ":")
	if !found {
		file = name
	}
	return media(t, file)
}

func TestEachContainerBecomesTheSameFLV(t *testing.T) {
	for _, name := range inputs {
		t.Run(name, func(t *testing.T) {
			source := path(t, name)
			r, err := reader(t, name, load(t, source))
			require.NoError(t, err)
			tags := drain(t, r)
			requireOrder(t, tags)
			out := written(t, tags)
			if strings.Contains(name, "cmaf") {
				// With negative composition offsets ffmpeg reads its own file as if video came 40 ms later.
				require.Equal(t, pictures(t, source), pictures(t, out))
				require.Equal(t, sounds(t, source), sounds(t, out))
				video, audio := times(t, out)
				require.InDelta(t, video[0], audio[0], 0.0025)
				return
			}
			requireSame(t, source, out)
		})
	}
}

func TestHLSSegmentsBecomeOneStream(t *testing.T) {
	for name, open := range map[string]func(t *testing.T, dir string, i int) remux.TagReader{
		"hls.m3u8": func(t *testing.T, dir string, i int) remux.TagReader {
			return remux.NewTSReader(bytes.NewReader(load(t, filepath.Join(dir, fmt.Sprintf("ts%d.ts", i)))), remux.Options{})
		},
		"hlsfmp4.m3u8": func(t *testing.T, dir string, i int) remux.TagReader {
			r, err := remux.NewFragmentReader(load(t, filepath.Join(dir, "init.mp4")),
				bytes.NewReader(load(t, filepath.Join(dir, fmt.Sprintf("m%d.m4s", i)))), remux.Options{})
			require.NoError(t, err)
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := media(t, name)
			var j remux.Joiner
			var tags []flv.Tag
			for i := range 3 {
				j.Next(open(t, filepath.Dir(source), i))
				tags = append(tags, drain(t, &j)...)
			}
			requireSame(t, source, written(t, tags))
			headers := 0
			for _, tag := range tags {
				if tag.IsSequenceHeader() {
					headers++
				}
			}
			require.Equal(t, 2, headers, "configurations are not repeated")

			// The same again after a discontinuity goes on where it ended.
			j.Discontinuity()
			for i := range 3 {
				j.Next(open(t, filepath.Dir(source), i))
				tags = append(tags, drain(t, &j)...)
			}
			require.InDelta(t, 12_000, tags[len(tags)-1].Timestamp, 200)
		})
	}
}

func TestSeekGoesToTheKeyframeBefore(t *testing.T) {
	for _, name := range []string{"faststart.mp4", "last.mp4", "fragments.mp4"} {
		t.Run(name, func(t *testing.T) {
			b := load(t, media(t, name))
			m, err := remux.NewMovieReader(bytes.NewReader(b), int64(len(b)), remux.Options{})
			require.NoError(t, err)
			whole := drain(t, m)
			if m.Duration() > 0 {
				require.InDelta(t, 6, m.Duration().Seconds(), 0.1)
			}
			for to, want := range map[time.Duration]int{0: 0, 1900 * time.Millisecond: 0, 2200 * time.Millisecond: 2000,
				4500 * time.Millisecond: 4000, time.Hour: 4000, -time.Second: 0} {
				at, err := m.Seek(to)
				require.NoError(t, err)
				require.InDelta(t, want, at.Milliseconds(), 90, "seek to %v", to)
				tags := drain(t, m)
				var media []flv.Tag
				headers := 0
				for _, tag := range tags {
					if tag.IsSequenceHeader() {
						headers++
					} else {
						media = append(media, tag)
					}
				}
				require.Equal(t, 2, headers)
				var first flv.Tag
				for _, tag := range media {
					if tag.Type == flv.Video {
						first = tag
						break
					}
				}
				require.True(t, first.IsKeyframe())
				require.Contains(t, whole, first, "the same frame with the same time as without seeking")
				require.Equal(t, whole[len(whole)-1], media[len(media)-1])
			}
		})
	}
}

func TestHEVCPassesThrough(t *testing.T) {
	for _, name := range []string{"hevc-clip.ts", "movie:hevc-faststart.mp4", "stream:hevc-fragments.mp4"} {
		t.Run(name, func(t *testing.T) {
			source := path(t, name)
			r, err := reader(t, name, load(t, source))
			require.NoError(t, err)
			tags := drain(t, r)
			requireOrder(t, tags)
			// This ffmpeg cannot read HEVC from FLV, so it goes on to what it can.
			for _, ext := range []string{".mp4", ".ts"} {
				out := write(t, ext, tags)
				requireSame(t, source, out)
			}
		})
	}
}

func TestMP3InMPEGTS(t *testing.T) {
	source := filepath.Join(t.TempDir(), "mp3.ts")
	ffmpeg(t, ".", "-f", "lavfi", "-i", "sine=sample_rate=44100:duration=3", "-c:a", "libmp3lame", source)
	tags := drain(t, remux.NewTSReader(bytes.NewReader(load(t, source)), remux.Options{}))
	out := filepath.Join(t.TempDir(), "out.flv")
	b := flv.AppendHeader(nil, true, false)
	for i := range tags {
		require.Equal(t, flv.MP3, tags[i].Codec())
		b = flv.AppendTag(b, &tags[i])
	}
	require.NoError(t, os.WriteFile(out, b, 0o600))
	decoded := func(path string) []string { return hashes(ffmpeg(t, ".", "-i", path, "-f", "md5", "-")) }
	require.Equal(t, decoded(source), decoded(out))
	for _, ext := range []string{".ts", ".mp4"} {
		require.Equal(t, decoded(source), decoded(write(t, ext, tags)), ext)
	}
}

// Times of MPEG-TS have 33 bits and begin again after 26 hours, in the middle of a segment and between two.
func TestTimesOfMPEGTSWrap(t *testing.T) {
	source := media(t, "clip.ts")
	wrapping := filepath.Join(t.TempDir(), "wrap.ts")
	ffmpeg(t, ".", "-i", source, "-c", "copy", "-copyts", "-output_ts_offset", "95440.5", "-muxdelay", "0", "-f", "mpegts", wrapping)
	want := drain(t, remux.NewTSReader(bytes.NewReader(load(t, source)), remux.Options{}))
	got := drain(t, remux.NewTSReader(bytes.NewReader(load(t, wrapping)), remux.Options{}))
	require.Len(t, got, len(want))
	for i := range want {
		require.InDelta(t, want[i].Timestamp, got[i].Timestamp, 1.5)
	}

	halves := filepath.Join(t.TempDir(), "half%d.ts")
	ffmpeg(t, ".", "-i", wrapping, "-c", "copy", "-copyts", "-f", "segment", "-segment_time", "2", "-segment_format_options",
		"mpegts_copyts=1", halves)
	var j remux.Joiner
	var tags []flv.Tag
	for i := range 3 {
		j.Next(remux.NewTSReader(bytes.NewReader(load(t, fmt.Sprintf(halves, i))), remux.Options{}))
		tags = append(tags, drain(t, &j)...)
	}
	require.InDelta(t, want[len(want)-1].Timestamp, tags[len(tags)-1].Timestamp, 50)
}

func TestParameterSetsThatChangeAreSentAgain(t *testing.T) {
	small := filepath.Join(t.TempDir(), "small.ts")
	ffmpeg(t, ".", "-f", "lavfi", "-i", "testsrc2=size=128x96:rate=25", "-t", "1", "-c:v", "libx264", "-output_ts_offset", "6", small)
	b := append(load(t, media(t, "clip.ts")), load(t, small)...)
	configs := 0
	tags := drain(t, remux.NewTSReader(bytes.NewReader(b), remux.Options{}))
	for _, tag := range tags {
		if tag.IsVideoSequenceHeader() {
			configs++
		}
	}
	require.Equal(t, 2, configs)
	for _, ext := range []string{".mp4", ".ts"} {
		// In an MP4 ffmpeg loses the two pictures that wait to be shown when the change comes.
		require.InDelta(t, 174, len(pictures(t, write(t, ext, tags))), 1, ext)
	}
}

// Files with long offsets: a hole of 5 GiB stands before the media.
func TestMoreThanFourGigabytes(t *testing.T) {
	b := load(t, media(t, "last.mp4"))
	const hole = 5 << 30
	at, moov := bytes.Index(b, []byte("mdat"))-4, bytes.Index(b, []byte("moov"))-4
	free := []byte{0, 0, 0, 1, 'f', 'r', 'e', 'e', 0, 0, 0, hole >> 32, hole >> 24 & 0xff, 0, 0, 0}
	big := holed{head: slices.Concat(b[:at], free), tail: slices.Concat(b[at:moov], withLongOffsets(t, b[moov:], hole)),
		hole: hole - int64(len(free))}
	m, err := remux.NewMovieReader(big, big.size(), remux.Options{})
	require.NoError(t, err)
	want, err := remux.NewMovieReader(bytes.NewReader(b), int64(len(b)), remux.Options{})
	require.NoError(t, err)
	require.Equal(t, drain(t, want), drain(t, m))
}

// holed is a file with a hole.
type holed struct {
	head, tail []byte
	hole       int64
}

func (h holed) size() int64 { return int64(len(h.head)+len(h.tail)) + h.hole }

func (h holed) ReadAt(b []byte, at int64) (int, error) {
	for i := range b {
		switch k := at + int64(i) - int64(len(h.head)); {
		case k < 0:
			b[i] = h.head[at+int64(i)]
		case k < h.hole:
			b[i] = 0
		case k-h.hole < int64(len(h.tail)):
			b[i] = h.tail[k-h.hole]
		default:
			return i, io.EOF
		}
	}
	return len(b), nil
}

func TestCodecsThatOnlyEnhancedFLVKnows(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args   []string
		codec  flv.Codec
		config string // what the decoder configuration begins with; "" if there is none
	}{
		"Opus":  {[]string{"-vn", "-c:a", "libopus", "-ar", "48000"}, flv.Opus, "\x90OpusOpusHead\x01\x01"},
		"AC-3":  {[]string{"-vn", "-c:a", "ac3"}, flv.AC3, ""},
		"EAC-3": {[]string{"-vn", "-c:a", "eac3"}, flv.EAC3, ""},
		"VP9":   {[]string{"-an", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"}, flv.VP9, "\x90vp09\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name+".mp4")
			ffmpeg(t, dir, slices.Concat([]string{"-i", media(t, "clip.ts"), "-t", "1"}, c.args, []string{file})...)
			tags, err := readAll(t, "movie:"+name, load(t, file))
			require.ErrorIs(t, err, io.EOF)
			require.Greater(t, len(tags), 20)
			for i := range tags {
				require.Equal(t, c.codec, tags[i].Codec())
				require.Equal(t, i == 0 && c.config != "", tags[i].IsSequenceHeader())
			}
			require.True(t, strings.HasPrefix(string(tags[0].Body), c.config))
		})
	}
}

// segment returns a reader of a segment of the HLS stream, its times moved by seconds.
func segment(t *testing.T, i int, by string) remux.TagReader {
	file := filepath.Join(filepath.Dir(media(t, "hls.m3u8")), fmt.Sprintf("ts%d.ts", i))
	if by != "" {
		moved := filepath.Join(t.TempDir(), "moved.ts")
		ffmpeg(t, ".", "-i", file, "-c", "copy", "-copyts", "-output_ts_offset", by, "-f", "mpegts", moved)
		file = moved
	}
	return remux.NewTSReader(bytes.NewReader(load(t, file)), remux.Options{})
}

func TestAMissingSegmentLeavesAGapAndAJumpNone(t *testing.T) {
	for name, c := range map[string]struct {
		second remux.TagReader
		want   int // when the second segment begins, in milliseconds
	}{
		"goes on":  {segment(t, 1, ""), 2000},
		"gap":      {segment(t, 2, ""), 4000},
		"jump":     {segment(t, 2, "5000"), 2000},
		"far back": {segment(t, 1, "70000"), 2000},
	} {
		t.Run(name, func(t *testing.T) {
			var j remux.Joiner
			_, err := j.ReadTag()
			require.ErrorIs(t, err, io.EOF, "without a segment")
			j.Next(segment(t, 0, ""))
			first := drain(t, &j)
			j.Next(c.second)
			second := drain(t, &j)
			require.NotEmpty(t, second)
			require.InDelta(t, c.want, second[0].Timestamp, 120)
			require.GreaterOrEqual(t, second[0].Timestamp+100, first[len(first)-1].Timestamp)
		})
	}
}

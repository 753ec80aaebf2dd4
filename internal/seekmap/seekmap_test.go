package seekmap_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/seekmap"
)

// tool runs ffmpeg or ffprobe and returns what it prints.
func tool(t testing.TB, name string, args ...string) []byte {
	path, err := exec.LookPath(name)
	require.NoError(t, err, name+" is missing: run `make tools`")
	c := exec.Command(path, append([]string{"-v", "error"}, args...)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	require.NoError(t, err, stderr.String())
	return out
}

// record makes 20 s of pictures and sound with B-frames and a keyframe every 2 s, in the format of the name.
func record(t testing.TB, name string, args ...string) string {
	path := filepath.Join(t.TempDir(), name)
	tool(t, "ffmpeg", slices.Concat([]string{
		"-f", "lavfi", "-i", "testsrc=size=160x90:rate=25:duration=20", "-f", "lavfi", "-i", "sine=frequency=440:duration=20",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k",
	}, args, []string{path})...)
	return path
}

func load(t testing.TB, path string) []byte {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// packet is one of ffprobe's.
type packet struct {
	video, key bool
	time, end  time.Duration
	pos        int64
}

func packets(t testing.TB, path string) []packet {
	var out struct {
		Packets []struct {
			Codec    string `json:"codec_type"`
			Time     string `json:"pts_time"`
			Duration string `json:"duration_time"`
			Pos      string `json:"pos"`
			Flags    string `json:"flags"`
		} `json:"packets"`
	}
	require.NoError(t, json.Unmarshal(tool(t, "ffprobe", "-show_packets", "-of", "json", path), &out))
	seconds := func(s string) time.Duration {
		v, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err)
		return time.Duration(math.Round(v*1e6)) * time.Microsecond
	}
	var all []packet
	for _, p := range out.Packets {
		pos, err := strconv.ParseInt(p.Pos, 10, 64)
		require.NoError(t, err)
		at := seconds(p.Time)
		all = append(all, packet{p.Codec == "video", strings.Contains(p.Flags, "K"), at, at + seconds(cmp.Or(p.Duration, "0")), pos})
	}
	require.NotEmpty(t, all)
	return all
}

// points are what a map should have: for each keyframe the first place of video from it on, and of audio that is heard from it on.
func points(all []packet) []seekmap.Point {
	var points []seekmap.Point
	for i, key := range all {
		if !key.video || !key.key {
			continue
		}
		at := int64(math.MaxInt64)
		for j, p := range all {
			if p.video && j >= i || !p.video && p.end > key.time+time.Microsecond {
				at = min(at, p.pos)
			}
		}
		points = append(points, seekmap.Point{Time: key.time, Offset: at})
	}
	return points
}

// counted counts reads and their bytes.
type counted struct {
	io.ReaderAt
	reads, bytes int
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	c.bytes += len(p)
	return c.ReaderAt.ReadAt(p, off)
}

func read(t testing.TB, b []byte) (*seekmap.Map, *counted) {
	r := &counted{ReaderAt: bytes.NewReader(b)}
	m, err := seekmap.Read(r, int64(len(b)), seekmap.Options{})
	require.NoError(t, err)
	return m, r
}

// samePoints compares times to 2 ms: ffprobe rounds to its own time base.
func samePoints(t *testing.T, want, got []seekmap.Point) {
	require.Len(t, got, len(want))
	for i := range want {
		require.InDelta(t, want[i].Time.Seconds(), got[i].Time.Seconds(), 0.002, i)
		require.Equal(t, want[i].Offset, got[i].Offset, i)
	}
}

func TestMP4(t *testing.T) {
	for name, args := range map[string][]string{
		"moov last":             nil,
		"moov first":            {"-movflags", "+faststart"},
		"times of a live cut":   {"-movflags", "+faststart", "-output_ts_offset", "5"},
		"no edit list":          {"-use_editlist", "0", "-bf", "0"},
		"the sound comes later": {"-af", "adelay=1500"},
		"large chunks":          {"-chunk_duration", "3000000"},
		"PCM":                   {"-c:a", "pcm_s16le", "-f", "mov"},
	} {
		t.Run(name, func(t *testing.T) {
			path := record(t, "x.mp4", args...)
			b := load(t, path)
			m, r := read(t, b)
			require.True(t, m.Exact)
			require.NoError(t, m.Doubt)
			require.Equal(t, seekmap.MP4, m.Kind)
			require.Equal(t, "avc1", m.Video)
			want := points(packets(t, path))
			if name == "PCM" { // sound is found by chunks
				for i := range want {
					require.InDelta(t, want[i].Offset, m.Points[i].Offset, 200_000)
					require.LessOrEqual(t, m.Points[i].Offset, want[i].Offset)
				}
			} else {
				require.Equal(t, "mp4a", m.Audio)
				samePoints(t, want, m.Points)
			}
			require.InDelta(t, 20, m.Duration.Seconds(), 5.2)
			require.LessOrEqual(t, r.reads, 4)
			require.Len(t, m.Head, 2)
			require.Equal(t, "ftyp", string(b[m.Head[0].Offset+4:][:4]))
			require.Equal(t, "moov", string(b[m.Head[1].Offset+4:][:4]))
			for i, p := range m.Points {
				require.Equal(t, p.Offset, m.OffsetAt(p.Time))
				require.Equal(t, p.Offset, m.OffsetAt(p.Time+time.Millisecond))
				require.GreaterOrEqual(t, m.TimeAt(p.Offset), m.Points[i].Time)
			}
			require.Equal(t, m.Points[0].Offset, m.OffsetAt(-time.Hour))
			require.Equal(t, m.Points[len(m.Points)-1].Offset, m.OffsetAt(time.Hour))
			require.Equal(t, m.Duration, m.TimeAt(int64(len(b))))
		})
	}
}

func TestFragmentedMP4(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		exact bool
	}{
		"mfra":             {[]string{"-movflags", "frag_keyframe+empty_moov"}, true},
		"sidx":             {[]string{"-movflags", "frag_keyframe+empty_moov+global_sidx+default_base_moof+skip_trailer"}, true},
		"sidx a fragment":  {[]string{"-movflags", "frag_keyframe+dash"}, true},
		"no index":         {[]string{"-movflags", "frag_keyframe+empty_moov+skip_trailer"}, false},
		"not at time zero": {[]string{"-movflags", "frag_keyframe+empty_moov", "-output_ts_offset", "1000"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := record(t, "x.mp4", c.args...)
			b := load(t, path)
			m, _ := read(t, b)
			require.Equal(t, seekmap.Fragmented, m.Kind)
			require.Equal(t, "avc1", m.Video)
			require.Equal(t, "mp4a", m.Audio)
			require.Equal(t, c.exact, m.Exact, "%v", m.Doubt)
			want := points(packets(t, path))
			begin := want[0].Time
			require.InDelta(t, 20, m.Duration.Seconds(), 1.5)
			if !c.exact {
				require.Equal(t, fault.SourceInvalid, fault.CodeOf(m.Doubt))
				for _, p := range want { // ffmpeg's test pictures are of even size
					require.InDelta(t, p.Offset, m.OffsetAt(p.Time), float64(len(b))/10)
				}
				return
			}
			require.Len(t, m.Points, len(want))
			for i, p := range m.Points {
				require.InDelta(t, (want[i].Time - begin).Seconds(), p.Time.Seconds(), 0.1, i)
				require.LessOrEqual(t, p.Offset, want[i].Offset)
				require.Contains(t, []string{"moof", "sidx"}, string(b[p.Offset+4:][:4]))
			}
		})
	}
}

func TestSoundAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.m4a")
	tool(t, "ffmpeg", "-f", "lavfi", "-i", "sine=duration=20", "-c:a", "aac", path)
	m, _ := read(t, load(t, path))
	require.True(t, m.Exact)
	require.Empty(t, m.Video)
	require.Equal(t, "mp4a", m.Audio)
	require.InDelta(t, 20, len(m.Points), 2, "about one a second")
}

func TestACoverPictureIsNoVideo(t *testing.T) {
	film, dir := record(t, "film.mp4"), t.TempDir()
	cover, both := filepath.Join(dir, "cover.png"), filepath.Join(dir, "both.mov")
	tool(t, "ffmpeg", "-f", "lavfi", "-i", "color=size=64x64:duration=1", "-frames:v", "1", cover)
	tool(t, "ffmpeg", "-i", cover, "-i", film, "-map", "0", "-map", "1", "-c", "copy", both)
	m, _ := read(t, load(t, both))
	require.True(t, m.Exact)
	require.Equal(t, "avc1", m.Video)
	require.Len(t, m.Points, 10)
}

func TestFLV(t *testing.T) {
	for name, args := range map[string][]string{"index": {"-flvflags", "add_keyframe_index"}, "no index": nil} {
		t.Run(name, func(t *testing.T) {
			path := record(t, "x.flv", args...)
			b := load(t, path)
			m, r := read(t, b)
			require.Equal(t, seekmap.FLV, m.Kind)
			require.Equal(t, "avc1", m.Video)
			require.Equal(t, "mp4a", m.Audio)
			require.InDelta(t, 20, m.Duration.Seconds(), 0.2)
			require.LessOrEqual(t, r.reads, 4)
			var keys []packet
			for _, p := range packets(t, path) {
				if p.video && p.key {
					keys = append(keys, p)
				}
			}
			require.Len(t, keys, 10)
			require.Len(t, m.Head, 1)
			require.LessOrEqual(t, m.Head[0].Size, keys[0].pos)
			if name == "index" {
				require.True(t, m.Exact)
				require.Len(t, m.Points, len(keys))
				for i, p := range m.Points {
					require.Equal(t, keys[i].pos, p.Offset)
					require.InDelta(t, keys[i].time.Seconds(), p.Time.Seconds(), 0.1)
				}
				return
			}
			require.False(t, m.Exact)
			require.Equal(t, fault.SourceInvalid, fault.CodeOf(m.Doubt))
			for i, k := range keys {
				require.InDelta(t, k.pos, m.OffsetAt(k.time), float64(len(b))/10)
				for _, from := range []int64{k.pos, k.pos - 1, k.pos - 100} {
					p, err := seekmap.FindKeyframe(bytes.NewReader(b), int64(len(b)), from)
					require.NoError(t, err)
					require.Equal(t, k.pos, p.Offset)
				}
				if i+1 < len(keys) {
					p, err := seekmap.FindKeyframe(bytes.NewReader(b), int64(len(b)), k.pos+1)
					require.NoError(t, err)
					require.Equal(t, keys[i+1].pos, p.Offset)
				}
			}
			_, err := seekmap.FindKeyframe(bytes.NewReader(b), int64(len(b)), keys[9].pos+1)
			require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
		})
	}
}

func TestFLVCutInATag(t *testing.T) {
	for name, args := range map[string][]string{"index": {"-flvflags", "add_keyframe_index"}, "no index": nil} {
		path := record(t, "x.flv", args...)
		b := load(t, path)
		whole := tagsOf(b)
		rapid.Check(t, func(rt *rapid.T) {
			n := rapid.IntRange(len(b)/2, len(b)-1).Draw(rt, "n")
			if rapid.Bool().Draw(rt, "after a header") { // what was written by an encoder that was stopped
				at, _ := slices.BinarySearch(whole, n)
				n = whole[at-1] + 11
			}
			m, err := seekmap.Read(bytes.NewReader(b[:n]), int64(n), seekmap.Options{})
			require.NoError(rt, err)
			require.Equal(rt, name == "index", m.Exact)
			for _, p := range m.Points {
				require.Less(rt, p.Offset, int64(n))
			}
			if name == "index" && m.Points[len(m.Points)-1].Time < 17*time.Second {
				require.InDelta(rt, 20*float64(n)/float64(len(b)), m.Duration.Seconds(), 2.5)
			}
		})
	}
}

// tagsOf returns where the tags of an FLV file begin.
func tagsOf(b []byte) []int {
	var starts []int
	for at := 13; at < len(b); at += 15 + int(b[at+1])<<16 + int(b[at+2])<<8 + int(b[at+3]) {
		starts = append(starts, at)
	}
	return starts
}

func TestFLVResyncs(t *testing.T) {
	path := record(t, "x.flv")
	b := load(t, path)
	starts := map[int]bool{}
	for _, at := range tagsOf(b) {
		starts[at] = true
	}
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.IntRange(13, len(b)-50_000).Draw(rt, "from")
		at, ok := seekmap.NextTag(b[from:min(from+50_000, len(b))])
		require.True(rt, ok)
		require.True(rt, starts[from+at])
		for i := from; i < from+at; i++ {
			require.False(rt, starts[i], "a tag was passed over")
		}
	})
}

func TestOtherFiles(t *testing.T) {
	b := bytes.Repeat([]byte("\x47no media "), 1000)
	m, err := seekmap.Read(bytes.NewReader(b), int64(len(b)), seekmap.Options{Duration: 100 * time.Second})
	require.NoError(t, err)
	require.Equal(t, seekmap.Unknown, m.Kind)
	require.Equal(t, fault.SourceInvalid, fault.CodeOf(m.Doubt))
	require.EqualValues(t, len(b)/2, m.OffsetAt(50*time.Second))
	require.Equal(t, 50*time.Second, m.TimeAt(int64(len(b)/2)))
	require.EqualValues(t, len(b), m.OffsetAt(time.Hour))
	require.Equal(t, 100*time.Second, m.TimeAt(1<<40))
	require.Zero(t, m.TimeAt(-1))
	_, err = seekmap.Read(bytes.NewReader(nil), 0, seekmap.Options{})
	require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
	require.Zero(t, seekmap.Proportional(-1, -1).OffsetAt(time.Second))
}

// broken fails from a certain place on.
type broken struct {
	io.ReaderAt
	left int
	err  error
}

func (b *broken) ReadAt(p []byte, off int64) (int, error) {
	if b.left--; b.left < 0 {
		return 0, b.err
	}
	return b.ReaderAt.ReadAt(p, off)
}

func TestReadsThatFailAreErrors(t *testing.T) {
	gone := fault.New(fault.SourceChanged, "it changed")
	for _, path := range []string{
		record(t, "last.mp4"), record(t, "f.mp4", "-movflags", "frag_keyframe+empty_moov"), record(t, "k.flv", "-flvflags", "add_keyframe_index"),
	} {
		b := load(t, path)
		_, r := read(t, b)
		for n := range r.reads {
			_, err := seekmap.Read(&broken{bytes.NewReader(b), n, gone}, int64(len(b)), seekmap.Options{})
			require.ErrorIs(t, err, error(gone), "%s, read %d", path, n)
		}
	}
}

package remux_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/remux"
)

// readAll reads until an error, and returns it with the tags before it.
func readAll(t testing.TB, name string, b []byte) ([]flv.Tag, error) {
	t.Helper()
	r, err := reader(t, name, b)
	if err != nil {
		return nil, err
	}
	var tags []flv.Tag
	for {
		tag, err := r.ReadTag()
		if err != nil {
			_, again := r.ReadTag()
			require.Equal(t, err, again, "an error stays")
			return tags, err
		}
		tags = append(tags, tag)
	}
}

func bodies(tags []flv.Tag, kind flv.Type) (all []string) {
	for _, tag := range tags {
		if tag.Type == kind {
			all = append(all, string(tag.Body))
		}
	}
	return all
}

func TestTruncatedMediaIsSaid(t *testing.T) {
	for _, name := range inputs {
		t.Run(name, func(t *testing.T) {
			b := load(t, path(t, name))
			whole, err := readAll(t, name, b)
			require.ErrorIs(t, err, io.EOF)
			random := rand.New(rand.NewPCG(1, 2))
			for i := range 60 {
				at := random.IntN(len(b))
				if i == 0 {
					at = len(b) - 1
				}
				tags, err := readAll(t, name, b[:at])
				require.LessOrEqual(t, len(tags), len(whole))
				if !errors.Is(err, io.EOF) { // between two frames of MPEG-TS, or in what an MP4 does not need
					requireFault(t, err)
				}
				// What comes is as it was, except for the last picture of a cut MPEG-TS, which may be cut too.
				for _, kind := range []flv.Type{flv.Audio, flv.Video} {
					want, got := bodies(whole, kind), bodies(tags, kind)
					if len(got) > 1 {
						require.Equal(t, want[:len(got)-1], got[:len(got)-1])
					}
				}
			}
		})
	}
}

func TestWhatIsNoMediaIsSaid(t *testing.T) {
	random := make([]byte, 600<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(random)
	for name, b := range map[string][]byte{
		"empty": nil, "one byte": {0x47}, "text": []byte(strings.Repeat("no media at all\n", 200)), "garbage": random,
		"page": []byte("<!DOCTYPE html><html><body>404</body></html>"), "zeros": make([]byte, 1<<20),
		"flv":        flv.AppendHeader(nil, true, true),
		"only ftyp":  []byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"),
		"only mdat":  []byte("\x00\x00\x00\x0cmdat\x00\x00\x00\x00"),
		"huge moov":  []byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00\xff\xff\xff\xf0moov\x00\x00\x00\x00"),
		"huge 64":    []byte("\x00\x00\x00\x01moov\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"),
		"tiny box":   []byte("\x00\x00\x00\x04ftyp\x00\x00\x00\x00"),
		"endless":    []byte("\x00\x00\x00\x00moov\x00\x00\x00\x00"),
		"empty moov": []byte("\x00\x00\x00\x08moov"),
		"null packets": bytes.Repeat(append([]byte{0x47, 0x1f, 0xff, 0x10}, bytes.Repeat([]byte{0xff}, 184)...),
			20),
	} {
		for _, kind := range []string{"x.ts", "movie:x", "stream:x"} {
			t.Run(name+" as "+kind, func(t *testing.T) {
				tags, err := readAll(t, kind, b)
				require.Empty(t, tags)
				requireFault(t, err)
			})
		}
	}
	_, err := remux.NewFragmentReader([]byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"), nil, remux.Options{})
	requireFault(t, err)
}

func TestWhatFLVCannotCarryIsNamed(t *testing.T) {
	dir := t.TempDir()
	for file, args := range map[string][]string{
		"mpeg2.ts":  {"-c:v", "mpeg2video", "-an"},
		"ac3.ts":    {"-vn", "-c:a", "ac3"},
		"mp2.ts":    {"-vn", "-c:a", "mp2"},
		"mpeg4.mp4": {"-c:v", "mpeg4", "-an"},
	} {
		source := filepath.Join(dir, file)
		ffmpeg(t, dir, append(append([]string{"-i", media(t, "clip.ts"), "-t", "1"}, args...), source)...)
		name := file
		if strings.HasSuffix(file, ".mp4") {
			name = "movie:" + file
		}
		_, err := readAll(t, name, load(t, source))
		requireFault(t, err)
		require.ErrorContains(t, err, "FLV cannot carry", file)
		require.Regexp(t, `MPEG-2 video|AC-3|layer II|mp4v`, err.Error())
	}

	// Beside what can be carried it is left out, and reported.
	both := filepath.Join(dir, "both.ts")
	ffmpeg(t, dir, "-i", media(t, "clip.ts"), "-c:v", "copy", "-c:a", "ac3", both)
	var ignored []string
	tags := drain(t, remux.NewTSReader(bytes.NewReader(load(t, both)), remux.Options{
		OnIgnored: func(codec string) { ignored = append(ignored, codec) },
	}))
	require.Equal(t, []string{"AC-3"}, ignored)
	for _, tag := range tags {
		require.Equal(t, flv.Video, tag.Type)
	}
}

func TestLimitsHold(t *testing.T) {
	ts, mp4 := load(t, media(t, "clip.ts")), load(t, media(t, "faststart.mp4"))
	fragmented := load(t, media(t, "fragments.mp4"))
	for name, o := range map[string]remux.Options{
		"sample": {MaxSample: 100}, "movie": {MaxMovie: 100}, "tracks": {MaxTracks: 1}, "entries": {MaxEntries: 10},
	} {
		t.Run(name, func(t *testing.T) {
			until := func(r remux.TagReader, err error) error {
				for err == nil {
					_, err = r.ReadTag()
				}
				return err
			}
			m, err := remux.NewMovieReader(bytes.NewReader(mp4), int64(len(mp4)), o)
			if err == nil {
				err = until(m, nil)
			}
			requireFault(t, err)
			require.ErrorContains(t, err, "limit")
			if name == "sample" || name == "tracks" {
				require.ErrorContains(t, until(remux.NewTSReader(bytes.NewReader(ts), o), nil), "limit")
			}
			if name != "entries" {
				require.ErrorContains(t, until(remux.NewFragmentReader(nil, bytes.NewReader(fragmented), o)), "limit")
			}
		})
	}
}

// The reader's own error is handed on, and readers take bytes in pieces of any size.
func TestReadersBelow(t *testing.T) {
	broken := errors.New("broken")
	for _, name := range []string{"clip.ts", "fragments.mp4"} {
		b := load(t, media(t, name))
		open := func(r io.Reader) remux.TagReader {
			if strings.HasSuffix(name, ".ts") {
				return remux.NewTSReader(r, remux.Options{})
			}
			f, err := remux.NewFragmentReader(nil, r, remux.Options{})
			require.NoError(t, err)
			return f
		}
		r := open(io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(broken)))
		var err error
		for err == nil {
			_, err = r.ReadTag()
		}
		require.ErrorIs(t, err, broken)
		require.Equal(t, drain(t, open(bytes.NewReader(b))), drain(t, open(iotest.OneByteReader(bytes.NewReader(b)))))
	}
}

func TestGarbageBetweenPacketsIsSkipped(t *testing.T) {
	b := load(t, media(t, "clip.ts"))
	want := drain(t, remux.NewTSReader(bytes.NewReader(b), remux.Options{}))
	noisy := append([]byte("garbage"), b...)
	require.Equal(t, want, drain(t, remux.NewTSReader(bytes.NewReader(noisy), remux.Options{})))
}

// A packet that is lost costs a frame, not more.
func TestALostPacketCostsOneFrame(t *testing.T) {
	b := load(t, media(t, "clip.ts"))
	want := drain(t, remux.NewTSReader(bytes.NewReader(b), remux.Options{}))
	at := len(b) / 188 / 2 * 188
	got := drain(t, remux.NewTSReader(bytes.NewReader(append(bytes.Clone(b[:at]), b[at+188:]...)), remux.Options{}))
	require.Less(t, len(got), len(want))
	require.Greater(t, len(got), len(want)-25, "one packet of audio holds many frames")
}

// A large keyframe takes time in proportion to its size.
func TestLargeFramesAreNoBurden(t *testing.T) {
	frame := append([]byte{0, 0, 1, 0x65}, bytes.Repeat([]byte{0x9a}, 6<<20)...)
	tags := []flv.Tag{drain(t, remux.NewTSReader(bytes.NewReader(load(t, media(t, "clip.ts"))), remux.Options{}))[0]}
	require.True(t, tags[0].IsVideoSequenceHeader())
	body := append([]byte{0x17, 1, 0, 0, 0}, binary.BigEndian.AppendUint32(nil, uint32(len(frame)-3))...)
	tags = append(tags, flv.Tag{Type: flv.Video, Body: append(body, frame[3:]...)})
	out := write(t, ".ts", tags)
	got := drain(t, remux.NewTSReader(bytes.NewReader(load(t, out)), remux.Options{}))
	require.Equal(t, tags[1].Body, got[1].Body)
}

func seeds(f *testing.F, names ...string) {
	if testing.Short() {
		return
	}
	dir := f.TempDir()
	small := filepath.Join(dir, "small.mkv")
	ffmpeg(f, dir, "-f", "lavfi", "-i", "testsrc2=size=32x32:rate=5", "-f", "lavfi", "-i", "sine", "-t", "0.8", "-c:v", "libx264",
		"-c:a", "aac", "-b:a", "8k", "-ar", "8000", small)
	for _, name := range names {
		out := filepath.Join(dir, name)
		ffmpeg(f, dir, append(append([]string{"-i", small, "-c", "copy"}, kinds[name]...), out)...)
		b, err := os.ReadFile(out)
		require.NoError(f, err)
		f.Add(b)
	}
}

// exhaust reads what there is and requires an error of ours at the end.
func exhaust(t *testing.T, r remux.TagReader, err error) {
	for n := 0; err == nil; n++ {
		require.Less(t, n, 1<<20)
		var tag flv.Tag
		tag, err = r.ReadTag()
		require.LessOrEqual(t, len(tag.Body), 1<<20+16)
	}
	if !errors.Is(err, io.EOF) {
		requireFault(t, err)
	}
}

var tight = remux.Options{MaxSample: 1 << 20, MaxMovie: 1 << 20, MaxEntries: 1 << 14, MaxHeld: 1 << 20}

func FuzzTSReader(f *testing.F) {
	seeds(f, "clip.ts")
	f.Fuzz(func(t *testing.T, b []byte) { exhaust(t, remux.NewTSReader(bytes.NewReader(b), tight), nil) })
}

func FuzzFragmentReader(f *testing.F) {
	seeds(f, "fragments.mp4", "cmaf.mp4")
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := remux.NewFragmentReader(nil, bytes.NewReader(b), tight)
		exhaust(t, r, err)
	})
}

func FuzzMovieReader(f *testing.F) {
	seeds(f, "faststart.mp4", "fragments.mp4")
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := remux.NewMovieReader(bytes.NewReader(b), int64(len(b)), tight)
		if err != nil {
			requireFault(t, err)
			return
		}
		exhaust(t, m, nil)
		if _, err := m.Seek(time.Second); err == nil {
			exhaust(t, m, nil)
		}
	})
}

func FuzzWriters(f *testing.F) {
	f.Add([]byte{0x17, 0, 0, 0, 0, 1, 100, 0, 30, 0xff, 0xe1, 0, 2, 0x67, 100, 1, 0, 1, 0x68}, []byte{0xaf, 0, 0x12, 0x10},
		[]byte{0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65})
	f.Add([]byte("\x90hvc1\x01"), []byte{0x2f, 0xff, 0xfb, 0x90, 0x64, 0}, []byte("\x91hvc1\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, config, audio, frame []byte) {
		for _, w := range []tagWriter{remux.NewMP4Writer(&bytes.Buffer{}), remux.NewTSWriter(&bytes.Buffer{})} {
			var err error
			for i, tag := range []flv.Tag{
				{Type: flv.Video, Body: config}, {Type: flv.Audio, Body: audio}, {Type: flv.Video, Body: frame},
				{Type: flv.Audio, Body: audio}, {Type: flv.Video, Body: frame}, {Type: flv.Video, Body: config},
			} {
				tag.Timestamp = uint32(i) * 1000
				if err = w.WriteTag(tag); err != nil {
					break
				}
			}
			if end := w.Close(); err == nil {
				err = end
			}
			if err != nil {
				requireFault(t, err)
			}
		}
	})
}

package remux_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/remux"
)

// withLongOffsets returns a moov whose chunk offsets are moved, in co64.
func withLongOffsets(t *testing.T, b []byte, by uint64) []byte {
	box, err := mp4.DecodeBoxSR(0, bits.NewFixedSliceReader(b))
	require.NoError(t, err)
	moov := box.(*mp4.MoovBox)
	for _, trak := range moov.Traks {
		stbl := trak.Mdia.Minf.Stbl
		long := &mp4.Co64Box{}
		for _, offset := range stbl.Stco.ChunkOffset {
			long.ChunkOffset = append(long.ChunkOffset, uint64(offset)+by)
		}
		for i, child := range stbl.Children {
			if child == mp4.Box(stbl.Stco) {
				stbl.Children[i] = long
			}
		}
	}
	var out bytes.Buffer
	require.NoError(t, moov.Encode(&out))
	return out.Bytes()
}

type tagWriter interface {
	WriteTag(tag flv.Tag) error
	Close() error
}

// write writes tags to a file of the kind that ext names, and returns its path.
func write(t testing.TB, ext string, tags []flv.Tag) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out"+ext)
	f, err := os.Create(path)
	require.NoError(t, err)
	var w tagWriter = remux.NewMP4Writer(f)
	if ext == ".ts" {
		w = remux.NewTSWriter(f)
	}
	for _, tag := range tags {
		require.NoError(t, w.WriteTag(tag))
	}
	require.NoError(t, w.Close())
	require.NoError(t, w.Close(), "closing twice is none")
	require.NoError(t, f.Close())
	return path
}

func duration(t *testing.T, path string) float64 {
	out, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path).Output()
	require.NoError(t, err)
	d, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	require.NoError(t, err)
	return d
}

func TestFLVBecomesEachContainer(t *testing.T) {
	source := media(t, "clip.ts")
	tags := drain(t, remux.NewTSReader(bytes.NewReader(load(t, source)), remux.Options{}))
	for i := range tags {
		tags[i].Timestamp += 0xffff_fff0 // a stream that has run for 49 days
	}
	for _, ext := range []string{".mp4", ".ts"} {
		t.Run(ext, func(t *testing.T) {
			out := write(t, ext, tags)
			requireSame(t, source, out)
			require.InDelta(t, 6, duration(t, out), 0.1)
		})
	}
}

func TestOneTrackIsEnoughToWrite(t *testing.T) {
	all := drain(t, remux.NewTSReader(bytes.NewReader(load(t, media(t, "clip.ts"))), remux.Options{}))
	for _, kind := range []flv.Type{flv.Audio, flv.Video} {
		var tags []flv.Tag
		for _, tag := range all {
			if tag.Type == kind {
				tags = append(tags, tag)
			}
		}
		for _, ext := range []string{".mp4", ".ts"} {
			out := write(t, ext, tags)
			require.InDelta(t, 6, duration(t, out), 0.15)
			ffmpeg(t, ".", "-i", out, "-f", "null", "-")
		}
	}
}

func TestAPipeGetsMP4Too(t *testing.T) {
	tags := drain(t, remux.NewTSReader(bytes.NewReader(load(t, media(t, "clip.ts"))), remux.Options{}))
	var b bytes.Buffer
	w := remux.NewMP4Writer(&b)
	for _, tag := range tags {
		require.NoError(t, w.WriteTag(tag))
	}
	require.NoError(t, w.Close())
	path := filepath.Join(t.TempDir(), "out.mp4")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	requireSame(t, media(t, "clip.ts"), path)
}

func TestWritersRefuseWhatTheyCannotWrite(t *testing.T) {
	for name, tags := range map[string][]flv.Tag{
		"nothing":        nil,
		"only a header":  {{Type: flv.Script, Body: []byte("\x02\x00\x0aonMetaData\x08\x00\x00\x00\x00\x00\x00\x09")}},
		"VP6":            {{Type: flv.Video, Body: []byte{0x14, 0, 1}}},
		"Opus":           {{Type: flv.Audio, Body: []byte("\x90Opusxx")}},
		"broken AVC":     {{Type: flv.Video, Body: []byte{0x17, 0, 0, 0, 0, 1}}},
		"no sets in AVC": {{Type: flv.Video, Body: []byte{0x17, 0, 0, 0, 0, 1, 100, 0, 30, 0xff, 0xe0, 0}}},
		"broken AAC":     {{Type: flv.Audio, Body: []byte{0xaf, 0, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, w := range []tagWriter{remux.NewMP4Writer(&bytes.Buffer{}), remux.NewTSWriter(&bytes.Buffer{})} {
				var err error
				for _, tag := range tags {
					err = w.WriteTag(tag)
				}
				if err == nil {
					err = w.Close()
				}
				requireFault(t, err)
			}
		})
	}
}

package seekmap_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/seekmap"
)

// change returns a copy of b in which to stands skip bytes behind the first place of what.
func change(t *testing.T, b []byte, what string, skip int, to ...byte) []byte {
	b = bytes.Clone(b)
	i := bytes.Index(b, []byte(what))
	require.GreaterOrEqual(t, i, 0)
	copy(b[i+skip:], to)
	return b
}

// sane checks what holds for the map of any file.
func sane(t testing.TB, m *seekmap.Map, size int64) {
	require.NotEmpty(t, m.Points)
	require.Equal(t, m.Exact, m.Doubt == nil)
	require.GreaterOrEqual(t, m.Duration, time.Duration(0))
	for i, p := range m.Points {
		require.GreaterOrEqual(t, p.Time, time.Duration(0))
		require.True(t, p.Offset >= 0 && p.Offset <= size)
		require.True(t, i == 0 || m.Points[i-1].Time < p.Time && m.Points[i-1].Offset <= p.Offset)
	}
	for _, h := range m.Head {
		require.True(t, h.Offset >= 0 && h.Size >= 0 && h.Offset <= size-h.Size)
	}
	last := int64(0)
	for at := -time.Second; at < m.Duration+2*time.Second; at += m.Duration/50 + time.Second/2 {
		off := m.OffsetAt(at)
		require.True(t, off >= last && off <= size)
		last = off
	}
	before := time.Duration(0)
	for off := int64(0); off <= size; off += size/50 + 1 {
		at := m.TimeAt(off)
		require.GreaterOrEqual(t, at, before)
		before = at
	}
}

func TestDamagedMP4(t *testing.T) {
	good := load(t, record(t, "x.mp4", "-movflags", "+faststart"))
	fragmented := load(t, record(t, "f.mp4", "-movflags", "frag_keyframe+empty_moov"))
	exact := map[string]bool{"unknown codec": true, "mfra is wrong": false, "the media are cut": true, "data behind the end": false}
	for name, b := range map[string][]byte{
		"only ftyp":            good[:32],
		"moov is cut":          good[:5000],
		"the media are cut":    good[:len(good)/2],
		"box of size 7":        change(t, good, "moov", -4, 0, 0, 0, 7),
		"moov of 4 GB":         change(t, good, "moov", -4, 0xff, 0xff, 0xff, 0xff),
		"moov of 2^63":         append(change(t, good[:32], "ftyp", 0), append([]byte("\x00\x00\x00\x01moov\xff"), make([]byte, 15)...)...),
		"stsz of 2^32":         change(t, good, "stsz", 12, 0xff, 0xff, 0xff, 0xff),
		"stsz uniform, 2^32":   change(t, good, "stsz", 8, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff),
		"stts of 2^32":         change(t, good, "stts", 8, 0xff, 0xff, 0xff, 0xff),
		"stco of 2^32":         change(t, good, "stco", 8, 0xff, 0xff, 0xff, 0xff),
		"no chunks":            change(t, good, "stco", 0, 'x'),
		"timescale 0":          change(t, good, "mdhd", 16, 0, 0, 0, 0),
		"unknown codec":        change(t, good, "avc1\x00\x00\x00\x00\x00\x00\x00\x01", 0, 'z', 'z', 'z', 'z'),
		"no tracks":            bytes.ReplaceAll(good, []byte("trak"), []byte("free")),
		"no video, no sound":   bytes.ReplaceAll(bytes.ReplaceAll(good, []byte("vide"), []byte("text")), []byte("soun"), []byte("text")),
		"fragments cut":        fragmented[:len(fragmented)/2],
		"no fragments":         fragmented[:1280],
		"no moov, fragments":   fragmented[1280:],
		"moov alone, moof cut": fragmented[:1300],
	} {
		t.Run(name, func(t *testing.T) {
			m, err := seekmap.Read(bytes.NewReader(b), int64(len(b)), seekmap.Options{Duration: 20 * time.Second})
			require.NoError(t, err)
			sane(t, m, int64(len(b)))
			require.Equal(t, exact[name], m.Exact, "%v", m.Doubt)
			if !m.Exact {
				require.Equal(t, fault.SourceInvalid, fault.CodeOf(m.Doubt))
			}
			require.Equal(t, name == "the media are cut", m.Cut)
			if name == "unknown codec" {
				require.Equal(t, "zzzz", m.Video)
			}
		})
	}
	t.Run("limits", func(t *testing.T) {
		for _, o := range []seekmap.Options{{MaxIndex: 1000}, {MaxBoxes: 1}, {MaxSamples: 100}} {
			m, err := seekmap.Read(bytes.NewReader(good), int64(len(good)), o)
			require.NoError(t, err)
			require.False(t, m.Exact)
			sane(t, m, int64(len(good)))
		}
	})
	t.Run("tracks within tracks", func(t *testing.T) {
		deep := []byte{}
		for range 100_000 {
			deep = append(deep, 0, 0, 0, 0, 0, 0, 0, 0)
		}
		for i := 0; i < 100_000; i++ {
			binary.BigEndian.PutUint32(deep[i*8:], uint32(len(deep)-i*8))
			copy(deep[i*8+4:], "mdia")
		}
		copy(deep[4:], "moov")
		copy(deep[12:], "trak")
		m, err := seekmap.Read(bytes.NewReader(deep), int64(len(deep)), seekmap.Options{})
		require.NoError(t, err)
		require.False(t, m.Exact)
	})
}

// misplaced adds one to each place that a list of 10 keyframes and the sequence header has.
func misplaced(b []byte) []byte {
	b = bytes.Clone(b)
	at := bytes.Index(b, []byte("filepositions")) + len("filepositions") + 5
	for ; b[at] == 0 && b[at+1] == 0x40 || b[at+1] == 0x41; at += 9 {
		v := math.Float64frombits(binary.BigEndian.Uint64(b[at+1:]))
		binary.BigEndian.PutUint64(b[at+1:], math.Float64bits(v+1))
	}
	return b
}

func TestDamagedFLV(t *testing.T) {
	good := load(t, record(t, "x.flv", "-flvflags", "add_keyframe_index"))
	for name, b := range map[string][]byte{
		"3 bytes":           good[:3],
		"only a header":     good[:13],
		"header of 4 GB":    change(t, good, "FLV", 5, 0xff, 0xff, 0xff, 0xff),
		"metadata cut":      good[:200],
		"places are wrong":  misplaced(good),
		"all but the start": append(bytes.Clone(good[:1000]), bytes.Repeat([]byte{9}, 100_000)...),
	} {
		t.Run(name, func(t *testing.T) {
			m, err := seekmap.Read(bytes.NewReader(b), int64(len(b)), seekmap.Options{Duration: 20 * time.Second})
			require.NoError(t, err)
			sane(t, m, int64(len(b)))
			require.False(t, m.Exact, "%v", m.Doubt)
		})
	}
}

// minute are files of a few pictures, one of each kind, so that most of their bytes are tables.
func minute(t testing.TB) [][]byte {
	var all [][]byte
	for name, flags := range map[string][]string{
		"x.mp4": {"-movflags", "+faststart"},
		"f.mp4": {"-movflags", "frag_keyframe+empty_moov"},
		"s.mp4": {"-movflags", "frag_keyframe+empty_moov+global_sidx+default_base_moof"},
		"k.flv": {"-flvflags", "add_keyframe_index"},
	} {
		path := filepath.Join(t.TempDir(), name)
		tool(t, "ffmpeg", slices.Concat([]string{
			"-f", "lavfi", "-i", "color=size=16x16:rate=10:duration=0.6", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-shortest",
			"-c:v", "libx264", "-preset", "ultrafast", "-g", "3", "-bf", "1", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "8k",
		}, flags, []string{path})...)
		all = append(all, load(t, path))
	}
	return all
}

func TestAnyBytesMayBeWrong(t *testing.T) {
	for _, good := range minute(t) {
		rapid.Check(t, func(rt *rapid.T) {
			b := bytes.Clone(good)
			for range rapid.IntRange(1, 4).Draw(rt, "changes") {
				at := rapid.IntRange(0, len(b)-1).Draw(rt, "at")
				copy(b[at:], rapid.SliceOfN(rapid.Byte(), 1, 5).Draw(rt, "bytes"))
			}
			b = b[:rapid.OneOf(rapid.Just(len(b)), rapid.IntRange(1, len(b))).Draw(rt, "size")]
			m, err := seekmap.Read(bytes.NewReader(b), int64(len(b)), seekmap.Options{})
			if err == nil {
				sane(t, m, int64(len(b)))
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, b := range minute(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := seekmap.Read(bytes.NewReader(b), int64(len(b)), seekmap.Options{MaxSamples: 100_000})
		if err != nil {
			require.Equal(t, fault.SourceInvalid, fault.CodeOf(err))
			return
		}
		sane(t, m, int64(len(b)))
	})
}

func FuzzNextTag(f *testing.F) {
	f.Add([]byte("\x08\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00A\x00\x00\x00\x0c"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if at, ok := seekmap.NextTag(b); ok {
			require.Less(t, at, len(b))
		}
		_, err := seekmap.FindKeyframe(bytes.NewReader(b), int64(len(b)), 0)
		require.True(t, err == nil || fault.CodeOf(err) == fault.SourceInvalid)
	})
}

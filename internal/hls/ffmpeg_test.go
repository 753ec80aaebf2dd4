package hls_test

import (
	"crypto/aes"
	"crypto/cipher"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/hls"
)

// encode has ffmpeg make 4 s of test picture as HLS in an empty directory, which it returns. The name of the playlist
// is out.m3u8.
func encode(t *testing.T, prepare func(dir string), args ...string) string {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "ffmpeg is missing: call make tools")
	dir := t.TempDir()
	if prepare != nil {
		prepare(dir)
	}
	all := append([]string{"-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10", "-t", "4",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-sc_threshold", "0", "-f", "hls", "-hls_time", "1", "-hls_list_size", "0"},
		args...)
	cmd := exec.CommandContext(t.Context(), ffmpeg, append(all, "out.m3u8")...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

// read parses dir's playlist and returns it with what gets a resource of it, as an origin that holds dir would.
func read(t *testing.T, dir string) (*hls.Media, func(uri string, r hls.ByteRange) []byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "out.m3u8"))
	require.NoError(t, err)
	p, err := hls.Parse(b, at(t, base), hls.Options{})
	require.NoError(t, err)
	require.True(t, p.Media.EndList)
	require.Len(t, p.Media.Segments, 4)
	require.Equal(t, 4*time.Second, p.Media.Duration)
	return p.Media, func(uri string, r hls.ByteRange) []byte {
		b, err := os.ReadFile(filepath.Join(dir, path.Base(at(t, uri).Path)))
		require.NoError(t, err)
		if r.Length == 0 {
			return b[r.Offset:]
		}
		return b[r.Offset : r.Offset+r.Length]
	}
}

func TestByteRangesOfFFmpegAreTheWholeFile(t *testing.T) {
	for _, kind := range []string{"mpegts", "fmp4"} {
		t.Run(kind, func(t *testing.T) {
			m, get := read(t, encode(t, nil, "-hls_flags", "single_file", "-hls_segment_type", kind))
			var got []byte
			if kind == "fmp4" {
				got = get(m.Segments[0].Map.URI, m.Segments[0].Map.Range)
				require.Equal(t, "ftyp", string(got[4:8]))
			}
			for _, s := range m.Segments {
				b := get(s.URI, s.Range)
				if kind == "mpegts" {
					require.EqualValues(t, 0x47, b[0], "a segment begins with a packet")
				}
				got = append(got, b...)
			}
			require.Equal(t, get(m.Segments[0].URI, hls.ByteRange{}), got)
		})
	}
}

// TestSegmentsOfFFmpegDecryptWithTheirIV has ffmpeg encrypt without an IV of its own, so that each segment's comes from
// its sequence number.
func TestSegmentsOfFFmpegDecryptWithTheirIV(t *testing.T) {
	secret := []byte("0123456789abcdef")
	dir := encode(t, func(dir string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "k.bin"), secret, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "info"), []byte("keys/k.bin\nk.bin\n"), 0o600))
	}, "-hls_key_info_file", "info", "-start_number", "258")
	m, get := read(t, dir)
	require.EqualValues(t, 258, m.Sequence)
	for _, s := range m.Segments {
		require.Len(t, s.Keys, 1)
		k := s.Keys[0]
		require.Equal(t, "https://origin.example/live/x/keys/k.bin", k.URI)
		block, err := aes.NewCipher(get(k.URI, hls.ByteRange{}))
		require.NoError(t, err)
		b, iv := get(s.URI, s.Range), k.IVOf(s.Sequence)
		cipher.NewCBCDecrypter(block, iv[:]).CryptBlocks(b, b)
		require.EqualValues(t, 0x47, b[0])
		require.EqualValues(t, 0x47, b[188])
	}
}

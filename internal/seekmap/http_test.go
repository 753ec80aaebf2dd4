package seekmap_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/object"
	"github.com/superp2p/superp2p/internal/seekmap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// spread writes an MP4 file whose media begin behind a gap of that many bytes, and whose moov stands behind another.
func spread(t *testing.T, b []byte, gap int64) *os.File {
	file, err := os.Create(filepath.Join(t.TempDir(), "large.mp4"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	free := binary.BigEndian.AppendUint64([]byte("\x00\x00\x00\x01free"), uint64(gap))
	moov := bytes.Index(b, []byte("moov")) - 4
	write := func(b []byte, at int64) int64 {
		_, err := file.WriteAt(b, at)
		require.NoError(t, err)
		return at + int64(len(b))
	}
	at := write(b[:32], 0) // ftyp
	write(free, at)
	at = write(b[32:moov], at+gap)
	write(free, at)

	x, err := mp4.DecodeBox(0, bytes.NewReader(b[moov:]))
	require.NoError(t, err)
	for _, trak := range x.(*mp4.MoovBox).Traks {
		stbl := trak.Mdia.Minf.Stbl
		large := &mp4.Co64Box{}
		for _, v := range stbl.Stco.ChunkOffset {
			large.ChunkOffset = append(large.ChunkOffset, uint64(v)+uint64(gap))
		}
		stbl.Children[slices.Index(stbl.Children, mp4.Box(stbl.Stco))] = large
	}
	var encoded bytes.Buffer
	require.NoError(t, x.Encode(&encoded))
	write(encoded.Bytes(), at+gap)
	return file
}

func TestALargeFileOverHTTP(t *testing.T) {
	path := record(t, "x.mp4")
	b := load(t, path)
	const gap = 5 << 30
	file := spread(t, b, gap)
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		info, err := file.Stat()
		if err == nil {
			http.ServeContent(w, r, "", time.Unix(1, 0), io.NewSectionReader(file, 0, info.Size()))
		}
	}))
	defer s.Close()
	c := object.New(object.Options{})
	defer c.Close()
	f, err := c.Open(t.Context(), s.URL)
	require.NoError(t, err)
	require.Greater(t, f.Size, int64(2*gap))
	m, err := seekmap.Read(f.At(t.Context()), f.Size, seekmap.Options{})
	require.NoError(t, err)
	require.NoError(t, m.Doubt)
	want := points(packets(t, path))
	for i := range want {
		want[i].Offset += gap
	}
	samePoints(t, want, m.Points)
	require.LessOrEqual(t, asked.Load(), int32(4), "each is a round trip to a CDN")
	for _, p := range m.Points {
		got, err := f.ReadRange(t.Context(), p.Offset, 100)
		require.NoError(t, err)
		require.Equal(t, b[p.Offset-gap:][:100], got)
	}
}

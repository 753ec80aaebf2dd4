package diskcache

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var track = slice.TrackID{1, 2, 3}

func one(n slice.Number) *slice.Slice {
	payload := bytes.Repeat([]byte{byte(n)}, 1000)
	return &slice.Slice{Number: n, Payload: payload, Proof: signing.NewSigner([32]byte{7}).Sign(slice.Statement{
		Track: track, Group: n, First: n, Cut: time.UnixMilli(1e12),
		Entries: []slice.Entry{{Size: uint32(len(payload)), Digest: signing.Sum(payload)}},
	})}
}

func open(t *testing.T, cfg Config) *Cache {
	c, err := Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestWhatWasKeptIsThereAfterwards(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "cache")
	c := open(t, Config{Dir: dir})
	require.Nil(t, c.Get(track, 1))
	c.Put(one(1))
	c.Put(one(2))
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	require.Nil(t, c.Get(track, 1), "closed")
	c.Put(one(3))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "README"), []byte("not ours"), 0o600))
	c = open(t, Config{Dir: dir})
	got := c.Get(track, 2)
	require.NotNil(t, got)
	require.Equal(t, one(2).Payload, got.Payload)
	require.Equal(t, one(2).Proof.Signature, got.Proof.Signature)
	require.Nil(t, c.Get(track, 3))
	require.Nil(t, c.Get(slice.TrackID{9}, 2))
	c.Drop(track, 2)
	require.Nil(t, c.Get(track, 2))
	require.FileExists(t, filepath.Join(dir, "README"))
}

func TestWhatWasNotUsedForLongestGoesFirst(t *testing.T) {
	dir := t.TempDir()
	size := int64(slice.FrameHead(one(1).Proof) + 1000)
	c := open(t, Config{Dir: dir, MaxBytes: 3 * size})
	for n := range slice.Number(3) {
		c.Put(one(n))
	}
	require.Eventually(t, func() bool { return c.Size() == 3*size }, 10*time.Second, time.Millisecond)
	require.NotNil(t, c.Get(track, 0))
	c.Put(one(3))
	require.Eventually(t, func() bool { return c.Get(track, 3) != nil }, 10*time.Second, time.Millisecond)
	require.Nil(t, c.Get(track, 1))
	for _, n := range []slice.Number{0, 2, 3} {
		require.NotNil(t, c.Get(track, n), n)
	}
	require.NoError(t, c.Close())
	c = open(t, Config{Dir: dir, MaxBytes: size})
	require.Equal(t, size, c.Size(), "a smaller limit counts at once")
}

func TestADamagedFileIsDropped(t *testing.T) {
	dir := t.TempDir()
	c := open(t, Config{Dir: dir})
	c.Put(one(1))
	require.NoError(t, c.Close())
	name := filepath.Join(dir, track.String(), "1")
	require.NoError(t, os.WriteFile(name, []byte("damaged"), 0o600))
	c = open(t, Config{Dir: dir})
	require.Nil(t, c.Get(track, 1))
	require.NoFileExists(t, name)
}

func TestADirectoryThatCannotBeUsedIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(Config{Dir: filepath.Join(file, "cache")})
	require.Equal(t, fault.ConfigInvalid, fault.CodeOf(err))
}

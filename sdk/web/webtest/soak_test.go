package webtest

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
)

// TestTheEngineInNode runs the built engine outside a browser: 100 s of a stream of 4 Mbit/s through two sessions.
func TestTheEngineInNode(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs Node.js: make test runs it")
	}
	node, err := exec.LookPath("node")
	require.NoError(t, err, "Node.js is missing: call make tools")
	core, err := filepath.Abs("../../dist/core.wasm")
	require.NoError(t, err)
	_, err = os.Stat(core)
	require.NoError(t, err, "the SDK is not built: call make sdk")
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	execJS := filepath.Join(string(root[:len(root)-1]), "lib", "wasm", "wasm_exec.js")

	out, err := exec.Command(node, "testdata/soak.mjs", execJS, core, writeStream(t)).CombinedOutput()
	require.NoError(t, err, "%s", out)
	var said struct {
		Delivered, Bytes, Fetched []int
		Half, Memory              int
		Share                     float64
		Refs                      int
	}
	require.NoError(t, json.Unmarshal(out, &said), "%s", out)
	t.Logf("%s", out)
	for i := range 2 {
		require.Greater(t, said.Delivered[i], soakSlices-300)
		require.Equal(t, said.Delivered[i]*soakPayload, said.Bytes[i])
	}
	require.Less(t, said.Fetched[0]+said.Fetched[1], soakSlices*12/10, "each got half from the other")
	require.LessOrEqual(t, said.Memory, said.Half+8<<20, "the engine's memory stays as it is")
	require.Less(t, said.Refs, 100, "and it keeps no JavaScript values")
}

const (
	soakSlices  = 1700
	soakPayload = 31 << 10
	soakEach    = 62 * time.Millisecond
	soakFirst   = 80 // slices cut before it begins
)

// writeStream writes what testdata/soak.mjs reads.
func writeStream(t *testing.T) string {
	t.Helper()
	begin := time.UnixMilli(1_700_000_000_000)
	signer := signing.NewSigner([32]byte{1})
	track := slice.TrackID{1}
	b := binary.BigEndian.AppendUint64(nil, uint64(begin.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(soakEach/time.Millisecond))
	add := func(part []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	for self := range 2 {
		add(soakConfig(byte(self+1), track, signer.PublicKey(), begin))
	}
	payload := make([]byte, soakPayload)
	for n := range slice.Number(soakSlices) {
		binary.BigEndian.PutUint64(payload, uint64(n))
		add(slice.AppendFrame(nil, &slice.Slice{Number: n, Payload: payload, Proof: signer.Sign(slice.Statement{
			Track: track, First: n, Group: n / 16 * 16, Time: time.Duration(n) * soakEach, Duration: soakEach,
			Cut:     begin.Add(time.Duration(n-soakFirst+1) * soakEach),
			Entries: []slice.Entry{{Size: soakPayload, Digest: signing.Sum(payload)}},
		})}))
	}
	file := filepath.Join(t.TempDir(), "stream")
	require.NoError(t, os.WriteFile(file, b, 0o600))
	return file
}

// soakConfig is what page.Open takes.
func soakConfig(self byte, track slice.TrackID, key []byte, begin time.Time) []byte {
	b := append([]byte{1, 0}, make([]byte, 19)...)
	b = append(append(append(b, self), track[:]...), key...)
	for _, v := range []uint64{0, 4000, 0, 0, 0, 0} { // flags, delay, target, limit, peers, memory
		b = binary.AppendUvarint(b, v)
	}
	b = binary.AppendVarint(b, 0)
	b = binary.AppendVarint(b, begin.Add(-soakFirst*soakEach).UnixMilli())
	for _, v := range []uint64{soakFirst - 1, uint64((soakFirst - 1) * soakEach / time.Millisecond), uint64(time.Second/soakEach) * 1000, 5} {
		b = binary.AppendUvarint(b, v)
	}
	for i := range uint64(5) {
		b = binary.AppendUvarint(b, min(i, 1)*16)
		b = binary.AppendUvarint(b, min(i, 1)*16*uint64(soakEach/time.Millisecond))
	}
	return b
}

//go:build js && wasm

package main

import (
	"encoding/binary"
	"time"
	"unsafe"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// replay lets a fresh engine receive a run of peer messages, each after its length as two bytes (big-endian), and
// returns how many actions follow; -1 if the run is malformed. All of it lies in linear memory: 16 bytes of track, 32 of
// key, then the messages. It links the whole engine, so that its size is known.
//
//go:wasmexport superp2p_replay
func replay(at unsafe.Pointer, size int32, unixMillis int64) int32 {
	b := unsafe.Slice((*byte)(at), size)
	if len(b) < 48 {
		return -1
	}
	verifier, _ := signing.NewVerifier(b[16:48]) // 32 bytes, as it must be
	now := time.UnixMilli(unixMillis)
	e := swarm.New(swarm.Config{
		Track: slice.TrackID(b[:16]), Verifier: verifier,
		Live: swarm.Live{Line: now, Groups: []swarm.Group{{}}},
	}, now)
	e.Tick(now)
	e.LinkOpened(now, 1, swarm.PeerID{1})
	actions := len(e.Actions())
	for b = b[48:]; len(b) > 0; {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return -1
		}
		end := 2 + int(binary.BigEndian.Uint16(b))
		e.Received(now, 1, b[2:end])
		b = b[end:]
		actions += len(e.Actions())
	}
	return int32(actions)
}

func main() {}

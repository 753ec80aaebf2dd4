//go:build js && wasm

package main

import (
	"unsafe"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
)

// verify tells whether a frame (see slice.ParseFrame) proves slice n of a track: 1 if so, otherwise 0. All of it lies in
// linear memory: 16 bytes of track, 32 of key, then size-48 of frame.
//
//go:wasmexport superp2p_verify
func verify(at unsafe.Pointer, size int32, n int64) int32 {
	b := unsafe.Slice((*byte)(at), size)
	if len(b) < 48 || n < 0 {
		return 0
	}
	v, _ := signing.NewVerifier(b[16:48])
	s, err := slice.ParseFrame(slice.TrackID(b[:16]), slice.Number(n), b[48:])
	if err != nil || v.Slice(s) != nil {
		return 0
	}
	return 1
}

func main() {}

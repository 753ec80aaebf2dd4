package signing

import (
	"encoding/binary"
	"math/bits"
)

// What BLAKE3 is made of (the paper of 2020, section 2).
const (
	blakeBlock = 64
	blakeChunk = 1024

	chunkStart = 1 << 0
	chunkEnd   = 1 << 1
	parent     = 1 << 2
	root       = 1 << 3
)

var blakeBegin = [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}

// sumPure is the BLAKE3 digest of b, 256 bits. It is for pages: the package that is used elsewhere is fast by processor features
// that WebAssembly does not have, and brings along fmt.
func sumPure(b []byte) [32]byte {
	var out [32]byte
	for i, v := range subtree(b, 0, root) {
		binary.LittleEndian.PutUint32(out[4*i:], v)
	}
	return out
}

// subtree returns the chaining value of b, which begins at a chunk of that number; flags are root or nothing.
func subtree(b []byte, chunk uint64, flags uint32) [8]uint32 {
	if len(b) <= blakeChunk {
		return chunkOf(b, chunk, flags)
	}
	// The left side has as many chunks as the largest power of two that leaves at least a byte to the right one.
	left := 1 << (bits.Len(uint(len(b)-1)/blakeChunk) - 1)
	var block [16]uint32
	l, r := subtree(b[:left*blakeChunk], chunk, 0), subtree(b[left*blakeChunk:], chunk+uint64(left), 0)
	copy(block[:8], l[:])
	copy(block[8:], r[:])
	return compress(&blakeBegin, &block, 0, blakeBlock, parent|flags)
}

// chunkOf returns the chaining value of one chunk.
func chunkOf(b []byte, chunk uint64, flags uint32) [8]uint32 {
	h, start := blakeBegin, uint32(chunkStart)
	for {
		n := min(len(b), blakeBlock)
		var padded [blakeBlock]byte
		copy(padded[:], b[:n])
		var block [16]uint32
		for i := range block {
			block[i] = binary.LittleEndian.Uint32(padded[4*i:])
		}
		b = b[n:]
		if len(b) == 0 {
			return compress(&h, &block, chunk, uint32(n), start|chunkEnd|flags)
		}
		h = compress(&h, &block, chunk, uint32(n), start)
		start = 0
	}
}

// compress is the compression function, cut to the half that becomes a chaining value.
func compress(h *[8]uint32, m *[16]uint32, counter uint64, size, flags uint32) [8]uint32 {
	v0, v1, v2, v3, v4, v5, v6, v7 := h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]
	v8, v9, v10, v11 := blakeBegin[0], blakeBegin[1], blakeBegin[2], blakeBegin[3]
	v12, v13, v14, v15 := uint32(counter), uint32(counter>>32), size, flags
	w := *m
	for round := 0; ; round++ {
		v0, v4, v8, v12 = mix(v0, v4, v8, v12, w[0], w[1])
		v1, v5, v9, v13 = mix(v1, v5, v9, v13, w[2], w[3])
		v2, v6, v10, v14 = mix(v2, v6, v10, v14, w[4], w[5])
		v3, v7, v11, v15 = mix(v3, v7, v11, v15, w[6], w[7])
		v0, v5, v10, v15 = mix(v0, v5, v10, v15, w[8], w[9])
		v1, v6, v11, v12 = mix(v1, v6, v11, v12, w[10], w[11])
		v2, v7, v8, v13 = mix(v2, v7, v8, v13, w[12], w[13])
		v3, v4, v9, v14 = mix(v3, v4, v9, v14, w[14], w[15])
		if round == 6 {
			break
		}
		w = [16]uint32{
			w[2], w[6], w[3], w[10], w[7], w[0], w[4], w[13], w[1], w[11], w[12], w[5], w[9], w[14], w[15], w[8],
		}
	}
	return [8]uint32{v0 ^ v8, v1 ^ v9, v2 ^ v10, v3 ^ v11, v4 ^ v12, v5 ^ v13, v6 ^ v14, v7 ^ v15}
}

func mix(a, b, c, d, x, y uint32) (uint32, uint32, uint32, uint32) {
	a += b + x
	d = bits.RotateLeft32(d^a, -16)
	c += d
	b = bits.RotateLeft32(b^c, -12)
	a += b + y
	d = bits.RotateLeft32(d^a, -8)
	c += d
	b = bits.RotateLeft32(b^c, -7)
	return a, b, c, d
}

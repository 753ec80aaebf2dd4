package hls

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// The methods of keys. There are others; what is not NONE is encrypted.
const (
	MethodNone      = "NONE"
	MethodAES128    = "AES-128" // whole segments, CBC with PKCS#7 padding
	MethodSampleAES = "SAMPLE-AES"
)

// KeyFormatIdentity is the format of a key that is 16 bytes at its URI.
const KeyFormatIdentity = "identity"

// Key is an EXT-X-KEY or EXT-X-SESSION-KEY.
type Key struct {
	Method         string
	URI            string // absolute
	Format         string // KeyFormatIdentity unless it says so
	FormatVersions string
	IV             []byte // 16 bytes, or nil if the sequence number is to be used
}

// IVOf returns the initialization vector for a segment: IV, or the segment's sequence number (RFC 8216, 5.2).
func (k *Key) IVOf(sequence int64) [16]byte {
	var iv [16]byte
	if len(k.IV) == len(iv) {
		copy(iv[:], k.IV)
	} else {
		binary.BigEndian.PutUint64(iv[8:], uint64(sequence))
	}
	return iv
}

// parseKey reads the attributes of a key.
func parseKey(l *line) (Key, error) {
	a := l.attributes
	k := Key{Method: a.get("METHOD"), URI: l.url(), Format: a.get("KEYFORMAT"), FormatVersions: a.get("KEYFORMATVERSIONS")}
	if k.Format == "" {
		k.Format = KeyFormatIdentity
	}
	if k.Method == "" {
		return k, invalid(ErrGarbage, l.number, "has a key without a method; check what makes the playlist")
	}
	if k.Method != MethodNone && k.URI == "" {
		return k, invalid(ErrGarbage, l.number, "has a key without a URI; check what makes the playlist")
	}
	if iv := a.get("IV"); iv != "" {
		digits, ok := strings.CutPrefix(strings.ToLower(iv), "0x")
		if len(digits) < 32 {
			digits = strings.Repeat("0", 32-len(digits)) + digits
		}
		b, err := hex.DecodeString(digits)
		if !ok || err != nil || len(b) != 16 {
			return k, invalid(ErrGarbage, l.number, "has a key with a damaged IV; check what makes the playlist")
		}
		k.IV = b
	}
	return k, nil
}

// withKey returns the keys that apply once k is read. It never changes keys, which segments share. False means that
// there are too many.
func withKey(keys []Key, k Key) ([]Key, bool) {
	if k.Method == MethodNone {
		return nil, true
	}
	next := make([]Key, 0, len(keys)+1)
	for i := range keys {
		if keys[i].Format != k.Format {
			next = append(next, keys[i])
		}
	}
	return append(next, k), len(next) < maxKeys
}

package film

import (
	"context"
	"crypto/aes"
	"crypto/cipher"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
)

// keyRing holds the keys of a playlist.
type keyRing struct {
	viewer Source
	known  map[string][]byte // by URL
}

// maxKeys is how many keys are remembered.
const maxKeys = 64

// decrypt returns what is encrypted by one of the keys (RFC 8216, 4.3.2.4).
func (k *keyRing) decrypt(ctx context.Context, data []byte, keys []hls.Key, sequence int64) ([]byte, error) {
	if len(keys) == 0 {
		return data, nil
	}
	for i := range keys {
		if keys[i].Method != hls.MethodAES128 || keys[i].Format != hls.KeyFormatIdentity {
			continue
		}
		key, err := k.get(ctx, keys[i].URI)
		if err != nil {
			return nil, err
		}
		return decryptCBC(data, key, keys[i].IVOf(sequence))
	}
	return nil, fault.Wrap(fault.SourceInvalid, "the playlist is encrypted by "+keys[0].Method+
		", which cannot be read here; play it in a player that has the right to", errUnplayable)
}

// get returns the key at a URL.
func (k *keyRing) get(ctx context.Context, rawURL string) ([]byte, error) {
	if key := k.known[rawURL]; key != nil {
		return key, nil
	}
	key, err := k.viewer.Resource(ctx, rawURL, hls.ByteRange{}, 1<<10)
	if err != nil {
		return nil, err
	}
	if len(key) != aes.BlockSize {
		return nil, fault.New(fault.SourceInvalid, "what is at the key's URL is no key of 16 bytes; check that you may have it")
	}
	if k.known == nil || len(k.known) >= maxKeys {
		k.known = map[string][]byte{}
	}
	k.known[rawURL] = key
	return key, nil
}

// decryptCBC returns data decrypted by AES-128 in CBC mode, without its PKCS #7 padding.
func decryptCBC(data, key []byte, iv [16]byte) ([]byte, error) {
	damaged := func() ([]byte, error) {
		return nil, fault.New(fault.SourceInvalid, "a segment cannot be decrypted; check that the playlist's key is the one it was encrypted by")
	}
	block, err := aes.NewCipher(key)
	if err != nil || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return damaged()
	}
	out := make([]byte, len(data)) // data is what others play and get as well
	cipher.NewCBCDecrypter(block, iv[:]).CryptBlocks(out, data)
	padding := int(out[len(out)-1])
	if padding == 0 || padding > aes.BlockSize {
		return damaged()
	}
	for _, b := range out[len(out)-padding:] {
		if int(b) != padding {
			return damaged()
		}
	}
	return out[:len(out)-padding], nil
}

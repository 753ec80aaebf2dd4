package server

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/signing"
)

// maxKeyFile is the largest key file that is read.
const maxKeyFile = 64 << 10

// signer returns the Signer of the key in a file, which is made if it is not there; nil if path is empty. The file is
// PEM with a PKCS #8 key (RFC 8410), as `openssl genpkey -algorithm ed25519` writes it.
func signer(path string) (*signing.Signer, error) {
	if path == "" {
		return nil, nil
	}
	text, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = makeKey(path); errors.Is(err, fs.ErrExist) { // another process was faster
			text, err = readKey(path)
		}
	}
	if err != nil {
		return nil, fault.Wrap(fault.ConfigInvalid, "the signing key cannot be read or made; check signing_key_file", err)
	}
	refuse := func() (*signing.Signer, error) {
		return nil, fault.New(fault.ConfigInvalid, "signing_key_file: "+path+
			" holds no Ed25519 key as PEM; make one with `openssl genpkey -algorithm ed25519`, or remove the file to have one made")
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return refuse()
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return refuse()
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return refuse()
	}
	return signing.NewSigner([ed25519.SeedSize]byte(key.Seed())), nil
}

func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxKeyFile))
}

func makeKey(path string) ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(text)
	return text, errors.Join(err, f.Close())
}

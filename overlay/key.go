package overlay

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/n2n-overlay/n2n/transport"
)

const keyType = "N2N ED25519 SEED"

// LoadKey reads the node's key from a file, and makes the file with a fresh key
// if there is none, readable by its owner only (0600). Whoever has the file is
// the peer. A file that others may read is refused, except on Windows, whose
// files have no such bits.
func LoadKey(path string) (ed25519.PrivateKey, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return key, nil
}

func readKey(path string) (ed25519.PrivateKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if m := info.Mode().Perm(); m&0o077 != 0 && os.PathSeparator == '/' {
		return nil, fmt.Errorf("%s: mode %o lets others read it: chmod 600", path, m)
	}
	b := make([]byte, 1024) // a key file has about 120 bytes
	n, _ := f.Read(b)
	block, _ := pem.Decode(b[:n])
	if block == nil || block.Type != keyType || len(block.Bytes) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s: not a key file of n2n", path)
	}
	return ed25519.NewKeyFromSeed(block.Bytes), nil
}

// makeKey writes the file whole or not at all, and never over another one.
func makeKey(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".n2n-key-*") // 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	err = pem.Encode(f, &pem.Block{Type: keyType, Bytes: key.Seed()})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) { // somebody was faster
			return readKey(path)
		}
		return nil, err
	}
	return key, nil
}

func idOf(key ed25519.PrivateKey) (id transport.PeerID) {
	copy(id[:], key.Public().(ed25519.PublicKey))
	return id
}

package overlay_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"testing"

	"github.com/n2n-overlay/n2n/overlay"
)

func newKey() (ed25519.PublicKey, ed25519.PrivateKey, error) { return ed25519.GenerateKey(nil) }

func TestLoadKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first, err := overlay.LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if m := info.Mode().Perm(); m != 0o600 {
		t.Errorf("mode %o, want 600", m)
	}
	again, err := overlay.LoadKey(path)
	if err != nil || !again.Equal(first) {
		t.Errorf("second load: another key, or %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".n2n-key-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := overlay.LoadKey(path); err == nil {
		t.Error("a key that others may read was taken")
	}
	bad := filepath.Join(t.TempDir(), "bad")
	os.WriteFile(bad, []byte("no key"), 0o600)
	if _, err := overlay.LoadKey(bad); err == nil {
		t.Error("a file that is no key was taken")
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/n2n-overlay/n2n/tools/n2n-js/build"
)

// tabPeer is what makes a browser's tab a peer: the files of tools/n2n-js, from a
// folder that has them, or made when the first tab asks.
type tabPeer struct {
	ctx    context.Context // ends with close
	cancel context.CancelFunc

	mu   sync.Mutex
	dir  string // empty: not made yet
	temp bool   // dir is ours
}

func newTabPeer(dir string) *tabPeer {
	t := &tabPeer{dir: dir}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// files gives them, and makes them first if need be: that takes some seconds, or
// half a minute when Go has compiled nothing for browsers before.
func (t *tabPeer) files() (fs.FS, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dir != "" {
		return os.DirFS(t.dir), nil
	}
	dir, err := os.MkdirTemp("", "n2n-js-*")
	if err != nil {
		return nil, err
	}
	if _, err := build.Build(t.ctx, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("no peer for browsers could be made (--js takes a folder that n2n-js has made): %w", err), os.RemoveAll(dir))
	}
	t.dir, t.temp = dir, true
	return os.DirFS(dir), nil
}

// close ends a making that is under way, and removes what was made.
func (t *tabPeer) close() error {
	t.cancel()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.temp {
		return os.RemoveAll(t.dir)
	}
	return nil
}

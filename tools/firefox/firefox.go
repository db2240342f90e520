// Package firefox drives a headless Firefox that stays on this machine, by WebDriver
// BiDi. It can do what the tests of this module need and package chrome can, too.
//
//	b, err := firefox.Start(ctx, firefox.Config{})
//	defer b.Close()
//	tab, err := b.Open("http://127.0.0.1:8080/")
//	title, err := firefox.Eval[string](ctx, tab, "document.title")
//
// # Concurrency
//
// A Browser and its Tabs may be used from any goroutine. A Browser has two of its
// own, which end with it: one reads what Firefox answers, one waits for its end.
package firefox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// ErrMissing says that this machine has no Firefox.
var ErrMissing = errors.New("no Firefox: install the package firefox-esr, or name one in FIREFOX")

const (
	startTimeout = 60 * time.Second // on a machine that does other things, too
	closeTimeout = 10 * time.Second // how long a browser may take to end by itself
)

// Config says how a Browser is started. The zero value is a hermetic one.
type Config struct {
	// HideAddresses leaves the browser's default: pages are told mDNS names
	// instead of addresses. In any case Firefox gathers no loopback addresses, and
	// nothing on a machine without a default route; what is sent between addresses
	// of one machine does not leave it.
	HideAddresses bool

	// Console gets what pages write to their consoles, and uncaught exceptions. It
	// is called on a goroutine of the browser, one call after the other, and must
	// not call the browser. Nil: nobody.
	Console func(text string)
}

// Browser is a running Firefox with a profile of its own.
type Browser struct {
	cfg     Config
	cmd     *exec.Cmd
	profile string
	line    *line
	ended   chan struct{} // closed when the process is gone
}

// Find gives the path of a Firefox: that of the environment variable FIREFOX, or
// the first that PATH has. Its error is ErrMissing.
func Find() (string, error) {
	if path := os.Getenv("FIREFOX"); path != "" {
		return path, nil
	}
	for _, name := range []string{"firefox-esr", "firefox"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrMissing
}

// Start starts a browser, which takes some seconds. It ends with ctx, or with
// Close. Errors: ErrMissing, a browser that does not start within a minute.
func Start(ctx context.Context, cfg Config) (*Browser, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "firefox-")
	if err != nil {
		return nil, fmt.Errorf("firefox: %w", err)
	}
	b := &Browser{cfg: cfg, profile: profile, ended: make(chan struct{})}
	if err := b.start(ctx, path); err != nil {
		_ = b.Close()
		return nil, fmt.Errorf("firefox: %w", err)
	}
	return b, nil
}

func (b *Browser) start(ctx context.Context, path string) error {
	if err := os.WriteFile(filepath.Join(b.profile, "user.js"), []byte(preferences(b.cfg)), 0o600); err != nil {
		return err
	}
	b.cmd = exec.CommandContext(ctx, path, "--headless", "--no-remote", "--profile", b.profile, "--remote-debugging-port", "0")
	b.cmd.Env = append(os.Environ(), "HOME="+b.profile) // it writes there, too
	stderr, out, err := os.Pipe()
	if err != nil {
		return err
	}
	b.cmd.Stderr = out // a file: nobody has to copy when its children outlive it
	err = b.cmd.Start()
	_ = out.Close()
	if err != nil {
		_ = stderr.Close()
		b.cmd = nil
		return err
	}
	go func() {
		_ = b.cmd.Wait() // killed, or asked to end: there is no other way to end
		close(b.ended)
	}()
	url, err := address(ctx, stderr)
	if err != nil {
		return err
	}
	if b.line, err = dial(ctx, url, b.cfg.Console); err != nil {
		return err
	}
	if err := b.line.call(ctx, "session.new", map[string]any{"capabilities": map[string]any{}}, nil); err != nil {
		return err
	}
	return b.line.call(ctx, "session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}, nil)
}

// listening is how Firefox says where it takes commands.
var listening = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// address reads where the browser listens from what it writes, and has the rest
// of that read until its end.
func address(ctx context.Context, stderr *os.File) (string, error) {
	found, said := make(chan string, 1), make(chan string, 1)
	go func() { // ends with the browser's last process
		defer stderr.Close()
		var last strings.Builder
		for r := bufio.NewScanner(stderr); r.Scan(); {
			if m := listening.FindStringSubmatch(r.Text()); m != nil {
				found <- m[1]
				_, _ = io.Copy(io.Discard, stderr)
				return
			}
			last.WriteString("\n" + r.Text())
		}
		said <- last.String()
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case url := <-found:
		return url, nil
	case text := <-said:
		return "", fmt.Errorf("it has ended:%s", text)
	case <-ctx.Done():
		return "", fmt.Errorf("it does not say where it listens: %w", ctx.Err())
	}
}

// preferences keep the browser on this machine and make it able to connect here.
// Whoever drives it by WebDriver has its updates, reports and the like turned off
// already.
func preferences(cfg Config) string {
	all := map[string]any{
		// Everything that is not on this machine goes to where nobody is.
		"network.proxy.type":      1,
		"network.proxy.http":      "127.0.0.1",
		"network.proxy.http_port": 9,
		"network.proxy.ssl":       "127.0.0.1",
		"network.proxy.ssl_port":  9,

		"media.navigator.streams.fake":        true,
		"media.navigator.permission.disabled": true,
		"media.autoplay.default":              0,
	}
	if !cfg.HideAddresses {
		all["media.peerconnection.ice.obfuscate_host_addresses"] = false
	}
	var b strings.Builder
	for name, value := range all {
		fmt.Fprintf(&b, "user_pref(%q, %#v);\n", name, value)
	}
	return b.String()
}

// Close ends the browser and removes its profile. Config.Console is not called any
// more when it returns, so it must not be called from there. It may be repeated.
func (b *Browser) Close() error {
	if b.line != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if b.line.call(ctx, "browser.close", map[string]any{}, nil) == nil {
			select {
			case <-b.ended:
			case <-ctx.Done(): // it does not end by itself
			}
		}
		b.line.close()
	}
	if b.cmd != nil {
		_ = b.cmd.Process.Kill() // if it is there
		<-b.ended
	}
	return os.RemoveAll(b.profile)
}

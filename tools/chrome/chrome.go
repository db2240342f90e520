// Package chrome drives a headless Chromium that stays on this machine: it looks
// no name up, and it makes WebRTC connections on loopback.
//
//	b, err := chrome.Start(ctx, chrome.Config{})
//	defer b.Close()
//	tab, err := b.Open("http://127.0.0.1:8080/")
//	title, err := chrome.Eval[string](ctx, tab, "document.title")
//	err = tab.Close() // as a user closes it; Kill crashes it
//
// # Concurrency
//
// A Browser and its Tabs may be used from any goroutine. Each Tab has a goroutine
// that reads its console, which ends with it.
package chrome

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// ErrMissing says that this machine has no Chromium.
var ErrMissing = errors.New("no Chromium: install the package chromium, or name one in CHROMIUM")

// closeTimeout is how long a browser may take to end by itself.
const closeTimeout = 10 * time.Second

// Config says how a Browser is started. The zero value is a hermetic one.
type Config struct {
	// HideAddresses leaves the browser's default: pages are told mDNS names
	// instead of addresses, and no loopback addresses. It gathers nothing on a
	// machine without a default route. Otherwise every page may use microphone
	// and camera, which shows addresses, too, and loopback is one of them.
	HideAddresses bool

	// Console gets what pages write to their consoles, and uncaught exceptions.
	// It is called on goroutines of the tabs. Nil: nobody.
	Console func(tab *Tab, text string)
}

// Browser is a running Chromium with a profile of its own.
type Browser struct {
	cfg     Config
	ctx     context.Context // chromedp's, of a blank first tab
	stop    context.CancelFunc
	profile string
	tabs    sync.WaitGroup // readers of consoles
}

// Find gives the path of a Chromium: that of the environment variable CHROMIUM,
// or the first that PATH has. Its error is ErrMissing.
func Find() (string, error) {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless_shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrMissing
}

// Start starts a browser, which takes about a second. It ends with ctx, or with
// Close. Errors: ErrMissing, a browser that does not start.
func Start(ctx context.Context, cfg Config) (*Browser, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "chrome-")
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	allocator, stop := chromedp.NewExecAllocator(ctx, append(flags(cfg), chromedp.ExecPath(path), chromedp.UserDataDir(profile))...)
	b := &Browser{cfg: cfg, profile: profile, stop: stop}
	b.ctx, _ = chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {})) // b.stop ends it
	if err := b.start(); err != nil {
		_ = b.Close()
		return nil, fmt.Errorf("browser: %w", err)
	}
	return b, nil
}

// flags keep the browser on this machine and make it able to connect here.
func flags(cfg Config) []chromedp.ExecAllocatorOption {
	all := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // for root, as in containers
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// Without the last clause mDNS names are not found, either.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost , EXCLUDE *.local"),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
	)
	if !cfg.HideAddresses {
		all = append(all, chromedp.Flag("allow-loopback-in-peer-connection", true))
	}
	return all
}

func (b *Browser) start() error {
	if err := chromedp.Do(b.ctx); err != nil { // an empty list of actions starts it
		return err
	}
	if b.cfg.HideAddresses {
		return nil
	}
	for _, name := range []string{"microphone", "camera"} {
		_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name},
			Setting:    browser.PermissionSettingGranted,
		})
		if err != nil {
			return fmt.Errorf("permission for the %s: %w", name, err)
		}
	}
	return nil
}

// Close ends the browser and removes its profile. Config.Console is not called any
// more when it returns, so it must not be called from there. It may be repeated.
func (b *Browser) Close() error {
	ctx, cancel := context.WithTimeout(b.ctx, closeTimeout)
	defer cancel()
	_ = chromedp.Cancel(ctx) // whoever does not end by itself is killed
	b.stop()
	b.tabs.Wait()
	return os.RemoveAll(b.profile)
}
